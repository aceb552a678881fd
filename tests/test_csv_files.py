"""Conversations as CSV files: bytes to the letter, two processes at once, torn tails, links and foreign files."""

import csv
import errno
import fcntl
import hashlib
import io
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from conversations.core.records import ANCESTOR_COLUMNS
from conversations.storage.base import (
    AncestorConversation,
    ConversationNotFound,
    NotStored,
    StorageError,
    Unavailable,
    UnreadableConversation,
)
from conversations.storage.csv_files import READINGS, CsvFiles
from conversations.storage.verify import faults
from tests.conversation_rows import visitor
from tests.faulty_disk import faulty_disk

HEADER = (
    b"message_id,session_id,user_id,timestamp,role,content,intent,sentiment,extracted_info,response_time_ms,"
    b"tenant_id,seq,channel,author,client_id,reply_id,part,status,error_code,language,version,variant,provider,model,"
    b"tokens_in,tokens_cached,tokens_out,cost_usd,receipt,chain\r\n"
)
# What a visitor wrote, and the cell as it must lie on disk.
CELLS = {
    "Oi": "Oi",
    'Disse "oi"': '"Disse ""oi"""',
    '"': '""""',
    "a, b": '"a, b"',
    "a\r\nb": '"a\r\nb"',
    "a\nb": '"a\nb"',
    "a\rb": '"a\rb"',
    "Olá 👩🏽‍⚕️ ção": "Olá 👩🏽‍⚕️ ção",
    "=1+1": "=1+1",
    "+55 11 99999-0000": "+55 11 99999-0000",
    "-x\t@y": "-x\t@y",
    " à beira ": " à beira ",
    "\u2028\ufeff\x85": "\u2028\ufeff\x85",
}
APPENDER = """
import sys
from pathlib import Path
from conversations.core.records import Row
from conversations.storage.csv_files import CsvFiles
storage = CsvFiles("alfa", root=Path(sys.argv[1]))
sys.stdin.readline()
for number in range(200):
    name = f"{sys.argv[2]}-{number}"
    storage.append("c1", [Row(name, "", "v1", role="user", content=f'"{name}",\\r\\n', client_id=name)])
"""


@pytest.fixture
def storage(tmp_path: Path) -> CsvFiles:
    return another(tmp_path)


@pytest.fixture
def file(storage: CsvFiles) -> Path:
    """A conversation of three rows, the last with a CRLF and quotes."""
    storage.append("c1", [visitor("a", "k1"), visitor("b", "k2"), visitor('c "x"\r\n\r\n"y"', "k3")])
    READINGS.forget_all()
    return path_of(storage)


def another(root: Path) -> CsvFiles:
    """What another process would have."""
    READINGS.forget_all()
    return CsvFiles("alfa", root=root)


def path_of(storage: CsvFiles, name: str = "c1") -> Path:
    return storage.folder / f"conversation_{name}.csv"


def seqs(storage: CsvFiles) -> list[int]:
    return [int(row.seq) for row in storage.read("c1").rows]


class TestBytes:
    @pytest.mark.parametrize("text", CELLS, ids=repr)
    def test_a_cell_lies_on_disk_as_it_was_said(self, storage: CsvFiles, text: str) -> None:
        [row] = storage.append("c1", [visitor(text)]).rows
        data = path_of(storage).read_bytes()
        assert f",v1,{row.timestamp},user,{CELLS[text]},,,,,alfa,1,web,visitor,,,,received,,pt-BR,".encode() in data
        assert data.startswith(HEADER)

    def test_a_whole_file_to_the_letter(self, storage: CsvFiles) -> None:
        [one] = storage.append("c1", [visitor("Oi", "k1", extracted_info={"phone": "+1", "name": "Ana"})]).rows
        record = (
            f'm-k1,c1,v1,{one.timestamp},user,Oi,,,"{{""name"":""Ana"",""phone"":""+1""}}",,'
            "alfa,1,web,visitor,k1,,,received,,pt-BR,,,,,,,,,,"
        ).encode()
        chain = hashlib.sha256(record).hexdigest()
        assert path_of(storage).read_bytes() == HEADER + record + chain.encode() + b"\r\n"

    def test_the_chain_is_what_the_format_says(self, file: Path) -> None:
        previous, rest = "", file.read_bytes().removeprefix(HEADER)
        for row in csv.DictReader(io.StringIO(file.read_bytes().decode(), newline="")):
            end = rest.index(row["chain"].encode())
            assert hashlib.sha256(previous.encode() + rest[:end]).hexdigest() == row["chain"]
            previous, rest = row["chain"], rest[end + 66 :]
        assert rest == b""

    def test_the_file_lies_in_its_tenants_folder(self, storage: CsvFiles, file: Path, tmp_path: Path) -> None:
        assert file == tmp_path / "alfa" / "conversations" / "conversation_c1.csv"
        assert [path.name for path in storage.folder.iterdir()] == [file.name]

    def test_what_was_written_is_never_touched_again(self, storage: CsvFiles, file: Path) -> None:
        before = file.read_bytes()
        storage.append("c1", [visitor("d")])
        assert file.read_bytes().startswith(before)


class TestProcesses:
    def test_two_processes_lose_and_double_nothing(self, tmp_path: Path) -> None:
        command = [sys.executable, "-c", APPENDER, str(tmp_path)]
        both = [subprocess.Popen([*command, name], stdin=subprocess.PIPE) for name in "ab"]
        for one in both:
            assert one.stdin
            one.stdin.write(b"\n")
            one.stdin.close()
        assert [one.wait(60) for one in both] == [0, 0]
        storage = another(tmp_path)
        assert seqs(storage) == list(range(1, 401))
        assert {row.client_id for row in storage.read("c1").rows} == {f"{x}-{n}" for x in "ab" for n in range(200)}
        assert faults(path_of(storage).read_bytes()) == []

    def test_a_reading_is_used_until_another_process_writes(self, storage: CsvFiles, tmp_path: Path) -> None:
        known = storage.append("c1", [visitor("a")]).transcript
        assert storage.recent("c1") is known
        another(tmp_path).append("c1", [visitor("b")])
        assert seqs(storage) == [1, 2]

    def test_a_replaced_file_is_read_again(self, storage: CsvFiles, file: Path) -> None:
        storage.read("c1")
        copy = file.with_suffix(".copy")
        copy.write_bytes(file.read_bytes().replace(b",a,", b",A,"))
        copy.replace(file)
        assert storage.read("c1").rows[0].content == "A"

    def test_a_file_replaced_while_waiting_for_it_is_opened_again(
        self, storage: CsvFiles, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        backup = file.with_suffix(".backup")
        backup.hardlink_to(file)  # as link-based backups do: the old file lives on
        opened, flock = threading.Event(), fcntl.flock
        waiting = threading.Thread(target=storage.append, args=("c1", [visitor("d")]))
        with storage._alone("c1") as session:
            monkeypatch.setattr(fcntl, "flock", lambda *args: (opened.set(), flock(*args)))
            waiting.start()
            assert opened.wait(5)
            copy = file.with_suffix(".copy")
            copy.write_bytes(session.contents())
            copy.replace(file)
        waiting.join(5)
        assert len(file.read_bytes()) > len(backup.read_bytes())

    def test_readings_take_a_bounded_place(self, storage: CsvFiles, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(READINGS, "_most_rows", 5)
        for name in ("c1", "c2", "c3"):
            storage.append(name, [visitor("a")])
        assert [bool(storage.recent(name)) for name in ("c1", "c2", "c3")] == [False, True, True]

    def test_the_readings_used_last_stay(self, storage: CsvFiles, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(READINGS, "_most_rows", 5)
        storage.append("c1", [visitor("a")])
        storage.append("c2", [visitor("a")])
        storage.recent("c1")
        storage.append("c3", [visitor("a")])
        assert [bool(storage.recent(name)) for name in ("c1", "c2", "c3")] == [True, False, True]


class TestTornTails:
    def test_the_last_record_cut_at_any_byte_is_gone_and_nothing_else(self, file: Path, tmp_path: Path) -> None:
        whole = file.read_bytes()
        start = whole.index(b"m-k3")
        for cut in range(start, len(whole)):
            file.write_bytes(whole[:cut])
            storage = another(tmp_path)
            assert seqs(storage) == [1, 2], cut
            assert file.read_bytes() == whole[:start]
            assert storage.kept_aside("c1") == []

    def test_after_any_cut_the_row_can_be_stored_again(self, file: Path, tmp_path: Path) -> None:
        whole = file.read_bytes()
        for cut in range(whole.index(b"m-k3"), len(whole), 7):
            file.write_bytes(whole[:cut])
            again = another(tmp_path).append("c1", [visitor("c", "k3")])
            assert (again.fresh, again.rows[0].seq) == (1, "3")
            assert faults(file.read_bytes()) == []

    def test_a_first_write_cut_at_any_byte_is_no_conversation(self, storage: CsvFiles, tmp_path: Path) -> None:
        storage.append("c1", [visitor("a\r\n", "k1")])
        whole = path_of(storage).read_bytes()
        for cut in range(len(whole)):
            path_of(storage).write_bytes(whole[:cut])
            with pytest.raises(ConversationNotFound):
                another(tmp_path).read("c1")
            path_of(storage).write_bytes(whole[:cut])
            assert another(tmp_path).append("c1", [visitor("b")]).rows[0].seq == "1"
            assert faults(path_of(storage).read_bytes()) == []

    def test_a_tail_that_ends_in_crlf_inside_a_quote_is_torn(self, file: Path, tmp_path: Path) -> None:
        whole = file.read_bytes()
        file.write_bytes(whole[: whole.index(b'""x""\r\n') + 7])
        assert file.read_bytes().endswith(b"\r\n")
        assert seqs(another(tmp_path)) == [1, 2]

    @pytest.mark.parametrize("tail", [b"\0", b"\0" * 5000, b"m-4,c1,\0\0\0", b"m-4\0\r\n", b'"\r\n\0"\r\n'])
    def test_blocks_that_never_reached_the_disk_are_torn(self, file: Path, tmp_path: Path, tail: bytes) -> None:
        whole = file.read_bytes()
        file.write_bytes(whole + tail)
        assert seqs(another(tmp_path)) == [1, 2, 3]
        assert file.read_bytes() == whole

    @pytest.mark.parametrize("tail", [b"\xff\xfe\r\n", b"a,b\r\n", b"\xc3", b'x"y\r\n', b"\r\n", b"," * 29 + b"\r\n"])
    def test_whatever_is_no_record_is_cut(self, file: Path, tmp_path: Path, tail: bytes) -> None:
        file.write_bytes(file.read_bytes() + tail)
        assert another(tmp_path).append("c1", [visitor("d")]).rows[0].seq == "4"
        assert faults(file.read_bytes()) == []

    def test_raw_bytes_never_show_a_torn_tail(self, file: Path, tmp_path: Path) -> None:
        whole = file.read_bytes()
        file.write_bytes(whole + b"m-4,c1")
        storage = another(tmp_path)
        assert storage.bytes_as_stored("c1") == whole + b"m-4,c1"
        assert storage.raw("c1") == whole

    @pytest.mark.parametrize("error", [errno.EIO, errno.EMFILE, errno.ENOMEM])
    def test_a_disk_that_fails_for_a_moment_is_no_unreadable_conversation(
        self, storage: CsvFiles, file: Path, monkeypatch: pytest.MonkeyPatch, error: int
    ) -> None:
        disk = faulty_disk(monkeypatch)
        disk.arm(1, error, only="open", for_good=True)
        for look in (storage.read, storage.raw, storage.bytes_as_stored):
            with pytest.raises(Unavailable):
                look("c1")
        disk.arm(0)
        assert seqs(storage) == [1, 2, 3]


class TestForeignFiles:
    @pytest.fixture
    def place(self, storage: CsvFiles) -> Path:
        storage.folder.mkdir(parents=True)
        return path_of(storage)

    def test_an_ancestors_file_asks_to_be_imported(self, storage: CsvFiles, place: Path) -> None:
        data = ",".join(ANCESTOR_COLUMNS).encode() + b"\nm1,c1,u1,2025-01-01T00:00:00,user,oi,,,,\n"
        place.write_bytes(data)
        for touch in (storage.read, storage.raw, lambda name: storage.append(name, [visitor("a")])):
            with pytest.raises(AncestorConversation, match=r"conversation_c1\.csv.*import_conversations"):
                touch("c1")  # type: ignore[operator]
        assert place.read_bytes() == data

    def test_a_file_of_something_else_is_left_as_it_is(self, storage: CsvFiles, place: Path) -> None:
        place.write_bytes(b"name,phone\r\nAna,1\r\n")
        for touch in (storage.read, storage.raw, lambda name: storage.append(name, [visitor("a")])):
            with pytest.raises(UnreadableConversation, match="not the header of a conversation file"):
                touch("c1")  # type: ignore[operator]
        assert place.read_bytes() == b"name,phone\r\nAna,1\r\n"

    @pytest.mark.parametrize("data", [b"", HEADER, b"\0" * 10])
    def test_a_file_without_rows_is_no_conversation_yet(self, storage: CsvFiles, place: Path, data: bytes) -> None:
        place.write_bytes(data)
        assert not storage.exists("c1")
        with pytest.raises(ConversationNotFound):
            storage.read("c1")
        assert storage.append("c1", [visitor("a")]).rows[0].seq == "1"
        assert faults(place.read_bytes()) == []

    def test_an_ancestors_file_is_set_aside_whole(self, storage: CsvFiles, place: Path, tmp_path: Path) -> None:
        place.write_bytes(b"old")
        storage.set_aside("c1")
        assert (tmp_path / "alfa" / "ancestor" / place.name).read_bytes() == b"old"
        assert not place.exists()

    def test_setting_aside_never_overwrites(self, storage: CsvFiles, place: Path, tmp_path: Path) -> None:
        for text in ("old", "new"):
            place.write_text(text)
            if text == "old":
                storage.set_aside("c1")
        with pytest.raises(NotStored):
            storage.set_aside("c1")
        assert (tmp_path / "alfa" / "ancestor" / place.name).read_text() == "old"
        assert place.read_text() == "new"

    def test_other_names_in_the_folder_are_no_conversations(self, storage: CsvFiles, file: Path) -> None:
        for name in ("conversation_.csv", "conversation_a b.csv", "conversation_c1.restoring", "c2.csv", "notes.txt"):
            (storage.folder / name).write_bytes(file.read_bytes())
        (storage.folder / "conversation_folder.csv").mkdir()
        assert [entry.conversation_id for entry in storage.entries()] == ["c1"]


class TestLinks:
    @pytest.fixture
    def outside(self, tmp_path: Path) -> Path:
        """A sound conversation of somebody else, which a link may point to."""
        other = CsvFiles("other", root=tmp_path / "outside")
        other.append("c1", [visitor("secret")])
        return tmp_path / "outside" / "other" / "conversations"

    def refused(self, storage: CsvFiles, outside: Path) -> None:
        before = (outside / "conversation_c1.csv").read_bytes()
        READINGS.forget_all()
        for touch in (storage.read, storage.raw, storage.bytes_as_stored, lambda n: storage.append(n, [visitor("a")])):
            with pytest.raises(StorageError):
                touch("c1")  # type: ignore[operator]
        assert {path.name: path.read_bytes() for path in outside.iterdir()} == {"conversation_c1.csv": before}

    def test_a_linked_file_is_not_followed(self, storage: CsvFiles, outside: Path) -> None:
        storage.append("c2", [visitor("a")])
        path_of(storage).symlink_to(outside / "conversation_c1.csv")
        self.refused(storage, outside)
        assert [entry.conversation_id for entry in storage.entries()] == ["c2"]

    def test_a_linked_folder_is_not_followed(self, storage: CsvFiles, outside: Path) -> None:
        storage.folder.parent.mkdir()
        storage.folder.symlink_to(outside)
        self.refused(storage, outside)
        assert not storage.exists("c1")
        with pytest.raises(UnreadableConversation, match="symbolic link"):
            list(storage.entries())

    def test_a_linked_tenant_is_not_followed(self, storage: CsvFiles, outside: Path) -> None:
        storage.folder.parent.symlink_to(outside.parent)
        self.refused(storage, outside)
        with pytest.raises(NotStored, match="symbolic link"):
            storage.lease("c1")

    def test_a_dangling_link_makes_no_file(self, storage: CsvFiles, tmp_path: Path) -> None:
        storage.folder.mkdir(parents=True)
        path_of(storage).symlink_to(tmp_path / "made")
        with pytest.raises(StorageError):
            storage.append("c1", [visitor("a")])
        assert not (tmp_path / "made").exists()

    def test_the_data_folder_itself_may_be_a_link(self, tmp_path: Path) -> None:
        (tmp_path / "disk").mkdir()
        (tmp_path / "data").symlink_to(tmp_path / "disk")
        assert another(tmp_path / "data").append("c1", [visitor("a")]).fresh == 1
