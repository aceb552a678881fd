"""kill -9 of the server while visitors write: what they were told is on disk, once, and everything is answered."""

import asyncio
import random
import statistics
import time
from collections import Counter
from collections.abc import AsyncIterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from bench.fake_model import FakeModel
from tests.torture.client import Client, Pending
from tests.torture.crowd import Crowd
from tests.torture.frozen import StillRunning, stand_still, unread
from tests.torture.index import differences_after_rebuild, differences_from_files
from tests.torture.ledger import OPEN, TORN, UNANSWERED, Comparison, compare, left_open, settled
from tests.torture.report import Effort, Findings, Part
from tests.torture.servers import Home, Server, home
from tests.torture.stored import Stored, read_all, records
from tests.torture.survivor import Death, death_beside_another

SLUGS = ("alfa", "beta")
PEOPLE = 6
TRIES, REPLY_TRIES = 100, 10
SETTLE_SECONDS = 60.0
ALONE_EVERY = 5  # every so many restarts nobody comes back until what was open is answered
TEAR = 0.2  # of the kills are followed by a torn tail, which the kernel never leaves for a killed process
WHILE_DEAD = (OPEN, UNANSWERED, TORN)  # what a crash may leave and a restart has to mend
MODEL = {"ttft": 0.05, "tps": 150.0, "tokens": 70}


class Moment(StrEnum):
    """When a kill comes."""

    UNACKED = "between receive and ack"
    REPLY = "in the middle of a reply"
    ACKED = "right after an ack"
    RANDOM = "at any moment"
    START = "while it starts"


SHARES = {Moment.UNACKED: 0.37, Moment.REPLY: 0.2, Moment.ACKED: 0.15, Moment.RANDOM: 0.13, Moment.START: 0.15}


@dataclass(slots=True)
class Tally:
    """What one home came to."""

    figures: Counter[str] = field(default_factory=Counter)
    compared: Comparison = field(default_factory=Comparison)
    errors: Counter[str] = field(default_factory=Counter)
    waiting: list[str] = field(default_factory=list)
    unsound: list[str] = field(default_factory=list)
    index: list[str] = field(default_factory=list)


def schedule(kills: int, chance: random.Random) -> list[Moment]:
    """So many moments in their shares, shuffled."""
    moments = list(chain.from_iterable([moment] * round(share * kills) for moment, share in SHARES.items()))
    moments += [Moment.RANDOM] * (kills - len(moments))
    chance.shuffle(moments)
    return moments[:kills]


class Killer:
    """One server, a crowd in front of it, and what kills it again and again."""

    def __init__(self, of: Home, name: str, seed: int) -> None:
        self._home, self._server = of, Server(of)
        self._chance = random.Random(f"{seed}/{name}")
        self._crowd = Crowd([self._server.ws], SLUGS, PEOPLE, name=name, seed=seed, on_new=self._watch)
        self._shot: asyncio.Future[tuple[Client, Pending]] | None = None
        self._event: asyncio.Future[None] | None = None
        self._awaited = ""
        self._start_seconds, self._starts = 2.5, 0
        self._torn: set[Path] = set()
        self.tally = Tally()

    async def run(self, moments: list[Moment]) -> Tally:
        """Kill it at these moments, then see what became of everything that was said."""
        try:
            async with self._crowd:
                for moment in moments:
                    await self._one_kill(moment)
                await self._start()
                await self._crowd.is_ready()
            await self._at_the_end()
        finally:
            self._server.kill()
        return self.tally

    async def _one_kill(self, moment: Moment) -> None:
        figures = self.tally.figures
        if moment is Moment.START:
            self._server.start(wait=False)
            await asyncio.sleep(self._chance.uniform(0.1, 1.2 * self._start_seconds))
            self._server.kill()
            figures["starting"] += not any(person.ready for person in self._crowd.people)
        else:
            self._starts += 1
            await self._start(alone=self._starts % ALONE_EVERY == 0)
            await self._crowd.is_ready()
            await self._aimed(moment)
        figures["kills"] += 1
        files = read_all(self._home.data)
        figures["unanswered"] += sum(len(one.unanswered) for one in files)
        torn = {one.path for one in files if one.torn}
        figures["torn"] += len(torn - self._torn)
        self._torn &= torn
        figures["mid-reply"] += any(one.open_replies for one in files)
        self.tally.compared.join(compare(self._home.data, self._crowd.told), without=WHILE_DEAD)
        whole = [one.path for one in files if one.rows and not one.torn]
        if whole and self._chance.random() < TEAR:
            self._tear(self._chance.choice(whole))

    def _tear(self, path: Path) -> None:
        """Leave what a loss of power may leave at a file's end: the beginning of a record that never got there."""
        data = path.read_bytes()
        record = self._chance.choice(records(data)[0])
        with path.open("ab") as file:
            file.write(record[: self._chance.randrange(1, len(record))])
        self._torn.add(path)
        self.tally.figures["planted"] += 1

    async def _start(self, *, alone: bool = False) -> None:
        if alone:
            self._crowd.leave()
            self.tally.figures["alone"] += 1
            self.tally.figures["alone, open"] += len(left_open(self._home.data))
        began = time.monotonic()
        await asyncio.to_thread(self._server.start)
        self._start_seconds = time.monotonic() - began
        if alone:
            self.tally.waiting += await settled(self._home.data, SETTLE_SECONDS)
        self._crowd.come_back()

    # Aiming

    def _watch(self, person: Client) -> None:
        person.on_handed, person.on_frame = self._handed, self._came

    async def _aimed(self, moment: Moment) -> None:
        if moment is Moment.UNACKED:
            await self._before_an_ack()
            return
        if moment is Moment.REPLY:
            await self._within_a_reply()
        elif moment is Moment.ACKED:
            await self._frame("ack")
            await asyncio.sleep(self._chance.uniform(0, 0.02))
        else:
            await asyncio.sleep(self._chance.uniform(0, 1))
        self._server.kill()

    async def _before_an_ack(self) -> None:
        """Kill while the process has read a message and its sender has no ack.

        The process is stopped where it stands a moment after a message was handed to the kernel. What it wrote until
        then is heard; only if it had read the message whole and had not answered is it killed, else it goes on.
        """
        for _ in range(TRIES):
            self._shot = asyncio.get_running_loop().create_future()
            client, one = await asyncio.wait_for(self._shot, SETTLE_SECONDS)
            port = client.port
            while unread(port, self._server.port):
                await asyncio.sleep(0.001)
            await asyncio.sleep(0.002)
            if client.in_flight is one and client.port == port and unread(self._server.port, port) == 0:
                self._server.kill()
                self.tally.figures["unacked"] += 1
                self.tally.figures["unacked, stored"] += _holds(read_all(self._home.data), one.client_id)
                return
            self._server.go_on()
        raise RuntimeError("no message could be caught between receive and ack")

    async def _within_a_reply(self) -> None:
        """Stop the process when a reply's first parts are in the file and its end is not, for the kill that follows.

        The offline assistant's replies are seldom longer than one part: after some tries any moment is good enough.
        """
        for _ in range(REPLY_TRIES):
            await self._frame("message")
            await asyncio.sleep(self._chance.uniform(0, 0.2))
            self._server.pause()
            stand_still(self._server.pid)
            if any(one.open_replies for one in read_all(self._home.data)):
                return
            self._server.go_on()

    def _handed(self, client: Client, one: Pending) -> None:
        shot, self._shot = self._shot, None
        if shot is None:
            return
        time.sleep(self._chance.uniform(0, 1.3 * self._usual_wait()))  # the loop stands still too: nothing is read
        self._server.pause()
        try:
            stand_still(self._server.pid)
            shot.set_result((client, one))
        except StillRunning as error:
            shot.set_exception(error)

    def _usual_wait(self) -> float:
        waits = [wait for log in self._crowd.told[-2 * PEOPLE :] for wait in log.waits[-10:]]
        return statistics.median(waits) if waits else 0.003

    async def _frame(self, kind: str) -> None:
        self._awaited, self._event = kind, asyncio.get_running_loop().create_future()
        await asyncio.wait_for(self._event, SETTLE_SECONDS)

    def _came(self, client: Client, frame: dict[str, Any]) -> None:
        event = self._event
        if event and frame["type"] == self._awaited and not event.done():
            event.set_result(None)

    # The end

    async def _at_the_end(self) -> None:
        data, figures = self._home.data, self.tally.figures
        self.tally.waiting += await settled(data, SETTLE_SECONDS)
        self._server.stop()
        found = compare(data, self._crowd.told)
        self.tally.compared.join(found)
        verified = self._home.manage("verify_conversations", check=False)
        self.tally.unsound = [verified.stdout + verified.stderr] if verified.returncode else []
        self.tally.index = differences_from_files(self._home) + differences_after_rebuild(self._home)
        told = self._crowd.told
        figures["said"] = sum(len(log.sent) for log in told)
        figures["acked"] = len({(log.slug, ack.client_id) for log in told for ack in log.acks})
        figures["resent"] = sum(log.resent for log in told)
        self.tally.errors = sum((log.errors for log in told), Counter())
        figures["conversations"], figures["rows"], figures["shown"] = found.conversations, found.rows, found.shown
        figures["tracebacks"] = self._home.logs().count("Traceback")


def _holds(files: list[Stored], client_id: str) -> bool:
    return any(row["client_id"] == client_id for one in files for row in one.rows)


@asynccontextmanager
async def _model(name: str) -> AsyncIterator[dict[str, str]]:
    """The settings of who answers: the offline assistant, or a scripted model that takes its time."""
    if name == "offline":
        yield {}
        return
    async with FakeModel(record=False, **MODEL) as model:
        yield {"OPENAI_BASE_URL": model.url, "OPENAI_API_KEY": "none", "TIMMY_MODEL": "fake"}


async def _in_a_home(name: str, kills: int, seed: int) -> Tally:
    async with _model(name) as settings:
        with home(SLUGS, **settings) as made:
            return await Killer(made, name, seed).run(schedule(kills, random.Random(f"{seed}/{name}/schedule")))


def _process(name: str, kills: int, seed: int) -> Tally:
    return asyncio.run(_in_a_home(name, kills, seed))


def run(effort: Effort) -> Findings:
    """Two homes side by side, one with a model that streams, one with the offline assistant."""
    kills = effort.of(6, 152)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        homes = [pool.submit(_process, name, kills, effort.seed) for name in ("model", "offline")]
        tallies = [one.result() for one in homes]
    figures: Counter[str] = sum((one.figures for one in tallies), Counter())
    findings, compared = Findings(), Comparison()
    for one in tallies:
        compared.join(one.compared)
    findings.at_least("kills (-9)", figures["kills"], effort.of(12, 300))
    findings.at_least("kills with a message read and not acked", figures["unacked"], figures["kills"] / 3)
    findings.at_least("of these, the row was in the file", figures["unacked, stored"], effort.of(0, 10))
    findings.at_least("kills that left a reply without its end", figures["mid-reply"], effort.of(1, 30))
    findings.at_least("kills before it could greet anybody", figures["starting"], effort.of(0, 15))
    findings.at_least("visitor rows unanswered at a kill", figures["unanswered"], 1)
    findings.figures["torn tails that a kill left"] = figures["torn"]
    findings.at_least("torn tails put into files before a restart", figures["planted"], 1)
    findings.at_least("restarts that no visitor came back to", figures["alone"], effort.of(1, 40))
    findings.at_least("rows and replies open at these", figures["alone, open"], effort.of(1, 40))
    findings.figures["conversations, rows in them"] = f"{figures['conversations']:,}, {figures['rows']:,}"
    findings.at_least("messages acked", figures["acked"], figures["kills"])
    findings.at_least("messages sent again over a new line", figures["resent"], effort.of(1, 100))
    findings.figures["rows shown to visitors"] = figures["shown"]
    findings.figures["error frames"] = _told(sum((one.errors for one in tallies), Counter()))
    compared.tell(findings)
    findings.must_be("left open after a restart", sum(len(one.waiting) for one in tallies), 0)
    findings.must_be("homes that verify_conversations finds unsound", sum(bool(one.unsound) for one in tallies), 0)
    findings.must_be("differences of the index", sum(len(one.index) for one in tallies), 0)
    findings.must_be("tracebacks in the servers' logs", figures["tracebacks"], 0)
    if not effort.quick:
        _tell_of_a_death(findings, asyncio.run(death_beside_another()))
    findings.broken += [sentence for one in tallies for sentence in (*one.waiting, *one.unsound, *one.index)]
    return findings


def _tell_of_a_death(findings: Findings, death: Death) -> None:
    findings.at_least("open when a process died beside another", death.open, 1)
    findings.figures["seconds until the other had answered that"] = round(death.seconds)
    findings.must_be("of that left open", len(death.left), 0)
    findings.must_be("of that lost, doubled or changed", len(death.compared.details), 0)
    findings.broken += [*death.left, *death.compared.details]


def _told(errors: Counter[str]) -> str:
    return ", ".join(f"{count} {code}" for code, count in errors.items()) or "none"


PART = Part(
    "kills",
    "A server killed at any moment has lost nothing it acknowledged, stored nothing twice and answers what it left.",
    run,
)
