"""An append in two steps, the quick one in the event loop: what it promises is what `append` promises."""

import asyncio
import errno
import fcntl
import os
import threading
from pathlib import Path

import pytest

from conversations.storage.base import NotStored, Unstorable
from conversations.storage.csv_files import READINGS, CsvFiles
from conversations.storage.memory import MemoryStorage
from conversations.storage.verify import faults
from conversations.threads import append
from tests.conversation_rows import visitor
from tests.faulty_disk import Disk, faulty_disk

FILE = "conversation_c1.csv"


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return faulty_disk(monkeypatch)


@pytest.fixture
def storage(tmp_path: Path) -> CsvFiles:
    storage = CsvFiles("alfa", root=tmp_path)
    storage.append("c1", [visitor("a", "k1")])
    return storage


def texts(storage: CsvFiles) -> list[str]:
    return [row.content for row in storage.read("c1").rows]


class TestBegun:
    def test_nobody_sees_the_rows_before_they_are_synced(self, storage: CsvFiles, disk: Disk) -> None:
        begun = storage.begin("c1", [visitor("b")])
        assert begun is not None
        assert ("fsync", FILE) not in disk.calls
        assert storage.recent("c1") is None
        assert begun.finish().rows[0].seq == "2"
        assert disk.calls[-1] == ("fsync", FILE)
        assert texts(storage) == ["a", "b"]

    def test_the_conversation_is_held_until_it_is_finished(self, storage: CsvFiles) -> None:
        begun = storage.begin("c1", [visitor("b")])
        assert begun is not None
        assert storage.begin("c1", [visitor("c")]) is None
        other = threading.Thread(target=storage.append, args=("c1", [visitor("c")]))
        other.start()
        begun.finish()
        other.join()
        assert texts(storage) == ["a", "b", "c"]

    def test_a_known_client_id_is_told_again(self, storage: CsvFiles) -> None:
        begun = storage.begin("c1", [visitor("other words", "k1")])
        assert begun is not None
        done = begun.finish()
        assert (done.fresh, done.rows[0].content) == (0, "a")

    def test_what_no_file_can_hold_is_refused_and_lets_go(self, storage: CsvFiles) -> None:
        with pytest.raises(Unstorable):
            storage.begin("c1", [visitor("\0")])
        assert storage.append("c1", [visitor("b")]).fresh == 1

    def test_a_guard_that_refuses_lets_go(self, storage: CsvFiles) -> None:
        def never(transcript: object) -> None:
            raise PermissionError

        with pytest.raises(PermissionError):
            storage.begin("c1", [visitor("b")], never)
        assert storage.append("c1", [visitor("b")]).fresh == 1


class TestNotAtOnce:
    """What would have to be waited for is left to `append`."""

    def test_a_new_conversation(self, storage: CsvFiles) -> None:
        assert storage.begin("c2", [visitor("a")]) is None
        assert not storage.exists("c2")

    def test_one_that_was_not_read_yet(self, storage: CsvFiles) -> None:
        READINGS.forget_all()
        assert storage.begin("c1", [visitor("b")]) is None

    def test_one_that_another_process_changed(self, storage: CsvFiles) -> None:
        with (storage.folder / FILE).open("ab") as file:
            file.write(b"torn")
        assert storage.begin("c1", [visitor("b")]) is None
        assert storage.append("c1", [visitor("b")]).fresh == 1

    def test_one_that_another_process_holds(self, storage: CsvFiles) -> None:
        descriptor = os.open(storage.folder / FILE, os.O_RDONLY)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        assert storage.begin("c1", [visitor("b")]) is None
        os.close(descriptor)

    def test_one_that_is_gone(self, storage: CsvFiles) -> None:
        (storage.folder / FILE).unlink()
        assert storage.begin("c1", [visitor("b")]) is None

    def test_a_storage_that_has_nothing_to_wait_for(self) -> None:
        assert MemoryStorage("alfa").begin("c1", [visitor("a")]) is None


class TestFaults:
    @pytest.mark.parametrize("call", ["write", "fsync"])
    @pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC])
    def test_what_could_not_be_synced_was_never_there(
        self, storage: CsvFiles, disk: Disk, call: str, error: int
    ) -> None:
        disk.arm(1, error, only=call)
        with pytest.raises(NotStored):
            _at_once(storage, "b")
        if call == "fsync":
            assert storage.begin("c1", [visitor("c")]) is None  # the file is made anew first
        assert storage.append("c1", [visitor("c")]).fresh == 1
        assert texts(storage) == ["a", "c"]
        assert faults(storage.raw("c1")) == []

    async def test_it_goes_on_when_its_caller_is_cancelled(
        self, storage: CsvFiles, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked, go_on, sync = threading.Event(), threading.Event(), os.fsync

        def slow(descriptor: int) -> None:
            asked.set()
            go_on.wait()
            sync(descriptor)

        monkeypatch.setattr(os, "fsync", slow)
        task = asyncio.create_task(append(storage, "c1", [visitor("b")]))
        await asyncio.to_thread(asked.wait)
        task.cancel()
        await asyncio.wait([task])
        go_on.set()
        assert storage.append("c1", [visitor("c")]).fresh == 1
        assert texts(storage) == ["a", "b", "c"]


def _at_once(storage: CsvFiles, text: str) -> None:
    begun = storage.begin("c1", [visitor(text)])
    assert begun is not None
    begun.finish()
