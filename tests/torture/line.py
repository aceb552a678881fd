"""A socket that comes back by itself, as the widget's does: backoff with full jitter, and no patience with silence."""

import asyncio
import contextlib
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

REFUSED = 4403
Frame = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pauses:
    """Seconds: before the first return (the widget's is 0.5), at most (it doubles each time), and until it gives up
    waiting for an answer.
    """

    first: float = 0.05
    longest: float = 0.5
    patience: float = 15.0


class Alarm:
    """Rings once, so many seconds after it was set, unless it is turned off before."""

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_set(self) -> bool:
        """Whether it will ring."""
        return self._timer is not None

    def set(self, seconds: float) -> None:
        """Set it, unless it is set."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(seconds, self._rings)

    def off(self) -> None:
        """Turn it off."""
        if self._timer:
            self._timer.cancel()
        self._timer = None

    def _rings(self) -> None:
        self._timer = None
        self._ring()


class Line:
    """Connects, says hello, hears frames; `lost` is called whenever a connection is over.

    `settled` is for the owner to set once the server has greeted: the next loss then starts with a short wait again.
    """

    def __init__(
        self,
        address: Callable[[], str],
        hello: Callable[[], Frame],
        heard: Callable[[Frame], None],
        lost: Callable[[], None],
        pauses: Pauses,
        chance: random.Random,
    ) -> None:
        self._address, self._hello, self._heard, self._lost = address, hello, heard, lost
        self._pauses, self._chance = pauses, chance
        self.settled = self.refused = self._away = False
        self._connection: ClientConnection | None = None
        self._task: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._silence = Alarm(self.cut)

    @property
    def is_open(self) -> bool:
        """Whether something can be sent."""
        return self._connection is not None

    @property
    def port(self) -> int:
        """The local port of the open connection; 0 when there is none."""
        return int(self._connection.transport.get_extra_info("sockname")[1]) if self._connection else 0

    def start(self) -> None:
        """Connect and stay connected; returns at once."""
        if self._task is None:
            self._task = asyncio.create_task(self._live())

    async def stop(self) -> None:
        """Leave for good, without a word."""
        task, self._task = self._task, None
        self.cut()
        self._silence.off()
        if task:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def cut(self) -> None:
        """Cut the connection where it stands; what was still on its way is not heard any more."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.transport.abort()

    def leave(self) -> None:
        """Cut, and stay away until `come_back`."""
        self._away = True
        self.cut()

    def come_back(self) -> None:
        """End `leave`, or the wait before a next attempt."""
        self._away = False
        self._wake.set()

    async def send(self, frame: Frame) -> bool:
        """Send a frame; False when there is no connection."""
        connection = self._connection
        if connection is None:
            return False
        try:
            await connection.send(json.dumps(frame))
        except ConnectionClosed:
            return False
        return True

    @property
    def has_sent_all(self) -> bool:
        """Whether the kernel has every byte that was sent: asyncio writes at once when nothing waits."""
        return self._connection is not None and self._connection.transport.get_write_buffer_size() == 0

    async def _live(self) -> None:
        attempt = 0
        while not self.refused:
            while self._away:
                self._wake.clear()
                await self._wake.wait()
            self.settled = False
            with contextlib.suppress(OSError, WebSocketException, TimeoutError):
                await self._connect()
            self._connection = None
            self._silence.off()
            attempt = 0 if self.settled else attempt + 1
            self._lost()
            if not (self._away or self.refused):
                ceiling = min(self._pauses.longest, self._pauses.first * 2**attempt)
                await self._wait(self._chance.random() * ceiling)

    async def _wait(self, seconds: float) -> None:
        self._wake.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), seconds)

    async def _connect(self) -> None:
        async with connect(
            self._address(), proxy=None, compression=None, ping_interval=None, close_timeout=1,
            open_timeout=self._pauses.patience,
        ) as connection:  # fmt: skip
            self._connection = connection
            self._silence.set(self._pauses.patience)
            with contextlib.suppress(ConnectionClosed):
                await connection.send(json.dumps(self._hello()))
                async for data in connection:
                    if self._connection is not connection:
                        break
                    self._silence.off()
                    self._heard(json.loads(data))
            self.refused = connection.close_code == REFUSED
