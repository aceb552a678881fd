"""Conducts one turn: reads the conversation, asks the model, and says the reply part by part."""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from conversations.core.guardrails import GreetingGuard
from conversations.core.languages import written_in
from conversations.core.prompt import Prompt
from conversations.core.records import Role, Row, to_json
from conversations.core.splitter import StreamSplitter
from conversations.core.transcript import Standing, Transcript
from conversations.core.wording import say
from conversations.llm.base import ChatModel, ModelError, Outcome
from conversations.storage.base import StorageError
from tenants_app.documents import Documents

log = logging.getLogger(__name__)

DELTA_SECONDS = 0.3
# A model that writes word by word would wake us for each: far from a part's end we read what has come in one go.
GATHER_SECONDS = 0.08  # at most
LEAST_GATHER_SECONDS = 0.01
GATHER_UP_TO = 0.7  # of a part's least length
LANGUAGE_ROWS = 12  # so far back one looks for words that tell the visitor's language


class Sink(Protocol):
    """Where a reply goes: stored first, shown after."""

    async def store(self, rows: list[Row]) -> list[Row]:
        """Append the rows durably and show them; returns them as stored. May be tried again by the sink itself."""

    async def delta(self, reply: str, part: int, text: str) -> None:
        """Show the next piece of the part being written."""


@dataclass(slots=True)
class Turn:
    """One reply to one or more of the visitor's rows.

    `begun` and `queued` are monotonic seconds: when the turn started and when the first row to answer was on disk.
    """

    tenant: str
    documents: Documents
    version: int
    time_zone: str
    transcript: Transcript
    standing: Standing
    conversation_id: str
    reply_id: str
    new_message_id: Callable[[], str]
    queued: float
    begun: float = field(default_factory=time.monotonic)
    language: str = field(init=False)

    def __post_init__(self) -> None:
        written = [row.content for row in self.transcript.rows[-LANGUAGE_ROWS:] if row.role == Role.USER]
        known = self.asked.language or self.documents.persona.language
        self.language = written_in([self.asked.content, *reversed(written)]) or known

    @property
    def answers(self) -> list[int]:
        """The seqs of the visitor's rows that the reply answers."""
        return self.standing.unanswered

    @property
    def asked(self) -> Row:
        """The visitor's last row."""
        return self.transcript.rows[self.answers[-1] - 1]


class Reply:
    """One reply on its way out: cuts it into parts, guards it, stores and shows each part."""

    def __init__(self, turn: Turn, sink: Sink) -> None:
        self.turn, self._sink = turn, sink
        self.language = turn.language
        self.provider, self.error_code = "", ""
        self._storing: asyncio.Task[None] | None = None
        self._parts = 0
        self._shown_at, self._shown = time.monotonic(), (0, 0)
        self.start_over()

    def start_over(self) -> None:
        """Forget what was said, of which nobody has seen anything."""
        persona = self.turn.documents.persona
        self._splitter = StreamSplitter(persona.min_chars, persona.max_chars)
        self._gather_below = persona.min_chars * GATHER_UP_TO
        self._guard = GreetingGuard(self.turn.standing.greeted, self.language)
        self._ready: list[str] = []
        self.first_token: float | None = None
        self._said = 0
        self.outcome = Outcome()

    @property
    def seen(self) -> bool:
        """Whether the visitor may have seen any of it."""
        return self._storing is not None or self._parts > 0 or self._shown[1] > 0

    async def feed(self, piece: str) -> None:
        """Take in what the model said next. Raises what the sink raised for parts before it."""
        if self.first_token is None and piece:
            self.first_token = time.monotonic()
        self._said += len(piece)
        if "\0" in piece:
            piece = piece.replace("\0", "")  # a file that holds one counts as torn there
        self._ready += self._splitter.feed(self._guard.feed(piece))
        if self._storing is not None and self._storing.done():
            self._storing.result()
            self._storing = None
        # Parts are stored while the model goes on: what has come meanwhile is then stored, and synced, together.
        if self._storing is None and self._sendable():
            self._storing = asyncio.create_task(self._store_ready())
        if self._storing is None:
            await self._show_progress()

    async def close(self) -> None:
        """The reply is complete: send the rest, the last part marked."""
        if self._storing is not None:
            await self._storing
        rest = self._guard.close()
        self._ready += self._splitter.feed(rest) if rest else []
        parts, self._ready = self._ready + self._splitter.close(), []
        await self._send(parts or [say("lost_words", self.language)], last=True)

    def idle_seconds(self) -> float:
        """How long the next words surely cannot complete a part, half of it to be safe, as fast as they have come."""
        missing = self._gather_below - len(self._splitter.pending)
        if self._ready or missing <= 0 or self.first_token is None:
            return 0.0
        took = max(time.monotonic() - self.first_token, LEAST_GATHER_SECONDS)
        seconds = missing * took / self._said / 2
        return min(seconds, GATHER_SECONDS) if seconds >= LEAST_GATHER_SECONDS else 0.0

    def abandon(self) -> None:
        """Store nothing more."""
        if self._storing is not None:
            self._storing.cancel()

    def _sendable(self) -> list[str]:
        # The last part of a reply is marked as such: a part goes out once something is known to follow it.
        return self._ready if self._splitter.pending.strip() else self._ready[:-1]

    async def _store_ready(self) -> None:
        while parts := self._sendable():
            self._ready = self._ready[len(parts) :]
            await self._send(parts, last=False)

    async def _send(self, texts: list[str], last: bool) -> None:
        rows = [self._row(text, last and number == len(texts)) for number, text in enumerate(texts, 1)]
        await self._sink.store(rows)

    async def _show_progress(self) -> None:
        now, pending = time.monotonic(), self._splitter.pending
        part = self._parts + len(self._ready) + 1
        shown = self._shown[1] if self._shown[0] == part else 0
        if len(pending) > shown and now - self._shown_at >= DELTA_SECONDS:
            self._shown_at, self._shown = now, (part, len(pending))
            await self._sink.delta(self.turn.reply_id, part, pending[shown:])

    def _row(self, text: str, last: bool) -> Row:
        turn = self.turn
        self._parts += 1
        receipt: dict[str, Any] = {}
        if self._parts == 1:
            receipt["answers"] = turn.answers
            if turn.standing.open_reply:
                receipt["supersedes"] = turn.standing.open_reply
        row = Row(
            message_id=turn.new_message_id(),
            session_id=turn.conversation_id,
            user_id=turn.asked.user_id,
            role=Role.ASSISTANT,
            content=text,
            response_time_ms=str(round(1000 * (time.monotonic() - turn.queued))),
            channel=turn.asked.channel,
            author="assistant",
            reply_id=turn.reply_id,
            part=str(self._parts),
            status="complete" if last else "part",
            error_code=self.error_code,
            language=self.language,
            version=str(turn.version),
            provider=self.provider,
            model=self.outcome.model,
            receipt=to_json(receipt),
        )
        return self._with_totals(row, receipt) if last else row

    def _with_totals(self, row: Row, receipt: dict[str, Any]) -> Row:
        turn, outcome = self.turn, self.outcome
        first = self.first_token or time.monotonic()
        receipt["delay"] = {
            "queue": round(1000 * (turn.begun - turn.queued)),
            "first_token": round(1000 * (first - turn.begun)),
            "total": round(1000 * (time.monotonic() - turn.queued)),
        }
        receipt["knowledge"] = list(outcome.knowledge)
        receipt["guardrails"] = ["second_greeting"] if self._guard.hits else []
        if outcome.finish_reason:
            receipt["finish"] = outcome.finish_reason
        return row._replace(
            tokens_in=_number(outcome.tokens_in),
            tokens_cached=_number(outcome.tokens_cached),
            tokens_out=_number(outcome.tokens_out),
            receipt=to_json(receipt),
        )


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


def prompt_for(turn: Turn) -> Prompt:
    """What the model is told in this turn."""
    local = datetime.now(UTC).astimezone(ZoneInfo(turn.time_zone))
    return Prompt(
        documents=turn.documents,
        transcript=turn.transcript,
        language=turn.language,
        moment=f"{local:%A, %Y-%m-%d %H:%M}",
        facts=turn.standing.facts,
        greeted=turn.standing.greeted,
        length=turn.standing.length,
        answers=tuple(turn.answers),
        welcome=_welcome(turn),
    )


def _welcome(turn: Turn) -> str:
    # The widget shows it above the first message; it is no row.
    return turn.documents.persona.greeting or "" if turn.asked.channel == "web" else ""


async def reply(turn: Turn, sink: Sink, model: ChatModel, fallback: ChatModel) -> Reply:
    """Answer the visitor. `fallback` speaks when `model` cannot; returns the finished reply.

    Raises what the sink raises when a part cannot be stored. When the model fails before its first word the
    fallback's answer is the reply; when it fails in the middle the reply ends with a sentence that says so.
    """
    going_out = Reply(turn, sink)
    try:
        await _say_it_all(prompt_for(turn), going_out, model, fallback)
        await going_out.close()
    except BaseException:
        going_out.abandon()
        raise
    return going_out


async def _say_it_all(prompt: Prompt, going_out: Reply, model: ChatModel, fallback: ChatModel) -> None:
    try:
        await _speak(model, prompt, going_out)
    except StorageError:
        raise
    except Exception as error:  # a fault inside a backend is the model's failure too  # noqa: BLE001
        going_out.error_code = _named(error, going_out.turn.tenant, model.provider)
        if going_out.seen:
            await going_out.feed(f"\n{say('interrupted', going_out.language)}")
        else:
            going_out.start_over()
            notice = say("model_failed", going_out.language)
            await _speak(fallback, replace(prompt, notice=notice), going_out)


def _named(error: Exception, tenant: str, provider: str) -> str:
    if isinstance(error, ModelError):
        log.warning("tenant %s: %s failed (%s): %s", tenant, provider, error.code, error)
        return error.code
    log.error("tenant %s: %s failed in an unforeseen way", tenant, provider, exc_info=error)
    return "invalid"


async def _speak(model: ChatModel, prompt: Prompt, going_out: Reply) -> None:
    going_out.provider = model.provider
    async with aclosing(model.stream(prompt, going_out.outcome)) as pieces:  # type: ignore[type-var]
        async for piece in pieces:
            if piece:
                await going_out.feed(piece)
                if seconds := going_out.idle_seconds():
                    await asyncio.sleep(seconds)


def closing_row(transcript: Transcript, message_id: str) -> Row:
    """The last part of a reply that a crash cut off: it says so, under the same reply id."""
    last = next(row for row in reversed(transcript.rows) if row.role == Role.ASSISTANT)
    return Row(
        message_id=message_id,
        session_id=last.session_id,
        user_id=last.user_id,
        role=Role.ASSISTANT,
        content=say("interrupted", last.language),
        channel=last.channel,
        author="assistant",
        reply_id=last.reply_id,
        part=str(int(last.part) + 1),
        status="complete",
        error_code="cut",
        language=last.language,
        version=last.version,
        provider=last.provider,
        model=last.model,
        receipt=to_json({"delay": {}, "finish": "crash"}),
    )
