"""Too much, too long, too late."""

import pytest

from conversations import consumers, sockets
from tests.chat_cast import Chat, parts


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
