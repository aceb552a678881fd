"""The channel layer of one process: who is in a group hears what is sent to it, for as long as it is there."""

import asyncio
import time
from typing import Any

import pytest

from conversations import local_layer
from conversations.local_layer import MISSED, LocalChannelLayer

MESSAGE = {"type": "chat.frames"}


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How many seconds later it is, to be set."""
    seconds, real = [0.0], time.time
    monkeypatch.setattr(local_layer.time, "time", lambda: real() + seconds[0])
    monkeypatch.setattr(local_layer, "CLEAN_SECONDS", 0.0)
    return seconds


async def joined(layer: LocalChannelLayer, group: str = "g") -> str:
    channel: str = await layer.new_channel()
    await layer.group_add(group, channel)
    return channel


async def heard(layer: LocalChannelLayer, channel: str) -> dict[str, Any]:
    async with asyncio.timeout(10):
        return await layer.receive(channel)


async def test_everybody_in_the_group_hears_it_and_nobody_else() -> None:
    layer = LocalChannelLayer()
    one, two, other = await joined(layer), await joined(layer), await joined(layer, "other")
    await layer.group_send("g", MESSAGE)
    await layer.group_send("other", {"type": "other"})
    assert [await heard(layer, channel) for channel in (one, two, other)] == [MESSAGE, MESSAGE, {"type": "other"}]


async def test_who_has_been_there_for_days_still_hears(later: list[float]) -> None:
    layer = LocalChannelLayer()
    channel = await joined(layer)
    later[0] = 3 * 86400
    await layer.group_send("g", MESSAGE)
    await heard(layer, channel)
    await layer.group_send("g", MESSAGE)
    assert await heard(layer, channel) == MESSAGE


async def test_who_slept_while_a_message_grew_old_hears_the_next(later: list[float]) -> None:
    layer = LocalChannelLayer()
    sleeper, awake = await joined(layer), await joined(layer)
    await layer.group_send("g", {"type": "old"})
    later[0] = 120
    await heard(layer, awake)
    await layer.group_send("g", MESSAGE)
    assert await heard(layer, sleeper) == MESSAGE


@pytest.mark.parametrize(("sent", "comes"), [(2, ["0", "1"]), (3, [MISSED["type"]]), (4, [MISSED["type"], "3"])])
async def test_a_slow_reader_is_told_that_it_missed_something_and_nobody_waits(sent: int, comes: list[str]) -> None:
    layer = LocalChannelLayer(capacity=2)
    slow = await joined(layer)
    for number in range(sent):
        await layer.group_send("g", {"type": str(number)})
    assert [(await heard(layer, slow))["type"] for _ in comes] == comes


async def test_who_gives_up_waiting_leaves_nothing_behind() -> None:
    layer = LocalChannelLayer()
    channel = await joined(layer)
    waiting = asyncio.create_task(layer.receive(channel))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await layer.group_send("g", MESSAGE)
    assert layer.channels == {}


async def test_a_push_from_another_loop_wakes_the_socket_at_once() -> None:
    layer = LocalChannelLayer()
    channel = await joined(layer)
    waiting = asyncio.create_task(heard(layer, channel))
    await asyncio.sleep(0)
    sent = time.monotonic()
    await asyncio.to_thread(asyncio.run, layer.group_send("g", MESSAGE))
    assert (await waiting, time.monotonic() - sent < 5) == (MESSAGE, True)
