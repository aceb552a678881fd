"""Too much, too long, too late."""

import asyncio
import itertools
from typing import Any

import pytest
from channels.layers import get_channel_layer

from conversations import allowances, consumers, sockets
from conversations.limits import Rate
from conversations.push import push
from tests.chat_cast import Chat, Tab, eventually, parts
from tests.sockets.cast import long_conversation


@pytest.fixture
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pace that puts off as the real one does, but not for so long."""
    monkeypatch.setattr(allowances, "PACE", Rate(2, 0.02))
    monkeypatch.setattr(allowances, "CROWDED_PACE", Rate(2, 0.02))


async def errors(tab: Tab, count: int) -> list[dict[str, Any]]:
    """The next so many errors."""
    return [(await tab.until("error"))[-1] for _ in range(count)]


def visitors_rows(chat: Chat, tab: Tab) -> list[str]:
    """What the visitor said, as it is on disk."""
    return [row.content for row in chat.rows(tab) if row.role == "user"]


async def test_who_writes_too_fast_is_told_when_to_write_again(chat: Chat) -> None:
    chat.settings.RATE_LIMIT_VISITOR = "2/h"
    tab = await chat.visitor()
    await tab.say("um")
    await tab.say("dois")
    await tab.write("três", "k3")
    error = await tab.frame()
    assert (error["code"], error["client_id"]) == ("rate_limited", "k3")
    assert 1700 < error["retry_after"] <= 1801


async def test_a_flooder_spends_nobody_elses_allowance(chat: Chat) -> None:
    chat.settings.RATE_LIMIT_VISITOR, chat.settings.RATE_LIMIT_ADDRESS = "2/h", "4/h"
    flooder, neighbour = await chat.visitor(), await chat.visitor()
    for _ in range(20):
        await flooder.write("!")
    await flooder.settled()
    assert parts(await neighbour.say("Oi")) == ["Certo."]
    assert parts(await neighbour.say("Tudo bem?")) == ["Certo."]


async def test_visitors_without_end_from_one_address_are_slowed_down(chat: Chat) -> None:
    chat.settings.RATE_LIMIT_VISITOR, chat.settings.RATE_LIMIT_ADDRESS = "2/h", "3/h"
    for _ in range(3):
        await (await chat.visitor()).say("Oi")
    late, elsewhere = await chat.visitor(), await chat.visitor(address="198.51.100.7")
    await late.write("Oi")
    assert (await late.frame())["code"] == "rate_limited"
    assert parts(await elsewhere.say("Oi")) == ["Certo."]


async def test_who_goes_on_flooding_is_closed(chat: Chat) -> None:
    chat.settings.RATE_LIMIT_VISITOR = "1/h"
    tab = await chat.visitor()
    for number in range(60):
        await tab.write("!", f"k{number}")
    assert await tab.closed() == 4429


async def test_frames_without_end_are_refused_and_named(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "FRAMES_OF_ONE_SOCKET", sockets.Rate(2, 3600))
    chat.settings.RATE_LIMIT_VISITOR = "100/m"
    tab = await chat.visitor()
    await tab.send(type="typing")
    await tab.write("Oi", "k1")
    error = await tab.frame()
    assert (error["code"], error["client_id"], error["retry_after"]) == ("rate_limited", "k1", 2)


async def test_garbage_without_end_is_closed(chat: Chat) -> None:
    tab = await chat.visitor()
    for _ in range(40):
        await tab.raw("{")
    assert await tab.closed() == 4429


async def test_an_idle_socket_is_closed(chat: Chat) -> None:
    chat.settings.SOCKET_IDLE_SECONDS = 0.03
    tab = await chat.visitor()
    assert await tab.closed() == 4408


async def test_a_clean_stop_closes_for_a_restart(chat: Chat) -> None:
    tabs = [await chat.visitor(), await chat.visitor("beta")]
    await consumers.close_all()
    assert [await tab.closed() for tab in tabs] == [1012, 1012]


async def test_nothing_is_sent_behind_a_close(chat: Chat) -> None:
    tab = await chat.visitor()
    other = await chat.again(tab)
    await tab.raw("x" * 70_000)
    assert await tab.closed() == 1009
    await other.say("Oi")
    await consumers.close_all()
    assert await tab.wire.receive_nothing(0.01)


@pytest.mark.usefixtures("brisk")
async def test_a_burst_within_the_allowance_is_stored_whole_and_in_order(chat: Chat) -> None:
    chat.settings.RATE_LIMIT_VISITOR = "30/h"
    tab = await chat.visitor()
    for number in range(30):
        await tab.write(str(number))
    acked = [(await tab.until("ack"))[-1]["message"]["content"] for _ in range(30)]
    assert acked == visitors_rows(chat, tab) == [str(number) for number in range(30)]


@pytest.mark.usefixtures("brisk")
async def test_what_follows_a_burst_waits_for_its_turn(chat: Chat) -> None:
    chat.settings.RATE_LIMIT_VISITOR = "30/h"
    tab = await chat.visitor()
    for number in range(6):
        await tab.write(str(number))
    await tab.send(type="end")
    frames = await tab.until("status")
    assert [frame["type"] for frame in frames].count("ack") == 6
    assert "error" not in {frame["type"] for frame in frames}


@pytest.mark.usefixtures("brisk")
async def test_who_leaves_after_a_burst_has_said_it(chat: Chat) -> None:
    chat.settings.RATE_LIMIT_VISITOR = "30/h"
    tab = await chat.visitor()
    for number in range(5):
        await tab.write(str(number))
    await tab.until("ack")
    await tab.leave()
    await eventually(lambda: len(visitors_rows(chat, tab)) == 5)


async def test_of_a_flood_little_is_stored(chat: Chat) -> None:
    chat.settings.RATE_LIMIT_VISITOR = "30/m"
    tab = await chat.visitor()
    for number in range(100):
        await tab.write(str(number))
    assert await tab.closed() == 4429
    assert visitors_rows(chat, tab) == [str(number) for number in range(len(visitors_rows(chat, tab)))]
    assert 10 <= len(visitors_rows(chat, tab)) < 20
    assert not any(one.put_off for one in sockets._open)  # nor is anything of it stored later


async def test_a_tenants_limit_is_told_like_any_other_and_is_not_the_next_ones(chat: Chat) -> None:
    chat.settings.RATE_LIMIT_ADDRESS, chat.settings.RATE_LIMIT_TENANT = "100/h", "3/h"
    for number in range(3):
        await (await chat.visitor(address=f"192.0.2.{number}")).say("Oi")
    late, elsewhere = await chat.visitor(address="192.0.2.9"), await chat.visitor("beta", address="192.0.2.9")
    await late.write("Oi", "k1")
    error = await late.frame()
    assert (error["code"], error["client_id"]) == ("rate_limited", "k1")
    assert 1100 < error["retry_after"] <= 1201
    assert parts(await elsewhere.say("Oi")) == ["Certo."]


async def test_who_says_much_at_once_lets_others_have_their_turn(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    turns = itertools.count()
    seen: list[int] = []

    async def handled(self: object, frame: object) -> None:
        seen.append(next(turns))

    async def others() -> None:
        while True:
            next(turns)
            await asyncio.sleep(0)

    tab = await chat.visitor()
    monkeypatch.setattr("conversations.consumers.ChatConsumer.handle", handled)
    for _ in range(400):
        tab.wire.input_queue.put_nowait({"type": "websocket.receive", "text": '{"type":"typing"}'})
    running = asyncio.create_task(others())
    await eventually(lambda: len(seen) == 400)
    running.cancel()
    assert max(later - sooner for sooner, later in itertools.pairwise(seen)) > 1
    assert max(len(list(same)) for _, same in itertools.groupby(n - at for at, n in enumerate(seen))) < 20


async def test_ratings_without_end_are_refused(chat: Chat) -> None:
    chat.settings.RATE_LIMIT_VISITOR = "2/h"
    tab = await chat.visitor()
    for _ in range(5):
        await tab.send(type="rate", score=1)
    assert [(one["code"], one["retry_after"] > 1000) for one in await errors(tab, 3)] == [("rate_limited", True)] * 3
    assert len(chat.rows(tab)) == 2


async def test_looking_without_end_is_refused(chat: Chat) -> None:
    tab = await long_conversation(chat, 3)
    chat.settings.RATE_LIMIT_VISITOR = "2/h"
    for _ in range(9):
        await tab.send(type="sync", after=0)
    [error] = await errors(tab, 1)
    assert (error["code"], error["retry_after"] > 400) == ("rate_limited", True)


async def test_coming_back_without_end_is_refused_before_anything_is_read(chat: Chat) -> None:
    tab = await chat.visitor()
    await tab.say("Oi")
    chat.settings.RATE_LIMIT_VISITOR = "1/h"
    greetings = [(await chat.again(tab)).ready for _ in range(5)]
    assert [one["type"] for one in greetings] == ["ready"] * 4 + ["error"]
    assert greetings[-1]["retry_after"] > 800


async def test_sockets_without_end_from_one_address_are_turned_away(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(allowances, "DOOR_PACE", Rate(2, 1000))
    monkeypatch.setattr(sockets, "LONGEST_AT_THE_DOOR", 0.01)
    chat.settings.RATE_LIMIT_ADDRESS = "100/h"
    tabs = [await chat.tab(address="192.0.2.7") for _ in range(3)]
    error = await tabs[2].frame()
    assert (error["code"], error["retry_after"] > 400) == ("rate_limited", True)
    assert await tabs[2].closed() == 4429
    assert (await tabs[1].hello())["type"] == "ready"
    assert (await chat.visitor(address="192.0.2.8")).ready["type"] == "ready"


async def test_an_address_holds_so_many_sockets_until_one_goes(chat: Chat) -> None:
    chat.settings.RATE_LIMIT_ADDRESS, chat.settings.SOCKETS_PER_ADDRESS = "100/h", 2
    first, _second, third = [await chat.tab() for _ in range(3)]
    assert await third.closed() == 4429
    await third.leave()
    assert (await first.hello())["type"] == "ready"
    await first.leave()
    assert (await chat.visitor()).ready["type"] == "ready"


async def test_who_was_closed_for_flooding_again_and_again_is_heard_later(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "LONGEST_AT_THE_DOOR", 0.01)
    monkeypatch.setattr(sockets, "REFUSAL_SECONDS", 0.0)
    chat.settings.RATE_LIMIT_VISITOR = "1/h"
    for _ in range(2):
        flooder = await chat.visitor(address="192.0.2.7")
        for _ in range(60):
            await flooder.write("!")
        assert await flooder.closed() == 4429
    again = await chat.tab(address="192.0.2.7")
    assert (await again.frame())["code"] == "rate_limited"
    assert await again.closed() == 4429
    assert (await chat.visitor(address="192.0.2.8")).ready["type"] == "ready"


async def test_who_takes_nothing_of_what_is_told_comes_back_for_it(chat: Chat) -> None:
    tab = await chat.visitor()
    for _ in range(get_channel_layer().capacity + 1):
        await push("alfa", tab.ready["conversation"], ["{}"])
    assert await tab.closed() == 1012
