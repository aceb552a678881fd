"""What clients were sent and have not read yet: held within bounds, at the cost of those who read slowest."""

import asyncio
import time
from typing import Any

STALLED_SECONDS = 20.0
MOST_BYTES = 32 * 1024 * 1024


class Backlog:
    """One connection's part. The transport says when it holds more than it likes to, and when it holds nothing."""

    def __init__(self, transport: Any, backlogs: "Backlogs") -> None:
        self._transport, self._backlogs = transport, backlogs
        self._read: asyncio.Event | None = None  # None: nothing to speak of waits
        self._left, self._progress = 0, 0.0

    def grew(self) -> None:
        """More waits than the transport likes to hold."""
        if self._read is None:
            self._read, self._left, self._progress = asyncio.Event(), self.bytes, time.monotonic()
            self._backlogs.waiting[self] = None
            self._backlogs.make_room()

    def over(self) -> None:
        """Everything was read, or nobody is there to read it."""
        if self._read is not None:
            self._read.set()
            self._read = None
            self._backlogs.waiting.pop(self, None)

    async def read(self) -> None:
        """Wait until the client has read, or is gone."""
        if self._read is not None:
            await self._read.wait()

    @property
    def bytes(self) -> int:
        """How much this process holds for the client."""
        line = self._transport
        return len(line.dataBuffer) - line.offset + line._tempDataLen  # type: ignore[no-any-return]  # an untyped library

    def stalled(self) -> float:
        """Seconds since the client has last read any of it."""
        if (left := self.bytes) < self._left:
            self._progress = time.monotonic()
        self._left = left
        return time.monotonic() - self._progress

    def give_up(self) -> None:
        """Cut the line: no close frame would reach who does not read. They come back and ask for what they miss."""
        self._transport.abortConnection()
        self.over()


class Backlogs:
    """All connections that have something unread, the longest waiting first."""

    def __init__(self) -> None:
        self.waiting: dict[Backlog, None] = {}

    def make_room(self) -> None:
        """Give up the longest waiting while all together hold too much."""
        held = sum(one.bytes for one in self.waiting)
        for backlog in list(self.waiting):
            if held <= MOST_BYTES:
                break
            held -= backlog.bytes
            backlog.give_up()

    def tidy(self) -> None:
        """Give up those that have read nothing for too long."""
        for backlog in [one for one in self.waiting if one.stalled() > STALLED_SECONDS]:
            backlog.give_up()
        self.make_room()
