"""A fake OpenAI-compatible Chat Completions server on loopback, for load and for tests.

python -m bench.fake_model --port 9900 --ttft 0.4 --tps 60 --tokens 120
"""

import argparse
import asyncio
import contextlib
import os
import socket
import struct
from collections import Counter
from dataclasses import asdict, fields
from types import TracebackType
from typing import Self

import httptools
import orjson

from bench import sse
from bench.reply import tag_of
from bench.script import Script, Settings, script_for, text_of

_SLACK = 0.0006  # seconds: uvloop's timers tick in milliseconds


def request_tag(request: dict) -> str:
    """The tag of the message being answered: the latest one the user wrote after the last reply."""
    for message in reversed(request.get("messages", ())):
        if message.get("role") == "assistant":
            return ""
        if message.get("role") == "user" and (tag := tag_of(text_of(message))):
            return tag
    return ""


class FakeModel:
    """Serves on a port of 127.0.0.1 while its context is open.

    async with FakeModel(fault="cut") as model:
        ...  # model.url is the base URL; model.requests holds the bodies that came
    """

    def __init__(self, *, port: int = 0, record: bool = True, **settings: object) -> None:
        self.settings = Settings(**settings)
        self.port, self.record = port, record
        self.requests: list[dict] = []
        self.headers: list[dict[str, str]] = []
        self.aborted = 0  # replies whose reader went away before their end
        self.connections: set[_Connection] = set()
        self._hits: Counter[str] = Counter()

    @property
    def url(self) -> str:
        """The base URL, as OPENAI_BASE_URL wants it."""
        return f"http://127.0.0.1:{self.port}/v1"

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), "127.0.0.1", self.port, backlog=4096)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for connection in self.connections:
            connection.transport.abort()
        await asyncio.gather(*(connection.lost for connection in self.connections))
        await self._server.wait_closed()

    def answer(self, body: bytes, headers: dict[str, str]) -> Script:
        """The script for one request's body."""
        try:
            request = orjson.loads(body)
            settings = self.settings.named(request.get("model", ""))
        except ValueError as problem:
            return Script(((0.0, sse.error(400, str(problem))),))
        if self.record:
            self.requests.append(request)
            self.headers.append(headers)
        tag = request_tag(request)
        if settings.fault and settings.times:
            settings = self._counted(settings, tag)
        return script_for(request, settings, tag)

    def _counted(self, settings: Settings, tag: str) -> Settings:
        self._hits[tag] += 1
        return settings if self._hits[tag] <= settings.times else Settings(**{**asdict(settings), "fault": ""})


class _Connection(asyncio.Protocol):
    """One kept-alive connection: reads a request, plays its script."""

    def __init__(self, model: FakeModel) -> None:
        self.model, self.parser = model, httptools.HttpRequestParser(self)
        self.loop = asyncio.get_running_loop()
        self.timer: asyncio.TimerHandle | None = None
        self.script: Script | None = None
        self.lost = self.loop.create_future()

    def connection_made(self, transport: asyncio.Transport) -> None:
        self.transport = transport
        self.model.connections.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        self.model.connections.discard(self)
        self.lost.set_result(None)
        self.model.aborted += self.script is not None
        if self.timer:
            self.timer.cancel()

    def data_received(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            self.transport.close()

    def on_message_begin(self) -> None:
        self.path, self.body, self.headers = b"", b"", {}

    def on_url(self, url: bytes) -> None:
        self.path += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        if self.path.endswith(b"/chat/completions"):
            self._play(self.model.answer(self.body, self.headers))
        elif self.path.endswith(b"/models"):
            listed = {"object": "list", "data": [{"id": "fake", "object": "model", "owned_by": "bench"}]}
            self.transport.write(sse.response(200, orjson.dumps(listed)))
        else:
            self.transport.write(sse.error(404, "no such path"))

    def _play(self, script: Script) -> None:
        self.script, self.next, self.began = script, 0, self.loop.time()
        self._advance()

    def _advance(self) -> None:
        """Writes all that is due; a model that woke late catches up in one write."""
        writes, now = self.script.writes, self.loop.time() - self.began + _SLACK
        upto = self.next + 1
        while not self.script.apart and upto < len(writes) and writes[upto][0] <= now:
            upto += 1
        if writes[self.next][0] <= now:
            self.transport.write(b"".join(data for _, data in writes[self.next : upto]))
            self.next = upto
        if self.next == len(writes):
            return self._end()
        wait = 0.001 if self.script.apart else 0
        due = max(self.began + writes[self.next][0], self.loop.time() + wait)
        self.timer = self.loop.call_at(due, self._advance)
        return None

    def _end(self) -> None:
        ending = self.script.ending
        if ending == "hang":
            return  # still being played, as far as a reader can tell
        self.script = None
        if ending == "reset":
            self._reset()
        elif ending == "close" or not self.parser.should_keep_alive():
            self.transport.close()

    def _reset(self) -> None:
        """Ends the connection as a crash does: a close that does not linger sends RST."""
        with socket.socket(fileno=os.dup(self.transport.get_extra_info("socket").fileno())) as double:
            double.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()


async def _serve(port: int, settings: Settings) -> None:
    async with FakeModel(port=port, record=False, **asdict(settings)) as model:
        print(model.url, flush=True)
        await asyncio.Event().wait()


def main() -> None:
    """The command line."""
    import uvloop  # the tests' way, in-process, does without

    parser = argparse.ArgumentParser(description="A fake OpenAI-compatible model on 127.0.0.1; prints its base URL.")
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    for field in fields(Settings):
        parser.add_argument("--" + field.name.replace("_", "-"), type=type(field.default), default=field.default)
    options = vars(parser.parse_args())
    uvloop.run(_serve(options.pop("port"), Settings(**options)))


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
