"""Says what no client of ours would say: each costs little, gets the right answer, and harms nobody."""

import contextlib
import time
from pathlib import Path

from tests.torture.hostile_cases import HEADERS, Case, bytes_, frames, texts, written
from tests.torture.report import Effort, Findings, Part
from tests.torture.servers import Server, home, serving
from tests.torture.wire import Closed, Wire

MOST_CPU = 100.0  # ms
GATHER = 0.15  # seconds: what a frame sets off beside its answer is counted too


class Hostile:
    """Tries cases on one server and keeps the worst CPU time, in milliseconds."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.tried = 0
        self.wrong: list[str] = []
        self.cost: dict[str, float] = {}

    def speak(self, case: Case) -> None:
        """Try one on a socket of its own; another one has to be heard meanwhile."""
        with Wire(self.server.port) as neighbour, Wire(self.server.port) as wire:
            neighbour.hello()
            wire.hello()
            before = self._cpu()
            answer = case.act(wire)
            neighbour.send({"type": "sync", "after": 0})
            heard = neighbour.read()["type"]
            self._settled(case.name, before)
        if answer not in case.answers or heard != "history":
            self.wrong.append(f"{case.name}: {answer}, not {' or '.join(case.answers)}; a neighbour heard {heard}")

    def knock(self, name: str, headers: list[str]) -> None:
        """Try a handshake; whatever comes of it, the next visitor is greeted."""
        with Wire(self.server.port) as wire, Wire(self.server.port) as neighbour:
            before = self._cpu()
            with contextlib.suppress(Closed, ConnectionError):  # refused: as good as an answer
                wire.shake_hands(headers=headers)
            self._settled(name, before)
            if neighbour.hello()["type"] != "ready":
                self.wrong.append(f"{name}: the next visitor was not greeted")

    def _settled(self, name: str, before: float) -> None:
        self.tried += 1
        time.sleep(GATHER)
        self.cost[name] = min(self.cost.get(name, 1e9), self._cpu() - before)

    def _cpu(self) -> float:
        """Milliseconds of CPU of all the server's threads, to the nanosecond where the kernel tells."""
        tasks = Path(f"/proc/{self.server.pid}/task").glob("*/schedstat")
        return sum(int(path.read_text().split()[0]) for path in tasks) / 1e6


def run(effort: Effort) -> Findings:
    """Each case; those that seem dear are tried again, as another program may have been in the way."""
    findings = Findings()
    with home(("alfa",)) as made, serving(made) as server:
        hostile = Hostile(server)
        hostile.speak(Case("once to get warm", written("Oi"), ("done",)))
        hostile.cost.clear()
        cases = [*frames(), *bytes_(), *texts()]
        for case in cases[:: effort.of(3, 1)]:
            hostile.speak(case)
        for name, headers in HEADERS:
            hostile.knock(name, headers)
        for case in cases:
            for _ in range(3):
                if hostile.cost.get(case.name, 0) > MOST_CPU:
                    hostile.speak(case)
        findings.at_least("hostile frames, messages and handshakes tried", hostile.tried, effort.of(40, 120))
        findings.must_be("wrong answers", len(hostile.wrong), 0)
        findings.broken += hostile.wrong
        for name in sorted(hostile.cost, key=lambda one: -hostile.cost[one])[:3]:
            findings.figures[f"dear: {name}, ms of CPU"] = hostile.cost[name]
        findings.at_most("dearest of all, ms of CPU", max(hostile.cost.values()), MOST_CPU)
        findings.must_be("tracebacks in the server's log", made.logs().count("Traceback"), 0)
        findings.must_be("the server runs on", server.alive(), True)
    return findings


PART = Part(
    "Hostile frames",
    "Whatever a client sends, it costs under 100 ms of CPU, gets its answer, and the server goes on with others.",
    run,
)
