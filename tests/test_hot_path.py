"""What a turn costs in files, syncs and questions to the database, counted: no more than it needs, at any length."""

import sys
from collections.abc import Iterator
from typing import Any

import pytest
from django.db.backends.utils import CursorWrapper

from conversations.storage import storage_for
from tests.chat_cast import Chat, Tab
from tests.conversation_rows import visitor
from tests.faulty_disk import Disk, faulty_disk

SENTENCE = "Uma frase inteira de cerca de cem letras, que enche sozinha uma parte da resposta e acaba num ponto. "
THREE_PARTS = [SENTENCE, SENTENCE, "E acabou."]


class Counted:
    """Files opened by anybody in this process, and statements sent to the database, while `on`."""

    def __init__(self) -> None:
        self.on = False
        self.opened: list[str] = []
        self.asked: list[str] = []

    def clear(self) -> None:
        """Count anew."""
        self.opened, self.asked = [], []


_counted = Counted()


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if _counted.on and event == "open":
        _counted.opened.append(str(arguments[0]))


sys.addaudithook(_audit)  # for good: the interpreter knows no way to take one back


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counted]:
    execute = CursorWrapper.execute

    def noted(self: CursorWrapper, sql: Any, params: Any = None) -> Any:
        _counted.asked.append(str(sql))
        return execute(self, sql, params)

    monkeypatch.setattr(CursorWrapper, "execute", noted)
    _counted.clear()
    _counted.on = True
    yield _counted
    _counted.on = False


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return faulty_disk(monkeypatch)


async def after_the_first_turn(chat: Chat) -> Tab:
    chat.script(["Bom dia."], ["Custa dez."])
    tab = await chat.visitor()
    await tab.say("Oi")
    return tab


async def test_a_turn_opens_its_file_once_for_each_thing_said_and_no_other_file(chat: Chat, counted: Counted) -> None:
    tab = await after_the_first_turn(chat)
    name = f"conversation_{tab.ready['conversation']}.csv"
    for said in THREE_PARTS, ["Custa dez."]:
        chat.script(said)
        counted.clear()
        await tab.say("Quanto custa?")
        opened = [path.rpartition("/")[2] for path in counted.opened]
        assert set(opened) == {name}
        # Parts that are ready together are stored together.
        assert 2 <= len(opened) <= 1 + len(said)


async def test_a_turn_syncs_as_often_as_it_writes(chat: Chat, disk: Disk) -> None:
    tab = await after_the_first_turn(chat)
    chat.script(["Custa dez."])
    disk.arm(0)
    await tab.say("Quanto custa?")
    assert [call for call, _name in disk.calls] == ["open", "write", "fsync"] * 2


async def test_a_turn_asks_the_database_nothing(chat: Chat, counted: Counted) -> None:
    tab = await after_the_first_turn(chat)
    counted.clear()
    await tab.say("Quanto custa?")
    assert counted.asked == []


async def test_the_index_of_many_turns_costs_as_many_statements_as_that_of_one(chat: Chat, counted: Counted) -> None:
    tab = await after_the_first_turn(chat)
    await chat.flushed()
    await tab.say("Quanto custa?")
    counted.clear()
    await chat.flushed()
    one = len(counted.asked)
    for _ in range(5):
        await tab.say("E agora?")
    counted.clear()
    await chat.flushed()
    assert len(counted.asked) <= one


async def test_a_long_conversation_is_not_read_again_for_its_next_turn(
    chat: Chat, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    tab = await after_the_first_turn(chat)
    storage_for("alfa").append(tab.ready["conversation"], [visitor(f"frase {n}") for n in range(1000)])
    await tab.say("Oi de novo")
    read = 0
    pread = disk.pread

    def noted(descriptor: int, size: int, offset: int) -> bytes:
        nonlocal read
        data: bytes = pread(descriptor, size, offset)
        read += len(data)
        return data

    monkeypatch.setattr(disk, "pread", noted, raising=False)
    await tab.say("Quanto custa?")
    assert read == 0


async def test_a_tenant_that_was_just_looked_up_is_not_looked_up_for_the_next_visitor(
    chat: Chat, counted: Counted
) -> None:
    await after_the_first_turn(chat)
    counted.clear()
    tab = await chat.tab()
    await tab.hello()
    assert counted.asked == []  # a visitor made just now has no past to look for
