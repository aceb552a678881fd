"""Sent again from everywhere: stored once, answered once, in one order in file, index and on every screen."""

import asyncio
import logging
import random
import time
from collections import Counter
from collections.abc import Sequence

from tests.torture.client import Client
from tests.torture.cluster import Cluster, Said
from tests.torture.ledger import compare, differences, settled
from tests.torture.line import Pauses
from tests.torture.proxy import Proxy
from tests.torture.report import Effort, Findings, Part
from tests.torture.senders import IMPATIENT, Sender
from tests.torture.servers import Home, home
from tests.torture.stored import Stored, read_all

SLUG = "alfa"
PROCESSES = 3
LEARN_SECONDS = 10.0
SETTLE_SECONDS = 60.0
PATIENT = Pauses()
BAD_IDS = ["", "x" * 129, "a\tb", "a\nb", "\0", "\x1b", "\x7f", "é", "\u200b", "\u00a0"]


class Trial:
    """Everybody who tries to double something, on server processes that share a folder."""

    def __init__(self, of: Home, seed: int) -> None:
        self.cluster = Cluster(of, PROCESSES)
        self.senders: list[Sender] = []
        self.tally: Counter[str] = Counter()
        self.wrong: list[str] = []
        self._data, self._seed, self._chance = of.data, seed, random.Random(seed)

    async def refuse(self) -> None:
        """Ids that are none, at every process: an error each, and not a byte in the folder."""
        before = self._bytes()
        for address in self.cluster.addresses:
            async with Client(address, SLUG, name=f"bad at {address}") as tab:
                for client_id in BAD_IDS:
                    refused = tab.told.errors["bad_frame"]
                    await tab.send({"type": "message", "client_id": client_id, "text": "Oi"})
                    await tab.until(lambda: tab.told.errors["bad_frame"] > refused)  # noqa: B023 - awaited at once
                    self.tally["bad ids"] += 1
        if self._bytes() != before:
            self.wrong.append(f"bad client ids left {self._bytes()} bytes where {before} were")

    async def beside(self, messages: int) -> None:
        """Two programs with the Python API and three tabs on three processes, all in one conversation at once."""
        key = "beside"
        token = await self.cluster.open(SLUG, key)
        [stored] = [one for one in read_all(self._data) if one.rows[0]["channel"] == "python"]
        tabs = [Client(address, SLUG, name=f"{key}{n}") for n, address in enumerate(self.cluster.addresses)]
        for tab in tabs:
            tab.visitor, tab.told.person = token, key
        sender = Sender(tabs, self._chance)
        self.senders.append(sender)
        await sender.all_ready()
        writing = asyncio.gather(*(self._write(sender, tab, messages) for tab in tabs))
        programs = [self.cluster.talk(SLUG, key, f"program {number}", messages) for number in range(2)]
        one, other = await asyncio.gather(*programs)
        await writing
        self.tally["program"] += 1 + len(one) + len(other)
        await self.compare_screens([sender])
        self._compare_replies(stored.conversation, [*one, *other])

    async def _write(self, sender: Sender, tab: Client, messages: int) -> None:
        for _ in range(messages):
            await sender.say(tab)
            await sender.say_again(calm=False)

    async def hammer(self, messages: int, restarts: int) -> None:
        """The same few messages again and again, from two tabs on each process: before, amid and after restarts."""
        sender = await self._entering("hammer", self.cluster.addresses, 2 * PROCESSES)
        for number in range(messages):
            await (sender.say_everywhere() if number % 2 else sender.say())
            await sender.say_again(list(sender.sent)[-1])
        for kill in (True, False):
            for server in self.cluster.servers[:restarts]:
                amid = [sender.say_again(client_id, calm=False) for client_id in sender.sent]
                await asyncio.gather(self.cluster.restart(server, kill=kill), *amid)
            await sender.all_ready()
            for client_id in sender.sent:
                await sender.say_again(client_id)
        await self.compare_screens([sender])

    async def storm(self, people: int, restarts: int) -> None:
        """Everybody behind a network that cuts, in front of servers that are killed and stopped."""
        async with Proxy([server.port for server in self.cluster.servers], seed=self._seed) as network:
            crowd = [await self._entering(f"storm{n}", [network.ws], 3, IMPATIENT) for n in range(people)]
            over = asyncio.Event()
            talking = asyncio.gather(*(sender.talk(over) for sender in crowd))
            for number in range(restarts):
                await asyncio.sleep(self._chance.uniform(1, 3))
                await self.cluster.restart(self._chance.choice(self.cluster.servers), kill=number % 3 != 1)
            over.set()
            await talking
            network.calm()
            await self.compare_screens(crowd)
            self.tally.update({f"cut: {fate}": count for fate, count in network.cuts.items()})
            self.tally["cuts"] = network.cuts.total()

    async def _entering(self, name: str, addresses: Sequence[str], tabs: int, pauses: Pauses = PATIENT) -> Sender:
        first = Client(self.cluster.addresses[0], SLUG, name=name, pauses=pauses, seed=self._seed)
        sender = await Sender.entering(first, addresses, tabs, self._chance)
        self.senders.append(sender)
        return sender

    def _bytes(self) -> int:
        return sum(path.stat().st_size for path in self._data.glob("*/conversations/*"))

    # What became of it

    async def compare_screens(self, senders: Sequence[Sender]) -> None:
        """Once nothing is open: does every screen learn all by itself, and does it show all after a sync?"""
        for sender in senders:
            await sender.all_ready()
        for one in await settled(self._data, SETTLE_SECONDS):
            self.wrong.append(f"still open after {SETTLE_SECONDS} s: {one}")
        rows = {one.conversation: len(one.rows) for one in read_all(self._data)}
        tabs = missing = [tab for sender in senders for tab in sender.tabs]
        until = time.monotonic() + LEARN_SECONDS
        while missing and time.monotonic() < until:
            await asyncio.sleep(0.1)
            missing = [tab for tab in tabs if tab.known < rows[tab.conversation or ""]]
        self.tally["screens"] += len(tabs)
        self.tally["asked"] += len(missing)
        for tab in missing:
            await tab.send({"type": "sync", "after": tab.known})
            await _shown(tab, rows[tab.conversation or ""])
        for sender in senders:
            await sender.leave()

    def _compare_replies(self, conversation: str, said: Said) -> None:
        [stored] = [one for one in read_all(self._data) if one.conversation == conversation]
        self.wrong += [
            f"a program was told {parts} to {text!r}, the file says {wanted}"
            for text, parts in said
            if parts != (wanted := _reply_to(text, stored))
        ]


async def _shown(tab: Client, rows: int) -> None:
    await tab.until(lambda: tab.known >= rows)


def _reply_to(text: str, stored: Stored) -> list[str]:
    [seq] = [int(row["seq"]) for row in stored.rows if row["content"] == text]
    return [row["content"] for reply in stored.answers()[seq] for row in stored.replies[reply]]


async def _try_all(trial: Trial, effort: Effort) -> None:
    await trial.cluster.start()
    await trial.refuse()
    await trial.beside(effort.of(4, 40))
    await trial.hammer(effort.of(6, 30), effort.of(1, PROCESSES))
    await trial.storm(effort.of(4, 12), effort.of(3, 60))


def run(effort: Effort) -> Findings:
    """Send everything again, from everywhere."""
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # it warns of writing to lost lines, which is the idea here
    findings = Findings()
    with home([SLUG]) as made:
        trial = Trial(made, effort.seed)
        try:
            asyncio.run(_try_all(trial, effort))
            trial.cluster.stop()
        finally:
            trial.cluster.kill()
        _tell_tries(trial, effort, findings)
        _tell_promises(trial, made, findings)
    return findings


def _tell_tries(trial: Trial, effort: Effort, findings: Findings) -> None:
    of, restarts = effort.of, trial.cluster.restarts
    tally = sum((sender.tally for sender in trial.senders), trial.tally)
    told = [one for sender in trial.senders for one in sender.told]
    findings.figures["server processes on one folder"] = PROCESSES
    findings.at_least("messages sent", sum(len(sender.sent) for sender in trial.senders), of(40, 1500))
    findings.at_least("of these at once in every tab, with other texts", tally["everywhere"], of(8, 300))
    findings.at_least("resends of confirmed messages", tally["resends"], of(300, 10_000))
    findings.at_least("resends after lost lines", sum(one.resent for one in told), of(3, 300))
    findings.at_least("acks", sum(len(one.acks) for one in told), of(300, 10_000))
    findings.at_least("written by the Python API beside three tabs", tally["program"], of(9, 81))
    findings.at_least("lines cut by the network", tally["cuts"], of(20, 1500))
    findings.figures |= {name: count for name, count in tally.items() if name.startswith("cut:")}
    findings.at_least("restarts by kill -9", restarts["kill"], of(3, 43))
    findings.at_least("restarts by a clean stop", restarts["stop"], of(2, 23))
    findings.at_least("bad client ids refused", tally["bad ids"], len(BAD_IDS) * PROCESSES)
    findings.at_least("screens compared", tally["screens"], of(20, 40))


def _tell_promises(trial: Trial, made: Home, findings: Findings) -> None:
    compare(made.data, [one for sender in trial.senders for one in sender.told]).tell(findings)
    findings.must_be("screens that learned only by asking", trial.tally["asked"], 0)
    different = [one for sender in trial.senders for one in differences(made, SLUG, sender.conversation, sender.told)]
    for name, sentences in {
        "screens or indexes that differ from the file": different,
        "acks that differ for one client id": [one for sender in trial.senders for one in sender.differing()],
        "acks of another text than the first": [one for sender in trial.senders for one in sender.overruled()],
        "other faults": trial.wrong,
    }.items():
        findings.must_be(name, len(sentences), 0)
        findings.broken += sentences


PART = Part(
    "No duplicate, order kept",
    "Whatever is sent again, from wherever, is stored once, answered once, and stands in one order everywhere.",
    run,
)
