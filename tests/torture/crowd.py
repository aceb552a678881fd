"""Visitors who keep talking, whatever becomes of the server; each gives way to a new one after some messages."""

import asyncio
import contextlib
import itertools
import random
from collections.abc import Callable, Sequence
from typing import Self

from tests.torture.client import Client
from tests.torture.told import Told

# What a CSV file, a parser of facts and a chain of hashes have to get through unchanged.
TEXTS = (
    "Oi, me chamo Maria Silva",
    "Meu e-mail é maria.silva@exemplo.com.br e meu telefone é (11) 98765-4321",
    "Quanto custa a consulta, por favor?",
    'Ele disse: "amanhã, às 10h", e foi embora\nsem mais, nem menos',
    '"',
    "linha\r\noutra linha,\r\n\r\ne uma terceira; com 'aspas' e \"aspas\"",
    "=1+1",
    "¿Dónde están? 🌱 não sei " + "muito longe " * 40,
    "I would like to book an appointment for next week",
    "Quero falar com uma pessoa",
)
EVENTS = (
    {"type": "rate", "score": 4, "comment": "bom, obrigado"},
    {"type": "rate", "score": 1},
    {"type": "handoff"},
    {"type": "consent", "version": "1", "granted": True},
    {"type": "end"},
)
EVENT_EVERY = 20  # messages
MOVE_EVERY = 4
PATIENCE = 300.0


class Crowd:
    """So many visitors at a time, spread over servers and tenants. `told` holds the logs of all there ever were.

    `servers` are the addresses of their sockets; a person goes to one of them at random, and now and then to another.
    Each has so many `tabs`, which talk at the same time, with at most `pause` seconds between two messages.
    """

    def __init__(
        self,
        servers: Sequence[str],
        slugs: Sequence[str],
        size: int,
        *,
        name: str,
        seed: int,
        messages: int = 20,
        tabs: int = 1,
        pause: float = 0.1,
        on_new: Callable[[Client], None] | None = None,
    ) -> None:
        self.people: list[Client] = []
        self.told: list[Told] = []
        self._servers, self._slugs, self._size, self._messages, self._tabs = servers, slugs, size, messages, tabs
        self._name, self._seed, self._on_new, self._pause = name, seed, on_new, pause
        self._chance = random.Random(f"{seed}/{name}")
        self._numbers = itertools.count(1)
        self._tasks: list[asyncio.Task[None]] = []
        self._present = asyncio.Event()
        self._present.set()

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._seat()) for _ in range(self._size)]
        await asyncio.sleep(0)
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.stop()

    async def stop(self) -> None:
        """All leave for good, in the middle of what they say. Raises what went wrong with one of them."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(person.stop() for person in self.people))
        self.people = []
        for one in ended:
            if isinstance(one, Exception):
                raise one

    def leave(self) -> None:
        """All cut their lines and say nothing, until `come_back`."""
        self._present.clear()
        for person in self.people:
            person.leave()

    def come_back(self) -> None:
        """End `leave`, or everyone's wait for a next attempt."""
        self._present.set()
        for person in self.people:
            person.come_back()

    async def is_ready(self, seconds: float = 60.0) -> None:
        """Wait until everybody has been greeted. Raises TimeoutError, and what went wrong with one of them."""
        async with asyncio.timeout(seconds):
            while not (self.people and all(person.ready for person in self.people)):
                for task in self._tasks:
                    if task.done():
                        task.result()
                await asyncio.sleep(0.01)

    async def _seat(self) -> None:
        """One visitor after another."""
        while True:
            number = next(self._numbers)
            slug = self._slugs[number % len(self._slugs)]
            person = Client(self._chance.choice(self._servers), slug, name=f"{self._name}{number}", seed=self._seed)
            tabs = [person]
            self._enter(person)
            if self._tabs > 1:
                await person.until(lambda: person.ready, PATIENCE)  # noqa: B023 - awaited here
                tabs += [person.tab() for _ in range(self._tabs - 1)]
            for tab in tabs[1:]:
                tab.server = self._chance.choice(self._servers)
                self._enter(tab)
            await asyncio.gather(*map(self._talk, tabs))
            for tab in tabs:
                self.people.remove(tab)
                await tab.stop()

    def _enter(self, tab: Client) -> None:
        self.people.append(tab)
        self.told.append(tab.told)
        if self._on_new:
            self._on_new(tab)
        tab.start()

    async def _talk(self, person: Client) -> None:
        for number in range(1, self._messages + 1):
            await self._present.wait()
            said = person.say(f"{self._chance.choice(TEXTS)} #{person.told.person}-{number}")
            await person.acked(said, PATIENCE)
            if self._chance.random() < 1 / EVENT_EVERY:
                await person.send(self._chance.choice(EVENTS))
            if self._chance.random() < 0.5:  # the others write on, over the reply
                with contextlib.suppress(TimeoutError):
                    await person.answered(2)
            await asyncio.sleep(self._pause * self._chance.random())
            if len(self._servers) > 1 and self._chance.random() < 1 / MOVE_EVERY:
                person.server = self._chance.choice(self._servers)
                person.drop()
