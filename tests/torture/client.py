"""A visitor of docs/protocol.md on a real socket, who writes down everything it was told.

    person = Client(server.ws, "alfa", name="ana")
    async with person:                      # connects, says hello, comes back by itself when the line is lost
        client_id = person.say("Oi")        # queued; one is on its way at a time, as in the widget
        await person.acked(client_id)
        await person.answered()
        person.drop()                       # the line is cut where it stands; the client comes back and resends
    person.told.acks                        # what a ledger compares with the files (tests/torture/ledger.py)

Further tabs are `person.tab()`. For several server processes set `person.server` to another address, then `drop()`.
What must not be done by a good client goes out with `send` (any frame, at once) and `resend` (a message sent before).
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from tests.torture.line import Alarm, Frame, Line, Pauses
from tests.torture.told import Ack, Told

RETRIED = {"not_stored", "unavailable", "rate_limited"}
PATIENCE = 60.0


@dataclass(slots=True)
class Pending:
    """A message on its way: said, perhaps handed to a socket, not confirmed."""

    client_id: str
    text: str
    handed_at: float | None = None  # the kernel has had every byte of it since then, on some line
    in_flight: bool = False  # on the line that is open now


class Client:
    """One tab of one visitor. All methods belong to one event loop.

    An ack that takes longer than `pauses.patience` seconds makes it leave the line for a new one.
    """

    def __init__(
        self,
        server: str,
        slug: str,
        *,
        name: str,
        seed: int = 0,
        pauses: Pauses = Pauses(),  # noqa: B008 - frozen
    ) -> None:
        self.server, self.slug, self.name = server, slug, name
        self.visitor: str | None = None
        self.conversation: str | None = None
        self.told = Told(slug, name)
        self.pending: dict[str, Pending] = {}
        self.busy = self.ready = self.closed = False
        self.on_handed: Callable[[Client, Pending], None] | None = None  # called once a message left for the kernel
        self.on_frame: Callable[[Client, Frame], None] | None = None
        self._pauses, self._chance = pauses, random.Random(f"{seed}/{name}")
        self._line = Line(self._address, self._hello, self._heard, self._lost, pauses, self._chance)
        self._changed = asyncio.Event()
        self._said = self._tabs = 0
        self._healing = -1
        self._known: Counter[str] = Counter()
        self._hold, self._no_ack = Alarm(self._flush), Alarm(self._line.cut)

    async def __aenter__(self) -> Self:
        self.start()
        await self.until(lambda: self.ready or self.refused)
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.stop()

    def start(self) -> None:
        """Connect and stay connected; returns at once."""
        self._line.start()

    async def stop(self) -> None:
        """Leave for good, without a word."""
        await self._line.stop()
        self._hold.off()
        self._no_ack.off()

    def tab(self) -> "Client":
        """Another tab of the same visitor, in the same conversation; not started, with a log of its own."""
        self._tabs += 1
        other = Client(self.server, self.slug, name=f"{self.name}.{self._tabs}", pauses=self._pauses)
        other.visitor, other.conversation, other.told.person = self.visitor, self.conversation, self.told.person
        return other

    # What a visitor does

    def say(self, text: str, *, client_id: str | None = None) -> str:
        """Say something: kept and sent again until it is confirmed. Returns its client id."""
        self._said += 1
        name = client_id or f"{self.name}-{self._said}"
        self.pending[name] = Pending(name, text)
        self._flush()
        return name

    def drop(self) -> None:
        """Cut the line where it stands (as a lost network does); the client comes back by itself."""
        self._line.cut()

    def leave(self) -> None:
        """Cut the line and stay away until `come_back`."""
        self._line.leave()

    def come_back(self) -> None:
        """End `leave`, or a wait between two attempts."""
        self._line.come_back()

    async def send(self, frame: Frame) -> bool:
        """Send any frame on the open line, at once; False when there is none."""
        if frame.get("type") == "message" and self._line.is_open:
            self._remember(frame["client_id"], frame["text"])
        return await self._line.send(frame)

    async def resend(self, client_id: str, text: str | None = None) -> bool:
        """Send a message again on the open line, confirmed or not, perhaps with another text."""
        return await self.send(
            {"type": "message", "client_id": client_id, "text": text or self.told.sent[client_id][0]}
        )

    # What it may wait for

    async def until(self, holds: Callable[[], bool], seconds: float = PATIENCE) -> None:
        """Wait until something holds of this client. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while not holds():
                self._changed.clear()
                await self._changed.wait()

    async def acked(self, client_id: str, seconds: float = PATIENCE) -> Ack:
        """Wait for the ack of one message. Raises TimeoutError, and RuntimeError when it was refused for good."""
        await self.until(lambda: client_id not in self.pending, seconds)
        if client_id in self.told.refused:
            raise RuntimeError(f"{client_id}: {self.told.refused[client_id]}")
        return next(ack for ack in reversed(self.told.acks) if ack.client_id == client_id)

    async def answered(self, seconds: float = PATIENCE) -> None:
        """Wait until everything said is confirmed, nothing is missing and a reply stands at the end.

        A reply that a crash cut counts here as soon as one part of it stands; the files tell more (ledger.settled).
        """
        await self.until(lambda: self.seems_answered, seconds)

    @property
    def seems_answered(self) -> bool:
        """What a person would take for answered."""
        rows = self.shown
        last = rows.get(self.known)
        return not (self.pending or self.busy or self.known < len(rows)) and bool(last) and last["role"] != "user"

    @property
    def shown(self) -> dict[int, dict[str, Any]]:
        """The rows of the present conversation, by seq."""
        return self.told.rows.setdefault(self.conversation or "", {})

    @property
    def known(self) -> int:
        """The seq up to which no row is missing."""
        rows, name = self.shown, self.conversation or ""
        while self._known[name] + 1 in rows:
            self._known[name] += 1
        return self._known[name]

    @property
    def in_flight(self) -> Pending | None:
        """The message that was handed to the open line and is not confirmed."""
        return next((one for one in self.pending.values() if one.in_flight), None)

    @property
    def port(self) -> int:
        """The local port of the open line; 0 when there is none."""
        return self._line.port

    @property
    def refused(self) -> bool:
        """Whether the server wants nothing of this visitor (4403): it does not come back."""
        return self._line.refused

    # The line

    def _address(self) -> str:
        return f"{self.server}/ws/chat/{self.slug}/"

    def _hello(self) -> Frame:
        seen = self.known if self.conversation else 0
        return {"type": "hello", "visitor": self.visitor, "conversation": self.conversation, "last_seen": seen}

    def _lost(self) -> None:
        self.ready, self.busy, self._healing = False, False, -1
        self._no_ack.off()
        for one in self.pending.values():
            one.in_flight = False
        self._changed.set()

    # The outbox: one at a time, in order

    def _flush(self) -> None:
        if not self.ready or self._hold.is_set or self.in_flight or not self.pending:
            return
        one = next(iter(self.pending.values()))
        one.in_flight = True
        self.told.resent += one.client_id in self.told.sent
        self._remember(one.client_id, one.text)
        self._sending = asyncio.create_task(self._hand_over(one))

    async def _hand_over(self, one: Pending) -> None:
        self._no_ack.set(self._pauses.patience)
        frame = {"type": "message", "client_id": one.client_id, "text": one.text}
        if await self._line.send(frame) and self._line.has_sent_all:
            one.handed_at = time.monotonic()
            if self.on_handed:
                self.on_handed(self, one)

    def _remember(self, client_id: str, text: str) -> None:
        texts = self.told.sent.setdefault(client_id, [])
        if text not in texts:
            texts.append(text)

    # What the server says

    def _heard(self, frame: Frame) -> None:
        kind = frame["type"]
        if kind == "ready":
            self._ready(frame)
        elif kind == "history":
            self._rows(frame["messages"])
        elif kind == "ack":
            self._ack(frame["client_id"], frame["message"])
        elif kind == "message":
            self._rows([frame["message"]])
        elif kind == "typing":
            self.busy = frame["on"]
        elif kind == "done":
            self._done(frame)
        elif kind == "status":
            self.closed = frame["status"] == "closed"
        elif kind == "error":
            self._error(frame)
        if self.on_frame:
            self.on_frame(self, frame)
        self._changed.set()

    def _ready(self, frame: Frame) -> None:
        self.visitor, self.conversation = frame["visitor"], frame["conversation"]
        self.told.greetings += 1
        self._line.settled = True
        self.ready, self.busy, self.closed = True, frame["busy"], frame["status"] == "closed"
        self._rows(frame["history"])
        self._flush()

    def _rows(self, rows: list[dict[str, Any]]) -> None:
        for row in rows:
            self.told.show(self.conversation or "", row)
        self._heal()

    def _heal(self, up_to: int = 0) -> None:
        """Ask for what is missing; once per hole."""
        known = self.known
        if max([up_to, *self.shown]) <= known or self._healing == known or not self._line.is_open:
            return
        self._healing = known
        self._asking = asyncio.create_task(self.send({"type": "sync", "after": known}))

    def _ack(self, client_id: str, row: dict[str, Any]) -> None:
        ack = Ack(self.conversation or "", client_id, row["seq"], row["id"], row["content"], time.monotonic())
        self.told.acks.append(ack)
        one = self.pending.pop(client_id, None)
        if one and one.in_flight:
            self._no_ack.off()
            self.told.waits += [ack.at - one.handed_at] if one.handed_at else []
        self._rows([row])
        self._flush()

    def _done(self, frame: Frame) -> None:
        self.busy = False
        self.told.dones.append((frame["reply"], frame["seq"]))
        self._healing = -1
        self._heal(frame["seq"])

    def _error(self, frame: Frame) -> None:
        code, one = frame["code"], self.pending.get(frame.get("client_id", ""))
        self.told.errors[code] += 1
        if code == "conversation_closed" and one:
            self.conversation = None
            self._line.cut()
        elif one and code in RETRIED:
            one.in_flight = False
            self._no_ack.off()
            self._hold.set(frame.get("retry_after") or self._pauses.first * (1 + self._chance.random()))
        elif one:
            self.told.refused[one.client_id] = code
            del self.pending[one.client_id]
            self._no_ack.off()
            self._flush()
        elif not self.ready:
            self._line.cut()
