"""A model that answers with hostile texts, a site of somebody's, and the foreign host that nothing may reach."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.browser.hostile_texts import everything


class EvilServer:
    """Three hosts on one port of this machine; `reached` holds what was asked of the foreign one."""

    def __init__(self) -> None:
        self.reached: list[str] = []
        self.pages: dict[str, tuple[str, dict[str, str]]] = {}
        handler = type("Handler", (_Handler,), {"evil": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def evil(self) -> str:
        """The foreign host, which a browser resolves to this machine without asking anybody."""
        return f"http://evil.localhost:{self.port}"

    @property
    def url(self) -> str:
        """The host of the model and of the pages in `pages`."""
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)


class _Handler(BaseHTTPRequestHandler):
    evil: EvilServer

    def do_GET(self) -> None:
        if self.headers.get("Host", "").startswith("evil."):
            self.evil.reached.append(self.path)
        document, headers = self.evil.pages.get(self.path, ("", {}))
        self.send_response(200 if document else 404)
        for name, value in {"Content-Type": "text/html; charset=utf-8", **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(document.encode())

    def do_POST(self) -> None:
        """Stream the reply in pieces of three characters, so that every tag comes broken."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for piece in self._pieces():
            self.wfile.write(f"data: {piece}\n\n".encode())
        self.wfile.write(b"data: [DONE]\n\n")

    def _pieces(self) -> Iterator[str]:
        text = everything(self.evil.evil)
        for start in range(0, len(text), 3):
            yield self._chunk({"content": text[start : start + 3]}, None)
        yield self._chunk({}, "stop")

    @staticmethod
    def _chunk(delta: dict[str, str], finish: str | None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return json.dumps({"id": "x", "object": "chat.completion.chunk", "model": "m", "choices": [choice]})

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""
