"""A visitor with several tabs who says things and sends them again: from any tab, at once, with other texts."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence

from tests.torture.client import Client
from tests.torture.line import Pauses
from tests.torture.told import Told

MOST_SENDS = 20
IMPATIENT = Pauses(patience=1.5)  # the bad network's stalls are longer
WORDS = ["Oi", "Quanto custa?", "Qual é o horário?", '=1+1,"a"\r\nb', "ñ ☂ 👩‍👩‍👧", "Obrigada", "Onde fica?"]


class Sender:
    """One visitor's tabs; `sent` holds the text that has to win for each confirmed client id."""

    def __init__(self, tabs: Sequence[Client], chance: random.Random) -> None:
        self.tabs, self._chance = list(tabs), chance
        self.sent: dict[str, str] = {}
        self.tally: Counter[str] = Counter()

    @classmethod
    async def entering(cls, one: Client, addresses: Sequence[str], tabs: int, chance: random.Random) -> "Sender":
        """A new visitor, whose first message is stored where `one` connects; then so many tabs at the addresses."""
        sender = cls([one], chance)
        one.start()
        await one.until(lambda: one.ready)
        await sender.say(one)
        sender.tabs += [one.tab() for _ in range(tabs - 1)]
        for number, tab in enumerate(sender.tabs):
            tab.server = addresses[number % len(addresses)]
        one.drop()
        await sender.all_ready()
        return sender

    @property
    def told(self) -> list[Told]:
        """What the tabs wrote down."""
        return [tab.told for tab in self.tabs]

    @property
    def conversation(self) -> str:
        """The conversation of all tabs."""
        return self.tabs[0].conversation or ""

    async def all_ready(self) -> None:
        """Start what is not started, and wait until every tab has a line and nothing on its way."""
        for tab in self.tabs:
            tab.start()
        for tab in self.tabs:
            await _quiet(tab)

    async def leave(self) -> None:
        """Close every tab."""
        for tab in self.tabs:
            await tab.stop()

    async def say(self, tab: Client | None = None) -> None:
        """Say something new in one tab (None: in any), and keep at it until it is confirmed."""
        tab = tab or self._chance.choice(self.tabs)
        text = self._chance.choice(WORDS)
        client_id = tab.say(text)
        await tab.acked(client_id)
        self.sent[client_id] = text

    async def say_everywhere(self) -> None:
        """Say something new in every tab at once, under one client id, each tab with a text of its own."""
        client_id = f"{self.tabs[0].name}-all-{len(self.sent)}"
        self.tally["everywhere"] += 1
        for tab in self.tabs:
            tab.say(f"{self._chance.choice(WORDS)} ({tab.name})", client_id=client_id)
        acks = await asyncio.gather(*(tab.acked(client_id) for tab in self.tabs))
        self.sent[client_id] = min(acks, key=lambda ack: ack.at).text

    async def say_again(self, client_id: str | None = None, *, calm: bool = True) -> None:
        """Send a confirmed message (None: any) 1 to 20 times more, at once, from any tabs, some with another text.

        `calm` waits until every one of them is confirmed: right while no line breaks.
        """
        client_id = client_id or self._chance.choice(list(self.sent))
        senders = self._chance.choices(self.tabs, k=self._chance.randint(1, MOST_SENDS))
        wanted = {tab.name: _acks(tab, client_id) + senders.count(tab) for tab in self.tabs}
        texts = [self._chance.choice([self.sent[client_id], *WORDS]) for _ in senders]
        went = await asyncio.gather(*map(Client.resend, senders, [client_id] * len(senders), texts))
        self.tally["resends"] += sum(went)
        for tab in self.tabs if calm else []:
            await _acked_often(tab, client_id, wanted[tab.name])

    async def talk(self, over: asyncio.Event) -> None:
        """Do all of that, in any order, until it is over."""
        while not over.is_set():
            roll = self._chance.random()
            if roll < 0.5:
                await self.say()
            elif roll < 0.7:
                await self.say_everywhere()
            else:
                await self.say_again(calm=False)
            await asyncio.sleep(self._chance.uniform(0, 0.3))

    def overruled(self) -> list[str]:
        """Acks of another text than the one that was there first."""
        return [
            f"{ack.client_id}: {ack.text!r}, not {self.sent[ack.client_id]!r}"
            for told in self.told
            for ack in told.acks
            if ack.text != self.sent[ack.client_id]
        ]

    def differing(self) -> list[str]:
        """Client ids that were confirmed as more than one row."""
        rows = {(ack.client_id, ack.conversation, ack.seq, ack.id, ack.text) for told in self.told for ack in told.acks}
        times = Counter(client_id for client_id, *_ in rows)
        return [f"{client_id}: as {count} rows" for client_id, count in times.items() if count > 1]


def _acks(tab: Client, client_id: str) -> int:
    return sum(ack.client_id == client_id for ack in tab.told.acks)


async def _quiet(tab: Client) -> None:
    await tab.until(lambda: tab.ready and not tab.pending)


async def _acked_often(tab: Client, client_id: str, times: int) -> None:
    await tab.until(lambda: _acks(tab, client_id) >= times)
