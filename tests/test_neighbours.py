"""What other processes wrote into a conversation comes to the sockets of this one, once, by looking at its file."""

import asyncio
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.layers import InMemoryChannelLayer, channel_layers

from conversations import neighbours as module
from conversations.core.records import Row, Status
from conversations.core.transcript import Transcript
from conversations.neighbours import neighbours
from conversations.storage import storage_for
from conversations.storage.base import UnreadableConversation
from conversations.storage.csv_files import READINGS, CsvFiles
from tests.chat_cast import Chat, Tab, eventually


def written_elsewhere(tab: Tab, *texts: str, role: str = "user", **cells: str) -> list[Row]:
    """What another process appends to the tab's conversation."""
    before = [row.user_id for row in storage_for("alfa").read(tab.ready["conversation"]).rows[:1]]
    rows = [
        Row(f"m-elsewhere-{number}-{text}", "", before[0], role=role, content=text, **cells)
        for number, text in enumerate(texts)
    ]
    done = storage_for("alfa").append(tab.ready["conversation"], rows)
    READINGS.forget_all()  # the other process has a memory of its own
    return done.rows


async def shown(tab: Tab) -> list[dict[str, Any]]:
    """What a look brings to the tab."""
    await neighbours.look()
    return await tab.settled()


async def test_a_row_of_another_process_is_shown_once_to_every_tab(chat: Chat) -> None:
    first = await chat.visitor()
    await first.say("Oi")
    second = await chat.again(first)
    written_elsewhere(first, "De outro lugar")
    for tab in (first, second):
        [frame] = await shown(tab)
        assert (frame["type"], frame["message"]["seq"], frame["message"]["content"]) == ("message", 3, "De outro lugar")
        assert await shown(tab) == []


async def test_what_this_process_wrote_is_not_shown_again(chat: Chat) -> None:
    first = await chat.visitor()
    second = await chat.again(first)
    await first.say("Oi")
    await second.until("done")
    await first.send(type="rate", score=5)
    await first.until("message")
    await second.until("message")
    assert (await shown(first), await shown(second)) == ([], [])


async def test_rows_of_two_processes_in_turn_come_with_none_missing(chat: Chat) -> None:
    tab = await chat.visitor()
    await tab.say("Oi")
    written_elsewhere(tab, "De outro lugar", status="received")
    here = await tab.say("Daqui")
    frames = here + await shown(tab)
    seqs = [frame["message"]["seq"] for frame in frames if "message" in frame]
    assert sorted(seqs) == list(range(3, len(chat.rows(tab)) + 1))


async def test_a_reply_made_elsewhere_ends_with_done(chat: Chat) -> None:
    tab = await chat.visitor()
    await tab.say("Oi")
    written_elsewhere(tab, "Certo.", role="assistant", reply_id="r9", part="1", status="complete")
    frames = await shown(tab)
    assert [frame["type"] for frame in frames] == ["message", "done"]
    assert (frames[-1]["reply"], frames[-1]["seq"]) == ("r9", 3)


async def test_what_ended_elsewhere_is_over_here(chat: Chat) -> None:
    tab = await chat.visitor()
    await tab.say("Oi")
    written_elsewhere(tab, "Fim", role="system", receipt='{"event":"end"}')
    assert [frame.get("status") for frame in await shown(tab)] == [None, Status.CLOSED]


async def test_who_misses_much_is_shown_the_newest_and_sees_the_gap(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_PUSHED", 3)
    tab = await chat.visitor()
    await tab.say("Oi")
    written_elsewhere(tab, *"abcdefg")
    assert [frame["message"]["content"] for frame in await shown(tab)] == ["e", "f", "g"]


async def test_the_first_row_of_a_conversation_may_come_from_elsewhere(chat: Chat) -> None:
    tab = await chat.visitor()
    row = Row("m1", "", "v1", role="user", content="De outro lugar")
    storage_for("alfa").append(tab.ready["conversation"], [row])
    assert [frame["message"]["content"] for frame in await shown(tab)] == ["De outro lugar"]


async def test_a_tab_that_knew_less_than_the_others_is_told_too(chat: Chat) -> None:
    tab = await chat.visitor()
    await tab.say("Oi")
    read_before = Transcript(chat.rows(tab), 1)
    written_elsewhere(tab, "De outro lugar")
    await shown(tab)
    neighbours.show("alfa", tab.ready["conversation"], read_before)  # as a hello that was slower than the look
    assert [frame["message"]["content"] for frame in await shown(tab)] == ["De outro lugar"]


async def test_idle_conversations_are_not_opened_and_left_ones_not_looked_at(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    tabs = [await chat.visitor() for _ in range(3)]
    for tab in tabs:
        await tab.say("Oi")
    await neighbours.look()
    looked: list[str] = []
    size = CsvFiles.size
    monkeypatch.setattr(CsvFiles, "read", _broken)
    monkeypatch.setattr(CsvFiles, "recent", _broken)
    monkeypatch.setattr(CsvFiles, "size", lambda self, name: looked.append(name) or size(self, name))
    await tabs[0].leave()
    await neighbours.look()
    left, *open_ones = [tab.ready["conversation"] for tab in tabs]
    assert (set(open_ones) <= set(looked), left in looked) == (True, False)


async def test_a_file_that_cannot_be_read_is_told_once_and_keeps_nothing_else_back(
    chat: Chat, caplog: pytest.LogCaptureFixture
) -> None:
    bad, good = await chat.visitor(), await chat.visitor()
    for tab in (bad, good):
        await tab.say("Oi")
    [path] = chat.settings.DATA_DIR.glob(f"alfa/conversations/*{bad.ready['conversation']}.csv")
    path.write_bytes(b"not,a,conversation\r\n" * 100)
    written_elsewhere(good, "De outro lugar")
    assert len(await shown(good)) == 1
    await neighbours.look()
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [UnreadableConversation]


async def test_a_layer_that_reaches_every_process_needs_no_looking(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(channel_layers.backends, "default", InMemoryChannelLayer())
    tab = await chat.visitor()
    await tab.say("Oi")
    written_elsewhere(tab, "De outro lugar")
    assert await shown(tab) == []


async def test_looking_goes_on_after_a_fault(
    chat: Chat, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.001)
    tab = await chat.visitor()
    await tab.say("Oi")
    watching = asyncio.create_task(neighbours.watch())
    with monkeypatch.context() as broken:
        broken.setattr(CsvFiles, "size", _broken)
        await eventually(lambda: bool(caplog.records))
    await sync_to_async(written_elsewhere)(tab, "De outro lugar")
    assert (await tab.frame())["message"]["content"] == "De outro lugar"
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)


def _broken(*args: object) -> None:
    raise RuntimeError("broken")
