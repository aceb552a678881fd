"""The floor: a bare Channels consumer that relays a model's stream, with no storage, history or tenants.

.venv/bin/daphne -v 0 -p 9001 bench.relay:application
"""

import asyncio
import os
import re
import secrets
import time
from collections.abc import AsyncIterator, Iterator

import aiohttp
import django
import orjson
from django.conf import settings

settings.configure(ALLOWED_HOSTS=["*"], INSTALLED_APPS=["channels"], LOGGING_CONFIG=None, USE_TZ=True)
django.setup()

from channels.generic.websocket import AsyncWebsocketConsumer  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.urls import path  # noqa: E402

URL = os.environ.get("OPENAI_BASE_URL", "http://127.0.0.1:9900/v1") + "/chat/completions"
MODEL = os.environ.get("TIMMY_MODEL", "fake")
SYSTEM = {"role": "system", "content": "Responda em português, com poucas palavras."}
_SENTENCE = re.compile(r".{79,119}?[.!?](?=\s)", re.DOTALL)
_PAUSE = re.compile(r".{79,119}[,;:](?=\s)", re.DOTALL)
_LONGEST = 120


class Cutter:
    """Cuts a stream into parts of 80 to 120 letters: at a sentence's end, else the last pause, else the last space."""

    def __init__(self) -> None:
        self._text = ""

    def feed(self, piece: str) -> Iterator[str]:
        """The parts that have become certain."""
        self._text += piece
        while len(self._text) > 80 and (end := self._end()):
            yield self._text[:end].strip()
            self._text = self._text[end:].lstrip()

    def _end(self) -> int:
        if sentence := _SENTENCE.match(self._text):
            return sentence.end()
        if len(self._text) <= _LONGEST:
            return 0
        if pauses := _PAUSE.match(self._text):
            return pauses.end()
        return max(self._text.rfind(" ", 0, _LONGEST + 1), 0) or _LONGEST

    def close(self) -> Iterator[str]:
        """What is left at the stream's end."""
        if self._text.strip():
            yield self._text.strip()


def contents(events: list[bytes]) -> str:
    """The text of whole server-sent events."""
    found = []
    for event in events:
        if event.startswith(b"data: {"):
            choices = orjson.loads(event[6:])["choices"]
            if choices and (content := choices[0]["delta"].get("content")):
                found.append(content)
    return "".join(found)


class Model:
    """The model's client: one session a process, raw reading of its stream."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def stream(self, text: str) -> AsyncIterator[str]:
        """Pieces of the reply, each as long as what one read brought."""
        if self._session is None:
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        body = {"model": MODEL, "stream": True, "messages": [SYSTEM, {"role": "user", "content": text}]}
        headers = {"content-type": "application/json"}
        async with self._session.post(URL, data=orjson.dumps(body), headers=headers) as response:
            response.raise_for_status()
            rest = b""
            async for data in response.content.iter_any():
                *events, rest = (rest + data).split(b"\n\n")
                if piece := contents(events):
                    yield piece


model = Model()


class Relay(AsyncWebsocketConsumer):
    """One visitor's socket; every hello begins a conversation of its own."""

    async def connect(self) -> None:
        self.seq, self.turns = 0, set()
        await self.accept()

    async def disconnect(self, code: int) -> None:
        for turn in self.turns:
            turn.cancel()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        frame = orjson.loads(text_data)
        if frame["type"] == "hello":
            names = {"visitor": secrets.token_hex(8), "conversation": secrets.token_hex(8)}
            await self.say("ready", **names, history=[], more=False, status="assistant", busy=False)
        elif frame["type"] == "message":
            turn = asyncio.create_task(self.turn(frame))
            self.turns.add(turn)
            turn.add_done_callback(self.turns.discard)

    async def turn(self, frame: dict) -> None:
        """One message in, its acknowledgement and the reply's parts out."""
        reply, cutter, part = secrets.token_hex(8), Cutter(), 0
        await self.say("ack", client_id=frame["client_id"], message=self.row("user", frame["text"]))
        await self.say("typing", on=True)
        async for piece in model.stream(frame["text"]):
            for text in cutter.feed(piece):
                part += 1
                await self.say("message", message=self.row("assistant", text, reply=reply, part=part))
        for text in cutter.close():
            part += 1
            await self.say("message", message=self.row("assistant", text, reply=reply, part=part))
        await self.say("typing", on=False)
        await self.say("done", reply=reply, seq=self.seq)

    def row(self, role: str, content: str, **more: object) -> dict:
        """A message as the protocol shows it."""
        self.seq += 1
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        made = {"id": secrets.token_hex(8), "seq": self.seq, "role": role, "content": content}
        return {**made, "timestamp": stamp, **more}

    async def say(self, kind: str, **fields: object) -> None:
        """Sends one frame."""
        await self.send(text_data=orjson.dumps({"type": kind, **fields}).decode())


application = ProtocolTypeRouter({"websocket": URLRouter([path("ws/chat/<slug:tenant>/", Relay.as_asgi())])})
