"""Acknowledged means on disk: in which order the system is asked, and what holds when it fails at any step."""

import errno
import threading
from pathlib import Path

import pytest

from conversations.storage.base import NotStored, StorageError
from conversations.storage.csv_files import READINGS, CsvFiles
from conversations.storage.verify import faults
from tests.conversation_rows import visitor
from tests.faulty_disk import Disk, faulty_disk

FILE, FOLDER = "conversation_c1.csv", "conversations"
STEPS = range(1, 17)  # more than any append takes; steps that are not reached are told by `disk.failed`


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return faulty_disk(monkeypatch)


@pytest.fixture
def storage(tmp_path: Path) -> CsvFiles:
    return another(tmp_path)


def another(root: Path) -> CsvFiles:
    READINGS.forget_all()
    return CsvFiles("alfa", root=root)


def texts(storage: CsvFiles) -> list[str]:
    return [row.content for row in storage.read("c1").rows]


def synced(disk: Disk) -> list[tuple[str, str]]:
    return [call for call in disk.calls if call[0] in ("write", "fsync") and call[1] in (FILE, FOLDER)]


class TestOrder:
    def test_a_new_file_is_synced_and_then_its_folder(self, storage: CsvFiles, disk: Disk) -> None:
        storage.append("c1", [visitor("a")])
        assert synced(disk)[-3:] == [("write", FILE), ("fsync", FILE), ("fsync", FOLDER)]

    def test_new_folders_are_synced_into_theirs(self, storage: CsvFiles, disk: Disk, tmp_path: Path) -> None:
        storage.append("c1", [visitor("a")])
        names = [name for call, name in disk.calls if call == "fsync"]
        assert names == [tmp_path.name, "alfa", FILE, FOLDER]

    def test_a_further_append_costs_one_write_and_one_sync(self, storage: CsvFiles, disk: Disk) -> None:
        storage.append("c1", [visitor("a")])
        disk.arm(0)
        storage.append("c1", [visitor("b"), visitor("c")])
        assert disk.calls == [("open", FILE), ("write", FILE), ("fsync", FILE)]

    def test_reading_syncs_nothing(self, storage: CsvFiles, disk: Disk, tmp_path: Path) -> None:
        storage.append("c1", [visitor("a")])
        disk.arm(0)
        another(tmp_path).read("c1")
        assert synced(disk) == []

    def test_a_row_of_a_process_that_died_is_synced_before_it_is_told(
        self, storage: CsvFiles, disk: Disk, tmp_path: Path
    ) -> None:
        storage.append("c1", [visitor("a", "k1")])
        disk.arm(0)
        assert another(tmp_path).append("c1", [visitor("a", "k1")]).fresh == 0
        assert synced(disk) == [("fsync", FILE), ("fsync", FOLDER)]

    def test_the_name_of_a_file_of_a_process_that_died_is_synced_too(
        self, storage: CsvFiles, disk: Disk, tmp_path: Path
    ) -> None:
        storage.append("c1", [visitor("a")])
        later = another(tmp_path)
        later.read("c1")
        disk.arm(0)
        later.append("c1", [visitor("b")])
        assert synced(disk) == [("fsync", FILE), ("fsync", FOLDER), ("write", FILE), ("fsync", FILE)]

    def test_a_known_row_is_told_again_without_a_sync(self, storage: CsvFiles, disk: Disk) -> None:
        storage.append("c1", [visitor("a", "k1")])
        disk.arm(0)
        storage.append("c1", [visitor("a", "k1")])
        assert synced(disk) == []

    def test_a_cut_tail_is_synced_before_it_is_built_upon(self, storage: CsvFiles, disk: Disk, tmp_path: Path) -> None:
        storage.append("c1", [visitor("a")])
        with (storage.folder / FILE).open("ab") as file:
            file.write(b"torn")
        disk.arm(0)
        another(tmp_path).append("c1", [visitor("b")])
        calls = [call for call, name in disk.calls if name == FILE]
        assert calls == ["open", "ftruncate", "fsync", "fsync", "write", "fsync"]


@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC])
@pytest.mark.parametrize("for_good", [False, True], ids=["once", "for good"])
@pytest.mark.parametrize("step", STEPS)
class TestEveryStep:
    def test_a_first_row_that_failed_is_nowhere(
        self, storage: CsvFiles, disk: Disk, tmp_path: Path, step: int, for_good: bool, error: int
    ) -> None:
        disk.arm(step, error, for_good=for_good)
        stored = tried(storage, "a")
        assert stored is not disk.failed
        disk.arm(0)
        assert storage.exists("c1") is stored
        assert storage.append("c1", [visitor("b")]).rows[0].seq == ("2" if stored else "1")
        assert texts(another(tmp_path)) == (["a", "b"] if stored else ["b"])
        assert faults(storage.raw("c1")) == []

    def test_a_later_row_that_failed_is_nowhere_and_no_other_is_lost(
        self, storage: CsvFiles, disk: Disk, tmp_path: Path, step: int, for_good: bool, error: int
    ) -> None:
        storage.append("c1", [visitor("a")])
        disk.arm(step, error, for_good=for_good)
        stored = tried(storage, "b")
        assert stored is not disk.failed
        disk.arm(0)
        assert texts(storage) == (["a", "b"] if stored else ["a"])
        storage.append("c1", [visitor("c")])
        assert texts(another(tmp_path)) == (["a", "b", "c"] if stored else ["a", "c"])
        assert faults(storage.raw("c1")) == []

    def test_a_failing_repair_is_tried_again(
        self, storage: CsvFiles, disk: Disk, tmp_path: Path, step: int, for_good: bool, error: int
    ) -> None:
        storage.append("c1", [visitor("a")])
        disk.arm(1, only="fsync")
        assert not tried(storage, "b")
        disk.arm(step, error, for_good=for_good)
        stored = tried(storage, "c")
        assert stored is not disk.failed
        disk.arm(0)
        storage.append("c1", [visitor("d")])
        assert texts(another(tmp_path)) == (["a", "c", "d"] if stored else ["a", "d"])

    def test_a_failed_cut_of_a_write_that_lost_its_beginning_loses_nothing(
        self, storage: CsvFiles, disk: Disk, tmp_path: Path, step: int, for_good: bool, error: int
    ) -> None:
        storage.append("c1", [visitor("a")])
        tail = bytes(100) + b",,," + b"0" * 64 + b"\r\n"
        with (storage.folder / FILE).open("ab") as file:
            file.write(tail)
        disk.arm(step, error, for_good=for_good)
        tried(another(tmp_path), "c")
        disk.arm(0)
        assert texts(another(tmp_path))[0] == "a"
        [kept] = storage.kept_aside("c1")
        assert Path(kept).read_bytes() == tail


def tried(storage: CsvFiles, text: str) -> bool:
    try:
        storage.append("c1", [visitor(text, text)])
    except NotStored as error:
        assert "conversation_c1" in str(error)  # noqa: PT017 - both ways are expected
        return False
    return True


class TestFailedSync:
    def test_the_file_is_made_anew_before_anything_is_told(self, storage: CsvFiles, disk: Disk) -> None:
        storage.append("c1", [visitor("a")])
        before = (storage.folder / FILE).stat().st_ino
        disk.arm(1, only="fsync")
        assert not tried(storage, "b")
        disk.arm(0)
        storage.append("c1", [visitor("c")])
        draft = "conversation_c1.restoring"
        order = [call for call in disk.calls if call[0] != "open"]
        assert order[:4] == [("write", draft), ("fsync", draft), ("replace", FILE), ("fsync", FOLDER)]
        assert order[4:] == [("fsync", FILE), ("fsync", FOLDER), ("write", FILE), ("fsync", FILE)]
        assert (storage.folder / FILE).stat().st_ino != before
        assert not (storage.folder / draft).exists()

    def test_it_is_made_anew_for_a_known_row_too(self, storage: CsvFiles, disk: Disk) -> None:
        storage.append("c1", [visitor("a", "a")])
        disk.arm(1, only="fsync")
        assert not tried(storage, "b")
        disk.arm(0)
        assert storage.append("c1", [visitor("a", "a")]).fresh == 0
        assert ("replace", FILE) in disk.calls

    def test_rows_that_another_process_added_meanwhile_stay(
        self, storage: CsvFiles, disk: Disk, tmp_path: Path
    ) -> None:
        storage.append("c1", [visitor("a")])
        disk.arm(1, only="fsync")
        assert not tried(storage, "b")
        disk.arm(0)
        another(tmp_path).append("c1", [visitor("theirs")])
        storage.append("c1", [visitor("c")])
        assert texts(another(tmp_path)) == ["a", "theirs", "c"]
        assert faults(storage.raw("c1")) == []

    def test_nothing_is_read_of_rows_that_could_not_even_be_cut_off(self, storage: CsvFiles, disk: Disk) -> None:
        storage.append("c1", [visitor("a")])
        disk.arm(3, for_good=True)  # the sync and the cut
        assert not tried(storage, "b")
        disk.arm(0)
        assert b",b," in (storage.folder / FILE).read_bytes()
        assert storage.recent("c1") is None
        assert texts(storage) == ["a"]

    def test_who_waited_for_the_file_meanwhile_does_not_trust_it(self, storage: CsvFiles, disk: Disk) -> None:
        storage.append("c1", [visitor("a")])
        opened = threading.Event()
        waiting = threading.Thread(target=storage.append, args=("c1", [visitor("c")]))

        def while_syncing(call: str, name: str) -> None:
            if threading.current_thread() is waiting and call == "open":
                opened.set()
            elif call == "fsync" and not waiting.ident:
                waiting.start()
                assert opened.wait(5)

        disk.arm(1, only="fsync")
        disk.during = while_syncing
        assert not tried(storage, "b")
        waiting.join(5)
        assert ("replace", FILE) in disk.calls
        assert texts(storage) == ["a", "c"]

    def test_a_known_row_that_cannot_be_synced_is_not_told(self, storage: CsvFiles, disk: Disk, tmp_path: Path) -> None:
        storage.append("c1", [visitor("a", "a")])
        disk.arm(1, only="fsync")
        later = another(tmp_path)
        assert not tried(later, "a")
        assert tried(later, "a")
        assert texts(later) == ["a"]


class TestAProcessThatDied:
    """It could neither sync its row nor cut it off: the system still shows what the disk never got."""

    @pytest.fixture
    def later(self, storage: CsvFiles, disk: Disk, tmp_path: Path) -> CsvFiles:
        storage.append("c1", [visitor("a", "a")])
        disk.arm(3, for_good=True)
        assert not tried(storage, "b")
        disk.arm(0)
        later = another(tmp_path)
        assert texts(later) == ["a", "b"]
        return later

    def test_its_row_is_not_told_again_but_stored_anew(self, later: CsvFiles, tmp_path: Path) -> None:
        assert not tried(later, "b")
        assert later.append("c1", [visitor("b", "b")]).fresh == 1
        assert texts(another(tmp_path)) == ["a", "b"]
        assert faults(later.raw("c1")) == []

    def test_nothing_is_built_upon_its_row(self, later: CsvFiles, tmp_path: Path) -> None:
        assert not tried(later, "c")
        assert tried(later, "c")
        assert texts(another(tmp_path)) == ["a", "c"]
        assert faults(later.raw("c1")) == []


class TestAFullDisk:
    def test_a_write_that_did_not_fit_leaves_nothing_to_mend(self, storage: CsvFiles, disk: Disk) -> None:
        storage.append("c1", [visitor("a")])
        disk.arm(1, errno.ENOSPC, only="write", for_good=True)
        assert not tried(storage, "b")
        assert texts(storage) == ["a"]
        disk.arm(0)
        assert tried(storage, "b")
        assert ("replace", FILE) not in disk.calls

    def test_what_was_stored_can_be_read_while_nothing_can_be_mended(self, storage: CsvFiles, disk: Disk) -> None:
        storage.append("c1", [visitor("a")])
        before = storage.raw("c1")
        disk.arm(3, for_good=True)
        assert not tried(storage, "b")
        disk.arm(1, errno.ENOSPC, only="write", for_good=True)
        assert texts(storage) == ["a"]
        assert storage.raw("c1") == before
        assert b",b," in (storage.folder / FILE).read_bytes()

    def test_no_draft_is_left_in_the_way(self, storage: CsvFiles, disk: Disk) -> None:
        storage.append("c1", [visitor("a")])
        disk.arm(1, only="fsync")
        assert not tried(storage, "b")
        disk.arm(1, errno.ENOSPC, only="write", for_good=True)
        assert not tried(storage, "b")
        assert [path.name for path in storage.folder.iterdir()] == [FILE]


def test_bytes_may_be_taken_one_by_one(storage: CsvFiles, disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = disk.write
    monkeypatch.setattr(disk, "write", lambda descriptor, data: whole(descriptor, data[:1]))
    storage.append("c1", [visitor("a"), visitor('"b"\r\n')])
    assert texts(storage) == ["a", '"b"\r\n']
    assert faults(storage.raw("c1")) == []


def test_a_write_that_takes_nothing_fails(storage: CsvFiles, disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "write", lambda descriptor, data: 0)
    assert not tried(storage, "a")
    assert not storage.exists("c1")


def test_a_file_that_cannot_be_read_says_so(storage: CsvFiles, disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    storage.append("c1", [visitor("a")])
    READINGS.forget_all()

    def broken(*args: object) -> bytes:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(disk, "pread", broken, raising=False)
    for look in (storage.read, storage.raw, storage.bytes_as_stored):
        with pytest.raises(StorageError, match=r"conversation_c1\.csv: Input/output error"):
            look("c1")
