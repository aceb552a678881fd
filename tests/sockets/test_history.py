"""Coming back, catching up, and several tabs of one visitor."""

import asyncio

import pytest

from tests.chat_cast import Chat, parts
from tests.sockets.cast import long_conversation


@pytest.mark.parametrize(("seen", "seqs"), [(0, [1, 2, 3, 4]), (2, [3, 4]), (4, []), (10**20, [])])
async def test_ready_holds_what_was_not_seen(chat: Chat, seen: int, seqs: list[int]) -> None:
    tab = await chat.visitor()
    await tab.say("Oi")
    await tab.say("E agora?")
    ready = (await chat.again(tab, conversation=tab.ready["conversation"], last_seen=seen)).ready
    assert [message["seq"] for message in ready["history"]] == seqs
    assert ready["more"] is False


async def test_ready_holds_the_newest_200_and_says_that_there_are_more(chat: Chat) -> None:
    tab = await long_conversation(chat, 205)
    ready = (await chat.again(tab)).ready
    assert [ready["history"][0]["seq"], ready["history"][-1]["seq"], ready["more"]] == [6, 205, True]


@pytest.mark.parametrize(
    ("asked", "first", "last", "more"),
    [
        ({"after": 0}, 1, 200, True),
        ({"after": 5}, 6, 205, False),
        ({"before": 6}, 1, 5, False),
        ({"before": 205}, 5, 204, True),
    ],
)
async def test_sync_brings_at_most_200_in_order(
    chat: Chat, asked: dict[str, int], first: int, last: int, more: bool
) -> None:
    tab = await long_conversation(chat, 205)
    await tab.send(type="sync", **asked)
    history = await tab.frame()
    assert [message["seq"] for message in history["messages"]] == list(range(first, last + 1))
    assert history["more"] is more


@pytest.mark.parametrize("asked", [{"after": 0}, {"before": 9}, {"after": 10**30}])
async def test_sync_of_an_empty_conversation_is_empty(chat: Chat, asked: dict[str, int]) -> None:
    tab = await chat.visitor()
    await tab.send(type="sync", **asked)
    assert await tab.frame() == {"type": "history", "messages": [], "more": False}


async def test_the_other_tab_gets_the_row_as_a_message_and_the_sender_only_the_ack(chat: Chat) -> None:
    first = await chat.visitor()
    second = await chat.again(first)
    mine = await first.say("Oi")
    theirs = await second.until("done")
    assert theirs == [{"type": "message", "message": mine[0]["message"]}, *mine[1:]]


async def test_two_tabs_that_open_at_once_share_the_conversation(chat: Chat) -> None:
    first = await chat.visitor()
    second = await chat.again(first)
    assert first.ready["conversation"] == second.ready["conversation"]


async def test_another_visitor_hears_nothing(chat: Chat) -> None:
    tab, stranger, foreigner = await chat.visitor(), await chat.visitor(), await chat.visitor("beta")
    await tab.say("Oi")
    assert (await stranger.settled(), await foreigner.settled()) == ([], [])


async def test_who_comes_while_a_reply_is_made_is_told_so(chat: Chat) -> None:
    word = asyncio.Event()
    chat.script([word, "Certo."])
    tab = await chat.visitor()
    await tab.write("Oi")
    await tab.until("typing")
    second = await chat.again(tab)
    word.set()
    assert second.ready["busy"] is True
    assert parts(await second.until("done")) == ["Certo."]
    assert (await chat.again(tab)).ready["busy"] is False
