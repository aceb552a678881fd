"""The nouns of a conversation: its rows, as they lie in the CSV file, and what it is made of."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

CONVERSATION_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}\Z")


class Row(NamedTuple):
    """One row of a conversation's CSV: every value a text, as it lies on disk; empty is null.

    The columns and their order are the file's (docs/csv-format.md). `seq`, `timestamp` and `chain` are empty
    until the storage has appended the row.
    """

    message_id: str
    session_id: str
    user_id: str
    timestamp: str = ""
    role: str = ""
    content: str = ""
    intent: str = ""
    sentiment: str = ""
    extracted_info: str = ""
    response_time_ms: str = ""
    tenant_id: str = ""
    seq: str = ""
    channel: str = ""
    author: str = ""
    client_id: str = ""
    reply_id: str = ""
    part: str = ""
    status: str = ""
    error_code: str = ""
    language: str = ""
    version: str = ""
    variant: str = ""
    provider: str = ""
    model: str = ""
    tokens_in: str = ""
    tokens_cached: str = ""
    tokens_out: str = ""
    cost_usd: str = ""
    receipt: str = ""
    chain: str = ""


COLUMNS: Final = Row._fields
ANCESTOR_COLUMNS: Final = COLUMNS[:10]


class Role:
    """Who a row speaks for, by the names of the `role` column."""

    USER: Final = "user"
    ASSISTANT: Final = "assistant"
    OPERATOR: Final = "operator"
    SYSTEM: Final = "system"


class Status:
    """Who answers a conversation: the `status` of protocol frames and of sessions.csv."""

    ASSISTANT: Final = "assistant"
    WAITING: Final = "waiting"
    OPERATOR: Final = "operator"
    CLOSED: Final = "closed"


def to_json(value: Mapping[str, Any]) -> str:
    """A JSON column's text: compact, sorted keys, empty text for an empty mapping."""
    if not value:
        return ""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def from_json(text: str) -> dict[str, Any]:
    """A JSON column's value; {} for an empty cell or one that holds no JSON object (a file written by others)."""
    if not text:
        return {}
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
