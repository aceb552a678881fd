"""Visitors by the thousand: sockets of the least cost, each with an address of its own behind a pretended proxy."""

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.websocket import WebSocket
from tests.torture.told import Ack, Told

AT_ONCE = 16  # handshakes under way together
PATIENCE = 30.0


def address(group: int, number: int) -> str:
    """An address for each visitor of a group."""
    return f"10.{group}.{number // 256}.{number % 256}"


@dataclass(slots=True)
class Heard:
    """What many saw: (when it began, seconds) by name, and what should not have come."""

    times: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    trouble: Counter[str] = field(default_factory=Counter)

    def took(self, name: str, began: float, now: float) -> None:
        """Note how long something took that began at `began` (monotonic seconds)."""
        self.times.setdefault(name, []).append((began, now - began))

    def between(self, name: str, begin: float, end: float) -> list[float]:
        """The seconds of what began in this span."""
        return [seconds for at, seconds in self.times.get(name, []) if begin <= at < end]


class Person:
    """One visitor's socket: says hello and holds its peace; does not come back."""

    def __init__(self, server: str, slug: str, name: str, whence: str, heard: Heard) -> None:
        self.server, self.slug, self.name, self.whence, self.heard = server, slug, name, whence, heard
        self.told = Told(slug, name)
        self.visitor: str | None = None
        self.conversation = ""
        self._changed = asyncio.Event()

    async def enter(self) -> None:
        """Connect and say hello. Raises OSError, WebSocketError or TimeoutError."""
        self._ready: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self.socket = WebSocket(self._frame, self._closed)
        async with asyncio.timeout(PATIENCE):
            await self.socket.open(f"{self.server}/ws/chat/{self.slug}/", {"X-Forwarded-For": self.whence})
            self.socket.send({"type": "hello", "visitor": self.visitor})
            ready = await self._ready
        self.visitor, self.conversation = ready["visitor"], ready["conversation"]

    async def is_there(self) -> bool:
        """Whether the server still hears this socket."""
        self._ready = asyncio.get_running_loop().create_future()
        self.socket.send({"type": "sync", "after": 0})
        try:
            await asyncio.wait_for(self._ready, PATIENCE)
        except (TimeoutError, ConnectionError):
            return False
        return True

    def leave(self) -> None:
        """Cut the line."""
        self.socket.drop()

    def _frame(self, frame: dict[str, Any]) -> None:
        kind = frame["type"]
        if kind in {"ready", "history"} and not self._ready.done():
            self._ready.set_result(frame)
        elif kind == "error":
            self.told.errors[frame["code"]] += 1
            self.heard.trouble[f"error {frame['code']}"] += 1
        self._changed.set()

    def _closed(self, code: int) -> None:
        self.heard.trouble[f"closed {code}"] += 1
        if not self._ready.done():
            self._ready.set_exception(ConnectionError(f"closed with {code} before ready"))
        self._changed.set()


class Talker(Person):
    """A visitor who asks, waits for the answer's end, thinks for about `think` seconds and asks again."""

    def __init__(self, *args: Any, think: float) -> None:
        super().__init__(*args)
        self.think, self._asked = think, 0
        self._chance = random.Random(self.name)

    async def talk(self, over: asyncio.Event) -> None:
        """Talk until it is over; the last question is still waited for."""
        await asyncio.sleep(self._chance.random() * self.think)
        while not over.is_set():
            await self._turn()
            await asyncio.sleep(self.think * (0.5 + self._chance.random()))

    async def _turn(self) -> None:
        self._asked += 1
        tag = f"{self.name}-{self._asked}"
        text = f"Quero entender melhor a rega das plantas de sombra? #{tag}"
        self.told.sent[tag] = [text]
        self._acked = self._answered = self._over = False
        self._began = time.monotonic()
        self.socket.send({"type": "message", "client_id": tag, "text": text})
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while not self._over:
                    self._changed.clear()
                    await self._changed.wait()
                return
        self.heard.trouble["no answer in time" if self._acked else "no ack in time"] += 1

    def _frame(self, frame: dict[str, Any]) -> None:
        now, kind = time.monotonic(), frame["type"]
        if kind == "ack":
            self._acked = True
            self.heard.took("ack", self._began, now)
            row = frame["message"]
            self.told.acks.append(
                Ack(self.conversation, frame["client_id"], row["seq"], row["id"], row["content"], now)
            )
            self.told.show(self.conversation, row)
        elif kind == "message":
            self.told.show(self.conversation, frame["message"])
            if not self._answered and frame["message"]["role"] == "assistant":
                self._answered = True
                self.heard.took("first part", self._began, now)
        elif kind == "done":
            self.told.dones.append((frame["reply"], frame["seq"]))
            self._over = True
        super()._frame(frame)


async def enter_all(people: Iterable[Person]) -> None:
    """All of them connect and say hello, a few at once. Raises what the first failure raised."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(person: Person) -> None:
        async with gate:
            await person.enter()

    await asyncio.gather(*(one(person) for person in people))


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which so many per cent lie; nan for none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share / 100))] if ordered else float("nan")
