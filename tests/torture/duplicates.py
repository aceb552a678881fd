"""Sent again from everywhere: stored once, answered once, in one order in file, index and on every screen."""

import asyncio
import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tests.torture.client import Client
from tests.torture.cluster import Cluster, Said
from tests.torture.ledger import compare, differences, settled
from tests.torture.line import Pauses
from tests.torture.proxy import Proxy
from tests.torture.report import Effort, Findings, Part
from tests.torture.servers import Home, home
from tests.torture.stored import Stored, read_all
from tests.torture.told import Told

SLUG = "alfa"
PROCESSES = 3
MOST_SENDS = 20
PAUSES = Pauses(patience=1.5)  # the network's stalls are longer
LEARN_SECONDS = 10.0
SETTLE_SECONDS = 60.0
WORDS = ["Oi", "Quanto custa?", "Qual é o horário?", '=1+1,"a"\r\nb', "ñ ☂ 👩‍👩‍👧", "Obrigada", "Onde fica?"]
BAD_IDS = ["", "x" * 129, "a\tb", "a\nb", "\0", "\x1b", "\x7f", "é", "\u200b", "\u00a0"]


@dataclass(slots=True)
class Person:
    """A visitor with several tabs; `sent` holds the text that has to win for each client id."""

    tabs: list[Client]
    sent: dict[str, str] = field(default_factory=dict)

    @property
    def told(self) -> list[Told]:
        """What the tabs wrote down."""
        return [tab.told for tab in self.tabs]

    async def all_ready(self) -> None:
        """Wait until every tab has a line."""
        for tab in self.tabs:
            await _ready(tab)

    async def leave(self) -> None:
        """Close every tab."""
        for tab in self.tabs:
            await tab.stop()


class Trial:
    """Everybody who tries to double something, on server processes that share a folder."""

    def __init__(self, of: Home, seed: int) -> None:
        self.cluster = Cluster(of, PROCESSES)
        self.people: list[Person] = []
        self.tally: Counter[str] = Counter()
        self.wrong: list[str] = []
        self._data, self._seed, self._chance = of.data, seed, random.Random(seed)

    async def person(self, name: str, tabs: int, addresses: Sequence[str]) -> Person:
        """A visitor with so many tabs, spread over the addresses; the first message is stored."""
        first = Client(self.cluster.addresses[0], SLUG, name=name, pauses=PAUSES, seed=self._seed)
        person = Person([first])
        self.people.append(person)
        first.start()
        await _ready(first)
        await self.say(person, first)
        person.tabs += [first.tab() for _ in range(tabs - 1)]
        for number, tab in enumerate(person.tabs):
            tab.server = addresses[number % len(addresses)]
            tab.start()
        first.drop()
        await person.all_ready()
        return person

    # What they send

    async def say(self, person: Person, tab: Client) -> None:
        """Say something new, and keep at it until it is confirmed."""
        text = self._chance.choice(WORDS)
        client_id = tab.say(text)
        await tab.acked(client_id)
        person.sent[client_id] = text

    async def say_everywhere(self, person: Person) -> None:
        """Say something new in every tab at once, under one client id, each tab with a text of its own."""
        client_id = f"{person.tabs[0].name}-all-{len(person.sent)}"
        self.tally["everywhere"] += 1
        for tab in person.tabs:
            tab.say(f"{self._chance.choice(WORDS)} ({tab.name})", client_id=client_id)
        acks = await asyncio.gather(*(tab.acked(client_id) for tab in person.tabs))
        person.sent[client_id] = min(acks, key=lambda ack: ack.at).text

    async def volley(self, person: Person, client_id: str, *, calm: bool = True) -> None:
        """Send a known message 1 to 20 times more, at once, from any tabs, some with another text.

        `calm` waits until every one of them is confirmed: right while no line breaks.
        """
        senders = self._chance.choices(person.tabs, k=self._chance.randint(1, MOST_SENDS))
        wanted = {tab.name: _acks(tab, client_id) + senders.count(tab) for tab in person.tabs}
        texts = [self._chance.choice([person.sent[client_id], *WORDS]) for _ in senders]
        went = await asyncio.gather(*map(Client.resend, senders, [client_id] * len(senders), texts))
        self.tally["resends"] += sum(went)
        for tab in person.tabs if calm else []:
            await _acked_often(tab, client_id, wanted[tab.name])

    # The trials

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
        person = Person([Client(address, SLUG, name=f"beside{n}", pauses=PAUSES) for n, address in
                         enumerate(self.cluster.addresses)])  # fmt: skip
        for tab in person.tabs:
            tab.visitor, tab.told.person = token, key
            tab.start()
        await person.all_ready()
        self.people.append(person)
        writing = asyncio.gather(*(self._write(person, tab, messages) for tab in person.tabs))
        programs = [self.cluster.talk(SLUG, key, f"program {number}", messages) for number in range(2)]
        one, other = await asyncio.gather(*programs)
        await writing
        self.tally["program"] += 1 + len(one) + len(other)
        await self.compare_screens([person])
        self._compare_replies(stored.conversation, [*one, *other])
        await person.leave()

    async def _write(self, person: Person, tab: Client, messages: int) -> None:
        for _ in range(messages):
            await self.say(person, tab)
            await self.volley(person, self._chance.choice(list(person.sent)), calm=False)

    async def hammer(self, messages: int, restarts: int) -> None:
        """The same few messages again and again, from two tabs on each process: before, amid and after restarts."""
        person = await self.person("hammer", 2 * PROCESSES, self.cluster.addresses)
        for number in range(messages):
            await (self.say_everywhere(person) if number % 2 else self.say(person, self._chance.choice(person.tabs)))
            await self.volley(person, list(person.sent)[-1])
        for kill in (True, False):
            for server in self.cluster.servers[:restarts]:
                amid = [self.volley(person, client_id, calm=False) for client_id in person.sent]
                await asyncio.gather(self.cluster.restart(server, kill=kill), *amid)
            await person.all_ready()
            for client_id in person.sent:
                await self.volley(person, client_id)
        await self.compare_screens([person])
        await person.leave()

    async def storm(self, people: int, restarts: int) -> None:
        """Everybody behind a network that cuts, in front of servers that are killed and stopped."""
        async with Proxy([server.port for server in self.cluster.servers], seed=self._seed) as network:
            crowd = [await self.person(f"storm{number}", 3, [network.ws]) for number in range(people)]
            over = asyncio.Event()
            talking = asyncio.gather(*(self._talk(person, over) for person in crowd))
            await self._restarts(restarts)
            over.set()
            await talking
            network.calm()
            await self.compare_screens(crowd)
            for person in crowd:
                await person.leave()
            self.tally["cuts"], self.tally["lines"] = network.cuts.total(), network.lines
            self.tally.update({f"cut: {fate}": count for fate, count in network.cuts.items()})

    async def _talk(self, person: Person, over: asyncio.Event) -> None:
        while not over.is_set():
            roll = self._chance.random()
            if roll < 0.5:
                await self.say(person, self._chance.choice(person.tabs))
            elif roll < 0.7:
                await self.say_everywhere(person)
            else:
                await self.volley(person, self._chance.choice(list(person.sent)), calm=False)
            await asyncio.sleep(self._chance.uniform(0, 0.3))

    async def _restarts(self, count: int) -> None:
        for number in range(count):
            await asyncio.sleep(self._chance.uniform(1, 3))
            await self.cluster.restart(self._chance.choice(self.cluster.servers), kill=number % 3 != 1)

    # What became of it

    async def compare_screens(self, people: Iterable[Person]) -> None:
        """Once nothing is open: does every screen learn all by itself, and does it show all after a sync?"""
        tabs = [tab for person in people for tab in person.tabs]
        for tab in tabs:
            await _confirmed(tab)
        for one in await settled(self._data, SETTLE_SECONDS):
            self.wrong.append(f"still open after {SETTLE_SECONDS} s: {one}")
        rows = {one.conversation: len(one.rows) for one in read_all(self._data)}
        missing = tabs
        until = time.monotonic() + LEARN_SECONDS
        while missing and time.monotonic() < until:
            await asyncio.sleep(0.1)
            missing = [tab for tab in tabs if tab.known < rows[tab.conversation or ""]]
        self.tally["screens"] += len(tabs)
        self.tally["asked"] += len(missing)
        for tab in missing:
            await tab.send({"type": "sync", "after": tab.known})
            await _shown(tab, rows[tab.conversation or ""])

    def _compare_replies(self, conversation: str, said: Said) -> None:
        [stored] = [one for one in read_all(self._data) if one.conversation == conversation]
        self.wrong += [
            f"a program was told {parts} to {text!r}, the file says {wanted}"
            for text, parts in said
            if parts != (wanted := _reply_to(text, stored))
        ]

    def differing_acks(self) -> list[str]:
        """Client ids that were confirmed as more than one row."""
        rows: dict[tuple[str, str], set[tuple[str, int, str, str]]] = defaultdict(set)
        for told in (told for person in self.people for told in person.told):
            for ack in told.acks:
                rows[told.person, ack.client_id].add((ack.conversation, ack.seq, ack.id, ack.text))
        return [f"{name}: {acks}" for name, acks in rows.items() if len(acks) > 1]

    def overruled(self) -> list[str]:
        """Client ids whose text is not the one that was there first."""
        acks = [(person, ack) for person in self.people for told in person.told for ack in told.acks]
        return [
            f"{ack.client_id}: {ack.text!r}, not {person.sent[ack.client_id]!r}"
            for person, ack in acks
            if ack.text != person.sent[ack.client_id]
        ]

    def _bytes(self) -> int:
        return sum(path.stat().st_size for path in self._data.glob("*/conversations/*"))


def _acks(tab: Client, client_id: str) -> int:
    return sum(ack.client_id == client_id for ack in tab.told.acks)


async def _ready(tab: Client) -> None:
    await tab.until(lambda: tab.ready)


async def _confirmed(tab: Client) -> None:
    await tab.until(lambda: tab.ready and not tab.pending)


async def _acked_often(tab: Client, client_id: str, times: int) -> None:
    await tab.until(lambda: _acks(tab, client_id) >= times)


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
    findings = Findings()
    with home([SLUG]) as made:
        trial = Trial(made, effort.seed)
        try:
            asyncio.run(_try_all(trial, effort))
            trial.cluster.stop()
        finally:
            trial.cluster.kill()
        _tell(trial, made, effort, findings)
    return findings


def _tell(trial: Trial, made: Home, effort: Effort, findings: Findings) -> None:
    of, tally, restarts = effort.of, trial.tally, trial.cluster.restarts
    told = [one for person in trial.people for one in person.told]
    compared = compare(made.data, told)
    findings.figures["server processes on one folder"] = PROCESSES
    findings.at_least("messages sent", sum(len(person.sent) for person in trial.people), of(40, 1500))
    findings.at_least("of these at once in every tab, with other texts", tally["everywhere"], of(8, 300))
    findings.at_least("resends of known messages", tally["resends"], of(300, 10_000))
    findings.at_least("resends after lost lines", sum(one.resent for one in told), of(3, 300))
    findings.at_least("acks", compared.acks, of(300, 10_000))
    findings.at_least("written by the Python API beside three tabs", tally["program"], of(9, 81))
    findings.at_least("lines cut by the network", tally["cuts"], of(20, 1500))
    findings.figures |= {name: count for name, count in tally.items() if name.startswith("cut:")}
    findings.at_least("restarts by kill -9", restarts["kill"], of(3, 43))
    findings.at_least("restarts by a clean stop", restarts["stop"], of(2, 23))
    findings.at_least("bad client ids refused", tally["bad ids"], len(BAD_IDS) * PROCESSES)
    findings.at_least("screens compared", tally["screens"], of(20, 40))
    compared.tell(findings)
    different = [
        one
        for person in trial.people
        for one in differences(made, SLUG, person.tabs[0].conversation or "", person.told)
    ]
    findings.must_be("screens that learned only by asking", tally["asked"], 0)
    for name, sentences in {
        "screens or indexes that differ from the file": different,
        "acks that differ for one client id": trial.differing_acks(),
        "client ids whose first text did not win": trial.overruled(),
        "other faults": trial.wrong,
    }.items():
        findings.must_be(name, len(sentences), 0)
        findings.broken += sentences


PART = Part(
    "No duplicate, order kept",
    "Whatever is sent again, from wherever, is stored once, answered once, and stands in one order everywhere.",
    run,
)
