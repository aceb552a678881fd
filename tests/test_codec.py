"""Rows to bytes and back: nothing is lost, and whatever is changed later shows."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.core.records import COLUMNS, Row
from conversations.storage import codec
from conversations.storage.verify import faults, is_torn
from tests.conversation_rows import numbered, visitor

# Any text a file can hold, with the characters that make CSV hard much more often than chance would have it.
TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0") | st.sampled_from("\",\r\n;'=\t\ufeff🙂")
)
ROWS = st.lists(st.tuples(TEXT, TEXT, TEXT, TEXT), min_size=1, max_size=4).map(
    lambda rows: numbered(*(Row(a, "c1", b, content=c, role="user", receipt=d) for a, b, c, d in rows))
)


def file_of(rows: list[Row]) -> bytes:
    return codec.HEADER + codec.encode_all(rows, "")[0]


@pytest.fixture
def five() -> list[bytes]:
    """The records of five rows, the third of several lines."""
    data = file_of(numbered(*(visitor(text, f"k{text[:1]}") for text in ("a", "b", 'c\r\n"x"', "d", "e"))))
    return [data[start:end] for start, end in codec.records(data)]


@given(ROWS)
def test_what_was_encoded_is_decoded(rows: list[Row]) -> None:
    data, finished = codec.encode_all(rows, "")
    decoded = codec.decode(codec.HEADER + data)
    assert decoded.rows == finished
    assert decoded.good_size == len(codec.HEADER + data)


@given(ROWS)
def test_any_reader_of_rfc_4180_reads_the_same(rows: list[Row]) -> None:
    text = file_of(rows).decode()
    assert [tuple(row[:-1]) for row in csv.reader(io.StringIO(text, newline=""))][1:] == [row[:-1] for row in rows]


@given(ROWS)
def test_every_record_is_found_in_the_bytes(rows: list[Row]) -> None:
    data = file_of(rows)
    found = [data[start:end] for start, end in codec.records(data)]
    assert codec.HEADER + b"".join(found) == data
    assert len(found) == len(rows)


@given(ROWS, st.data())
def test_a_changed_byte_is_found(rows: list[Row], data: st.DataObject) -> None:
    sound = file_of(rows)
    position = data.draw(st.integers(0, len(sound) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda value: value != sound[position]))
    assert faults(sound) == []
    assert faults(sound[:position] + bytes([other]) + sound[position + 1 :]) != []


@given(ROWS, st.data())
def test_a_file_cut_anywhere_holds_the_rows_that_are_whole(rows: list[Row], data: st.DataObject) -> None:
    sound = file_of(rows)
    cut = data.draw(st.integers(0, len(sound) - 1))
    ends = [end for _, end in codec.records(sound) if end <= cut]
    decoded = codec.decode(sound[:cut])
    assert [row[:-1] for row in decoded.rows] == [row[:-1] for row in rows[: len(ends)]]
    assert decoded.good_size == (ends[-1] if ends else len(codec.HEADER) if cut >= len(codec.HEADER) else 0)


@pytest.mark.parametrize("gone", range(4))
def test_a_removed_row_is_named(five: list[bytes], gone: int) -> None:
    [fault] = faults(codec.HEADER + b"".join(five[:gone] + five[gone + 1 :]))
    assert fault.startswith(f"row {gone + 1} was changed, removed or moved")


def test_swapped_rows_are_named(five: list[bytes]) -> None:
    five[1], five[2] = five[2], five[1]
    [fault] = faults(codec.HEADER + b"".join(five))
    assert fault.startswith("row 2 was changed, removed or moved")


def test_a_row_put_in_twice_is_named(five: list[bytes]) -> None:
    [fault] = faults(codec.HEADER + b"".join([*five[:2], five[1], *five[2:]]))
    assert fault.startswith("row 3 was changed, removed or moved")


def test_a_row_renumbered_to_hide_a_removed_one_breaks_the_chain(five: list[bytes]) -> None:
    moved = five[4].replace(b",alfa", b"").replace(b",5,web", b",4,web")
    assert faults(codec.HEADER + b"".join([*five[:3], moved])) == [
        "row 4 was changed, or one before it was removed or moved"
    ]


def test_the_changed_row_is_the_only_one_named(five: list[bytes]) -> None:
    data = codec.HEADER + b"".join(five).replace(b",d,", b",D,")
    assert codec.broken_links(data, codec.decode(data).rows) == [4]


def test_a_client_id_in_two_rows_is_named() -> None:
    data = file_of(numbered(visitor("a", "k1"), visitor("b", "k2"), visitor("c", "k1")))
    assert faults(data) == ["client_id 'k1' stands in more than one row"]


def test_only_an_unfinished_write_counts_as_torn(five: list[bytes]) -> None:
    whole = codec.HEADER + b"".join(five)
    assert is_torn(whole[:-1])
    assert is_torn(whole + b"\0" * 4096)
    assert not is_torn(whole)
    assert not is_torn(codec.HEADER + b"".join(five[:1] + five[2:]))
    assert not is_torn(b"a,b\r\n")


def test_a_file_that_is_none_of_ours_says_so() -> None:
    assert faults(b"a,b\r\n1,2\r\n") == ["the first line is not the header of a conversation file"]
    [fault] = faults(",".join(COLUMNS[:10]).encode() + b"\r\n")
    assert "import_conversations" in fault


@pytest.mark.parametrize("empty", [b"", b"\0" * 100, codec.HEADER[:1], codec.HEADER[:-1], codec.HEADER])
def test_a_file_without_a_row_is_an_empty_conversation(empty: bytes) -> None:
    assert codec.decode(empty).rows == []


@pytest.mark.parametrize("text", ["\0", "\ud83d"])
def test_a_row_that_could_not_be_read_again_is_not_encoded(text: str) -> None:
    with pytest.raises(codec.BadRow):
        codec.encode(visitor(text), "")
