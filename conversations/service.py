"""What runs beside the requests: answers left open by a crash, the index behind the files, the reports."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta

from channels.db import database_sync_to_async
from django.conf import settings
from django.db import DatabaseError

from conversations.core.transcript import Transcript
from conversations.index import stale, writer
from conversations.llm import chat_model
from conversations.neighbours import neighbours
from conversations.reports import write_reports
from conversations.stats import utc_text
from conversations.storage import storage_for
from conversations.storage.base import ConversationNotFound, StorageError
from conversations.turns import turns
from tenants_app.access import UnknownTenant, active_tenant
from tenants_app.models import Tenant

log = logging.getLogger(__name__)

REPORT_SECONDS = 30.0


class Service:
    """Started once per server process, in its event loop."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin; returns at once. Must be called in the running loop."""
        if not self._tasks:
            chat_model().get_ready()  # its libraries alone take half a second to import
            self._tasks = [asyncio.create_task(one) for one in (self._recover(), self._report(), neighbours.watch())]

    async def stop(self) -> None:
        """End what runs, write what is noted."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        await turns.stop()
        await chat_model().aclose()
        await database_sync_to_async(_write_all)()

    async def _recover(self) -> None:
        for slug in await database_sync_to_async(_slugs)():
            try:
                for conversation_id in await database_sync_to_async(_catch_up)(slug):
                    turns.start(await database_sync_to_async(active_tenant)(slug), conversation_id)
            except (UnknownTenant, DatabaseError, StorageError, OSError):
                log.exception("tenant %s: what a stop left open could not be looked through", slug)

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(REPORT_SECONDS)
            await database_sync_to_async(_write_all)()


def _slugs() -> list[str]:
    return list(Tenant.objects.filter(active=True, published__isnull=False).values_list("slug", flat=True))


def _catch_up(slug: str) -> list[str]:
    """Bring the index up to the files; returns the conversations that still wait for an answer."""
    storage, tenant, waiting = storage_for(slug), Tenant.objects.get(slug=slug), []
    oldest = datetime.now(UTC) - timedelta(hours=settings.ANSWER_AFTER_RESTART_HOURS)
    changed = set(stale(tenant)) | set(
        tenant.conversations.filter(unanswered=True, last_at__gte=oldest).values_list("conversation_id", flat=True)
    )
    for conversation_id in changed:
        try:
            transcript = storage.read(conversation_id)
        except ConversationNotFound:
            continue  # a name without a row: nobody was told of anything
        except StorageError:
            log.exception("tenant %s: a conversation cannot be read (manage.py verify_conversations says more)", slug)
            continue
        writer.note(slug, conversation_id, *transcript.summed_up())
        if _waits(transcript, oldest):
            waiting.append(conversation_id)
    return waiting


def _waits(transcript: Transcript, oldest: datetime) -> bool:
    summary = transcript.summary
    # As texts: a file edited by hand may hold anything where a time should stand.
    return bool(summary.unanswered or summary.open_reply) and summary.last_at >= utc_text(oldest)


def _write_all() -> None:
    try:
        writer.flush()
    except DatabaseError:
        log.exception("the index could not be written; it is tried again")
    for slug in writer.take_changed():
        try:
            write_reports(slug)
        except (DatabaseError, OSError):
            writer.put_back(slug)
            log.exception("tenant %s: the reports could not be written; it is tried again", slug)


service = Service()
