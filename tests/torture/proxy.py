"""A bad network between clients and servers: a TCP proxy that cuts lines anywhere, delays them, and lets them hang.

async with Proxy([server.port for server in servers], seed=1) as network:
    person.server = network.ws      # every new line gets any of the servers, and a fate
    ...
    network.calm()                  # from now on lines live
network.cuts                        # how many ended by which fate
"""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

MASKED: Final = 4  # bytes of a client frame's mask
CHUNK: Final = 65536


class Fate(StrEnum):
    """What becomes of a line."""

    WHOLE = "left alone"
    UP = "cut after some bytes to the server"
    DOWN = "cut after some bytes to the client"
    FRAME = "cut in the middle of a client's frame"
    ACK = "cut between a message and its ack"
    HALF_UP = "half-closed towards the server"
    HALF_DOWN = "half-closed towards the client"
    STALLED = "stalled, then cut"


WEIGHTS: Final = {
    Fate.WHOLE: 2, Fate.UP: 3, Fate.DOWN: 3, Fate.FRAME: 3, Fate.ACK: 6, Fate.HALF_UP: 1, Fate.HALF_DOWN: 1,
    Fate.STALLED: 1,
}  # fmt: skip
BY_FRAMES: Final = {Fate.FRAME, Fate.ACK, Fate.HALF_UP, Fate.HALF_DOWN, Fate.STALLED}


class Frames:
    """Finds the ends of WebSocket frames in what a client sends, behind its HTTP request (RFC 6455, section 5.2)."""

    def __init__(self) -> None:
        self._data, self._open = b"", False

    def cut(self, data: bytes) -> list[bytes]:
        """The pieces that these bytes complete, in order: the request, then a frame each."""
        self._data += data
        pieces = []
        while length := self._length():
            pieces.append(self._data[:length])
            self._data, self._open = self._data[length:], True
        return pieces

    def _length(self) -> int:
        """How long the piece is that begins the data; 0 while it is not whole."""
        if not self._open:
            end = self._data.find(b"\r\n\r\n")
            return end + 4 if end >= 0 else 0
        if len(self._data) < 2:
            return 0
        size, head = self._data[1] & 127, 2
        if size >= 126:
            head = 4 if size == 126 else 10
            size = int.from_bytes(self._data[2:head])
        length = head + MASKED + size
        return length if len(self._data) >= length else 0


@dataclass(slots=True)
class _Plan:
    """One line's fate: it comes after so many bytes, or client frames (the hello is the first)."""

    fate: Fate
    after: int
    slow: float  # seconds that a chunk may be held back


class _Line:
    """One connection through the proxy."""

    def __init__(
        self,
        network: "Proxy",
        plan: _Plan,
        client: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        server: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        self._network, self._plan = network, plan
        self._from_client, self._to_client = client
        self._from_server, self._to_server = server
        self._deaf = asyncio.Event()  # nothing passes to the client any more
        self._frames = 0

    async def run(self) -> None:
        """Pass bytes both ways until its fate comes or an end closes."""
        ways = [asyncio.create_task(self._up()), asyncio.create_task(self._down())]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            self._to_client.transport.abort()
            self._to_server.close()  # what was passed on is delivered: only the other end was cut off

    async def _up(self) -> None:
        frames, passed = Frames(), 0
        while data := await self._from_client.read(CHUNK):
            await self._held_back()
            if self._plan.fate is Fate.UP and passed + len(data) >= self._plan.after:
                await self._pass_on(self._to_server, data[: self._plan.after - passed])
                self._network.cuts[Fate.UP] += 1
                return
            passed += len(data)
            if self._plan.fate not in BY_FRAMES:
                await self._pass_on(self._to_server, data)
                continue
            for piece in frames.cut(data):
                if not await self._pass_frame(piece):
                    return

    async def _pass_frame(self, piece: bytes) -> bool:
        """Pass on a whole frame (or the request before the first); False when the line ends with it."""
        fate, due = self._plan.fate, self._frames == self._plan.after
        self._frames += 1
        if due and fate is Fate.FRAME:
            piece = piece[: self._network.chance.randrange(1, len(piece))]
        elif due and fate in {Fate.ACK, Fate.STALLED}:
            self._deaf.set()
        await self._pass_on(self._to_server, piece)
        if not due:
            return True
        self._network.cuts[fate] += 1
        if fate is Fate.HALF_UP:
            self._to_server.write_eof()
            await asyncio.sleep(self._network.stall)
        elif fate is Fate.HALF_DOWN:
            self._to_client.write_eof()
            await asyncio.sleep(self._network.stall)
        elif fate is Fate.STALLED:
            await asyncio.sleep(self._network.stall)
        elif fate is Fate.ACK:
            await asyncio.sleep(self._network.chance.random() * 0.05)
        return False

    async def _down(self) -> None:
        passed = 0
        while data := await self._from_server.read(CHUNK):
            await self._held_back()
            if self._deaf.is_set():
                continue
            if self._plan.fate is Fate.DOWN and passed + len(data) >= self._plan.after:
                await self._pass_on(self._to_client, data[: self._plan.after - passed])
                self._network.cuts[Fate.DOWN] += 1
                return
            passed += len(data)
            await self._pass_on(self._to_client, data)

    async def _held_back(self) -> None:
        if self._plan.slow:
            await asyncio.sleep(self._network.chance.random() * self._plan.slow)

    async def _pass_on(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        if writer.transport.is_closing():
            raise ConnectionResetError("the other end is gone")
        writer.write(data)
        await writer.drain()


class Proxy:
    """Takes lines and passes each on to any of the servers. What happens follows from the seed and the traffic."""

    def __init__(self, ports: Sequence[int], *, seed: int, stall: float = 2.0) -> None:
        self.chance, self.stall = random.Random(seed), stall
        self.cuts: Counter[Fate] = Counter()
        self.lines = 0
        self._ports, self._calm = list(ports), False
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *error: object) -> None:
        assert self._server is not None
        self._server.close()
        for line in list(self._open):
            line.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    @property
    def ws(self) -> str:
        """The address of its sockets, without a path."""
        assert self._server is not None
        return f"ws://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def calm(self) -> None:
        """New lines live from now on."""
        self._calm = True

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        self.lines += 1
        # A line that breaks is what this is about; a server that was just killed takes none.
        with contextlib.suppress(OSError, asyncio.CancelledError):
            server = await asyncio.open_connection("127.0.0.1", self.chance.choice(self._ports))
            await _Line(self, self._plan(), (reader, writer), server).run()
        writer.transport.abort()
        self._open.discard(task)

    def _plan(self) -> _Plan:
        if self._calm:
            return _Plan(Fate.WHOLE, 0, 0.0)
        [fate] = self.chance.choices(list(WEIGHTS), list(WEIGHTS.values()))
        slow = 0.1 if self.chance.random() < 0.2 else 0.0
        if fate in BY_FRAMES:
            return _Plan(fate, self.chance.randint(2, 6), slow)  # behind request and hello
        return _Plan(fate, self.chance.randint(1, 2500 if fate is Fate.UP else 8000), slow)
