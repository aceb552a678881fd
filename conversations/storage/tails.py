"""What follows the rows of a file that go on from each other: an unfinished write, or damage (docs/decisions/0009)."""

import re
from itertools import pairwise

from conversations.core.records import Role, Row
from conversations.storage.codec import row_of

_END_OF_RECORD = re.compile(rb",[0-9a-f]{64}\r?\n")


def holds_a_whole_record(tail: bytes) -> bool:
    """Whether it holds what looks like a finished record: kept aside when it is cut off."""
    return _END_OF_RECORD.search(tail) is not None


def is_damage(tail: bytes, following: int) -> bool:
    """Whether rows stand in the tail that no unfinished write explains; row `following` is where the file breaks off.

    A write that a crash cut off leaves the beginning of its bytes, or all of them with blocks of NULs where some never
    reached the disk. Only the parts of one reply, and the rows of an import, are written several at once; whatever
    else is whole behind a gap was synced after what stood in the gap, which therefore was on the disk too.
    """
    ends = [found.end() for found in _END_OF_RECORD.finditer(tail)]
    if not ends:
        return False
    first = tail[: ends[0]]
    if b"\0" not in first and first.count(b'"') % 2 == 0:
        return True  # a finished record, which only does not go on from the row before
    unfinished = _row(first)
    rows = [row for start, end in pairwise([0, *ends]) if (row := _row(tail[start:end]))]
    if unfinished and unfinished.seq == str(following):
        rows = rows[1:]  # the row that breaks off itself, when the gap ends within its first cell
    return bool(rows) and not _may_be_of_one_write(rows, following)


def told(tail: bytes, rows: int) -> str:
    """What the tail behind so many rows is, as a sentence."""
    if holds_a_whole_record(tail):
        where = f"the {len(tail)} bytes that follow row {rows}"
        return f"row {rows + 1} was changed, removed or moved: {where} do not go on"
    return f"{len(tail)} bytes after row {rows} are no whole record (a write that never finished)"


def _row(record: bytes) -> Row | None:
    row = row_of(record.rpartition(b"\0")[2])  # a gap may end where a record begins
    return row if row and row.seq.isdecimal() else None


def _may_be_of_one_write(rows: list[Row], following: int) -> bool:
    if all(row.channel == "import" for row in rows):
        return True
    first = rows[0]
    return (
        len({(row.role, row.reply_id, row.timestamp) for row in rows}) == 1
        and first.role == Role.ASSISTANT
        and first.part.isdecimal()
        # What is missing before it are parts of the same reply: there have to be as many.
        and int(first.part) > int(first.seq) - following
    )
