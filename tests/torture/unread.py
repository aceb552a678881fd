"""Clients that ask and do not read: what they may make the server hold, and that nobody else feels it."""

import time
from collections.abc import Iterable

import psutil

from tests.torture.report import Effort, Findings, Part
from tests.torture.servers import Server, home, serving
from tests.torture.wire import Closed, Wire, frame

READERS = 50
MOST_GROWTH = 160  # MiB: the backlogs' 32, what making them takes, and what malloc keeps of it
MOST_LATER = 10  # MiB in the second half of the time
MOST_WAIT = 2.0  # seconds until another visitor is greeted
LET_GO_SECONDS = 30  # a client that reads nothing is let go after 20
ASK = frame(1, b'{"type":"sync","after":0}')


class Unread:
    """A conversation with long rows, and sockets that ask for them again and again."""

    def __init__(self, server: Server, effort: Effort) -> None:
        self.server, self.seconds, self.rows = server, effort.of(4, 60), effort.of(60, 150)
        self.process = psutil.Process(server.pid)
        self.asked = 0
        self.worst = 0.0

    def run(self, findings: Findings, full: bool) -> None:
        """Try it; what was found is told."""
        with Wire(self.server.port) as writer:
            ready = writer.hello()
            for number in range(self.rows):
                writer.send({"type": "message", "client_id": f"u{number}", "text": "é" * 4000})
                writer.until("ack")
            before = self._memory()
            deaf = [self._deaf(ready["visitor"]) for _ in range(READERS)]
            memory = list(self._flood(deaf))
            sooner, later = memory[: len(memory) // 2], memory[len(memory) // 2 :]
            findings.at_least("syncs asked for and not read", self.asked, READERS * 50)
            findings.at_most("MiB of memory gained by 50 clients that do not read", max(memory) - before, MOST_GROWTH)
            findings.at_most("… of them in the second half of the time", max(later) - max(sooner), MOST_LATER)
            findings.at_most("seconds until another visitor is greeted, worst", self.worst, MOST_WAIT)
            self._tell_of_one(findings, ready["visitor"])
            if full:
                findings.must_be(f"still held after {LET_GO_SECONDS} s without reading", self._held(deaf), 0)
            for wire in deaf:
                wire.line.close()

    def _deaf(self, visitor: str) -> Wire:
        wire = Wire(self.server.port, buffers=4096)
        wire.hello(visitor=visitor, last_seen=10**9)
        wire.line.setblocking(False)
        return wire

    def _flood(self, deaf: list[Wire]) -> Iterable[int]:
        """Ask and ask; the server's MiB, twice a second."""
        until = time.monotonic() + self.seconds
        while time.monotonic() < until:
            for wire in deaf:
                self._ask(wire)
            yield self._memory()
            began = time.monotonic()
            with Wire(self.server.port) as other:
                other.hello()
            self.worst = max(self.worst, time.monotonic() - began)
            time.sleep(0.4)

    def _ask(self, wire: Wire) -> None:
        try:
            while True:
                self.asked += wire.line.send(ASK * 100) // len(ASK)
        except (BlockingIOError, ConnectionError):
            return  # the kernels' buffers are full, or the server has let go

    def _tell_of_one(self, findings: Findings, visitor: str) -> None:
        """Who comes back and reads gets everything."""
        with Wire(self.server.port) as back:
            back.hello(visitor=visitor, last_seen=10**9)
            seen: list[int] = []
            more = True
            while more:
                back.send({"type": "sync", "after": seen[-1] if seen else 0})
                history = back.until("history")
                seen += [row["seq"] for row in history["messages"]]
                more = history["more"]
        findings.at_least("rows read by who comes back", len(seen), self.rows)
        findings.must_be("rows missing or out of order there", sum(a != b for a, b in enumerate(seen, 1)), 0)

    def _held(self, deaf: list[Wire]) -> int:
        until = time.monotonic() + LET_GO_SECONDS
        ours = {wire.line.getsockname()[1] for wire in deaf}
        while (held := self._open(ours)) and time.monotonic() < until:
            time.sleep(0.5)
        return held

    def _open(self, ports: set[int]) -> int:
        lines = self.process.net_connections("tcp")
        return sum(bool(one.raddr) and one.raddr.port in ports for one in lines)

    def _memory(self) -> int:
        resident: int = self.process.memory_info().rss >> 20
        return resident


def run(effort: Effort) -> Findings:
    """Run it on a server of its own, with the limits lifted: the bounds have to hold without them."""
    findings = Findings()
    with home(("alfa",)) as made, serving(made) as server:
        try:
            Unread(server, effort).run(findings, full=not effort.quick)
        except Closed as closed:
            findings.broken.append(f"a socket that reads was closed: {closed.code}")
        findings.must_be("the server runs on", server.alive(), True)
    return findings


PART = Part(
    "Slow readers",
    "Clients that ask for everything and read nothing make the server hold a bounded amount, are let go, lose nothing.",
    run,
)
