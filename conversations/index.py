"""Keeps the SQL index of conversations beside their files: written behind, in batches, and rebuilt from them."""

import logging
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.db import DatabaseError, connection, transaction

from conversations.core.records import CONVERSATION_ID
from conversations.core.summary import Summary
from conversations.models import Conversation, Visitor
from conversations.storage import storage_for
from conversations.storage.base import StorageError
from tenants_app.models import Tenant

log = logging.getLogger(__name__)

FLUSH_SECONDS = 1.0
BATCH = 500
Key = tuple[str, str]

_SAME = (
    "channel", "language", "status", "last_seq", "preview", "visitor_messages", "assistant_messages",
    "operator_messages", "first_response_ms", "version", "variant", "tokens_in", "tokens_cached", "tokens_out",
    "cost_usd", "intent", "page_origin", "consent_version", "consent_granted", "score", "comment", "handoff_reason",
    "closed_by",
)  # fmt: skip
_TIMES = ("started_at", "last_at", "consent_at", "handoff_at", "closed_at")
_UPDATED = [*_SAME, *_TIMES, "facts", "unanswered", "file_size", "visitor"]
_VISITOR_UPDATED = [
    "channel", "name", "email", "phone", "facts", "language", "session_count", "consent_version", "consent_granted",
    "consent_at", "created_at", "last_seen_at",
]  # fmt: skip


class IndexWriter:
    """Takes notes of changed conversations and writes them within FLUSH_SECONDS, many in one transaction."""

    def __init__(self) -> None:
        self._noted: dict[Key, tuple[Summary, int]] = {}
        self._changed: set[str] = set()
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    def note(self, tenant: str, conversation_id: str, summary: Summary, file_size: int) -> None:
        """The conversation changed; `summary` is read when it is written, `file_size` is what it sums up (bytes)."""
        with self._lock:
            self._noted[tenant, conversation_id] = (summary, file_size)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._write_behind, name="index", daemon=True)
                self._thread.start()
        self._wake.set()

    def flush(self) -> None:
        """Write what was noted, now, in this thread. Raises DatabaseError; the notes are kept then."""
        with self._writing:
            with self._lock:
                noted, self._noted = self._noted, {}
            try:
                write(noted)
                self._changed |= {slug for slug, _ in noted}
            except DatabaseError:
                with self._lock:
                    self._noted = {**noted, **self._noted}
                raise

    def take_changed(self) -> set[str]:
        """The tenants written since the last call."""
        with self._writing:
            changed, self._changed = self._changed, set()
            return changed

    def _write_behind(self) -> None:
        while self._wake.wait():
            self._wake.clear()
            threading.Event().wait(FLUSH_SECONDS)  # what comes meanwhile goes into the same transaction
            try:
                self.flush()
            except DatabaseError:
                log.exception(
                    "the index could not be written; it is tried again, and can be rebuilt (manage.py reindex)"
                )
                self._wake.set()
            finally:
                connection.close()


writer = IndexWriter()


def write(noted: dict[Key, tuple[Summary, int]]) -> None:
    """Bring the rows of these conversations, and of their visitors, to what the summaries say."""
    tenants = dict(Tenant.objects.filter(slug__in={slug for slug, _ in noted}).values_list("slug", "pk"))
    known = [(tenants[slug], cid, *value) for (slug, cid), value in noted.items() if slug in tenants]
    for start in range(0, len(known), BATCH):
        with transaction.atomic():
            _write_batch(known[start : start + BATCH])


def _write_batch(batch: list[tuple[int, str, Summary, int]]) -> None:
    visitors = _upsert_visitors([_new_visitor(tenant, summary) for tenant, _, summary, _ in batch], ["visitor_id"])
    Conversation.objects.bulk_create(
        [
            Conversation(
                tenant_id=tenant, conversation_id=cid, visitor=visitors[tenant, summary.visitor_id],
                file_size=size, **_fields(summary),
            )
            for tenant, cid, summary, size in batch
        ],
        update_conflicts=True, unique_fields=["tenant", "conversation_id"], update_fields=_UPDATED,
    )  # fmt: skip
    told: dict[int, list[Conversation]] = defaultdict(list)
    for one in Conversation.objects.filter(visitor__in=visitors.values()).order_by("started_at", "conversation_id"):
        told[one.visitor_id].append(one)
    _upsert_visitors([_as_told(visitor, told[visitor.pk]) for visitor in visitors.values()], _VISITOR_UPDATED)


def _new_visitor(tenant: int, summary: Summary) -> Visitor:
    started, last = _time(summary.started_at), _time(summary.last_at)
    return Visitor(tenant_id=tenant, visitor_id=summary.visitor_id, created_at=started, last_seen_at=last)


def _upsert_visitors(rows: list[Visitor], update: list[str]) -> dict[tuple[int, str], Visitor]:
    once = {(visitor.tenant_id, visitor.visitor_id): visitor for visitor in rows}
    made = Visitor.objects.bulk_create(
        once.values(), update_conflicts=True, unique_fields=["tenant", "visitor_id"], update_fields=update
    )
    return {(visitor.tenant_id, visitor.visitor_id): visitor for visitor in made}


def _as_told(visitor: Visitor, conversations: list[Conversation]) -> Visitor:
    """The visitor as these conversations tell it, oldest first: what was said last counts."""
    facts: dict[str, str] = {}
    for one in conversations:
        facts.update(one.facts)
        visitor.language = one.language or visitor.language
        if one.consent_at:
            visitor.consent_version, visitor.consent_granted = one.consent_version, one.consent_granted
            visitor.consent_at = one.consent_at
    visitor.name, visitor.email, visitor.phone = (facts.get(key, "") for key in ("name", "email", "phone"))
    visitor.facts, visitor.session_count = facts, len(conversations)
    visitor.channel = conversations[0].channel
    visitor.created_at = conversations[0].started_at
    visitor.last_seen_at = max(one.last_at for one in conversations)
    return visitor


def _fields(summary: Summary) -> dict[str, Any]:
    fields = {name: getattr(summary, name) for name in _SAME} | {name: _time(getattr(summary, name)) for name in _TIMES}
    return fields | {"facts": dict(summary.facts), "unanswered": bool(summary.unanswered)}


def _time(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def rebuild(tenant: Tenant) -> Iterator[tuple[str, str]]:
    """Make the tenant's index again from its files; yields (conversation id, reason) for those that can't be read."""
    storage = storage_for(tenant.slug)
    seen: set[str] = set()
    for chunk in _chunks(storage.entries()):
        noted: dict[Key, tuple[Summary, int]] = {}
        for entry in chunk:
            seen.add(entry.conversation_id)
            try:
                transcript = storage.read(entry.conversation_id)
            except StorageError as error:
                yield entry.conversation_id, str(error)
                continue
            if transcript.rows:
                noted[tenant.slug, entry.conversation_id] = (transcript.summary, entry.size)
        write(noted)
    gone = [one for one in tenant.conversations.values_list("conversation_id", flat=True) if one not in seen]
    for start in range(0, len(gone), BATCH):
        tenant.conversations.filter(conversation_id__in=gone[start : start + BATCH]).delete()
    tenant.visitors.filter(conversations=None).delete()


def stale(tenant: Tenant) -> Iterator[str]:
    """Ids of conversations whose files are not what the index sums up (after a crash: few)."""
    sizes = dict(tenant.conversations.values_list("conversation_id", "file_size"))
    for entry in storage_for(tenant.slug).entries():
        if sizes.get(entry.conversation_id) != entry.size and CONVERSATION_ID.match(entry.conversation_id):
            yield entry.conversation_id


def _chunks(entries: Iterable[Any]) -> Iterator[list[Any]]:
    chunk: list[Any] = []
    for entry in entries:
        chunk.append(entry)
        if len(chunk) == BATCH:
            yield chunk
            chunk = []
    yield chunk
