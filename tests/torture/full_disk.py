"""A disk that is really full: told within two seconds, nothing lost, and it works again once there is room."""

import asyncio
import json
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.fake_model import FakeModel
from tests.torture.client import Client
from tests.torture.index import differences_from_files
from tests.torture.ledger import compare, settled
from tests.torture.report import Effort, Findings, Part
from tests.torture.servers import Home, Server, home
from tests.torture.small_disk import NoSmallDisk, fill, have_room, left, small_disk

SLUG = "alfa"
MEBIBYTES = {"conversations": 4, "conversations and database": 12}
MODEL = {"ttft": 1.5, "tps": 2000.0, "tokens": 900}  # slow enough to find the disk full, long enough not to fit
LONG = "çãõ é " * 650  # more than a block: it fits nowhere on a full disk
BALLAST, ROOM = "somebody-elses", 1792 * 1024  # of which the leases take 1 MiB
TOLD_SECONDS, WORKS_SECONDS, PATIENCE = 2.0, 5.0, 60.0
INDEX_SECONDS = 10.0


@dataclass(slots=True)
class Tally:
    """What one full disk came to."""

    written: int = 0
    refused: int = 0
    waiting: int = 0
    slowest_refusal: float = 0.0
    slowest_return: float = 0.0
    slowest_reply: float = 0.0
    slowest_ready: float = 0.0
    faults: list[str] = field(default_factory=list)


class FullDisk:
    """Visitors of one server, whose disk runs full and is given room again."""

    def __init__(self, server: Server, disk: Path, effort: Effort, tally: Tally) -> None:
        self._server, self._disk, self._effort, self._tally = server, disk, effort, tally
        self._number = 0
        self.people: list[Client] = []

    async def run(self) -> None:
        """Fill it and free it, some times."""
        for _ in range(self._effort.of(3, 8)):
            await self._come()
        for number in range(self._effort.of(1, 4)):
            if number == 0:
                await self._write_until_full()
            # Longer than any pause between attempts, once.
            await self._full(self._effort.of(3, 100 if number == 0 else 10))
        await asyncio.gather(*(one.answered(PATIENCE) for one in self.people))

    async def _come(self) -> Client:
        self._number += 1
        person = Client(self._server.ws, SLUG, name=f"d{self._number}")
        self.people.append(person)
        person.start()
        await person.until(lambda: person.ready)
        return person

    async def _write_until_full(self) -> None:
        async def write(person: Client) -> None:
            while not person.told.errors["not_stored"]:
                self._tally.written += 1
                await self._taken_or_refused(person, person.say(LONG))

        await asyncio.gather(*(write(one) for one in self.people))
        (self._disk / BALLAST).unlink()  # what an operator does: move away what is not Timmy's
        await asyncio.gather(*(one.answered(PATIENCE) for one in self.people))

    async def _taken_or_refused(self, person: Client, client_id: str, seconds: float = PATIENCE) -> None:
        refused = person.told.errors["not_stored"]
        await person.until(
            lambda: client_id not in person.pending or person.told.errors["not_stored"] > refused, seconds
        )

    async def _full(self, seconds: float) -> None:
        asked = {one: one.say("Quanto custa?") for one in self.people}
        for one, client_id in asked.items():
            await one.acked(client_id)
        rows = {one: one.told.acks[-1].seq for one in self.people}
        fill(self._disk)
        await asyncio.gather(*(self._refused(one) for one in self.people))
        await self._refused(await self._come())
        await self._looked_at()
        await asyncio.sleep(seconds)
        await asyncio.gather(*(self._refused(one) for one in self.people))
        waiting = [one for one, seq in rows.items() if not _answered(one, seq)]
        self._tally.waiting += len(waiting)
        fill(self._disk)
        have_room(self._disk)
        began = time.monotonic()
        await asyncio.gather(
            self._ready(began),
            *(self._back(one, began) for one in self.people),
            *(self._reply(one, rows[one], began) for one in waiting),
        )

    async def _refused(self, person: Client) -> None:
        """Whatever it says now is refused, and soon."""
        if not person.pending:
            person.say(LONG)
        began, client_id = time.monotonic(), next(iter(person.pending))
        try:
            await self._taken_or_refused(person, client_id, 10)
        except TimeoutError:
            self._tally.faults.append(f"{person.name} was told nothing for ten seconds")
        self._tally.slowest_refusal = max(self._tally.slowest_refusal, time.monotonic() - began)
        self._tally.refused += 1
        if client_id not in person.pending:
            self._tally.faults.append(
                f"{person.name} was told that a full disk took it ({left(self._disk)} bytes left)"
            )

    async def _looked_at(self) -> None:
        """What a monitor and a visitor who comes back see of a full disk."""
        status, parts = await asyncio.to_thread(self._readiness)
        if status != 503 or parts.get("storage") is not False:
            self._tally.faults.append(f"/readyz says {status} {parts} of a full disk")
        person = self.people[0]
        before, rows = person.conversation, person.known
        person.drop()
        await person.until(lambda: not person.ready)
        await person.until(lambda: person.ready)
        if person.conversation != before or person.known < rows:
            self._tally.faults.append(f"{person.name} came back to {person.conversation}, not {before}")

    def _readiness(self) -> tuple[int, dict[str, Any]]:
        try:
            with urllib.request.urlopen(f"{self._server.http}/readyz", timeout=10) as answer:  # noqa: S310 - our own
                return answer.status, json.load(answer)["parts"]
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)["parts"]

    async def _back(self, person: Client, began: float) -> None:
        took = await self._until(lambda: not person.pending, person, began, "is still not stored")
        self._tally.slowest_return = max(self._tally.slowest_return, took)

    async def _reply(self, person: Client, seq: int, began: float) -> None:
        took = await self._until(lambda: _answered(person, seq), person, began, "still waits for a reply")
        self._tally.slowest_reply = max(self._tally.slowest_reply, took)

    async def _ready(self, began: float) -> None:
        while (found := await asyncio.to_thread(self._readiness))[0] != 200 and time.monotonic() - began < PATIENCE:
            await asyncio.sleep(0.1)
        self._tally.slowest_ready = max(self._tally.slowest_ready, time.monotonic() - began)
        if found[0] != 200:
            self._tally.faults.append(f"/readyz says {found} after there is room")

    async def _until(self, holds: Callable[[], bool], person: Client, began: float, wrong: str) -> float:
        try:
            await person.until(holds, PATIENCE)
        except TimeoutError:
            self._tally.faults.append(f"{person.name} {wrong} {PATIENCE:.0f} s after there is room")
        return time.monotonic() - began


def _answered(person: Client, seq: int) -> bool:
    return any(last > seq for _reply, last in person.told.dones)


async def _serve(made: Home, what: str, effort: Effort, findings: Findings) -> None:
    tally = Tally()
    async with FakeModel(record=False, **MODEL) as model:
        made.settings |= {"OPENAI_BASE_URL": model.url, "OPENAI_API_KEY": "none", "TIMMY_MODEL": "fake"}
        with small_disk(made.data, MEBIBYTES[what]) as disk:
            server = Server(made, wrap=disk.wrap)
            server.start()
            pid, seen = server.pid, disk.seen_by(server.pid)
            try:
                (seen / BALLAST).write_bytes(bytes(left(seen) - ROOM))
                full = FullDisk(server, seen, effort, tally)
                await full.run()
                left_open = await settled(seen, PATIENCE)
                taken = made.folder / f"taken from {what}"
                index = await _taken(made, seen, taken)
                for person in full.people:
                    await person.stop()
                alive = server.alive() and server.pid == pid
                server.stop()
            finally:
                server.kill()
    findings.figures[f"{what}: a disk of {MEBIBYTES[what]} MiB"] = disk.how
    findings.at_least(f"{what}: messages until it was full", tally.written, 20)
    findings.at_least(f"{what}: messages refused", tally.refused, effort.of(7, 60))
    findings.at_most(f"{what}: slowest not_stored, s", tally.slowest_refusal, TOLD_SECONDS)
    findings.at_least(f"{what}: replies that waited for room", tally.waiting, effort.of(2, 12))
    findings.at_most(f"{what}: slowest message after there was room, s", tally.slowest_return, WORKS_SECONDS)
    findings.at_most(f"{what}: slowest reply after there was room, s", tally.slowest_reply, WORKS_SECONDS)
    findings.at_most(f"{what}: slowest /readyz after there was room, s", tally.slowest_ready, WORKS_SECONDS)
    findings.must_be(f"{what}: restarts", int(not alive), 0)
    findings.must_be(f"{what}: wrong answers", len(tally.faults), 0)
    findings.must_be(f"{what}: left open", len(left_open), 0)
    findings.must_be(f"{what}: differences between index and files", len(index), 0)
    found = compare(taken, [one.told for one in full.people])
    findings.figures[f"{what}: acks compared with the files"] = found.acks
    findings.must_be(f"{what}: faults found in the files", sum(found.counts.values()), 0)
    findings.broken += [*tally.faults, *left_open, *index, *found.details]


async def _taken(made: Home, seen: Path, target: Path) -> list[str]:
    """Copy what lies on the disk; where the index differs from the files, once it has had time to come up."""
    until = time.monotonic() + INDEX_SECONDS
    while True:
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(seen, target)
        copy = Home(target.parent / f"{target.name}, as a home")
        shutil.rmtree(copy.folder, ignore_errors=True)
        copy.folder.mkdir()
        shutil.copytree(target, copy.data)
        database = target if (target / "timmy.sqlite3").exists() else made.folder
        for path in database.glob("timmy.sqlite3*"):
            shutil.copy(path, copy.folder)
        index = differences_from_files(copy)
        if not index or time.monotonic() > until:
            return index
        await asyncio.sleep(0.5)


def run(effort: Effort) -> Findings:
    """Fill a disk that holds the conversations, and one that holds the database too."""
    findings = Findings()
    try:
        with home((SLUG,)) as made:
            pristine = shutil.copy(made.folder / "timmy.sqlite3", made.folder / "pristine")
            for what in MEBIBYTES:
                place = made.data if "database" in what else made.folder
                for old in made.folder.glob("timmy.sqlite3*"):
                    old.unlink()
                shutil.copy(pristine, place / "timmy.sqlite3")
                made.settings["DATABASE_URL"] = f"sqlite:///{place / 'timmy.sqlite3'}"
                asyncio.run(_serve(made, what, effort, findings))
    except NoSmallDisk as error:
        findings.broken.append(f"no disk could be filled: {error}")
    return findings


PART = Part(
    "A full disk",
    "Visitors are told within two seconds, nothing confirmed is lost, and all works within five seconds of room, "
    "without a restart.",
    run,
)
