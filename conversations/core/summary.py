"""What a conversation amounts to: a fold over its rows, the same one by one or all at once."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from conversations.core.records import Role, Row, Status, from_json

PREVIEW_CHARS = 120
_COUNT = re.compile(r"[0-9]{1,9}\Z")
_COST = re.compile(r"[0-9]{1,6}(\.[0-9]{1,12})?\Z")


@dataclass(slots=True)
class Summary:
    """A conversation's index entry, made of nothing but its rows (so that it can always be made again).

    Whatever a file edited by hand holds in a cell, it can be summed up: what is no number counts nothing.
    Times are the rows' own texts (UTC, ISO 8601). `unanswered` holds the seqs of visitor rows that no reply
    names in its first part's receipt; `open_reply` is the id of a reply whose last part is not on disk.
    """

    conversation_id: str = ""
    visitor_id: str = ""
    channel: str = ""
    language: str = ""
    status: str = Status.ASSISTANT
    started_at: str = ""
    last_at: str = ""
    last_seq: int = 0
    preview: str = ""
    visitor_messages: int = 0
    assistant_messages: int = 0
    operator_messages: int = 0
    first_response_ms: int | None = None
    version: str = ""
    variant: str = ""
    tokens_in: int = 0
    tokens_cached: int = 0
    tokens_out: int = 0
    cost_usd: Decimal = Decimal(0)
    facts: dict[str, str] = field(default_factory=dict)
    intent: str = ""
    page_origin: str = ""
    consent_version: str = ""
    consent_granted: bool | None = None
    consent_at: str = ""
    score: int | None = None
    comment: str = ""
    handoff_at: str = ""
    handoff_reason: str = ""
    closed_at: str = ""
    closed_by: str = ""
    unanswered: list[int] = field(default_factory=list)
    open_reply: str = ""
    greeted: bool = False

    def add(self, row: Row) -> None:
        """Take in the next row of the conversation."""
        self.conversation_id = self.conversation_id or row.session_id
        self.visitor_id = row.user_id or self.visitor_id
        self.channel = self.channel or row.channel
        self.started_at = self.started_at or row.timestamp
        self.last_at, self.last_seq = row.timestamp, int(row.seq)
        {
            Role.USER: self._add_visitor,
            Role.ASSISTANT: self._add_assistant,
            Role.OPERATOR: self._add_operator,
        }.get(row.role, self._add_system)(row)

    def extend(self, rows: Iterable[Row]) -> None:
        """Take in several rows, in order."""
        for row in rows:
            self.add(row)

    def _add_visitor(self, row: Row) -> None:
        self.visitor_messages += 1
        self.preview = row.content[:PREVIEW_CHARS]
        self.language = row.language or self.language
        if row.status == "received":
            self.unanswered.append(int(row.seq))
        self._learn(row)
        if row.receipt and not self.page_origin:
            self.page_origin = _text(from_json(row.receipt).get("origin"))

    def _learn(self, row: Row) -> None:
        if row.extracted_info:
            known = from_json(row.extracted_info)
            self.facts.update({key: value for key, value in known.items() if isinstance(value, str) and value})

    def _add_assistant(self, row: Row) -> None:
        self.assistant_messages += 1
        self.preview = row.content[:PREVIEW_CHARS]
        self.version, self.variant = row.version or self.version, row.variant or self.variant
        self.intent = row.intent or self.intent
        self.greeted = True
        if self.first_response_ms is None and _COUNT.match(row.response_time_ms):
            self.first_response_ms = int(row.response_time_ms)
        self.open_reply = "" if row.status == "complete" else row.reply_id
        if row.part == "1":
            self._answer(row)
        if row.tokens_in or row.tokens_out or row.cost_usd:
            self._spend(row)

    def _answer(self, row: Row) -> None:
        answers = from_json(row.receipt).get("answers", [])
        if isinstance(answers, list):
            self.unanswered = [seq for seq in self.unanswered if seq not in answers]

    def _spend(self, row: Row) -> None:
        self.tokens_in += _count(row.tokens_in)
        self.tokens_cached += _count(row.tokens_cached)
        self.tokens_out += _count(row.tokens_out)
        self.cost_usd += Decimal(row.cost_usd) if _COST.match(row.cost_usd) else 0

    def _add_operator(self, row: Row) -> None:
        self.operator_messages += 1
        self.preview = row.content[:PREVIEW_CHARS]

    def _add_system(self, row: Row) -> None:
        receipt = from_json(row.receipt)
        match receipt.get("event"):
            case "consent":
                self.consent_version = _text(receipt.get("version"))
                self.consent_granted = receipt.get("granted") is True
                self.consent_at = row.timestamp
            case "rate":
                self.score, self.comment = _score(receipt.get("score")), _text(receipt.get("comment"))
            case "handoff":
                self.status = Status.WAITING
                self.handoff_at = self.handoff_at or row.timestamp
                self.handoff_reason = _text(receipt.get("reason")) or "asked"
            case "end":
                self.status = Status.CLOSED
                self.closed_at, self.closed_by = row.timestamp, row.author or "visitor"
                self.unanswered = []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _count(text: str) -> int:
    return int(text) if _COUNT.match(text) else 0


def _score(value: Any) -> int | None:
    return value if type(value) is int and 1 <= value <= 5 else None
