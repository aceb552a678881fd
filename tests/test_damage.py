"""Files damaged in their middle are refused and left alone; what an unfinished write leaves is cut (decision 0009)."""

from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path

import pytest

from conversations.core.records import Row
from conversations.storage.base import UnreadableConversation
from conversations.storage.codec import HEADER, decode, records
from conversations.storage.csv_files import READINGS, CsvFiles
from conversations.storage.tails import is_damage
from conversations.storage.verify import faults, is_torn
from tests.chat_cast import Chat
from tests.conversation_rows import part, visitor

BLOCK = 100  # far smaller than a disk's, so that a few short rows have many


@pytest.fixture
def storage(tmp_path: Path) -> CsvFiles:
    return CsvFiles("alfa", root=tmp_path)


@pytest.fixture
def file(storage: CsvFiles) -> Path:
    """A conversation of five rows in four writes: a visitor's, two parts, a visitor's, a part."""
    storage.append("c1", [visitor("a", "k1")])
    storage.append("c1", [part('b "x"\r\ny', of="r1", last=False, answers=[1]), part("c", of="r1", number=2)])
    storage.append("c1", [visitor("d", "k2")])
    storage.append("c1", [part("e", of="r2", answers=[4])])
    return storage.folder / "conversation_c1.csv"


def another(storage: CsvFiles) -> CsvFiles:
    """What a new process has."""
    READINGS.forget_all()
    return CsvFiles("alfa", root=storage.folder.parent.parent)


def pieces(data: bytes) -> list[bytes]:
    return [data[start:end] for start, end in records(data)]


def refused(storage: CsvFiles, file: Path, damaged: bytes) -> str:
    """How every way to the conversation refuses it; nothing of it may change."""
    file.write_bytes(damaged)
    said = set()
    ways: list[Callable[[CsvFiles], object]] = [
        lambda one: one.read("c1"),
        lambda one: one.raw("c1"),
        lambda one: one.append("c1", [visitor("new")]),
        lambda one: one.append("c1", [visitor("d", "k2")]),
    ]
    for way in ways:
        with pytest.raises(UnreadableConversation) as refusal:
            way(another(storage))
        said.add(str(refusal.value))
    assert file.read_bytes() == damaged
    assert storage.kept_aside("c1") == []
    assert not is_torn(damaged)
    [sentence] = said
    return sentence


CHANGES: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "the first row removed": lambda rows: rows[1:],
    "a row removed": lambda rows: [*rows[:2], *rows[3:]],
    "two rows swapped": lambda rows: [rows[0], rows[2], rows[1], *rows[3:]],
    "a row put in twice": lambda rows: [*rows[:4], rows[3], rows[4]],
    "the last row put in twice": lambda rows: [*rows, rows[4]],
    "a line put in": lambda rows: [*rows[:2], b"x\r\n", *rows[2:]],
    "a column added": lambda rows: [*rows[:3], rows[3].replace(b",web,", b",web,x,"), rows[4]],
    "a column added to the last row": lambda rows: [*rows[:4], rows[4].replace(b",web,", b",web,x,")],
    "another number": lambda rows: [*rows[:3], rows[3].replace(b",4,web", b",7,web"), rows[4]],
    "a quote opened": lambda rows: [*rows[:1], rows[1].replace(b",user", b',"user'), rows[2][:40] + b'"', *rows[2:]],
    "bytes that are no text": lambda rows: [*rows[:3], rows[3].replace(b",d,", b",\xff,"), rows[4]],
    "line ends of another system": lambda rows: [*rows[:3], *(row.replace(b"\r\n", b"\n") for row in rows[3:])],
}


@pytest.mark.parametrize("change", CHANGES)
def test_rows_that_do_not_go_on_are_refused_and_left_alone(storage: CsvFiles, file: Path, change: str) -> None:
    damaged = HEADER + b"".join(CHANGES[change](pieces(file.read_bytes())))
    said = refused(storage, file, damaged)
    assert "was changed, removed or moved" in said
    assert "verify_conversations" in said
    assert [fault for fault in faults(damaged) if fault in said]


def test_a_conversation_mended_by_hand_goes_on(storage: CsvFiles, file: Path) -> None:
    whole = file.read_bytes()
    refused(storage, file, HEADER + b"".join(pieces(whole)[1:]))
    file.write_bytes(whole)
    assert another(storage).append("c1", [visitor("f")]).rows[0].seq == "6"


def gaps(data: bytes, start: int, end: int) -> list[bytes]:
    """The data with every run of blocks between these places lost, whatever follows them."""
    places = range(start, end, BLOCK)
    return [
        data[:first] + bytes(min(last, end) - first) + data[min(last, end) :]
        for first in places
        for last in range(first + BLOCK, end + BLOCK, BLOCK)
    ]


def looks_damaged(data: bytes) -> bool:
    found = decode(data)
    return is_damage(data[found.good_size :], len(found.rows) + 1)


def with_gaps(data: bytes, start: int, end: int, step: int) -> Iterator[bytes]:
    """The data with every run of its bytes between these places lost, at places `step` apart and next to each other."""
    places = sorted({*range(start, end, step), *range(start, end, step + 1), end})
    for first, last in combinations(places, 2):
        yield data[:first] + bytes(last - first) + data[last:]


def test_no_gap_before_a_told_row_is_taken_for_an_unfinished_write(file: Path) -> None:
    whole = file.read_bytes()
    before_d = ends_on_disk(whole)[2]
    assert all(looks_damaged(data) for data in with_gaps(whole, len(HEADER), before_d, 11))


@pytest.mark.parametrize(("write", "step"), [("one short row", 1), ("the parts of a reply", 13), ("imported rows", 13)])
def test_no_gap_in_an_unfinished_write_is_taken_for_damage(
    storage: CsvFiles, file: Path, write: str, step: int
) -> None:
    before = file.read_bytes()
    another(storage).append("c1", UNFINISHED[write])
    whole = file.read_bytes()
    assert not any(looks_damaged(data) for data in with_gaps(whole, len(before), len(whole), step))


def ends_on_disk(data: bytes) -> list[int]:
    return [end for _, end in records(data)]


def test_a_gap_in_rows_that_were_told_is_refused(storage: CsvFiles, file: Path) -> None:
    whole = file.read_bytes()
    before_d = ends_on_disk(whole)[2]
    tried = gaps(whole, len(HEADER), before_d)
    for damaged in tried:
        refused(storage, file, damaged)
    assert len(tried) > 20


def test_a_lost_beginning_of_rows_that_were_told_is_refused(storage: CsvFiles, file: Path) -> None:
    whole = file.read_bytes()
    refused(storage, file, bytes(ends_on_disk(whole)[0]) + whole[ends_on_disk(whole)[0] :])


UNFINISHED: dict[str, list[Row]] = {
    "one short row": [visitor("Oi", "k9")],
    "one row": [visitor("long " * 100, "k9")],
    "a row of many lines": [visitor('"x",\r\n' * 60, "k9")],
    "the parts of a reply": [part(f"part {n}", of="r9", number=n, last=n == 5, answers=[6]) for n in range(1, 6)],
    "imported rows": [
        visitor(f"old {n}", timestamp=f"2027-01-01T00:00:0{n}.000Z")._replace(channel="import") for n in range(1, 6)
    ],
}


# A reply is never a conversation's first write.
@pytest.mark.parametrize(("write", "fresh"), [
    *((name, False) for name in UNFINISHED), *((name, True) for name in UNFINISHED if name != "the parts of a reply"),
])  # fmt: skip
def test_a_write_that_lost_any_of_its_blocks_is_cut_off(storage: CsvFiles, file: Path, write: str, fresh: bool) -> None:
    before = b"" if fresh else file.read_bytes()
    if fresh:
        file.unlink()
    another(storage).append("c1", UNFINISHED[write])
    whole = file.read_bytes()
    ends = [0, *ends_on_disk(whole)]
    tried = gaps(whole, len(before), len(whole))
    for torn in tried:
        file.write_bytes(torn)
        done = another(storage).append("c1", [visitor("after", "after")])
        good = max(end for end in ends if torn[:end] == whole[:end])
        assert file.read_bytes().startswith(whole[:good] or HEADER)
        assert int(done.rows[0].seq) == len(pieces(whole[:good])) + 1
        assert faults(file.read_bytes()) == []
    assert len(tried) > 2


@pytest.mark.parametrize("write", ["one row", "the parts of a reply"])
def test_a_gap_that_ends_in_the_first_cell_makes_no_whole_row(storage: CsvFiles, file: Path, write: str) -> None:
    before = file.read_bytes()
    another(storage).append("c1", UNFINISHED[write])
    whole = file.read_bytes()
    for lost in range(1, whole.index(b",", len(before)) - len(before) + 2):
        file.write_bytes(before + bytes(lost) + whole[len(before) + lost :])
        assert another(storage).append("c1", [visitor("after")]).rows[0].seq == "6"


def test_the_end_of_a_lost_write_is_kept_aside(storage: CsvFiles, file: Path, tmp_path: Path) -> None:
    before = file.read_bytes()
    another(storage).append("c1", UNFINISHED["the parts of a reply"])
    whole = file.read_bytes()
    torn = before + bytes(40) + whole[len(before) + 40 :]
    for _ in range(2):  # the same again is the same file
        file.write_bytes(torn)
        assert len(another(storage).read("c1").rows) == 5
    [kept] = storage.kept_aside("c1")
    assert Path(kept).read_bytes() == torn[len(before) :]
    assert Path(kept).parent == tmp_path / "alfa" / "quarantine"


async def test_the_visitor_goes_on_in_a_new_conversation(chat: Chat) -> None:
    tab = await chat.visitor()
    await tab.say("Oi")
    await tab.say("Olá")
    [file] = chat.settings.DATA_DIR.glob("alfa/conversations/*.csv")
    damaged = file.read_bytes().replace(*pieces(file.read_bytes())[1:2], b"")
    file.write_bytes(damaged)
    READINGS.forget_all()
    await tab.write("Ainda aí?", "k1")
    assert (await tab.frame())["code"] == "conversation_closed"
    other = await chat.again(tab)
    assert other.ready["conversation"] != tab.ready["conversation"]
    assert (await other.say("Ainda aí?", "k1"))[0]["type"] == "ack"
    assert file.read_bytes() == damaged
