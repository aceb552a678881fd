"""Every call to the disk fails: of one message and of a first one, by every errno that a disk may answer with."""

import asyncio
import errno
import logging
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count, islice, product
from typing import Any

from bench.fake_model import FakeModel
from conversations.storage.base import NotStored
from conversations.storage.csv_files import READINGS, CsvFiles
from tests.conversation_rows import visitor
from tests.faulty_disk import told_too_early
from tests.torture.client import Client
from tests.torture.faulty_server import Control, Fault
from tests.torture.ledger import compare, settled
from tests.torture.lossy_disk import LossyDisk, lossy_disk
from tests.torture.lossy_disk import why_not as why_no_lossy_disk
from tests.torture.report import Effort, Findings, Part
from tests.torture.servers import ROOT, Home, Server, home
from tests.torture.stored import PREFIX, SUFFIX
from tests.torture.syscalls import why_not as why_no_strace

SLUG = "alfa"
MODEL = {"ttft": 0.0, "tps": 5000.0}
FIRST_ERRORS = (errno.EIO, errno.ENOSPC)
MORE_ERRORS = (errno.EINTR, errno.EAGAIN, errno.EDQUOT, errno.EROFS, errno.EMFILE)
QUIET = ("flock", "pread", "stat", "lstat", "fstat")
MOST_STEPS = 80
OWN_CALLS = 4  # of a message, before its reply's begin
PATIENCE = 30.0
ANSWER_SECONDS = 2.5  # the longest wait for a lock, and some
# In the kernel's own voice, at each file of a conversation: which call, with what, how often in each thread.
INJECTED = (
    "fsync:error=EIO:when=2+4", "write:error=ENOSPC:when=3+5", "openat:error=EMFILE:when=6+9",
    "ftruncate:error=EIO:when=2+2",
)  # fmt: skip
INTERRUPTED = (
    "fsync:error=EINTR:when=2+3", "write:error=EINTR:when=2+3", "openat:error=EINTR:when=2+3",
    "flock:error=EINTR:when=2+3",
)  # fmt: skip

# Appends a row whose sync fails, and dies before it can cut it off again.
DIES = """
import os, sys
from pathlib import Path
from conversations.storage import conversation_file
from conversations.storage.csv_files import CsvFiles
from tests.conversation_rows import visitor

class Dying:
    def __getattr__(self, name):
        return getattr(os, name)
    def ftruncate(self, descriptor, size):
        os._exit(9)

storage = CsvFiles("alfa", root=Path(sys.argv[1]))
storage.read("c1")
conversation_file.os = Dying()
storage.append("c1", [visitor(sys.argv[2], "lost")])
"""


@dataclass(slots=True)
class Tally:
    """What all cases came to."""

    figures: Counter[str] = field(default_factory=Counter)
    details: list[str] = field(default_factory=list)
    slowest: float = 0.0

    def fault(self, name: str, where: object) -> None:
        """Count what must not be."""
        self.figures[name] += 1
        self.details.append(f"{name}: {where}")


class Asker:
    """Says things on a disk that is about to fail, and watches what comes back."""

    def __init__(self, server: Server, control: Control, tally: Tally) -> None:
        self._server, self._control, self._tally = server, control, tally
        self._people = 0
        self.people: list[Client] = []
        self._known: Client | None = None

    async def every_step(self, faults: Iterator[Fault], *, first: bool) -> None:
        """Try these faults until one does not come any more."""
        for fault in faults:
            if fault.step > MOST_STEPS:
                self._tally.fault("calls without end", fault)
                return
            person = await self._person(first=first)
            if not await self._case(person, fault):
                break
            if first:
                await person.stop()

    async def _person(self, *, first: bool) -> Client:
        if first or self._known is None:
            self._people += 1
            person = Client(self._server.ws, SLUG, name=f"f{self._people}")
            self.people.append(person)
            person.start()
            await person.until(lambda: person.ready)
            if first:
                return person
            self._known = person
            person.say("Oi")
            await person.answered()
        return self._known

    async def _case(self, person: Client, fault: Fault) -> bool:
        """Say something; whether the fault came before it was answered."""
        verdict: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def watch(client: Client, frame: dict[str, Any]) -> None:
            if frame.get("client_id") == client_id and not verdict.done():
                verdict.set_result(frame.get("code", "ack"))

        self._control.arm(fault)
        person.on_frame, began = watch, time.monotonic()
        client_id = person.say("Quanto custa?")
        try:
            told = await asyncio.wait_for(verdict, 30)
        except TimeoutError:
            told = "nothing"
        took = time.monotonic() - began
        self._tally.slowest = max(self._tally.slowest, took)
        while told == "ack" and not (self._control.so_far().failed or person.seems_answered):
            await asyncio.sleep(0.01)
        happened = self._control.disarm()
        person.on_frame = None
        await person.answered()
        self._judge(fault, told, [*happened.log, *self._control.so_far().log])
        return happened.failed

    def _judge(self, fault: Fault, told: str, log: list[Any]) -> None:
        self._tally.figures["cases"] += 1
        self._tally.figures[told] += 1
        if told not in ("ack", "not_stored"):
            self._tally.fault("other answers than ack and not_stored", f"{told} at {fault}")
        for name in told_too_early(log):
            self._tally.fault("told after a failed sync, or before one", f"{name} at {fault}")


def _steps(**fault: Any) -> Iterator[Fault]:
    return (Fault(step=step, **fault) for step in count(1))


async def _every_call(server: Server, control: Control, effort: Effort, tally: Tally) -> list[Client]:
    asker = Asker(server, control, tally)
    ways = list(product(FIRST_ERRORS + MORE_ERRORS, (False, True)))
    if effort.quick:
        ways = [(errno.EIO, False), (errno.ENOSPC, True)]
        for error in MORE_ERRORS:
            await asker.every_step(islice(_steps(error=error), OWN_CALLS), first=False)
    for (error, for_good), first in product(ways, (False, True)):
        await asker.every_step(_steps(error=error, for_good=for_good), first=first)
    for first in (False, True):
        await asker.every_step(_steps(error=errno.ENOSPC, only="write", most_bytes=100), first=first)
    for only, error in product(QUIET, FIRST_ERRORS[:1] if effort.quick else (errno.EIO, errno.EINTR, errno.ENOMEM)):
        await asker.every_step(_steps(error=error, only=only), first=False)
    return asker.people


async def _on_a_faulty_disk(made: Home, effort: Effort, tally: Tally) -> list[Client]:
    socket = made.folder / "disk"
    server = Server(made, wrap=[sys.executable, "-m", "tests.torture.faulty_server", str(socket)])
    server.start()
    control = Control(socket)
    try:
        people = await _every_call(server, control, effort, tally)
        tally.figures["workers that crashed"] = int(not server.alive())
        visitors = await _introduced(server, effort.of(3, 8))
        await settled(made.data, PATIENCE)
        for one in people:
            await one.stop()
        server.stop()
    finally:
        control.close()
        server.kill()
        socket.unlink(missing_ok=True)
    return people + visitors


async def _introduced(server: Server, number: int) -> list[Client]:
    """Visitors who have said hello, so that the names of their files are known, and have gone again."""
    people = [Client(server.ws, SLUG, name=f"k{one}") for one in range(number)]
    for one in people:
        async with one:
            pass
    return people


async def _on_a_faulty_kernel(made: Home, people: list[Client], faults: tuple[str, ...], effort: Effort) -> int:
    """Let real calls of a real server fail; how often visitors were told so."""
    files = [made.data / SLUG / "conversations" / f"{PREFIX}{one.conversation}{SUFFIX}" for one in people]
    wrap = ["strace", "-D", "-f", "-qq", "--seccomp-bpf", "-o", os.devnull, "-e", "signal=none"]
    wrap += ["-e", "trace=" + ",".join(one.partition(":")[0] for one in faults)]
    wrap += [part for one in faults for part in ("-e", f"inject={one}")]
    wrap += [part for file in files for part in ("-P", str(file))]
    server = Server(made, wrap=wrap)
    server.start()
    before = sum(one.told.errors["not_stored"] for one in people)

    async def talk(person: Client) -> None:
        person.server = server.ws
        person.start()
        for number in range(effort.of(5, 40)):
            await person.acked(person.say(f"Mensagem {number}"))
        await person.answered()
        await person.stop()

    try:
        await asyncio.gather(*map(talk, people))
        await settled(made.data, PATIENCE)
        server.stop()
    finally:
        server.kill()
    return sum(one.told.errors["not_stored"] for one in people) - before


def _loses(disk: LossyDisk, tally: Tally, number: int) -> None:
    """A process dies between a failed sync and its repair; what does the next one take for stored?"""
    root, text = disk.folder / str(number), "perdida? " * (900 + 700 * number)
    CsvFiles(SLUG, root=root).append("c1", [visitor("Oi", "kept")])
    disk.run_full()
    died = subprocess.run(
        [sys.executable, "-c", DIES, str(root), text], cwd=ROOT, capture_output=True, text=True, check=False
    )
    disk.have_room()
    if died.returncode != 9:
        tally.fault("syncs that should have failed", died.stderr[-500:])
        return
    READINGS.forget_all()
    storage = CsvFiles(SLUG, root=root)
    tally.figures["rows that only memory had"] += len(storage.read("c1").rows) == 2
    told = ""
    for _ in range(5):
        try:
            told = "stored anew" if storage.append("c1", [visitor(text, "lost")]).fresh else "known"
            break
        except NotStored:
            continue
    disk.unmount()
    disk.mount()
    READINGS.forget_all()
    found = [row.client_id for row in CsvFiles(SLUG, root=root).read("c1").rows]
    if told != "stored anew" or found != ["kept", "lost"]:
        tally.fault("rows told and lost by a disk that loses writes", f"{told}, then {found}")


def _on_a_lossy_disk(effort: Effort, tally: Tally) -> str:
    """How often it was tried, or why not."""
    if reason := why_no_lossy_disk():
        return f"not tried: {reason}"
    rounds = effort.of(1, 6)
    logging.disable()  # what is cut off is what is looked for here
    try:
        with lossy_disk() as disk:
            for number in range(rounds):
                _loses(disk, tally, number)
    except subprocess.CalledProcessError as error:
        return f"not tried: {error.stderr.decode(errors='replace').strip()}"
    finally:
        logging.disable(logging.NOTSET)
    return str(rounds)


async def _serve(made: Home, effort: Effort, tally: Tally, findings: Findings) -> None:
    async with FakeModel(record=False, tokens=effort.of(60, 200), **MODEL) as model:
        made.settings |= {"OPENAI_BASE_URL": model.url, "OPENAI_API_KEY": "none", "TIMMY_MODEL": "fake"}
        people = await _on_a_faulty_disk(made, effort, tally)
        if reason := why_no_strace():
            findings.broken.append(f"no call of the kernel could be made to fail: {reason}")
        else:
            known = [one for one in people if one.name.startswith("k")]
            refused = await _on_a_faulty_kernel(made, known, INJECTED, effort)
            findings.at_least("messages refused when real calls failed", refused, effort.of(3, 30))
            if not effort.quick:
                refused = await _on_a_faulty_kernel(made, known, INTERRUPTED, effort)
                findings.must_be("messages refused when real calls were interrupted", refused, 0)
    compare(made.data, [one.told for one in people]).tell(findings)


def run(effort: Effort) -> Findings:
    """Let everything fail, then count what is stored."""
    findings, tally = Findings(), Tally()
    with home((SLUG,)) as made:
        asyncio.run(_serve(made, effort, tally, findings))
    lossy = _on_a_lossy_disk(effort, tally)
    found = tally.figures
    findings.at_least("messages said while a call failed", found["cases"], effort.of(100, 700))
    findings.at_least("told not_stored", found["not_stored"], effort.of(20, 100))
    findings.at_least("told ack (the reply's calls failed, or none)", found["ack"], effort.of(50, 500))
    findings.at_most("slowest answer, s", tally.slowest, ANSWER_SECONDS)
    for name in (
        "told after a failed sync, or before one", "other answers than ack and not_stored", "workers that crashed",
        "calls without end",
    ):  # fmt: skip
        findings.must_be(name, found[name], 0)
    findings.figures["deaths between a failed sync and its repair, on a real ext4 that loses writes"] = lossy
    findings.figures["rows that only memory had then"] = found["rows that only memory had"]
    for name in ("syncs that should have failed", "rows told and lost by a disk that loses writes"):
        findings.must_be(name, found[name], 0)
    findings.broken += tally.details
    return findings


PART = Part(
    "Every call fails",
    "Whichever call to the disk fails, the visitor is told honestly, nothing is lost or doubled, and it goes on.",
    run,
)
