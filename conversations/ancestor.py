"""Reads a conversation of the product's ancestor: ten columns, local times, no seq."""

import csv
import io
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from conversations.core.records import ANCESTOR_COLUMNS, CONVERSATION_ID, Role, Row, from_json, to_json

_ROLES = {
    Role.USER: ("visitor", "imported"),
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
    try:
        lines = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ImportFailed(f"this is no CSV in UTF-8: {error}") from error
    if not lines or tuple(lines[0]) != ANCESTOR_COLUMNS:
        raise ImportFailed(f"the first line must be {','.join(ANCESTOR_COLUMNS)}")
    old = [_checked(number, fields) for number, fields in enumerate(lines[1:], 2) if fields]
    if not old:
        raise ImportFailed("the file holds no rows")
    visitor = next((row.user_id for row in old if row.user_id), f"v_{old[0].session_id}"[:100])
    return [_converted(row, number, visitor, ZoneInfo(time_zone)) for number, row in enumerate(old, 1)]


def _checked(number: int, fields: list[str]) -> Row:
    if len(fields) != len(ANCESTOR_COLUMNS):
        raise ImportFailed(f"line {number} has {len(fields)} columns, expected {len(ANCESTOR_COLUMNS)}")
    row = Row(*fields)
    if not CONVERSATION_ID.match(row.session_id) or row.session_id.isdecimal():
        raise ImportFailed(f"line {number}: {row.session_id!r} cannot be a conversation's id")
    if any("\0" in value for value in fields):
        raise ImportFailed(f"line {number} holds a NUL character")
    return row


def _converted(row: Row, number: int, visitor: str, zone: ZoneInfo) -> Row:
    author, status = _ROLES.get(row.role, ("", ""))
    if not author:
        raise ImportFailed(f"row {number}: the role {row.role!r} is unknown")
    try:
        moment = datetime.fromisoformat(row.timestamp)
    except ValueError as error:
        raise ImportFailed(f"row {number}: {row.timestamp!r} is no time") from error
    moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    was = {"timestamp": row.timestamp, "user_id": row.user_id}
    extracted = row.extracted_info
    if extracted and not from_json(extracted):
        was["extracted_info"], extracted = extracted, ""
    return row._replace(
        user_id=visitor,
        timestamp=moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        extracted_info=extracted,
        channel="import",
        author=author,
        status=status,
        receipt=to_json({"ancestor": was}),
    )
