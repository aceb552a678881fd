"""No cell that an auditor takes away is a formula, whatever stood in it, and every one can be had back."""

import csv
import io
import re
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from conversations import schema
from conversations.exports import audit_copy
from conversations.reports import csv_lines
from conversations.schema import PATTERNS, Kind
from conversations.spreadsheet import Audit, ExcelBr, Flavour, unguarded
from conversations.storage import codec
from tests.conversation_rows import numbered, visitor

STARTS = re.compile("[=+\\-@\t\r\n\0]")
FLAVOURS: list[Flavour] = [Audit(), ExcelBr(ZoneInfo("America/Sao_Paulo"))]
EVERY_COLUMN = [column for columns in schema.TABLES.values() for column in columns]
COMMANDS = ["cmd|' /C calc'!A0", 'HYPERLINK("http://x.example","y")', "1+1", "SUM(1;1)", "", "1", "\U0001f403"]

BEFORE = ["", "'", "''", '"', " ", ";", "\ufeff", "\u200b", "'\""]
STARTING = "=+-@\t\r\n\0;,\"'x1\uff1d"
HOSTILE = [before + start + command for before in BEFORE for start in STARTING for command in COMMANDS]
anything = st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(codec="utf-8"), max_size=40))
valid = st.one_of(*(st.from_regex(pattern, fullmatch=True) for pattern in PATTERNS.values()))


def check(flavour: Flavour, value: str) -> None:
    """In every column the value is no formula, and can be had back."""
    for column in EVERY_COLUMN:
        cell = flavour.cells([column], [value])[0]
        if STARTS.match(cell):  # a number below zero or a phone, which are checked to be no more than that
            assert column.holds(value)
            assert column.kind in {Kind.NUMBER, Kind.PHONE}
        if not column.holds(value):
            assert unguarded(cell) == value
        elif isinstance(flavour, Audit):
            assert cell == value


@pytest.mark.parametrize("flavour", FLAVOURS, ids=["audit", "excel-br"])
def test_no_cell_of_any_column_starts_like_a_formula(flavour: Flavour) -> None:
    for value in HOSTILE:
        check(flavour, value)


@pytest.mark.parametrize("flavour", FLAVOURS, ids=["audit", "excel-br"])
@given(value=st.one_of(anything, valid))
def test_nor_does_whatever_else_a_cell_may_hold(flavour: Flavour, value: str) -> None:
    check(flavour, value)


@pytest.mark.parametrize("flavour", FLAVOURS, ids=["audit", "excel-br"])
@given(rows=st.lists(st.lists(anything, min_size=30, max_size=30), max_size=3))
@example(rows=[['=1+1\r\n"x",;'] * 30])
def test_what_is_written_is_read_back_cell_by_cell(flavour: Flavour, rows: list[list[str]]) -> None:
    wanted = [flavour.cells(schema.CONVERSATIONS, row) for row in rows]
    header = flavour.header(schema.CONVERSATIONS)
    text = b"".join(csv_lines(header, wanted, flavour.delimiter)).decode()
    read = list(csv.reader(io.StringIO(text, newline=""), delimiter=flavour.delimiter, strict=True))
    assert read == [header, *wanted]
    assert _cells(text, flavour.delimiter) == [header, *wanted]


def _cells(text: str, delimiter: str) -> list[list[str]]:
    """RFC 4180 read by the letter, by somebody who does not know our library."""
    record, found = [], []
    for quoted, plain, end in re.findall(rf'(?:"((?:[^"]|"")*)"|([^"{delimiter}\r\n]*))({delimiter}|\r\n)', text):
        record.append(quoted.replace('""', '"') or plain)
        if end == "\r\n":
            found.append(record)
            record = []
    return found


@given(texts=st.lists(anything.filter(lambda text: "\0" not in text), min_size=1, max_size=4))
def test_an_undone_audit_copy_is_the_file_byte_by_byte(texts: list[str]) -> None:
    rows = numbered(*(visitor(text, f"={number}") for number, text in enumerate(texts)))
    data = codec.HEADER + codec.encode_all(rows, "")[0]
    copy = b"".join(audit_copy(Audit(), data, codec.decode(data).rows)).decode()
    header, *cells = csv.reader(io.StringIO(copy, newline=""), strict=True)
    assert b"".join(csv_lines(header, [[unguarded(cell) for cell in row] for row in cells])) == data
