"""One visitor of the load client: says hello, asks, and times what comes back."""

import asyncio
import itertools
import string
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from bench.ledger import Counts, Ledger
from bench.reply import Expected
from bench.script import Settings
from bench.websocket import WebSocket

_QUESTIONS = (
    "Você pode me explicar como cuido das samambaias",
    "Quero entender melhor a rega das plantas de sombra",
    "As folhas da minha planta mudaram de cor, o que observo",
    "Qual terra combina com um vaso pequeno de ervas",
)


@dataclass(slots=True)
class Report:
    """What all visitors saw."""

    counts: Counts = field(default_factory=Counts)
    seconds: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    frames: Counter[str] = field(default_factory=Counter)
    trouble: Counter[str] = field(default_factory=Counter)
    turns: int = 0

    def forget_figures(self) -> None:
        """Starts the figures anew after a warm-up; what went wrong stays."""
        self.seconds.clear()
        self.frames.clear()
        self.turns = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """Where the visitors go and what the model behind the server is set to."""

    url: str
    slug: str  # "bench{}": visitors go round the tenants
    tenants: int
    model: Settings
    timeout: float
    run: str  # letters that make this run's tags its own


def letters(number: int, width: int) -> str:
    """A number in letters: a tag with many digits might be taken for a phone number."""
    found = ""
    for _ in range(width):
        number, digit = divmod(number, 26)
        found = string.ascii_lowercase[digit] + found
    return found


class Visitor:
    """Holds one conversation over one socket at a time."""

    def __init__(self, plan: Plan, report: Report, number: int) -> None:
        self.plan, self.report = plan, report
        self.name = plan.run + letters(number, 4)
        self.path = f"/ws/chat/{plan.slug.format(number % plan.tenants)}/"
        self.ledger = Ledger(report.counts, report.trouble)
        self.visitor: str | None = None
        self.conversation: str | None = None
        self.turns = itertools.count(1)
        self._finished = asyncio.Event()

    async def open(self, last_seen: int = 0) -> list[dict]:
        """Connects and says hello; returns the history that `ready` brought."""
        began = time.perf_counter()
        self._ready: asyncio.Future[dict] = asyncio.get_running_loop().create_future()
        self.socket = WebSocket(self._frame, self._closed)
        async with asyncio.timeout(self.plan.timeout):
            await self.socket.open(self.plan.url + self.path)
            hello = {"visitor": self.visitor, "conversation": self.conversation, "last_seen": last_seen}
            self.socket.send({"type": "hello", "locale": "pt-BR", **hello})
            ready = await self._ready
        self.report.seconds["ready"].append(time.perf_counter() - began)
        self.visitor, self.conversation = ready["visitor"], ready["conversation"]
        if (consent := ready.get("consent") or {}).get("required"):
            self.socket.send({"type": "consent", "version": consent["version"], "granted": True})
        return ready["history"]

    async def turn(self) -> None:
        """Asks one question and waits for the reply's end."""
        turn = next(self.turns)
        tag = f"#{self.name}-{turn}"
        text = f"{_QUESTIONS[turn % len(_QUESTIONS)]}? {tag}"
        self._expected = Expected(tag, self.plan.model.tokens)
        self.ledger.ask(tag, tag, text, self._expected)
        self._finished.clear()
        self._first = True
        self._asked = time.perf_counter()
        self.socket.send({"type": "message", "client_id": tag, "text": text})
        try:
            async with asyncio.timeout(self.plan.timeout):
                await self._finished.wait()
        except TimeoutError:
            self.ledger.gave_up()

    async def come_back(self) -> None:
        """Drops the socket and returns with `last_seen` one row short."""
        self.socket.drop()
        self.ledger.resumed(await self.open(self.ledger.seq - 1))

    def _frame(self, frame: dict) -> None:
        now = time.perf_counter()
        kind = frame["type"]
        self.report.frames[kind] += 1
        if kind == "message":
            self._message(frame["message"], now)
        elif kind == "ack":
            self.report.seconds["ack"].append(now - self._asked)
            self.ledger.ack(frame["client_id"], frame["message"])
        elif kind == "done":
            self._done(frame, now)
        elif kind == "ready":
            self._ready.set_result(frame)
        elif kind == "error":
            self.report.counts.errors += 1
            self.report.trouble[f"error frame {frame['code']}"] += 1

    def _message(self, message: dict, now: float) -> None:
        length = self.ledger.part(message)
        if not length:
            return
        took, model = now - self._asked, self.plan.model
        token = self._expected.token_at(length)
        late = took - model.ttft - (token / model.tps if model.tps else 0)
        self.report.seconds["part_late"].append(late)
        if self._first:
            self._first = False
            self.report.seconds["first"].append(took)
            self.report.seconds["first_late"].append(late)

    def _done(self, frame: dict, now: float) -> None:
        if self.ledger.done(frame):
            self.report.turns += 1
            self.report.seconds["done"].append(now - self._asked)
            self._finished.set()

    def _closed(self, code: int) -> None:
        self.report.counts.errors += 1
        self.report.trouble[f"closed with {code}"] += 1
        self.ledger.gave_up()
        self._finished.set()
        if not self._ready.done():
            self._ready.set_exception(ConnectionError(f"closed with {code} before ready"))
