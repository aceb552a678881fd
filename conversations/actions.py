"""What a visitor can do: find the conversation, write, agree, rate, ask for a person, end it."""

import hashlib
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from channels.db import database_sync_to_async

from conversations.core.facts import facts_told
from conversations.core.records import Role, Row, Status, to_json
from conversations.core.transcript import Transcript
from conversations.core.wording import say
from conversations.index import writer
from conversations.models import Conversation, Visitor
from conversations.neighbours import neighbours
from conversations.protocol import MAX_TEXT, Refusal
from conversations.storage import storage_for
from conversations.storage.base import Appended, ConversationNotFound, StorageError, UnreadableConversation
from conversations.threads import append, in_file_thread
from conversations.tokens import new_id
from tenants_app.access import TenantSnapshot

log = logging.getLogger(__name__)

AT_ONCE_CHARS = 500  # looking for facts in a longer text is left to a thread
_UNWRITABLE = re.compile("[\0\ud800-\udfff]")


@dataclass(slots=True)
class Visit:
    """A visitor in a conversation: who writes where, through which door, in which language."""

    tenant: TenantSnapshot
    visitor_id: str
    conversation_id: str
    channel: str
    language: str
    origin: str = ""
    consented: str = ""

    @property
    def consent_needed(self) -> bool:
        """Whether the tenant asks for a consent that the visitor has not given."""
        consent = self.tenant.persona.consent
        return bool(consent.required) and self.consented != consent.version


async def find_conversation(
    tenant: TenantSnapshot, visitor_id: str, *, known: bool, wanted: str | None
) -> tuple[str, Transcript | None, str]:
    """The conversation a visitor comes back to: the wanted one, else the open one, else a new one.

    `known` is false for a visitor made just now, of whom nothing can be stored. Returns its id, its transcript (None
    for a new one) and the consent version the visitor last granted ("" for none). Raises StorageError.
    """
    if not known:
        return _nth_conversation(tenant.slug, visitor_id, 0), None, ""
    if wanted and (found := await in_file_thread(_open_to, tenant.slug, wanted, visitor_id)):
        told = _consent(found)
        if told is None:
            told = await database_sync_to_async(_past_consent)(tenant.slug, visitor_id)
        return wanted, found, told
    past, consented = await database_sync_to_async(_past)(tenant.slug, visitor_id)
    conversation_id, found = await in_file_thread(_latest_open, tenant.slug, visitor_id, past)
    told = _consent(found) if found else None
    return conversation_id, found, consented if told is None else told


def _past(tenant: str, visitor_id: str) -> tuple[list[str], str]:
    rows = Conversation.objects.filter(tenant__slug=tenant, visitor__visitor_id=visitor_id)
    ids = rows.order_by("-started_at").values_list("conversation_id", flat=True)
    return list(ids), _past_consent(tenant, visitor_id)


def _past_consent(tenant: str, visitor_id: str) -> str:
    rows = Visitor.objects.filter(tenant__slug=tenant, visitor_id=visitor_id, consent_granted=True)
    return rows.values_list("consent_version", flat=True).first() or ""


def _latest_open(tenant: str, visitor_id: str, past: list[str]) -> tuple[str, Transcript | None]:
    for conversation_id in past[:1]:
        if found := _open_to(tenant, conversation_id, visitor_id):
            return conversation_id, found
    # The next id follows from the visitor and a count, so that two tabs that open at once share a conversation
    # before anything of it is stored, and so does a file that the index does not know yet.
    number = len(past)
    while storage_for(tenant).exists(conversation_id := _nth_conversation(tenant, visitor_id, number)):
        if found := _open_to(tenant, conversation_id, visitor_id):
            return conversation_id, found
        number += 1
    return conversation_id, None


def _nth_conversation(tenant: str, visitor_id: str, number: int) -> str:
    name = f"{tenant}/{visitor_id}/{number}".encode()
    return f"c{hashlib.blake2s(name, digest_size=12, person=b'timmy').hexdigest()}"


def _open_to(tenant: str, conversation_id: str, visitor_id: str) -> Transcript | None:
    try:
        transcript = _read_if_there(tenant, conversation_id)
    except UnreadableConversation:
        # The visitor goes on in a new conversation; the file stays for who can mend it.
        log.exception("tenant %s: a conversation cannot be read (manage.py verify_conversations says more)", tenant)
        return None
    if transcript is None:
        return None
    summary = transcript.summary
    return transcript if summary.visitor_id == visitor_id and summary.status != Status.CLOSED else None


def _consent(transcript: Transcript) -> str | None:
    """The version granted in this conversation, "" for one withdrawn; None when it tells nothing."""
    summary = transcript.summary
    if not summary.consent_at:
        return None
    return summary.consent_version if summary.consent_granted else ""


async def write(visit: Visit, text: str, client_id: str) -> Appended:
    """Store what the visitor wrote; on return it is on disk. A `client_id` seen before adds nothing.

    Raises Refusal (`bad_frame` for a NUL or half a surrogate pair, which no file can hold, `empty`, `too_long`,
    `consent_required`, `conversation_closed`, `not_stored`).
    """
    if _UNWRITABLE.search(text):
        raise Refusal("bad_frame", client_id=client_id)
    text = text.strip()
    if not text:
        raise Refusal("empty", client_id=client_id)
    if len(text) > MAX_TEXT:
        raise Refusal("too_long", client_id=client_id)

    def row(known: Transcript | None) -> Row:
        return _visitor_row(visit, known, text, client_id)

    at_once = len(text) <= AT_ONCE_CHARS
    return await _append(visit, row, client_id, needs_consent=True, at_once=at_once)


def _visitor_row(visit: Visit, known: Transcript | None, text: str, client_id: str) -> Row:
    before = known.rows if known else []
    first = known is None or not known.summary.visitor_messages  # a consent may have come before
    opening = {"origin": visit.origin[:300]} if visit.origin and first else {}
    return Row(
        message_id=new_id("m"),
        session_id=visit.conversation_id,
        user_id=visit.visitor_id,
        role=Role.USER,
        content=text,
        extracted_info=to_json(facts_told(text, before)),
        channel=visit.channel,
        author="visitor",
        client_id=client_id,
        status="received",
        language=visit.language,
        receipt=to_json(opening),
    )


async def record(visit: Visit, event: str, wording: str, **values: Any) -> Appended:
    """Store that the visitor agreed, rated, asked for a person or ended the conversation, as a system row.

    `event` is the receipt's event name, `values` what belongs to it. Raises Refusal like `write`.
    """
    row = Row(
        message_id=new_id("m"),
        session_id=visit.conversation_id,
        user_id=visit.visitor_id,
        role=Role.SYSTEM,
        content=say(wording, visit.language, **values),
        channel=visit.channel,
        author="visitor",
        status="sent",
        language=visit.language,
        receipt=to_json({"event": event} | {key: value for key, value in values.items() if value not in (None, "")}),
    )
    return await _append(visit, lambda known: row, None, needs_consent=False)


async def _append(
    visit: Visit,
    make: Callable[[Transcript | None], Row],
    client_id: str | None,
    *,
    needs_consent: bool,
    at_once: bool = True,
) -> Appended:
    slug = visit.tenant.slug
    storage = storage_for(slug)

    def still_open(transcript: Transcript) -> None:
        if transcript.summary.status == Status.CLOSED:
            raise Refusal("conversation_closed", client_id=client_id)
        told = _consent(transcript) if needs_consent else None
        if told is not None:
            visit.consented = told  # another tab may have agreed, or no longer does
        if needs_consent and visit.consent_needed:
            raise Refusal("consent_required", client_id=client_id)

    def made(known: Transcript | None) -> Row:
        row = make(known)
        neighbours.writing(slug, visit.conversation_id, [row])
        return row

    def with_reading() -> Appended:
        known = storage.recent(visit.conversation_id)
        if known is None:
            known = _read_if_there(slug, visit.conversation_id)
        return storage.append(visit.conversation_id, [made(known)], still_open)

    known = storage.recent(visit.conversation_id) if at_once else None
    try:
        if known is None:
            done = await in_file_thread(with_reading)
        else:
            done = await append(storage, visit.conversation_id, [made(known)], still_open)
    except UnreadableConversation as error:
        # Damaged while the visitor was here: what follows stands in a new conversation.
        log.exception("tenant %s: a conversation cannot go on (manage.py verify_conversations says more)", slug)
        raise Refusal("conversation_closed", client_id=client_id) from error
    except StorageError as error:
        raise Refusal("not_stored", client_id=client_id) from error
    if done.fresh:
        writer.note(slug, visit.conversation_id, done.transcript.summary, done.size)
    return done


async def read(visit: Visit) -> Transcript | None:
    """The conversation as it stands; None when nothing of it is stored. Raises StorageError."""
    storage = storage_for(visit.tenant.slug)
    recent = storage.recent(visit.conversation_id)
    if recent is not None:
        return recent
    return await in_file_thread(_read_if_there, visit.tenant.slug, visit.conversation_id)


def _read_if_there(tenant: str, conversation_id: str) -> Transcript | None:
    storage = storage_for(tenant)
    try:
        return storage.read(conversation_id) if storage.exists(conversation_id) else None
    except ConversationNotFound:  # all there was is a first write that never finished
        return None
