"""Which turns run: one at a time per conversation, planned again when a visitor writes on, resumed after a crash."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TypeVar

from conversations import agent
from conversations.core.records import Row, Status
from conversations.core.transcript import Standing, Transcript
from conversations.index import writer
from conversations.llm import ChatModel, chat_model
from conversations.llm.offline import OfflineModel
from conversations.neighbours import neighbours
from conversations.protocol import delta_frame, done_frame, error_frame, message_frame, typing_frame
from conversations.push import push
from conversations.storage import Storage, storage_for
from conversations.storage.base import LEASE_SECONDS, Lease, LeaseLost, NotStored, Unavailable
from conversations.threads import append, in_file_thread
from conversations.tokens import new_id
from tenants_app.access import TenantSnapshot

log = logging.getLogger(__name__)
T = TypeVar("T")

LEASE_RETRY_SECONDS = 0.1
RENEW_SECONDS = LEASE_SECONDS / 4
FIRST_STORE_PAUSE = 0.2
LONGEST_STORE_PAUSE = 2.0
FAILURES_PER_LINE = 30  # in the log, of each conversation that waits for the disk
_offline = OfflineModel()


class _Running:
    """One conversation's turns on their way; the sink of their replies."""

    def __init__(self, tenant: TenantSnapshot, conversation_id: str, *, fresh: bool) -> None:
        self.tenant, self.conversation_id = tenant, conversation_id
        self.storage: Storage = storage_for(tenant.slug)
        # Monotonic seconds when the first row to answer was on disk; None: before this process looked after it.
        self.queued = time.monotonic() if fresh else None
        self.queued_next: float | None = None
        self.answering = self.stored = self.told = self.replan = self.again = self.lost = False
        self.lease: Lease | None = None
        self._renewal: asyncio.TimerHandle | None = None
        self.seen = 0  # the seq up to which the current turn knows the conversation
        self.current: asyncio.Task[agent.Reply] | None = None
        self.task: asyncio.Task[None] | None = None

    async def read(self) -> Transcript:
        """The conversation as it stands."""
        recent = self.storage.recent(self.conversation_id)
        if recent is not None:
            return recent
        return await self.patiently("read", lambda: in_file_thread(self.storage.read, self.conversation_id))

    async def patiently(self, what: str, work: Callable[[], Awaitable[T]]) -> T:
        """Do this as soon as the disk lets us: what the visitor said is safe, and its answer waits for as long as it
        takes. Somebody makes room in the end, and need not think of a restart then.
        """
        failures = 0
        while True:
            try:
                return await work()
            except (NotStored, Unavailable):
                if failures % FAILURES_PER_LINE == 0:
                    log.exception("tenant %s: a conversation cannot be %s at the moment", self.tenant.slug, what)
            await asyncio.sleep(min(FIRST_STORE_PAUSE * 2 ** min(failures, 10), LONGEST_STORE_PAUSE))
            failures += 1

    async def show(self, *frames: str) -> None:
        """Tell every socket of the conversation."""
        await push(self.tenant.slug, self.conversation_id, list(frames))

    def hold(self, lease: Lease) -> None:
        """Keep the lease that was taken, with signs of life, until it is released."""
        self.lease = lease
        self._renewal = asyncio.get_running_loop().call_later(RENEW_SECONDS, self._renew, lease)

    def release(self) -> None:
        """Let others answer this conversation."""
        lease, self.lease, self.lost = self.lease, None, False
        if self._renewal is not None:
            self._renewal.cancel()
        if lease is not None:
            lease.give_back()

    def _renew(self, lease: Lease) -> None:
        try:
            self.lost = not lease.renew()
        except NotStored:
            log.exception("tenant %s: a lease could not be renewed yet", self.tenant.slug)
        if not self.lost:
            self.hold(lease)
        elif self.current is not None:
            self.current.cancel()

    async def store(self, rows: list[Row]) -> list[Row]:
        """Append a reply's parts and show them. Raises LeaseLost when another process has replied."""
        self.stored = True

        def still_ours(transcript: Transcript) -> None:
            if not transcript.takes(rows[0], self.seen):
                raise LeaseLost("another process has replied meanwhile")

        neighbours.writing(self.tenant.slug, self.conversation_id, rows)
        done = await self.patiently("written", lambda: append(self.storage, self.conversation_id, rows, still_ours))
        writer.note(self.tenant.slug, self.conversation_id, done.transcript.summary, done.size)
        frames = [message_frame(row) for row in done.rows]
        if done.rows[-1].status == "complete":
            # Who says hello from here on must not wait for a `done` that has gone out.
            self.told, self.answering = True, False
            frames += _end_frames(done.transcript, done.rows[-1].reply_id)
        await self.show(*frames)
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
        running = self._running.get((tenant, conversation_id))
        return running is not None and running.answering

    def start(self, tenant: TenantSnapshot, conversation_id: str, *, added: int = 0) -> None:
        """See that the conversation's unanswered rows get an answer; returns at once.

        `added` is the seq of a row that the visitor has just added (0: none). A reply that does not know that row yet,
        and of which nothing was stored, is planned again with it.
        """
        key = (tenant.slug, conversation_id)
        running = self._running.get(key)
        if running is None:
            running = self._running[key] = _Running(tenant, conversation_id, fresh=added > 0)
            running.task = asyncio.create_task(self._run(running))
        elif added:
            running.tenant, running.again = tenant, True
            if running.current is None or added <= running.seen:
                pass  # the turn that begins will read the row, or has
            elif running.stored:
                running.queued_next = running.queued_next or time.monotonic()
            else:
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
        failed = False
        try:
            while await self._goes_on(running):
                pass
        except Exception:  # the boundary of a turn: whatever went wrong, the visitor is told  # noqa: BLE001
            failed = True
            log.exception("tenant %s: a conversation could not be answered", running.tenant.slug)
            await running.show(typing_frame(False), error_frame("unavailable"))
        finally:
            self._running.pop((running.tenant.slug, running.conversation_id), None)
            running.release()
        if failed and running.again:  # what came meanwhile was not tried yet
            self.start(running.tenant, running.conversation_id)

    async def _goes_on(self, running: _Running) -> bool:
        """Do the next thing that the conversation needs; False when it needs nothing."""
        running.again = False
        if not await _hold(running):
            await running.show(*_end_frames(await running.read()))
            return running.again
        transcript = await running.read()
        standing = transcript.standing()
        try:
            if _wants_answer(standing):
                await self._one_turn(running, transcript, standing)
            elif standing.open_reply:
                await _close_reply(running, transcript)
            else:
                return running.again
        except LeaseLost:
            log.warning("tenant %s: another process took a conversation over", running.tenant.slug)
            running.release()
        return True

    async def _one_turn(self, running: _Running, transcript: Transcript, standing: Standing) -> None:
        turn = _turn(running, transcript, standing)
        running.stored = running.told = running.replan = False
        running.answering, running.seen = True, standing.length
        await running.show(typing_frame(True))
        model = self._model or chat_model()
        running.current = asyncio.create_task(agent.reply(turn, running, model, _offline))
        try:
            await _over(running.current, running)
        finally:
            running.current, running.answering = None, False
        if running.lost:
            raise LeaseLost("another process gave no more time")
        if not running.told:  # overtaken before a part was stored
            await running.show(*_end_frames(await running.read(), turn.reply_id))
        if not running.replan:
            running.queued, running.queued_next = running.queued_next or time.monotonic(), None


async def _over(reply: asyncio.Task[agent.Reply], running: _Running) -> None:
    """Wait for the reply's end, be it that the visitor or another process overtook it. Raises what the reply raised."""
    try:
        await reply
    except asyncio.CancelledError:
        waiting = asyncio.current_task()
        if waiting is not None and waiting.cancelling():
            raise  # the process stops
        if not (running.replan or running.lost):
            raise RuntimeError("a reply was cancelled from inside") from None


async def _close_reply(running: _Running, transcript: Transcript) -> None:
    """End a reply that a crash cut off."""
    await running.store([agent.closing_row(transcript, new_id("m"))])


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
        queued=_since(transcript.rows[standing.unanswered[0] - 1]) if running.queued is None else running.queued,
    )


def _since(row: Row) -> float:
    """When the row was stored, in this process's monotonic seconds."""
    age = (datetime.now(UTC) - datetime.fromisoformat(row.timestamp)).total_seconds()
    return time.monotonic() - max(age, 0.0)


async def _hold(running: _Running) -> bool:
    """Get the right to answer; False when another process has answered meanwhile."""
    lease: Lease | None = None

    async def taken() -> bool:
        nonlocal lease
        lease = lease or running.storage.lease(running.conversation_id)
        return lease.take()

    while running.lease is None:
        # A full disk may have no room for the lease either.
        if await running.patiently("locked", taken) and lease:
            running.hold(lease)
            return True
        standing = (await running.read()).standing()
        if not (_wants_answer(standing) or standing.open_reply):
            return False
        await asyncio.sleep(LEASE_RETRY_SECONDS)
    return True


def _end_frames(transcript: Transcript, reply_id: str = "") -> list[str]:
    """What says that a turn is over, and lets a screen notice rows that it missed."""
    if not reply_id:
        reply_id = next((row.reply_id for row in reversed(transcript.rows) if row.reply_id), "")
    return [typing_frame(False), done_frame(reply_id, transcript.summary.last_seq)]


def _wants_answer(standing: Standing) -> bool:
    return standing.status in {Status.ASSISTANT, Status.WAITING} and bool(standing.unanswered)


turns = Turns()
