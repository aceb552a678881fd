"""Which turns run: one at a time per conversation, planned again when a visitor writes on, resumed after a crash."""

import asyncio
import logging
import time
from contextlib import ExitStack

from conversations import agent
from conversations.core.records import Row, Status
from conversations.core.transcript import Standing, Transcript
from conversations.index import writer
from conversations.llm import ChatModel, chat_model
from conversations.llm.offline import OfflineModel
from conversations.protocol import delta_frame, done_frame, error_frame, message_frame, typing_frame
from conversations.push import push
from conversations.storage import Storage, storage_for
from conversations.storage.base import NotStored
from conversations.threads import FILE_THREADS, in_file_thread
from conversations.tokens import new_id
from tenants_app.access import TenantSnapshot

log = logging.getLogger(__name__)

LEASE_RETRY_SECONDS = 0.1
STORE_ATTEMPTS = 30
LONGEST_STORE_PAUSE = 2.0
_offline = OfflineModel()


class _Running:
    """One conversation's turns on their way; the sink of their replies."""

    def __init__(self, tenant: TenantSnapshot, conversation_id: str) -> None:
        self.tenant, self.conversation_id = tenant, conversation_id
        self.storage: Storage = storage_for(tenant.slug)
        self.queued = time.monotonic()
        self.stored = self.replan = self.again = False
        self.seen = 0  # the seq up to which the current turn knows the conversation
        self.current: asyncio.Task[agent.Reply] | None = None
        self.task: asyncio.Task[None] | None = None

    async def read(self) -> Transcript:
        """The conversation as it stands."""
        recent = self.storage.recent(self.conversation_id)
        return recent or await in_file_thread(self.storage.read, self.conversation_id)

    async def show(self, *frames: str) -> None:
        """Tell every socket of the conversation."""
        await push(self.tenant.slug, self.conversation_id, list(frames))

    async def store(self, rows: list[Row]) -> list[Row]:
        """Append a reply's parts and show them. Raises NotStored when the disk stays full or broken for a minute."""
        self.stored = True
        done = None
        for attempt in range(STORE_ATTEMPTS):
            try:
                done = await in_file_thread(self.storage.append, self.conversation_id, rows)
                break
            except NotStored:
                # What the visitor said is safe; the answer waits for the disk, and nothing unsaved is shown.
                log.exception("tenant %s: a reply could not be stored yet", self.tenant.slug)
                await asyncio.sleep(min(0.2 * 2**attempt, LONGEST_STORE_PAUSE))
        if done is None:
            raise NotStored("the reply could not be stored")
        writer.note(self.tenant.slug, self.conversation_id, done.transcript.summary, done.size)
        await self.show(*map(message_frame, done.rows))
        return done.rows

    async def delta(self, reply: str, part: int, text: str) -> None:
        """Show the next piece of the part being written."""
        await self.show(delta_frame(reply, part, text))


class Turns:
    """The turns of this process. Methods are called in one event loop."""

    def __init__(self, model: ChatModel | None = None) -> None:
        self._model = model
        self._running: dict[tuple[str, str], _Running] = {}

    def busy(self, tenant: str, conversation_id: str) -> bool:
        """Whether a reply is being made for this conversation by this process."""
        return (tenant, conversation_id) in self._running

    def start(self, tenant: TenantSnapshot, conversation_id: str, *, added: int = 0) -> None:
        """See that the conversation's unanswered rows get an answer; returns at once.

        `added` is the seq of a row that the visitor has just added (0: none). A reply that does not know that row yet,
        and of which nothing was stored, is planned again with it.
        """
        key = (tenant.slug, conversation_id)
        running = self._running.get(key)
        if running is None:
            running = self._running[key] = _Running(tenant, conversation_id)
            running.task = asyncio.create_task(self._run(running))
        elif added:
            running.again = True
            if running.current is not None and not running.stored and added > running.seen:
                running.replan = True
                running.current.cancel()

    async def answered(self, tenant: str, conversation_id: str) -> None:
        """Wait until the conversation's turns of this process are over."""
        while (running := self._running.get((tenant, conversation_id))) and running.task:
            await asyncio.wait([running.task])

    async def stop(self) -> None:
        """Cancel what runs; unanswered rows are answered after the next start."""
        tasks = [running.task for running in self._running.values() if running.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, running: _Running) -> None:
        held = ExitStack()
        try:
            mine = await _hold(running, held)
            while mine:
                running.again = False
                transcript = await running.read()
                standing = transcript.standing()
                if _wants_answer(standing):
                    await self._one_turn(running, transcript, standing)
                elif standing.open_reply:
                    await running.store([agent.closing_row(transcript, new_id("m"))])
                elif not running.again:
                    break
        except Exception:  # the boundary of a turn: whatever went wrong, the visitor is told  # noqa: BLE001
            log.exception("tenant %s: a conversation could not be answered", running.tenant.slug)
            await running.show(typing_frame(False), error_frame("unavailable"))
        finally:
            self._running.pop((running.tenant.slug, running.conversation_id), None)
            FILE_THREADS.submit(held.close)

    async def _one_turn(self, running: _Running, transcript: Transcript, standing: Standing) -> None:
        turn = _turn(running, transcript, standing)
        running.stored, running.replan, running.seen = False, False, standing.length
        await running.show(typing_frame(True))
        model = self._model or chat_model()
        running.current = asyncio.create_task(agent.reply(turn, running, model, _offline))
        try:
            await running.current
        except asyncio.CancelledError:
            if not running.replan:
                running.current.cancel()
                raise
        finally:
            running.current = None
        latest = running.storage.recent(running.conversation_id) or transcript
        await running.show(typing_frame(False), done_frame(turn.reply_id, latest.summary.last_seq))
        running.queued = time.monotonic()


def _turn(running: _Running, transcript: Transcript, standing: Standing) -> agent.Turn:
    tenant = running.tenant
    return agent.Turn(
        tenant=tenant.slug,
        documents=tenant.documents,
        version=tenant.version,
        time_zone=tenant.time_zone,
        transcript=transcript,
        standing=standing,
        conversation_id=running.conversation_id,
        reply_id=new_id("r"),
        new_message_id=lambda: new_id("m"),
        queued=running.queued,
    )


async def _hold(running: _Running, held: ExitStack) -> bool:
    """Get the right to answer; False when another process has answered meanwhile."""
    while True:
        lease = running.storage.lease(running.conversation_id)
        got = await in_file_thread(lease.__enter__)
        held.push(lease)
        if got:
            return True
        held.close()
        if not _wants_answer((await running.read()).standing()):
            return False
        await asyncio.sleep(LEASE_RETRY_SECONDS)


def _wants_answer(standing: Standing) -> bool:
    return standing.status in {Status.ASSISTANT, Status.WAITING} and bool(standing.unanswered)


turns = Turns()
