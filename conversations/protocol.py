"""The frames of the WebSocket protocol, version 1: what comes is typed at the door, what goes is encoded here."""

import json
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta, Struct

from conversations.core.records import Role, Row

VERSION = 1
MAX_FRAME_BYTES = 64 * 1024
MAX_TEXT = 4000
MAX_HISTORY = 200
MAX_HISTORY_BYTES = 1_000_000

Seq = Annotated[int, Meta(ge=0)]
ClientId = Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^[\x20-\x7e]+\Z")]
Short = Annotated[str, Meta(max_length=2000)]


class BadFrame(Exception):
    """A frame that means nothing; `client_id` names the message it would have been, when it said so."""

    def __init__(self, detail: str, client_id: str | None = None) -> None:
        super().__init__(detail)
        self.detail, self.client_id = detail, client_id


class Refusal(Exception):
    """Why something a visitor asked for is not done; `code` is one of the protocol's error codes."""

    def __init__(self, code: str, *, client_id: str | None = None, retry_after: float | None = None) -> None:
        super().__init__(code)
        self.code, self.client_id, self.retry_after = code, client_id, retry_after


class Hello(Struct, tag="hello"):
    """Who is there and what they have seen."""

    visitor: str | None = None
    conversation: str | None = None
    last_seen: Seq = 0
    locale: Annotated[str, Meta(max_length=35)] = ""
    page: Short | None = None
    version: Any = None


class Message(Struct, tag="message"):
    """The visitor's words."""

    client_id: ClientId
    text: str


class Sync(Struct, tag="sync"):
    """Asks for rows after or before a seq."""

    after: Seq | None = None
    before: Seq | None = None


class Typing(Struct, tag="typing"):
    """The visitor is typing."""


class Consent(Struct, tag="consent"):
    """The visitor agrees, or no longer does, to a version of the consent text."""

    version: Annotated[str, Meta(min_length=1, max_length=100)]
    granted: bool


class Rate(Struct, tag="rate"):
    """The visitor's rating."""

    score: Annotated[int, Meta(ge=1, le=5)]
    comment: Annotated[str, Meta(max_length=4000)] | None = None


class Handoff(Struct, tag="handoff"):
    """Asks for a person."""


class End(Struct, tag="end"):
    """The visitor closes the conversation."""


Frame = Hello | Message | Sync | Typing | Consent | Rate | Handoff | End


_decoder = msgspec.json.Decoder(Frame)


def parse(text: str) -> Frame:
    """Read one client frame. Raises BadFrame for anything malformed."""
    try:
        frame: Frame = _decoder.decode(text)
    except (msgspec.MsgspecError, RecursionError, UnicodeEncodeError) as error:
        raise BadFrame(str(error)[:200], client_id_of(text)) from None
    if isinstance(frame, Sync) and (frame.after is None) == (frame.before is None):
        raise BadFrame("sync takes either `after` or `before`")
    # The escape of NUL is the only way one gets here: looked for in the frame, so that every field is covered.
    if "\\u0000" in text and _holds_nul(frame):
        raise BadFrame("a text holds a NUL character", getattr(frame, "client_id", None))
    return frame


def _holds_nul(frame: Frame) -> bool:
    return any(isinstance(value, str) and "\0" in value for value in msgspec.structs.astuple(frame))


def client_id_of(text: str) -> str | None:
    """The client id of a frame that is a message, as far as it can be told; None for any other."""
    try:
        # The library's own reader is more patient: it reads on behind half a surrogate pair.
        found = json.loads(text)
        return msgspec.convert(found["client_id"], ClientId) if found["type"] == "message" else None
    except (ValueError, LookupError, TypeError, RecursionError):
        return None


def as_message(row: Row, names: dict[str, str] | None = None) -> dict[str, Any]:
    """A row as the protocol's message; `names` gives operators' display names by author."""
    message: dict[str, Any] = {
        "id": row.message_id,
        "seq": int(row.seq),
        "role": row.role,
        "content": row.content,
        "timestamp": row.timestamp,
        "reply": row.reply_id or None,
        "part": int(row.part) if row.part else None,
        "author": row.author,
    }
    if row.role == Role.OPERATOR and names and row.author in names:
        message["name"] = names[row.author]
    return message


def encode(frame: dict[str, Any]) -> str:
    """A server frame as it goes out."""
    return msgspec.json.encode(frame).decode()


def message_frame(row: Row) -> str:
    """A finished row."""
    return encode({"type": "message", "message": as_message(row)})


def history_frame(rows: Sequence[Row], more: bool, *, newest: bool = False) -> str:
    """The answer to a sync; of rows too large for one frame the first ones, or the `newest`, and `more` is true."""
    messages, cut = history(rows, newest=newest)
    return encode({"type": "history", "messages": messages, "more": more or cut})


def history(rows: Sequence[Row], *, newest: bool) -> tuple[list[msgspec.Raw], bool]:
    """The first rows, or the newest, that one frame may hold, in order; and whether others had to be left out."""
    found: list[msgspec.Raw] = []
    size = 0
    for row in reversed(rows) if newest else rows:
        message = msgspec.json.encode(as_message(row))
        size += len(message)
        if found and size > MAX_HISTORY_BYTES:
            break
        found.append(msgspec.Raw(message))
    return found[::-1] if newest else found, len(found) < len(rows)


def ack_frame(client_id: str, row: Row) -> str:
    """The visitor's row is durably on disk."""
    return encode({"type": "ack", "client_id": client_id, "message": as_message(row)})


def typing_frame(on: bool) -> str:
    """Somebody is writing, or no longer."""
    return encode({"type": "typing", "on": on})


def delta_frame(reply: str, part: int, text: str) -> str:
    """The next piece of the part being written."""
    return encode({"type": "delta", "reply": reply, "part": part, "text": text})


def done_frame(reply: str, seq: int) -> str:
    """The turn is over."""
    return encode({"type": "done", "reply": reply, "seq": seq})


def status_frame(status: str, operator: str | None = None) -> str:
    """Who answers now."""
    frame = {"type": "status", "status": status}
    return encode(frame | ({"operator": operator} if operator else {}))


class Errors:
    """The sentences behind the error codes; clients show their own words by code."""

    DETAIL: ClassVar[dict[str, str]] = {
        "bad_frame": "The frame could not be understood.",
        "too_long": f"The text is longer than {MAX_TEXT} characters.",
        "empty": "The text is empty.",
        "rate_limited": "Too many messages; try again later.",
        "consent_required": "Consent is needed before the first message.",
        "conversation_closed": "The conversation is closed; say hello again for a new one.",
        "not_stored": "Nothing was saved; keep the message and send it again.",
        "unavailable": "The service cannot answer right now; try again.",
    }


def error_frame(
    code: str, detail: str | None = None, client_id: str | None = None, retry_after: float | None = None
) -> str:
    """Why something was not done."""
    frame: dict[str, Any] = {"type": "error", "code": code, "detail": detail or Errors.DETAIL[code]}
    if client_id is not None:
        frame["client_id"] = client_id
    if retry_after is not None:
        frame["retry_after"] = max(1, round(retry_after + 0.5))
    return encode(frame)
