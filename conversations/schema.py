"""The columns of the three CSV files: names, kinds and meanings, from which exports and documents are made."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

VERSION: Final = 1


class Kind(StrEnum):
    """What a column's cells are; every kind but TEXT and JSON has a pattern that its cells are checked against."""

    ID = "id"
    NUMBER = "number"
    TIME = "time"
    PHONE = "phone"
    CODE = "code"
    HASH = "hash"
    FLAG = "flag"
    JSON = "json"
    TEXT = "text"


PATTERNS: Final[dict[Kind, re.Pattern[str]]] = {
    Kind.ID: re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:@-]*\Z"),
    Kind.NUMBER: re.compile(r"-?[0-9]+(\.[0-9]+)?\Z"),
    Kind.TIME: re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z\Z"),
    Kind.PHONE: re.compile(r"\+[1-9][0-9]{6,14}\Z"),
    Kind.CODE: re.compile(r"[A-Za-z][A-Za-z0-9_:-]*\Z"),
    Kind.HASH: re.compile(r"[0-9a-f]{64}\Z"),
    Kind.FLAG: re.compile(r"(true|false)\Z"),
}


@dataclass(frozen=True)
class Column:
    """One column: its name in the header, the kind of its cells and what they mean."""

    name: str
    kind: Kind
    meaning: str | Promise

    def holds(self, value: str) -> bool:
        """Whether the cell has the shape of its kind; never for free text, which may hold anything."""
        pattern = PATTERNS.get(self.kind)
        return pattern is not None and pattern.match(value) is not None

    def meaning_in(self, language: str) -> str:
        """The meaning in one of settings.LANGUAGES."""
        with override(language):
            return str(self.meaning)


CONVERSATIONS: Final = (
    Column("message_id", Kind.ID, _("Id of the message, never used twice.")),
    Column("session_id", Kind.ID, _("Id of the conversation; the file is named after it.")),
    Column("user_id", Kind.ID, _("Id of the visitor.")),
    Column("timestamp", Kind.TIME, _("When the row was stored.")),
    Column("role", Kind.CODE, _("Who speaks: user (the visitor), assistant, operator or system.")),
    Column("content", Kind.TEXT, _("What was written or shown, word for word.")),
    Column("intent", Kind.TEXT, _("What the visitor wants, as far as it was understood.")),
    Column("sentiment", Kind.TEXT, _("The visitor's mood, as far as it was understood.")),
    Column("extracted_info", Kind.JSON, _("Facts about the visitor found in this message.")),
    Column("response_time_ms", Kind.NUMBER, _("Milliseconds from the visitor's row on disk to this part on disk.")),
    Column("tenant_id", Kind.ID, _("Short name of the business.")),
    Column("seq", Kind.NUMBER, _("Number of the row in its file: 1, 2, 3 and so on, without gaps.")),
    Column("channel", Kind.CODE, _("Where the visitor wrote: web, api, whatsapp.")),
    Column("author", Kind.TEXT, _("Who wrote: visitor, assistant, or operator: and the id of the team member.")),
    Column("client_id", Kind.TEXT, _("Id given by the sender; a repeated one never makes a second row.")),
    Column("reply_id", Kind.ID, _("Id shared by the parts of one reply.")),
    Column("part", Kind.NUMBER, _("Number of the part within its reply, from 1.")),
    Column("status", Kind.CODE, _("received, sent, part (more parts follow) or complete (the reply's last part).")),
    Column("error_code", Kind.CODE, _("Why the assistant could not answer as usual; empty when it could.")),
    Column("language", Kind.TEXT, _("Language of the message.")),
    Column("version", Kind.TEXT, _("Published version of the assistant that answered.")),
    Column("variant", Kind.TEXT, _("Arm of a comparison between two variants.")),
    Column("provider", Kind.CODE, _("What made the answer: openai, offline or scripted.")),
    Column("model", Kind.TEXT, _("Name of the language model.")),
    Column("tokens_in", Kind.NUMBER, _("Tokens read by the model for this reply.")),
    Column("tokens_cached", Kind.NUMBER, _("How many of the tokens read came from the provider's cache.")),
    Column("tokens_out", Kind.NUMBER, _("Tokens written by the model for this reply.")),
    Column("cost_usd", Kind.NUMBER, _("Cost of the reply in US dollars.")),
    Column("receipt", Kind.JSON, _("How the row came about: knowledge used, delays, events, rows answered.")),
    Column("chain", Kind.HASH, _("SHA-256 over the previous row's value and this row's bytes: shows any change.")),
)

SESSIONS: Final = (
    Column("session_id", Kind.ID, _("Id of the conversation.")),
    Column("user_id", Kind.ID, _("Id of the visitor.")),
    Column("tenant_id", Kind.ID, _("Short name of the business.")),
    Column("channel", Kind.CODE, _("Where the visitor wrote: web, api, whatsapp.")),
    Column("phone_number", Kind.PHONE, _("The visitor's phone number.")),
    Column("start_time", Kind.TIME, _("When the conversation began.")),
    Column("end_time", Kind.TIME, _("When the conversation was closed; empty while it is open.")),
    Column("message_count", Kind.NUMBER, _("Rows in the conversation's file.")),
    Column("status", Kind.CODE, _("Who answers: assistant, waiting, operator, or closed.")),
    Column("intent", Kind.TEXT, _("What the visitor wants, as far as it was understood.")),
    Column("satisfaction", Kind.NUMBER, _("The visitor's rating, 1 to 5.")),
    Column("converted", Kind.FLAG, _("Whether the conversation reached its goal; empty when unknown.")),
    Column("metadata", Kind.JSON, _("More about the conversation: facts, comment, tokens, cost, last message.")),
    Column("visitor_messages", Kind.NUMBER, _("Messages of the visitor.")),
    Column("assistant_messages", Kind.NUMBER, _("Messages of the assistant.")),
    Column("operator_messages", Kind.NUMBER, _("Messages of the team.")),
    Column("first_response_ms", Kind.NUMBER, _("Milliseconds until the first answer.")),
    Column("handoff_at", Kind.TIME, _("When a person was first asked for.")),
    Column("handoff_reason", Kind.TEXT, _("Why a person was asked for.")),
    Column("taken_by", Kind.TEXT, _("Team member who took over.")),
    Column("returned_at", Kind.TIME, _("When the conversation went back to the assistant.")),
    Column("closed_by", Kind.TEXT, _("Who closed the conversation.")),
    Column("version", Kind.TEXT, _("Published version of the assistant that answered last.")),
    Column("variant", Kind.TEXT, _("Arm of a comparison between two variants.")),
    Column("language", Kind.TEXT, _("Language of the conversation.")),
    Column("page_origin", Kind.TEXT, _("Site on which the chat was opened.")),
    Column("consent_version", Kind.TEXT, _("Version of the text that the visitor agreed to.")),
    Column("consent_at", Kind.TIME, _("When the visitor agreed.")),
    Column("test", Kind.FLAG, _("Whether the team only tried the assistant out.")),
    Column("erased_at", Kind.TIME, _("When personal data was erased on request.")),
)

USERS: Final = (
    Column("user_id", Kind.ID, _("Id of the visitor.")),
    Column("name", Kind.TEXT, _("The visitor's name.")),
    Column("email", Kind.TEXT, _("The visitor's e-mail address.")),
    Column("phone", Kind.PHONE, _("The visitor's phone number.")),
    Column("company", Kind.TEXT, _("The visitor's company.")),
    Column("job_title", Kind.TEXT, _("The visitor's job.")),
    Column("location", Kind.TEXT, _("Where the visitor is.")),
    Column("age", Kind.NUMBER, _("The visitor's age.")),
    Column("interests", Kind.TEXT, _("What the visitor is interested in.")),
    Column("preferences", Kind.TEXT, _("What the visitor prefers.")),
    Column("notes", Kind.TEXT, _("Other facts about the visitor.")),
    Column("tenant_id", Kind.ID, _("Short name of the business.")),
    Column("created_at", Kind.TIME, _("When the visitor first wrote.")),
    Column("updated_at", Kind.TIME, _("When the visitor's data last changed.")),
    Column("whatsapp_user_id", Kind.TEXT, _("The visitor's user id at WhatsApp.")),
    Column("whatsapp_username", Kind.TEXT, _("The visitor's user name at WhatsApp.")),
    Column("external_id", Kind.TEXT, _("The visitor's id in the business's own system.")),
    Column("verified", Kind.FLAG, _("Whether the identity was proved.")),
    Column("language", Kind.TEXT, _("Language the visitor writes in.")),
    Column("first_channel", Kind.CODE, _("Channel of the visitor's first conversation.")),
    Column("last_seen_at", Kind.TIME, _("When the visitor last wrote.")),
    Column("session_count", Kind.NUMBER, _("Conversations of the visitor.")),
    Column("consent_version", Kind.TEXT, _("Version of the text that the visitor agreed to.")),
    Column("consent_at", Kind.TIME, _("When the visitor agreed.")),
    Column("legal_basis", Kind.TEXT, _("Legal ground for keeping the data.")),
    Column("erased_at", Kind.TIME, _("When personal data was erased on request.")),
)

TABLES: Final = {"conversations": CONVERSATIONS, "sessions": SESSIONS, "users": USERS}


def names(columns: tuple[Column, ...]) -> list[str]:
    """The header's cells."""
    return [column.name for column in columns]
