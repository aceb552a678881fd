"""Rows to the bytes of a conversation's CSV file and back, with the chain that makes changes show."""

import csv
import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from conversations.core.records import ANCESTOR_COLUMNS, COLUMNS, Row

CRLF = b"\r\n"
HEADER = ",".join(COLUMNS).encode() + CRLF
ANCESTOR_HEADER = ",".join(ANCESTOR_COLUMNS).encode()
CHAIN_DIGITS = 64

# The csv module's own limit (128 Ki characters a cell) would make a long answer look like a torn tail.
csv.field_size_limit(2**31 - 1)


class BadRow(ValueError):
    """A row that could be written but never read again."""


class BadFile(ValueError):
    """A file that is no conversation: its header is another one."""


class AncestorFile(BadFile):
    """A ten-column file of the product's ancestor: it must be imported first."""


def encode(row: Row, previous_chain: str) -> tuple[bytes, Row]:
    """One record as the bytes that go to disk, and the row with its chain (docs/csv-format.md). Raises BadRow."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow((*row[:-1], ""))
    try:
        record = text.getvalue().encode()[: -len(CRLF)]
    except UnicodeEncodeError as error:
        raise BadRow("a text holds half a surrogate pair") from error
    if b"\0" in record:
        raise BadRow("a text holds a NUL character")
    chain = hashlib.sha256(previous_chain.encode() + record).hexdigest()
    return record + chain.encode() + CRLF, row._replace(chain=chain)


def encode_all(rows: Iterable[Row], previous_chain: str) -> tuple[bytes, list[Row]]:
    """Several records that follow each other."""
    data, finished = [], []
    for row in rows:
        record, done = encode(row, previous_chain)
        data.append(record)
        finished.append(done)
        previous_chain = done.chain
    return b"".join(data), finished


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a file holds: its whole rows, and how many of its bytes they and the header take."""

    rows: list[Row]
    good_size: int


def decode(data: bytes) -> Decoded:
    """Read a file's bytes up to a torn tail. Raises AncestorFile or BadFile when the header is not ours.

    A torn tail is what follows the last whole record: no CRLF at its end, an open quote, a NUL (a block that
    never reached the disk), broken UTF-8 or a wrong number of columns.
    """
    if not data.startswith(HEADER):
        return _without_header(data)
    whole = _whole_records(data)
    try:
        rows = _rows(data[len(HEADER) : whole].decode())
        return Decoded(rows, whole)
    except (ValueError, TypeError, csv.Error):
        return _up_to_the_first_bad_record(data[:whole])


def _without_header(data: bytes) -> Decoded:
    if HEADER.startswith(data.split(b"\0", 1)[0]):
        return Decoded([], 0)  # a first write that never came to its end, or whose first block did not
    first = data.removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0].rstrip(b"\r")
    if first == ANCESTOR_HEADER:
        raise AncestorFile("the file has the ancestor's ten columns: import it (manage.py import_conversations)")
    raise BadFile("the first line is not the header of a conversation file")


def _whole_records(data: bytes) -> int:
    """How many bytes end with the last CRLF outside quotes (the whole file, nearly always)."""
    if b"\0" in data:
        data = data[: data.index(b"\0")]
    if data.endswith(CRLF) and data.count(b'"') % 2 == 0:
        return len(data)
    return max((end for _, end in records(data)), default=len(HEADER))


def records(data: bytes) -> Iterator[tuple[int, int]]:
    """Start and end of each whole record behind the header, CRLF included."""
    start = position = len(HEADER)
    open_quote = False
    while (found := data.find(CRLF, position)) >= 0:
        open_quote ^= data.count(b'"', position, found) % 2 == 1
        position = found + len(CRLF)
        if not open_quote:
            yield start, position
            start = position


def _rows(text: str) -> list[Row]:
    rows = [Row._make(fields) for fields in csv.reader(io.StringIO(text, newline=""), strict=True)]
    for number, row in enumerate(rows, 1):
        if row.seq != str(number):
            raise ValueError(f"record {number} has seq {row.seq!r}")
    return rows


def _up_to_the_first_bad_record(data: bytes) -> Decoded:
    rows: list[Row] = []
    good = len(HEADER)
    for start, end in records(data):
        row = row_of(data[start:end])
        if row is None or row.seq != str(len(rows) + 1):
            break
        rows.append(row)
        good = end
    return Decoded(rows, good)


def row_of(record: bytes) -> Row | None:
    """The row that a whole record holds; None when it is no record of ours."""
    try:
        [fields] = csv.reader(io.StringIO(record.decode(), newline=""), strict=True)
        return Row._make(fields)
    except (ValueError, TypeError, csv.Error):
        return None


def broken_links(data: bytes, rows: Sequence[Row]) -> list[int]:
    """The seqs whose chain value does not follow from the row before and their own bytes."""
    previous, broken = "", []
    for row, (start, end) in zip(rows, records(data), strict=False):
        record = data[start : end - len(CRLF) - CHAIN_DIGITS]
        if hashlib.sha256(previous.encode() + record).hexdigest() != row.chain:
            broken.append(int(row.seq))
        previous = row.chain
    return broken
