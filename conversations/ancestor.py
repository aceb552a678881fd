"""Reads a conversation of the product's ancestor: ten columns, local times, no seq."""

import csv
import io
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from conversations.core.facts import facts_told
from conversations.core.records import ANCESTOR_COLUMNS, CONVERSATION_ID, Role, Row, from_json, to_json
from conversations.storage.codec import HEADER

_ROLES = {
    Role.USER: ("visitor", "received"),
    Role.ASSISTANT: ("assistant", "complete"),
    Role.SYSTEM: ("visitor", "sent"),
}


class ImportFailed(ValueError):
    """The file cannot be imported; the message says why."""


def convert(data: bytes, time_zone: str) -> list[Row]:
    """The file's rows in our columns, in its order. Nothing of it is lost: a value we must write in another form
    (a local time, a cell of free text in a JSON column) is kept as it was in the row's receipt.

    `time_zone` is that of the ancestor's clock. Raises ImportFailed.
    """
    lines = _lines(data)
    if not lines or tuple(lines[0]) != ANCESTOR_COLUMNS:
        raise ImportFailed(f"the first line must be {','.join(ANCESTOR_COLUMNS)}")
    # Rows are counted as a spreadsheet shows them: the header is row 1.
    old = [_checked(number, fields) for number, fields in enumerate(lines[1:], 2) if fields]
    if not old:
        raise ImportFailed("the file holds no rows")
    if others := {row.session_id for row in old} - {old[0].session_id}:
        raise ImportFailed(f"it holds rows of two conversations, {old[0].session_id!r} and {min(others)!r}")
    visitor = next((row.user_id for row in old if row.user_id), f"v_{old[0].session_id}"[:100])
    return _as_replies([_converted(row, visitor, ZoneInfo(time_zone)) for row in old])


def _as_replies(rows: list[Row]) -> list[Row]:
    """The rows with what the ancestor did not write down: which belong to one reply, to what, and what was told."""
    done: list[Row] = []
    waiting: list[int] = []
    for seq, row in enumerate(rows, 1):
        if row.role == Role.ASSISTANT:
            last = seq == len(rows) or rows[seq].role != Role.ASSISTANT
            done.append(_part(row, done, waiting, last))
            waiting = []
        elif row.role == Role.USER:
            waiting.append(seq)
            done.append(row._replace(extracted_info=row.extracted_info or to_json(facts_told(row.content, done))))
        else:
            done.append(row)
    return done


def _part(row: Row, before: list[Row], answers: list[int], last: bool) -> Row:
    goes_on = bool(before) and before[-1].role == Role.ASSISTANT
    reply_id = before[-1].reply_id if goes_on else f"r_{row.message_id}"[:100]
    part = int(before[-1].part) + 1 if goes_on else 1
    receipt = from_json(row.receipt) | ({} if goes_on else {"answers": answers})
    status = "complete" if last else "part"
    return row._replace(reply_id=reply_id, part=str(part), status=status, receipt=to_json(receipt))


def _lines(data: bytes) -> list[list[str]]:
    if data.startswith(HEADER):
        raise ImportFailed("this is a conversation of ours already: its place is DATA_DIR/<tenant>/conversations/")
    try:
        return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))
    except UnicodeDecodeError as error:
        raise ImportFailed(f"the file is not in UTF-8 (byte {error.start})") from error
    except csv.Error as error:
        raise ImportFailed(f"the file is no whole CSV: {error}") from error


def _checked(number: int, fields: list[str]) -> Row:
    if len(fields) != len(ANCESTOR_COLUMNS):
        raise ImportFailed(f"row {number} has {len(fields)} columns, expected {len(ANCESTOR_COLUMNS)}")
    row = Row(*fields)
    if any("\0" in value for value in fields):
        raise ImportFailed(f"row {number} holds a NUL character")
    if not CONVERSATION_ID.match(row.session_id) or row.session_id.isdecimal():
        raise ImportFailed(f"row {number}: {row.session_id!r} cannot be a conversation's id")
    if row.role not in _ROLES:
        raise ImportFailed(f"row {number}: the role {row.role!r} is unknown ({', '.join(_ROLES)})")
    return row._replace(seq=str(number))


def _converted(row: Row, visitor: str, zone: ZoneInfo) -> Row:
    author, status = _ROLES[row.role]
    was = {"timestamp": row.timestamp, "user_id": row.user_id}
    extracted = _compact(row.extracted_info)
    if extracted != row.extracted_info:
        was["extracted_info"] = row.extracted_info
    return row._replace(
        seq="",
        user_id=visitor,
        timestamp=_utc(row, zone),
        extracted_info=extracted,
        channel="import",
        author=author,
        status=status,
        receipt=to_json({"ancestor": was}),
    )


def _compact(text: str) -> str:
    compact = to_json(from_json(text))
    try:
        compact.encode()
    except UnicodeEncodeError:  # an escaped half of a surrogate pair
        return ""
    return compact


def _utc(row: Row, zone: ZoneInfo) -> str:
    try:
        moment = datetime.fromisoformat(row.timestamp)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
        return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (ValueError, OverflowError) as error:
        raise ImportFailed(f"row {row.seq}: {row.timestamp!r} is no time") from error
