"""What runs beside the requests: answers left open by a crash, the index behind the files, the reports."""

import asyncio
import logging

from channels.db import database_sync_to_async
from django.db import DatabaseError

from conversations.index import writer
from conversations.llm import chat_model
from conversations.neighbours import neighbours
from conversations.recovery import Recovery
from conversations.reports import write_reports
from conversations.turns import turns

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
            self._tasks = [asyncio.create_task(one) for one in (Recovery().watch(), self._report(), neighbours.watch())]

    async def stop(self) -> None:
        """End what runs, write what is noted."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        await turns.stop()
        await chat_model().aclose()
        await database_sync_to_async(_write_all)()

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(REPORT_SECONDS)
            await database_sync_to_async(_write_all)()


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
