"""Many at once: idle and talking visitors on one process, and flooders who must not be felt by them."""

import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil
import uvloop

from bench import servers as bench
from tests.torture.ledger import compare, settled
from tests.torture.multitude import Heard, Person, Talker, address, enter_all, percentile
from tests.torture.report import Effort, Findings, Part
from tests.torture.servers import ROOT, Home, Server, home, serving

MODEL = "fake?ttft=0.1&tokens=40"
FLOODERS_AT_ONCE = (6, 20)
MOST_WINDOWS = 6  # other work on the machine makes a window worse, never better: the best of so many counts
MOST_RATIO = 2.0
FELT = 10.0  # ms: a time below is taken for this, as nobody feels it doubled and any other work on the core doubles it
MOST_CORES = 0.35
MOST_GROWTH = 64  # MiB
PUT_OFF_SECONDS = 2.0  # more than between two messages of a burst
TIMES = ("ack", "first part")


@dataclass(slots=True)
class Window:
    """What the talking visitors saw for some seconds: p95 in milliseconds by name, and the server's share of a core."""

    p95: dict[str, float]
    cores: float
    turns: int


@contextmanager
def on_two_cores() -> Iterator[tuple[list[str], bench.Cores]]:
    """The server has a core and everything else the other, where there are two; yields the server's command prefix."""
    cores, before = bench.Cores.found(), os.sched_getaffinity(0)
    if cores.rest is not None:
        os.sched_setaffinity(0, {cores.rest})
    try:
        yield bench.pinned(cores.server, []), cores
    finally:
        os.sched_setaffinity(0, before)


class Load:
    """One run: everybody enters, then windows without and with flooders take turns."""

    def __init__(self, server: Server, made: Home, effort: Effort) -> None:
        self.server, self.made = server, made
        self.heard, self.flooded = Heard(), Counter[str]()
        self.seconds = effort.of(4, 10)
        self.flooders = effort.of(*FLOODERS_AT_ONCE)
        self.windows = effort.of(1, 3), effort.of(3, MOST_WINDOWS)
        self.idle = [Person(*self._who(1, number)) for number in range(effort.of(300, 1000))]
        self.talkers = [Talker(*self._who(2, number), think=5.0) for number in range(effort.of(60, 200))]
        self.process = psutil.Process(server.pid)

    def _who(self, group: int, number: int) -> tuple[str, str, str, str, Heard]:
        slug = ("alfa", "beta")[number % 2]
        return self.server.ws, slug, f"p{group}x{number}", address(group, number), self.heard

    async def run(self, findings: Findings) -> None:
        """Try it; what was found is told."""
        loop, over = asyncio.get_running_loop(), asyncio.Event()
        await enter_all([*self.idle, *self.talkers])
        talking = [asyncio.create_task(one.talk(over)) for one in self.talkers]
        await self._window()  # everybody's first question
        memory = self.process.memory_info().rss
        calm, flooded = await self._take_turns()
        over.set()
        await asyncio.gather(*talking)
        there = sum(await asyncio.gather(*(one.is_there() for one in self.idle)))
        connections = await self._connections(len(self.idle) + len(self.talkers), loop.time() + 10)
        self._tell_of_flooders(findings)
        self._tell_of_others(findings, there)
        self._tell_times(findings, calm, flooded)
        findings.at_most("MiB of memory gained", (self.process.memory_info().rss - memory) >> 20, MOST_GROWTH)
        findings.must_be("connections still open but theirs", connections - len(self.idle) - len(self.talkers), 0)

    async def _take_turns(self) -> tuple[list[Window], list[Window]]:
        calm: list[Window] = []
        flooded: list[Window] = []
        least, most = self.windows
        while len(calm) < most:
            calm.append(await self._window())
            flooded.append(await self._flood(group=10 + len(calm)))
            if len(calm) >= least and all(ratio(calm, flooded, name) <= MOST_RATIO for name in TIMES):
                break
        return calm, flooded

    async def _window(self) -> Window:
        loop = asyncio.get_running_loop()
        began, before = loop.time(), self._cpu()
        await asyncio.sleep(self.seconds)
        end, cores = loop.time(), (self._cpu() - before) / self.seconds
        times = {name: self.heard.between(name, began, end) for name in TIMES}
        return Window({name: 1000 * percentile(found, 95) for name, found in times.items()}, cores, len(times["ack"]))

    async def _flood(self, group: int) -> Window:
        flooders = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.torture.flooders", "--server", self.server.ws, "--group", str(group),
            "--count", str(self.flooders), "--seconds", str(self.seconds),
            cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert flooders.stdin
        assert flooders.stdout
        await flooders.stdout.readline()
        flooders.stdin.write(b"go\n")
        window = await self._window()
        found, _ = await flooders.communicate()
        self.flooded.update(json.loads(found))
        return window

    async def _connections(self, wanted: int, until: float) -> int:
        while (found := self._open_now()) > wanted and asyncio.get_running_loop().time() < until:
            await asyncio.sleep(0.2)
        return found

    def _open_now(self) -> int:
        ours = (one for one in self.process.net_connections("tcp") if one.laddr.port == self.server.port)
        return sum(one.status == psutil.CONN_ESTABLISHED for one in ours)

    def _cpu(self) -> float:
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def _tell_of_flooders(self, findings: Findings) -> None:
        found = self.flooded
        findings.at_least("messages that flooders sent", found["sent"], self.flooders * self.seconds * 50)
        findings.figures["flooders' messages stored"] = found["ack"]
        findings.at_least("flooders' messages refused", found["rate_limited"], self.flooders * 20)
        findings.must_be("refusals without retry_after", found["rate_limited"] - found["with retry_after"], 0)
        findings.at_least("flooders' sockets closed (4429)", found["closed 4429"], self.flooders)
        findings.must_be("flooders never closed", found["never closed"], 0)

    def _tell_of_others(self, findings: Findings, there: int) -> None:
        findings.must_be("idle visitors still heard at the end", there, len(self.idle))
        findings.figures["talking visitors"] = len(self.talkers)
        findings.at_least("turns of talking visitors", sum(len(one.told.dones) for one in self.talkers), 100)
        findings.must_be("errors, closed sockets and late answers of others", dict(self.heard.trouble), {})

    def _tell_times(self, findings: Findings, calm: list[Window], flooded: list[Window]) -> None:
        findings.figures["windows, seconds each"] = f"{len(calm)} calm, {len(flooded)} flooded, {self.seconds} s"
        for name in TIMES:
            findings.figures[f"{name} p95 without flooders, ms"] = shown(calm, name)
            findings.figures[f"{name} p95 with flooders, ms"] = shown(flooded, name)
            findings.at_most(f"{name} p95 with flooders / without", ratio(calm, flooded, name), MOST_RATIO)
        cost = min(one.cores for one in flooded) - min(one.cores for one in calm)
        findings.figures["share of a core without flooders"] = min(one.cores for one in calm)
        findings.at_most("share of a core that flooders cost", cost, MOST_CORES)


def ratio(calm: list[Window], flooded: list[Window], name: str) -> float:
    """The best p95 with flooders to the best without: noise from elsewhere only ever adds."""
    return min(one.p95[name] for one in flooded) / max(FELT, min(one.p95[name] for one in calm))


def shown(windows: list[Window], name: str) -> str:
    """Each window's p95."""
    return ", ".join(f"{one.p95[name]:.1f}" for one in windows)


async def quiet(made: Home) -> list[str]:
    """Wait until nothing is written any more (bursts are put off) and nothing is left open; what still is."""
    before, now = -1, 0
    while before != now:
        waiting = await settled(made.data, 60)
        await asyncio.sleep(PUT_OFF_SECONDS)
        before, now = now, sum(path.stat().st_size for path in made.data.glob("*/conversations/*.csv"))
    return waiting


def run(effort: Effort) -> Findings:
    """Run it on a server with the limits that are the settings' own."""
    findings = Findings()
    limits = {"RATE_LIMIT_VISITOR": "30/m", "RATE_LIMIT_ADDRESS": "300/m", "BEHIND_PROXY": "true"}
    with on_two_cores() as (wrap, cores), home(OPENAI_API_KEY="x", TIMMY_MODEL=MODEL, **limits) as made:
        with bench.fake_model(bench.Home(made.folder), cores) as url:
            made.settings["OPENAI_BASE_URL"] = url
            with serving(made, wrap=wrap) as server:
                load = Load(server, made, effort)
                uvloop.run(load.run(findings))
                findings.must_be("left unanswered a minute later", len(asyncio.run(quiet(made))), 0)
        compare(made.data, [one.told for one in load.talkers]).tell(findings)
        findings.must_be("tracebacks in the server's log", made.logs().count("Traceback"), 0)
    return findings


PART = Part(
    "Load",
    "One process holds 1,000 idle and 200 talking visitors; 20 flooders at 100 messages a second are told when to come "
    "back, then closed, and nobody else waits twice as long, loses or doubles anything.",
    run,
)
