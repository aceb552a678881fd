"""Finds what was left without an answer: by a crash, by another process that died, by a turn that gave up."""

import asyncio
import logging
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from channels.db import database_sync_to_async
from django.conf import settings
from django.db import DatabaseError

from conversations.core.transcript import Transcript
from conversations.index import stale, writer
from conversations.stats import utc_text
from conversations.storage import storage_for
from conversations.storage.base import LEASE_SECONDS, ConversationNotFound, Entry, StorageError, Unavailable
from conversations.threads import in_file_thread
from conversations.turns import turns
from tenants_app.access import UnknownTenant, active_tenant
from tenants_app.models import Tenant

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 30.0
QUIET_SECONDS: Final = 2 * LEASE_SECONDS  # what changed since then has somebody who answers it
OVERLAP_SECONDS: Final = 2.0  # a file system's clock may tick coarsely
EVER: Final = float("inf")


class Recovery:
    """Looks when the server starts, at everything, and then now and again at what has gone quiet since.

    Methods are called in one event loop.
    """

    def __init__(self) -> None:
        self._looked: dict[str, float] = {}  # tenant -> Unix time: what changed before was looked at
        self._tries: dict[str, dict[str, int]] = {}  # tenant -> conversation that waits -> how often it was found

    async def watch(self) -> None:
        """Look, and look again, until cancelled."""
        while True:
            try:
                await self.look()
            except DatabaseError:
                log.exception("what was left open could not be looked for; it is tried again")
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """See that everything left open gets its answer. Raises DatabaseError."""
        for slug in await database_sync_to_async(_slugs)():
            try:
                await self._look_at(slug)
            except UnknownTenant:
                pass  # closed meanwhile
            except Exception:  # one tenant's failure must not keep the others waiting  # noqa: BLE001
                log.exception("tenant %s: what was left open could not be looked through; it is tried again", slug)

    async def _look_at(self, slug: str) -> None:
        now = time.time()
        since, before = self._looked.get(slug, 0.0), now - QUIET_SECONDS if slug in self._looked else EVER
        known = self._tries.get(slug, {})
        entries = await in_file_thread(changed, slug, since - OVERLAP_SECONDS, before)
        waiting = await database_sync_to_async(catch_up)(slug, entries, known, before)
        self._looked[slug] = min(now, before)
        tries = self._tries[slug] = {one: known.get(one, 0) + 1 for one in waiting}
        # The 1st, 2nd, 4th, 8th … time: an answer that fails whenever it is tried costs a model's reply each time.
        due = [one for one, count in tries.items() if count & (count - 1) == 0]
        if due:
            tenant = await database_sync_to_async(active_tenant)(slug)
            for conversation_id in due:
                turns.start(tenant, conversation_id)


def changed(slug: str, since: float = 0.0, before: float = EVER) -> list[Entry]:
    """The tenant's conversations that changed last between two moments (Unix time). Raises StorageError, OSError."""
    return [entry for entry in storage_for(slug).entries() if since <= entry.modified < before]


def catch_up(slug: str, entries: Iterable[Entry], known: Iterable[str] = (), before: float = EVER) -> list[str]:
    """Bring the index up to these files; returns who still waits for an answer: of them, of those `known` to, and of
    those that the index knows to since `before` (Unix time) or longer.
    """
    storage, tenant, waiting = storage_for(slug), Tenant.objects.get(slug=slug), []
    oldest = datetime.now(UTC) - timedelta(hours=settings.ANSWER_AFTER_RESTART_HOURS)
    indexed = tenant.conversations.filter(unanswered=True, last_at__gte=oldest)
    if before != EVER:
        indexed = indexed.filter(last_at__lt=datetime.fromtimestamp(before, UTC))
    behind = {*stale(tenant, entries), *known}
    for conversation_id in behind | set(indexed.values_list("conversation_id", flat=True)):
        try:
            transcript = storage.read(conversation_id)
        except ConversationNotFound:
            continue  # a name without a row: nobody was told of anything
        except Unavailable:
            waiting.append(conversation_id)  # perhaps: its turn finds out, as soon as it can be read
            continue
        except StorageError:
            log.exception("tenant %s: a conversation cannot be read (manage.py verify_conversations says more)", slug)
            continue
        if conversation_id in behind:
            writer.note(slug, conversation_id, *transcript.summed_up())
        if _waits(transcript, oldest):
            waiting.append(conversation_id)
    return waiting


def _slugs() -> list[str]:
    return list(Tenant.objects.filter(active=True, published__isnull=False).values_list("slug", flat=True))


def _waits(transcript: Transcript, oldest: datetime) -> bool:
    summary = transcript.summary
    # As texts: a file edited by hand may hold anything where a time should stand.
    return bool(summary.unanswered or summary.open_reply) and summary.last_at >= utc_text(oldest)
