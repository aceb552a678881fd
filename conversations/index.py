"""Keeps the SQL index of conversations beside their files: written behind, in batches, and rebuilt from them."""

import logging
import threading
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from typing import Any, TypeVar

from django.db import connection, transaction

from conversations.core.summary import Summary
from conversations.models import Conversation, Visitor
from conversations.storage import Storage, storage_for
from conversations.storage.base import ConversationNotFound, Entry, StorageError
from tenants_app.models import Tenant

log = logging.getLogger(__name__)

FLUSH_SECONDS = 2.0
BATCH = 500
Key = tuple[str, str]
T = TypeVar("T")
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)  # for a row without a readable time
_CENT_OF_A_CENT, _MOST_COST = Decimal("0.000001"), Decimal("99999999.999999")

_SAME = (
    "channel", "language", "status", "last_seq", "preview", "visitor_messages", "assistant_messages",
    "operator_messages", "first_response_ms", "version", "variant", "tokens_in", "tokens_cached", "tokens_out",
    "intent", "page_origin", "consent_version", "consent_granted", "score", "comment", "handoff_reason",
    "closed_by",
)  # fmt: skip
_TIMES = ("started_at", "last_at", "consent_at", "handoff_at", "closed_at")
_UPDATED = [*_SAME, *_TIMES, "cost_usd", "facts", "unanswered", "file_size", "visitor"]
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
        """The conversation changed. What its file holds when the note is written goes into the index; `summary`, of
        `file_size` bytes, does when the file cannot be read then.
        """
        with self._lock:
            self._noted[tenant, conversation_id] = (summary, file_size)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._write_behind, name="index", daemon=True)
                self._thread.start()
        self._wake.set()

    def flush(self) -> None:
        """Write what was noted, now, in this thread. Whatever it raises, the notes are kept."""
        with self._writing:
            with self._lock:
                noted, self._noted = self._noted, {}
            try:
                write(noted)
            except BaseException:
                with self._lock:
                    self._noted = {**noted, **self._noted}
                raise
            self._changed |= {slug for slug, _ in noted}

    def take_changed(self) -> set[str]:
        """The tenants written since the last call."""
        with self._writing:
            changed, self._changed = self._changed, set()
            return changed

    def put_back(self, slug: str) -> None:
        """Nothing could be made of this tenant's change yet: the next `take_changed` names it again."""
        with self._writing:
            self._changed.add(slug)

    def _write_behind(self) -> None:
        while self._wake.wait():
            self._wake.clear()
            threading.Event().wait(FLUSH_SECONDS)  # what comes meanwhile goes into the same transaction
            try:
                self.flush()
            except Exception:  # the boundary of a thread that must not end  # noqa: BLE001
                log.exception(
                    "the index could not be written; it is tried again, and can be rebuilt (manage.py reindex)"
                )
                self._wake.set()
            finally:
                connection.close()


writer = IndexWriter()


def write(noted: Mapping[Key, tuple[Summary, int]]) -> None:
    """Bring the rows of these conversations, and of their visitors, to what their files hold.

    The files are looked at inside the transaction: another process that wrote more, and indexed it, is not undone. A
    file that cannot be read now counts as noted.
    """
    tenants = dict(Tenant.objects.filter(slug__in={slug for slug, _ in noted}).values_list("slug", "pk"))
    known = [key for key in noted if key[0] in tenants]
    for start in range(0, len(known), BATCH):
        with transaction.atomic():
            keys = known[start : start + BATCH]
            _write_batch([(tenants[key[0]], key[1], *(_as_stored(*key) or noted[key])) for key in keys])


def _as_stored(slug: str, conversation_id: str) -> tuple[Summary, int] | None:
    try:
        return storage_for(slug).read(conversation_id).summed_up()
    except (StorageError, ValueError):
        return None


def _write_batch(batch: list[tuple[int, str, Summary, int]]) -> None:
    visitors = _upsert_visitors([_new_visitor(tenant, summary) for tenant, _, summary, _ in batch], ["visitor_id"])
    Conversation.objects.bulk_create(
        [
            Conversation(
                tenant_id=tenant, conversation_id=cid, visitor=visitors[tenant, _visitor_id(summary)],
                file_size=size, **_fields(summary),
            )
            for tenant, cid, summary, size in batch
        ],
        update_conflicts=True, unique_fields=["tenant", "conversation_id"], update_fields=_UPDATED,
    )  # fmt: skip
    _retell(visitors.values())


def _retell(visitors: Collection[Visitor]) -> None:
    """Bring visitors to what their conversations tell."""
    told: dict[int, list[Conversation]] = defaultdict(list)
    for one in Conversation.objects.filter(visitor__in=visitors).order_by("started_at", "conversation_id"):
        told[one.visitor_id].append(one)
    _upsert_visitors([_as_told(one, told[one.pk]) for one in visitors if one.pk in told], _VISITOR_UPDATED)


def _new_visitor(tenant: int, summary: Summary) -> Visitor:
    started, last = _moment(summary.started_at), _moment(summary.last_at)
    return Visitor(tenant_id=tenant, visitor_id=_visitor_id(summary), created_at=started, last_seen_at=last)


def _visitor_id(summary: Summary) -> str:
    return str(_fitting(Visitor, "visitor_id", summary.visitor_id))


def _upsert_visitors(rows: list[Visitor], update: list[str]) -> dict[tuple[int, str], Visitor]:
    once = {(visitor.tenant_id, visitor.visitor_id): visitor for visitor in rows}
    made = Visitor.objects.bulk_create(
        once.values(), update_conflicts=True, unique_fields=["tenant", "visitor_id"], update_fields=update
    )
    return {(visitor.tenant_id, visitor.visitor_id): visitor for visitor in made}


def _as_told(visitor: Visitor, conversations: list[Conversation]) -> Visitor:
    """The visitor as these conversations tell it, oldest first: what was said last counts."""
    facts: dict[str, str] = {}
    visitor.language, visitor.consent_version, visitor.consent_granted, visitor.consent_at = "", "", None, None
    for one in conversations:
        facts.update(one.facts)
        visitor.language = one.language or visitor.language
        if one.consent_at:
            visitor.consent_version, visitor.consent_granted = one.consent_version, one.consent_granted
            visitor.consent_at = one.consent_at
    for name in ("name", "email", "phone"):
        setattr(visitor, name, _fitting(Visitor, name, facts.get(name, "")))
    visitor.facts, visitor.session_count = facts, len(conversations)
    visitor.channel = conversations[0].channel
    visitor.created_at = conversations[0].started_at
    visitor.last_seen_at = max(one.last_at for one in conversations)
    return visitor


def _fields(summary: Summary) -> dict[str, Any]:
    """The summary as the columns can hold it: a file edited by hand must not keep others out of the index."""
    fields = {name: _fitting(Conversation, name, getattr(summary, name)) for name in _SAME}
    fields |= {name: _time(getattr(summary, name)) for name in _TIMES}
    return fields | {
        "started_at": _moment(summary.started_at),
        "last_at": _moment(summary.last_at),
        "cost_usd": min(summary.cost_usd, _MOST_COST).quantize(_CENT_OF_A_CENT),
        "facts": {_clean(name): _clean(value) for name, value in summary.facts.items()},
        "unanswered": bool(summary.unanswered or summary.open_reply),
    }


def _fitting(model: type[Conversation | Visitor], name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return _clean(value)[: getattr(model._meta.get_field(name), "max_length", None)]


def _clean(text: str) -> str:
    # JSON can escape what no database takes: a NUL, half a surrogate pair.
    return text.replace("\0", "").encode(errors="replace").decode()


def _time(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _moment(text: str) -> datetime:
    return _time(text) or _LONG_AGO


def rebuild(tenant: Tenant) -> Iterator[tuple[str, str]]:
    """Make the tenant's index again from its files; yields (conversation id, reason) for those that can't be read."""
    storage = storage_for(tenant.slug)
    for chunk in _chunks(storage.entries()):
        noted: dict[Key, tuple[Summary, int]] = {}
        for entry in chunk:
            try:
                noted[tenant.slug, entry.conversation_id] = storage.read(entry.conversation_id).summed_up()
            except ConversationNotFound:
                pass  # a name without a row
            except StorageError as error:
                yield entry.conversation_id, str(error)
        write(noted)
    # Looked up one by one, for the server may have made new ones since the folder was listed, and in the transaction
    # that deletes: what another process indexes comes before that or after it.
    for ids in _chunks(list(tenant.conversations.values_list("conversation_id", flat=True))):
        with transaction.atomic():
            gone = [one for one in ids if _is_gone(storage, one)]
            tenant.conversations.filter(conversation_id__in=gone).delete()
    with transaction.atomic():
        tenant.visitors.filter(conversations=None).delete()
    for visitors in _chunks(tenant.visitors.all()):
        with transaction.atomic():
            _retell(visitors)


def _is_gone(storage: Storage, conversation_id: str) -> bool:
    try:
        return not storage.exists(conversation_id)
    except StorageError:
        return False  # it cannot be told now


def stale(tenant: Tenant, entries: Iterable[Entry]) -> Iterator[str]:
    """Ids of those of these conversations whose files are not what the index sums up (after a crash: few)."""
    for chunk in _chunks(entries):
        indexed = tenant.conversations.filter(conversation_id__in=[entry.conversation_id for entry in chunk])
        sizes = dict(indexed.values_list("conversation_id", "file_size"))
        for entry in chunk:
            if sizes.get(entry.conversation_id, 0) != entry.size:
                yield entry.conversation_id


def _chunks(things: Iterable[T]) -> Iterator[list[T]]:
    things = iter(things)
    while chunk := list(islice(things, BATCH)):
        yield chunk
