"""A message on its way: stored, acknowledged, answered."""

import pytest

from conversations import consumers
from conversations.core.records import Row
from conversations.storage.base import NotStored
from conversations.storage.csv_files import CsvFiles
from tests.chat_cast import Chat, parts


async def test_the_ack_comes_only_after_the_row_is_on_disk(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    on_disk: list[int] = []
    ack = consumers.protocol.ack_frame

    def recorded(client_id: str, row: Row) -> str:
        on_disk.append(_files_hold(chat, row.message_id))
        return ack(client_id, row)

    monkeypatch.setattr(consumers.protocol, "ack_frame", recorded)
    await (await chat.visitor()).say("Oi")
    assert on_disk == [1]


async def test_the_ack_holds_the_whole_row(chat: Chat) -> None:
    tab = await chat.visitor()
    await tab.write("Oi", "mine")
    ack, [row] = await tab.frame(), chat.rows(tab)[:1]
    message = {"id": row.message_id, "seq": 1, "role": "user", "content": "Oi", "timestamp": row.timestamp}
    assert ack == {
        "type": "ack", "client_id": "mine", "message": message | {"reply": None, "part": None, "author": "visitor"},
    }  # fmt: skip


async def test_a_turn_is_ack_typing_parts_in_order_and_done(chat: Chat) -> None:
    chat.script([f"Esta é a frase número {number}, que enche uma parte sozinha. " * 2 for number in range(1, 5)])
    frames = await (await chat.visitor()).say("Oi")
    kinds = [frame["type"] for frame in frames]
    messages = [frame["message"] for frame in frames if frame["type"] == "message"]
    assert kinds[:2] == ["ack", "typing"]
    assert kinds[2:-2] == ["message"] * len(messages)
    assert [frames[1]["on"], frames[-2]["type"], frames[-2]["on"]] == [True, "typing", False]
    assert [(one["seq"], one["part"]) for one in messages] == [(n + 1, n) for n in range(1, len(messages) + 1)]
    assert (frames[-1]["seq"], frames[-1]["reply"]) == (messages[-1]["seq"], messages[-1]["reply"])
    assert len(messages) > 2


@pytest.mark.parametrize("text", ["Oi", "outra coisa"])
async def test_a_resend_gets_the_same_ack_and_nothing_else(chat: Chat, text: str) -> None:
    tab = await chat.visitor()
    first = (await tab.say("Oi", "same"))[0]
    await tab.write(text, "same")
    assert await tab.frame() == first
    assert await tab.settled() == []
    assert len(chat.rows(tab)) == 2


@pytest.mark.parametrize(
    ("text", "code"), [("", "empty"), (" \n\t\u3000", "empty"), ("x" * 4001, "too_long"), ("x\0", "bad_frame")]
)
async def test_an_unfit_text_is_refused_by_its_client_id(chat: Chat, text: str, code: str) -> None:
    tab = await chat.visitor()
    await tab.write(text, "k1")
    error = await tab.frame()
    assert (error["type"], error["code"], error["client_id"]) == ("error", code, "k1")
    assert parts(await tab.say(f"  {'x' * 4000}  ")) == ["Certo."]


@pytest.mark.parametrize("text", ['=1+1,"a"\r\n b', "\u200bñ ☂ 👩‍👩‍👧 e\u0301", "<b>&amp;</b>\tx", "-- ' ; DROP"])
async def test_a_text_is_stored_exactly_as_sent_but_trimmed(chat: Chat, text: str) -> None:
    tab = await chat.visitor()
    ack = (await tab.say(f" \n{text}\u00a0 "))[0]
    assert ack["message"]["content"] == text == chat.rows(tab)[0].content


@pytest.mark.parametrize("client_id", ["~" * 128, " ", 'a"b,c', "="])
async def test_a_client_id_is_kept_byte_for_byte(chat: Chat, client_id: str) -> None:
    tab = await chat.visitor()
    assert (await tab.say("Oi", client_id))[0]["client_id"] == client_id
    assert chat.rows(tab)[0].client_id == client_id


async def test_a_full_disk_refuses_by_client_id_and_works_again_after(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    tab = await chat.visitor()
    with monkeypatch.context() as full:
        full.setattr(CsvFiles, "append", _full)
        await tab.write("Oi", "k1")
        error = await tab.frame()
    assert (error["code"], error["client_id"]) == ("not_stored", "k1")
    assert await tab.settled() == []
    assert parts(await tab.say("Oi", "k1")) == ["Certo."]


async def test_a_fault_of_ours_is_unavailable_by_client_id(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    tab = await chat.visitor()
    with monkeypatch.context() as broken:
        broken.setattr("conversations.actions.facts_told", broken)
        await tab.write("Oi", "k1")
        error = await tab.frame()
    assert (error["code"], error["client_id"]) == ("unavailable", "k1")
    assert parts(await tab.say("Oi", "k1")) == ["Certo."]


async def test_a_socket_that_cannot_be_told_any_more_is_closed_to_come_back(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def deaf(self: object, event: object) -> None:
        raise RuntimeError("broken")

    tab = await chat.visitor()
    monkeypatch.setattr("conversations.consumers.ChatConsumer.chat_frames", deaf)
    await tab.write("Oi")
    assert await tab.closed() == 1012


def _full(*args: object) -> None:
    raise NotStored("no space left on device")


def _files_hold(chat: Chat, text: str) -> int:
    return sum(path.read_text().count(text) for path in chat.settings.DATA_DIR.glob("alfa/conversations/*.csv"))
