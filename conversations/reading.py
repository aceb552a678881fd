"""A conversation prepared for a reader's eyes: who said what when, how the replies came about, is the file sound."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from django.utils.formats import number_format
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from conversations.core.records import Role, Row, from_json
from conversations.core.transcript import Transcript
from conversations.storage import Storage, codec
from conversations.storage.base import ConversationNotFound, StorageError
from tenants_app.labels import label

PAGE_ROWS: Final = 200
FAULTS: Final = {
    "rate_limited": _("the model's provider was overloaded"),
    "timeout": _("the model took too long"),
    "unreachable": _("the model could not be reached"),
    "cut": _("the reply was cut off"),
    "invalid": _("the model's answer could not be used"),
    "refused": _("the model refused to answer"),
    "budget": _("the budget was used up"),
}
FACTS: Final = {"name": _("name"), "email": _("e-mail"), "phone": _("phone")}
SIDES: Final = {Role.USER: "visitor", Role.ASSISTANT: "assistant", Role.OPERATOR: "operator"}


@dataclass
class Line:
    """One row as it is shown; `new_day` opens a day, `details` tells how the reply it ends came about."""

    seq: str
    side: str
    name: str
    moment: datetime | None
    text: str
    new_day: bool = False
    broken: bool = False
    details: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Reading:
    """A page of a conversation. `reason` says why there is nothing to read; `broken` holds seqs, None unchecked."""

    lines: list[Line] = field(default_factory=list)
    facts: list[tuple[str, str]] = field(default_factory=list)
    broken: list[int] | None = None
    reason: str = ""
    older: int | None = None


def read(storage: Storage, conversation_id: str, before: int | None, names: Mapping[str, str]) -> Reading:
    """The newest rows, or those before a seq; `names` are the team's, by the `author` of their rows."""
    try:
        transcript = storage.read(conversation_id)
        data = storage.raw(conversation_id)
    except ConversationNotFound:
        return Reading(reason=gettext("There is no file for this conversation, or it holds no message."))
    except (StorageError, OSError) as error:
        return Reading(reason=str(error) or type(error).__name__)
    broken = codec.broken_links(data, transcript.rows)
    rows, more = transcript.before(before or len(transcript.rows) + 1, PAGE_ROWS)
    return Reading(
        lines=lines_of(rows, transcript, set(broken), names),
        facts=facts_of(transcript.summary.facts),
        broken=broken,
        older=int(rows[0].seq) if more else None,
    )


def lines_of(rows: Sequence[Row], transcript: Transcript, broken: set[int], names: Mapping[str, str]) -> list[Line]:
    """Rows as they are shown, in order."""
    lines: list[Line] = []
    day = None
    for row in rows:
        moment = _moment(row.timestamp)
        line = Line(row.seq, SIDES.get(row.role, "system"), _name(row, names), moment, row.content)
        line.new_day = moment is not None and moment.date() != day
        line.broken = int(row.seq) in broken
        if row.role == Role.ASSISTANT and row.status != "part":
            line.details = details_of(_parts(row, transcript))
        day = moment.date() if moment else day
        lines.append(line)
    return lines


def facts_of(facts: Mapping[str, str]) -> list[tuple[str, str]]:
    """What is known of the visitor, with readable names."""
    language = get_language() or "en"
    return [(str(FACTS.get(key) or label(key, language)), value) for key, value in facts.items()]


def details_of(parts: Sequence[Row]) -> list[tuple[str, str]]:
    """How a reply came about: labels and values, without what is empty."""
    last = parts[-1]
    receipt: dict[str, Any] = {}
    for part in parts:
        receipt.update(from_json(part.receipt))
    delay = receipt.pop("delay", None)
    found = [
        (gettext("Knowledge used"), _words(receipt.pop("knowledge", []))),
        (gettext("Fault"), str(FAULTS.get(last.error_code, last.error_code))),
        (gettext("Answered by"), " · ".join(filter(None, (last.provider, last.model)))),
        (gettext("Version"), " · ".join(filter(None, (last.version, last.variant)))),
        (gettext("Waited"), _milliseconds(parts[0].response_time_ms)),
        *_delays(delay if isinstance(delay, dict) else {}),
        (gettext("Tokens"), _tokens(last)),
        (gettext("Cost"), _dollars(last.cost_usd)),
        (gettext("Guardrails"), _words(receipt.pop("guardrails", []))),
        (gettext("Answers messages"), _words(receipt.pop("answers", []))),
        *((key.replace("_", " "), _words(value)) for key, value in receipt.items()),
    ]
    return [(name, value) for name, value in found if value]


def _parts(last: Row, transcript: Transcript) -> list[Row]:
    start = max(int(last.seq) - 60, 0)
    near = transcript.rows[start : int(last.seq)]
    return [row for row in near if row.reply_id == last.reply_id and row.role == Role.ASSISTANT] or [last]


def _name(row: Row, names: Mapping[str, str]) -> str:
    if row.role == Role.OPERATOR:
        return names.get(row.author, gettext("Team"))
    return {Role.USER: gettext("Visitor"), Role.ASSISTANT: gettext("Assistant")}.get(row.role, "")


def _delays(delay: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    names = {
        "queue": gettext("of this in the queue"),
        "first_token": gettext("of this until the model's first word"),
        "total": gettext("Whole reply after"),
    }
    return [(names.get(key, key), _milliseconds(str(value))) for key, value in delay.items()]


def _milliseconds(text: str) -> str:
    return f"{number_format(int(text) / 1000, 1)} s" if text.isdecimal() else ""


def _tokens(row: Row) -> str:
    if not (row.tokens_in or row.tokens_out):
        return ""
    values = {"read": row.tokens_in or "0", "cached": row.tokens_cached or "0", "written": row.tokens_out or "0"}
    return gettext("%(read)s read (%(cached)s cached), %(written)s written") % values


def _dollars(text: str) -> str:
    return f"US$ {number_format(text)}" if text else ""


def _words(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(_words, value))
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_words(inner)}" for key, inner in value.items())
    return "" if value is None else str(value)


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
