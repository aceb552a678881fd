"""A scripted server that speaks the widget's protocol and does on demand what the real one must never do."""

import contextlib
import itertools
import json
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import Server, ServerConnection, serve

STATIC = Path(__file__).parents[2] / "conversations" / "static" / "conversations"
TYPES = {".js": "text/javascript; charset=utf-8", ".json": "application/json", ".html": "text/html; charset=utf-8"}

Frame = dict[str, Any]
Script = Callable[["FakeServer", ServerConnection, Frame], None]

CONFIG: Frame = {
    "slug": "loja",
    "name": "Loja Aurora",
    "agent_name": "Aurora",
    "language": "pt-br",
    "color": "#2f6f57",
    "position": "right",
    "welcome": "Olá! Eu sou a Aurora, assistente da **Loja Aurora**. Em que posso ajudar?",
    "placeholder": None,
    "suggestions": ["Qual o prazo de entrega?", "Plantas fáceis de cuidar"],
    "consent": False,
    "code": "fake",
}


class FakeServer:
    """Serves the widget's files, pages given to it and one visitor's conversation; a test scripts the rest."""

    def __init__(self) -> None:
        self.config = dict(CONFIG)
        self.consent: Frame = {"required": False, "version": "1", "text": ""}
        self.pages: dict[str, tuple[str, dict[str, str]]] = {}
        self.rows: list[Frame] = []
        self.acks: dict[str, Frame] = {}
        self.received: list[Frame] = []
        self.sockets: list[ServerConnection] = []
        self.requested: list[str] = []
        self.status = "assistant"
        self.conversation = 1
        self.refuse: int | None = None
        self.busy = False
        self.failing_hellos = 0
        self.on_message: Script = FakeServer.answer
        self.reply_text = "Entregamos em **3 dias úteis**."
        self._replies = itertools.count(1)
        self._lock = threading.RLock()
        self._server: Server = serve(self._talk, "127.0.0.1", 0, process_request=self._http)
        self.port: int = self._server.socket.getsockname()[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    # The world around the widget

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def tag(self, **data: str) -> str:
        """The one tag, with data-… attributes."""
        extra = "".join(f' data-{name}="{value}"' for name, value in data.items())
        return f'<script async src="{self.url}/widget.js" data-tenant="loja"{extra}></script>'

    def page(
        self, body: str, *, path: str = "/page", html: str = 'lang="pt-BR"', csp: str = "", host: str = "127.0.0.1"
    ) -> str:
        """Publish a page with this body; returns its address (host `localhost` makes it another origin)."""
        document = (
            f"<!doctype html><html {html}><head><meta charset=utf-8><title>Loja</title>"
            '<meta name=viewport content="width=device-width, initial-scale=1"><link rel=icon href="data:,"></head>'
            f"<body><main><h1>Loja</h1>{body}</main></body></html>"
        )
        headers = (
            {"Content-Security-Policy": csp.format(url=self.url, ws=self.url.replace("http", "ws"))} if csp else {}
        )
        self.pages[path] = (document, headers)
        return f"http://{host}:{self.port}{path}"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join(timeout=5)

    # What a test makes it do

    def row(self, role: str, content: str, **more: Any) -> Frame:
        """Append a row to the conversation, telling nobody."""
        with self._lock:
            seq = len(self.rows) + 1
            row: Frame = {
                "id": f"m{self.conversation}-{seq}",
                "seq": seq,
                "role": role,
                "content": content,
                "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
                "reply": None,
                "part": None,
                "author": "",
                **more,
            }
            self.rows.append(row)
            return row

    def push(self, frame: Frame, *, but: ServerConnection | None = None) -> None:
        """Send a frame to every open socket."""
        for socket in list(self.sockets):
            if socket is not but:
                self.send(socket, frame)

    @staticmethod
    def send(socket: ServerConnection, frame: Frame) -> None:
        with contextlib.suppress(ConnectionClosed):
            socket.send(json.dumps(frame))

    def drop(self) -> None:
        """Cut every connection without a farewell."""
        for socket in list(self.sockets):
            socket.socket.close()

    @staticmethod
    def wait_until(true: Callable[[], bool], seconds: float = 5.0) -> None:
        """Give other threads time to make something true. Raises TimeoutError."""
        until = time.monotonic() + seconds
        while not true():
            if time.monotonic() > until:
                raise TimeoutError
            time.sleep(0.02)

    def messages(self) -> list[Frame]:
        return [frame for frame in self.received if frame["type"] == "message"]

    def kinds(self) -> list[str]:
        return [frame["type"] for frame in self.received]

    def new_conversation(self) -> None:
        self.conversation += 1
        self.rows, self.acks, self.status = [], {}, "assistant"

    # How it answers unless told otherwise

    def ack(self, socket: ServerConnection, frame: Frame) -> bool:
        """Store the message once and acknowledge it; returns whether it was new."""
        with self._lock:
            known = frame["client_id"] in self.acks
            if not known:
                self.acks[frame["client_id"]] = self.row("user", frame["text"])
        row = self.acks[frame["client_id"]]
        self.send(socket, {"type": "ack", "client_id": frame["client_id"], "message": row})
        if not known:
            self.push({"type": "message", "message": row}, but=socket)
        return not known

    def answer(self, socket: ServerConnection, frame: Frame) -> None:
        """Acknowledge, type, stream one part, store it and say done."""
        if self.ack(socket, frame):
            self.reply(self.reply_text)

    def reply(self, *parts: str) -> None:
        """Stream the parts of one reply in two pieces each."""
        reply = f"r{next(self._replies)}"
        self.push({"type": "typing", "on": True})
        for part, text in enumerate(parts):
            half = len(text) // 2
            for piece in (text[:half], text[half:]):
                self.push({"type": "delta", "reply": reply, "part": part, "text": piece})
            self.push({"type": "message", "message": self.row("assistant", text, reply=reply, part=part)})
        self.push({"type": "done", "reply": reply, "seq": len(self.rows)})

    def set_status(self, status: str, operator: str = "") -> None:
        self.status = status
        self.push({"type": "status", "status": status, "operator": operator})

    # The wire

    def _talk(self, socket: ServerConnection) -> None:
        if self.refuse:
            socket.close(self.refuse)
            return
        self.sockets.append(socket)
        try:
            with contextlib.suppress(ConnectionClosed, OSError):
                for text in socket:
                    self._frame(socket, json.loads(text))
        finally:
            self.sockets.remove(socket)

    def _frame(self, socket: ServerConnection, frame: Frame) -> None:
        self.received.append(frame)
        if frame["type"] == "hello":
            self._hello(socket, frame)
        elif frame["type"] == "message":
            self.on_message(self, socket, frame)
        elif frame["type"] == "sync":
            self._sync(socket, frame)
        elif frame["type"] == "handoff":
            self.set_status("waiting")
        elif frame["type"] == "end":
            self.set_status("closed")

    def _hello(self, socket: ServerConnection, frame: Frame) -> None:
        if self.failing_hellos:
            self.failing_hellos -= 1
            self.send(socket, {"type": "error", "code": "unavailable", "detail": ""})
            return
        if self.status == "closed":
            self.new_conversation()
        history = [row for row in self.rows if row["seq"] > frame["last_seen"]]
        self.send(
            socket,
            {
                "type": "ready",
                "visitor": "token-1",
                "conversation": f"c{self.conversation}",
                "history": history[-200:],
                "more": len(history) > 200,
                "status": self.status,
                "busy": self.busy,
                "consent": self.consent,
            },
        )

    def _sync(self, socket: ServerConnection, frame: Frame) -> None:
        if "after" in frame:
            found = [row for row in self.rows if row["seq"] > frame["after"]]
            chosen = found[:200]
        else:
            found = [row for row in self.rows if row["seq"] < frame["before"]]
            chosen = found[-200:]
        self.send(socket, {"type": "history", "messages": chosen, "more": len(found) > len(chosen)})

    def _http(self, socket: ServerConnection, request: Request) -> Response | None:
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return None
        path = request.path.partition("?")[0]
        self.requested.append(path)
        if path == f"/widget/{self.config['slug']}.json":
            return _response(json.dumps(self.config), ".json")
        if path in self.pages:
            document, headers = self.pages[path]
            return _response(document, ".html", headers)
        # /widget.js and /widget/<code>/<module>.js, as the real views have them
        file = STATIC / path.removeprefix("/").replace(f"widget/{self.config['code']}/", "widget/")
        if file.suffix == ".js" and file.is_file():
            return _response(file.read_text(), ".js")
        return _response("{}", ".json", status=HTTPStatus.NOT_FOUND)


def _response(
    text: str, suffix: str, headers: dict[str, str] | None = None, status: HTTPStatus = HTTPStatus.OK
) -> Response:
    body = text.encode()
    every = {
        "Content-Type": TYPES[suffix],
        "Content-Length": str(len(body)),
        "Access-Control-Allow-Origin": "*",
        "Cache-Control": "no-store",
        "Connection": "close",
        **(headers or {}),
    }
    return Response(status.value, status.phrase, Headers(every), body)
