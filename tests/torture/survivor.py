"""A server process dies beside another one, and nobody comes back: what it left open is answered by the other."""

import asyncio
import time
from dataclasses import dataclass

from bench.fake_model import FakeModel
from tests.torture.client import Client
from tests.torture.ledger import Comparison, compare, left_open, settled
from tests.torture.servers import Home, Server, home

PEOPLE = 12
PATIENCE = 120.0
MODEL = {"ttft": 0.5, "tps": 20.0, "tokens": 60}  # some die before their first part, some in the middle


@dataclass(frozen=True, slots=True)
class Death:
    """How much was open when the process died, what still was at the end, and how long the other took (seconds)."""

    open: int
    left: list[str]
    seconds: float
    compared: Comparison


async def death_beside_another() -> Death:
    """Two processes on one home; all visitors of the first leave as it dies."""
    async with FakeModel(record=False, **MODEL) as model:
        settings = {"OPENAI_BASE_URL": model.url, "OPENAI_API_KEY": "none", "TIMMY_MODEL": "fake"}
        with home(("alfa",), **settings) as made:
            servers = [Server(made), Server(made)]
            try:
                for server in servers:
                    await asyncio.to_thread(server.start)
                return await _death(made, servers[0])
            finally:
                for server in servers:
                    server.kill()


async def _death(of: Home, dying: Server) -> Death:
    people = [Client(dying.ws, "alfa", name=f"s{number}") for number in range(PEOPLE)]
    for person in people:
        person.start()
        person.say(f"Quanto custa? #{person.name}-1")
        await asyncio.sleep(0.2)
    for person in people:
        await person.until(lambda: bool(person.told.acks))  # noqa: B023 - awaited here
    dying.kill()
    began, waiting = time.monotonic(), left_open(of.data)
    await asyncio.gather(*(person.stop() for person in people))
    left = await settled(of.data, PATIENCE)
    took = time.monotonic() - began
    return Death(len(waiting), left, took, compare(of.data, [person.told for person in people]))
