"""Any call to the disk may fail while a visitor writes: told honestly, nothing lost or doubled, and it goes on."""

import errno
from collections.abc import Callable, Iterator
from itertools import count

import pytest

from conversations import turns
from conversations.storage.csv_files import READINGS
from conversations.storage.verify import faults
from tests.chat_cast import Chat, Tab, eventually
from tests.faulty_disk import Disk, faulty_disk, note_what_is_told, told_too_early

MOST_CALLS = 40  # of a message and its reply; the tests end at the first step that is not reached
ERRORS = [errno.EIO, errno.ENOSPC, errno.EINTR, errno.EAGAIN, errno.EDQUOT, errno.EROFS, errno.EMFILE]
NAMES = [errno.errorcode[error] for error in ERRORS]


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    """A disk that also notes which rows were told to anybody."""
    disk = faulty_disk(monkeypatch)
    note_what_is_told(disk, monkeypatch.setattr)
    monkeypatch.setattr(turns, "LONGEST_STORE_PAUSE", 0.01)
    return disk


def steps() -> Iterator[int]:
    for step in count(1):
        assert step < MOST_CALLS
        yield step


async def verdict(tab: Tab, client_id: str) -> str:
    """What the sender of a message is told of it: `ack`, or the error's code."""
    while True:
        frame = await tab.frame()
        if frame.get("client_id") == client_id:
            return str(frame.get("code", "ack"))


async def said_under_fault(chat: Chat, disk: Disk, tab: Tab, arm: Callable[[], None]) -> bool:
    """Say something while the disk fails as armed, then again without a fault; whether anything failed.

    Whatever was armed, what is stored in the end is the message once and its reply once.
    """
    before = len(chat.rows(tab)) if tab.ready["history"] else 0
    arm()
    client_id = await tab.write("Oi")
    first = await verdict(tab, client_id)
    if first == "ack":
        await eventually(lambda: disk.failed or answered(chat, tab, before))
    failed, log = disk.failed, list(disk.log)
    disk.arm(0)
    if first != "ack":
        assert (first, failed) == ("not_stored", True)
        await tab.write("Oi", client_id)
        assert await verdict(tab, client_id) == "ack"
    await tab.until("done")
    assert told_too_early([*log, *disk.log]) == []
    READINGS.forget_all()
    rows = chat.rows(tab)[before:]
    assert [(row.role, row.content) for row in rows] == [("user", "Oi"), ("assistant", "Certo.")]
    [file] = chat.settings.DATA_DIR.glob(f"alfa/conversations/*{tab.ready['conversation']}*")
    assert faults(file.read_bytes()) == []
    return failed


def answered(chat: Chat, tab: Tab, before: int) -> bool:
    # Looked at past the disk, which counts every call.
    [file] = chat.settings.DATA_DIR.glob(f"alfa/conversations/*{tab.ready['conversation']}*")
    return file.read_bytes().count(b",complete,") > before // 2


async def visitor(chat: Chat, *, known: bool) -> Tab:
    """A visitor whose first message is still to come, or who has had an answer and was here before."""
    tab = await chat.visitor()
    if known:
        await tab.say("Oi")
        tab = await chat.again(tab)
    return tab


@pytest.mark.parametrize("error", ERRORS, ids=NAMES)
@pytest.mark.parametrize("for_good", [False, True], ids=["once", "for good"])
@pytest.mark.parametrize("known", [False, True], ids=["first message", "later message"])
async def test_any_call_may_fail(chat: Chat, disk: Disk, error: int, for_good: bool, known: bool) -> None:
    for step in steps():
        tab = await visitor(chat, known=known)

        def arm(step: int = step) -> None:
            disk.arm(step, error, for_good=for_good)

        if not await said_under_fault(chat, disk, tab, arm):
            break
    assert step > 5


@pytest.mark.parametrize("known", [False, True], ids=["first message", "later message"])
async def test_any_of_many_short_writes_may_fail(chat: Chat, disk: Disk, known: bool) -> None:
    for step in steps():
        tab = await visitor(chat, known=known)

        def arm(step: int = step) -> None:
            disk.most_bytes = 70
            disk.arm(step, errno.ENOSPC, only="write")

        failed = await said_under_fault(chat, disk, tab, arm)
        disk.most_bytes = 2**30
        if not failed:
            break
    assert step > 5


@pytest.mark.parametrize("call", ["flock", "pread", "stat", "lstat", "fstat"])
@pytest.mark.parametrize("error", [errno.EIO, errno.EINTR, errno.ENOMEM], ids=["EIO", "EINTR", "ENOMEM"])
async def test_so_may_those_that_change_nothing(chat: Chat, disk: Disk, call: str, error: int) -> None:
    for step in steps():
        tab = await visitor(chat, known=True)
        READINGS.forget_all()

        def arm(step: int = step) -> None:
            disk.arm(step, error, only=call)

        if not await said_under_fault(chat, disk, tab, arm):
            break
    assert step > 1


@pytest.mark.parametrize("error", [errno.EIO, errno.EMFILE], ids=["EIO", "EMFILE"])
async def test_who_comes_back_at_a_bad_moment_is_not_led_elsewhere(chat: Chat, disk: Disk, error: int) -> None:
    first = await visitor(chat, known=True)
    READINGS.forget_all()
    disk.arm(1, error, only="open", for_good=True)
    tab = await chat.tab()
    assert (await tab.hello(visitor=first.ready["visitor"]))["code"] == "unavailable"
    disk.arm(0)
    assert (await tab.hello(visitor=first.ready["visitor"]))["conversation"] == first.ready["conversation"]
    assert len(tab.ready["history"]) == 2


async def test_a_reply_waits_for_as_long_as_it_takes(chat: Chat, disk: Disk, caplog: pytest.LogCaptureFixture) -> None:
    tab = await visitor(chat, known=True)
    disk.arm(2, errno.ENOSPC, only="write", for_good=True)
    await tab.write("Oi")
    assert (await tab.until("typing"))[0]["type"] == "ack"
    await eventually(lambda: disk.calls.count(("write", disk.calls[-1][1])) > 100)
    disk.arm(0)
    assert (await tab.until("done"))[0]["message"]["content"] == "Certo."
    assert 2 <= len(caplog.records) < 10
