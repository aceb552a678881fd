"""The WebSocket door: frames in, frames out; what they mean is decided elsewhere."""

import asyncio
import logging
import weakref
from collections import deque
from collections.abc import Awaitable
from typing import Any
from urllib.parse import urlsplit

from channels.consumer import get_handler_name
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings

from conversations import actions, protocol, tokens
from conversations.addresses import address_of
from conversations.allowances import allowances
from conversations.core.records import Status
from conversations.core.transcript import Transcript
from conversations.limits import Buckets, Rate
from conversations.neighbours import neighbours
from conversations.protocol import BadFrame, Refusal
from conversations.push import group_of, push
from conversations.turns import turns
from tenants_app.access import TenantSnapshot, alatest, avisitor_tenant

log = logging.getLogger(__name__)

REFUSED, IDLE, FLOODING, TOO_BIG, RESTART = 4403, 4408, 4429, 1009, 1012
HELLO_SECONDS = 30.0
LONGEST_AT_THE_DOOR = 5.0
FRAMES_OF_ONE_SOCKET = Rate(100, 10)
MOST_PUT_OFF = 30
REFUSALS_BEFORE_CLOSE = 30


_open: "weakref.WeakSet[ChatConsumer]" = weakref.WeakSet()


async def close_all(code: int = RESTART) -> None:
    """Close every socket of this process (it stops: clients come back on their own)."""
    await asyncio.gather(*(socket.close(code) for socket in list(_open)), return_exceptions=True)


class ChatConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]  # channels ships no types
    """One visitor's socket."""

    visit: actions.Visit | None = None
    tenant: TenantSnapshot | None = None
    idle: asyncio.TimerHandle | None = None
    closed = entered = False
    worker: asyncio.Task[None] | None = None

    async def dispatch(self, message: dict[str, Any]) -> None:
        # Channels looks after database connections here, a thread switch for every frame. This consumer reaches the
        # database only through database_sync_to_async, which does so itself.
        await getattr(self, get_handler_name(message))(message)

    async def connect(self) -> None:
        headers = dict(self.scope["headers"])
        self.origin = _text(headers.get(b"origin")) or None
        host = _text(headers.get(b"host"))
        forwarded = _text(headers.get(b"x-forwarded-for")) if settings.BEHIND_PROXY else ""
        self.address = address_of((self.scope.get("client") or ("",))[0], forwarded)
        self.refusals, self.frames = 0, Buckets(FRAMES_OF_ONE_SOCKET if settings.RATE_LIMIT_VISITOR else None)
        self.put_off: deque[tuple[float, protocol.Frame]] = deque()
        _open.add(self)
        await self.accept()  # a browser sees the close code only of an accepted socket
        if not await self._let_in():
            return
        tenant = await avisitor_tenant(self.scope["url_route"]["kwargs"]["slug"], self.origin, host)
        if tenant is None:
            await self.close(REFUSED)
            return
        self.tenant = tenant
        self._wait(HELLO_SECONDS)

    async def _let_in(self) -> bool:
        """Take part in the address's allowance of sockets; who opens too many waits, or is sent away."""
        self.entered = True
        wait = allowances().entered(self.address)
        if allowances().crowded(self.address):
            wait = LONGEST_AT_THE_DOOR * 2
        elif wait:
            await asyncio.sleep(min(wait, LONGEST_AT_THE_DOOR))  # who comes back at once gets no faster by it
        if wait > LONGEST_AT_THE_DOOR:
            await self.send(protocol.error_frame("rate_limited", retry_after=wait))
            await self.close(FLOODING)
            return False
        return True

    async def send(self, text_data: str | None = None, bytes_data: bytes | None = None, close: bool = False) -> None:
        """Send a frame; nothing once the socket was closed from here, which a server may answer with an exception."""
        if not self.closed:
            await super().send(text_data, bytes_data, close)

    async def close(self, code: int | None = None, reason: str | None = None) -> None:
        """Close the socket, once."""
        if not self.closed:
            self.closed = True
            await super().close(code, reason)

    async def disconnect(self, code: int) -> None:
        self.closed = True
        _open.discard(self)
        if self.entered:
            allowances().left(self.address)
        if self.idle is not None:
            self.idle.cancel()
        if self.visit is not None:
            await self.channel_layer.group_discard(self._group(), self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self.closed or self.tenant is None:
            return
        if max(len(bytes_data or text_data or ""), _bytes(text_data)) > protocol.MAX_FRAME_BYTES:
            await self.close(TOO_BIG)
            return
        await self._tried(self._take(text_data), text_data or "")

    async def _tried(self, handling: Awaitable[None], text: str) -> None:
        """Let a frame be handled; whatever goes wrong is told in an `error` frame, and the socket lives on."""
        try:
            await handling
        except BadFrame as error:
            await self._refuse(protocol.error_frame("bad_frame", error.detail, error.client_id))
        except Refusal as error:
            frame = protocol.error_frame(error.code, None, error.client_id, error.retry_after)
            await self._refuse(frame, counts=error.code == "rate_limited")
        except Exception:  # one frame's failure (a broken disk, a busy database) must not end the socket  # noqa: BLE001
            log.exception("tenant %s: a frame could not be answered", self.tenant.slug if self.tenant else "")
            await self.send(protocol.error_frame("unavailable", None, client_id))

    async def _refuse(self, frame: str, counts: bool = True) -> None:
        self.refusals += counts
        await self.send(frame)
        if self.refusals >= REFUSALS_BEFORE_CLOSE and not self.closed:
            self.put_off.clear()
            allowances().flooded(self.address)
            await self.close(FLOODING)

    async def _handle(self, frame: protocol.Frame) -> None:
        assert self.tenant is not None  # noqa: S101 - a socket without a tenant was closed
        if isinstance(frame, protocol.Hello):
            await self._hello(self.tenant, frame)
            return
        visit = self.visit
        if visit is None:
            raise BadFrame("say hello first", getattr(frame, "client_id", None))
        self._wait(settings.SOCKET_IDLE_SECONDS)
        match frame:
            case protocol.Message():
                await self._message(visit, frame)
            case protocol.Sync():
                await self._history(visit, frame)
            case protocol.Typing():
                pass  # shown to operators, who arrive with the live inbox
            case protocol.Consent():
                await self._consent(visit, frame)
            case protocol.Rate():
                await self._recorded(visit, "rate", "rate", score=frame.score, comment=frame.comment)
            case protocol.Handoff():
                await self._recorded(visit, "handoff", "handoff", reason="asked")
                await self._tell(protocol.status_frame(Status.WAITING))
            case protocol.End():
                await self._recorded(visit, "end", "end")
                await self._tell(protocol.status_frame(Status.CLOSED))

    async def _hello(self, tenant: TenantSnapshot, frame: protocol.Hello) -> None:
        if self.visit is not None:
            raise BadFrame("a second hello")
        known = tokens.read(tenant.slug, frame.visitor)
        visitor_id = known or tokens.new_id("v")
        conversation_id, transcript, consented = await actions.find_conversation(
            tenant, visitor_id, known=known is not None, wanted=frame.conversation
        )
        language = frame.locale or tenant.language
        origin = self.origin or _origin_of(frame.page)
        self.visit = actions.Visit(tenant, visitor_id, conversation_id, "web", language, origin, consented)
        await self.channel_layer.group_add(self._group(), self.channel_name)
        neighbours.show(tenant.slug, conversation_id, transcript)
        await self.send(self._ready(self.visit, transcript, frame.last_seen))
        self._wait(settings.SOCKET_IDLE_SECONDS)

    def _ready(self, visit: actions.Visit, transcript: Transcript | None, last_seen: int) -> str:
        rows, more = transcript.newest(last_seen, protocol.MAX_HISTORY) if transcript else ([], False)
        consent = visit.tenant.persona.consent
        return protocol.encode(
            {
                "type": "ready",
                "visitor": tokens.issue(visit.tenant.slug, visit.visitor_id),
                "conversation": visit.conversation_id,
                "history": [protocol.as_message(row) for row in rows],
                "more": more,
                "status": transcript.summary.status if transcript else Status.ASSISTANT,
                "busy": turns.busy(visit.tenant.slug, visit.conversation_id),
                "consent": {"required": visit.consent_needed, "version": consent.version, "text": consent.text},
            }
        )

    async def _message(self, visit: actions.Visit, frame: protocol.Message) -> None:
        self._limit(f"{visit.tenant.slug}/{visit.visitor_id}", frame.client_id)
        tenant = await alatest(visit.tenant)
        if tenant is None:
            await self.close(REFUSED)
            return
        visit.tenant = tenant
        done = await actions.write(visit, frame.text, frame.client_id)
        row = done.rows[0]
        try:
            await self.send(protocol.ack_frame(frame.client_id, row))
            if done.fresh:
                frames = [protocol.message_frame(row)]
                await push(tenant.slug, visit.conversation_id, frames, except_socket=self.channel_name)
        finally:
            turns.start(tenant, visit.conversation_id, added=int(row.seq) if done.fresh else 0)

    def _limit(self, visitor: str, client_id: str) -> None:
        visitors, addresses = _limits()
        # Who is refused takes nothing from those at the same address.
        wait = visitors.take(visitor) or addresses.take(self.address)
        if wait > 0:
            raise Refusal("rate_limited", client_id=client_id, retry_after=wait)

    async def _history(self, visit: actions.Visit, frame: protocol.Sync) -> None:
        transcript = await actions.read(visit)
        if transcript is None:
            await self.send(protocol.history_frame([], False))
        elif frame.after is not None:
            await self.send(protocol.history_frame(*transcript.after(frame.after, protocol.MAX_HISTORY)))
        elif frame.before is not None:
            await self.send(protocol.history_frame(*transcript.before(frame.before, protocol.MAX_HISTORY)))

    async def _consent(self, visit: actions.Visit, frame: protocol.Consent) -> None:
        wording = "consent_granted" if frame.granted else "consent_withdrawn"
        await self._recorded(visit, "consent", wording, version=frame.version, granted=frame.granted)
        visit.consented = frame.version if frame.granted else ""

    async def _recorded(self, visit: actions.Visit, event: str, wording: str, **values: Any) -> None:
        done = await actions.record(visit, event, wording, **values)
        await self._tell(*(protocol.message_frame(row) for row in done.rows))

    async def _tell(self, *frames: str) -> None:
        if self.visit is not None:
            await push(self.visit.tenant.slug, self.visit.conversation_id, list(frames))

    async def chat_frames(self, event: dict[str, Any]) -> None:
        """Frames for every socket of the conversation."""
        if event["except"] != self.channel_name:
            for frame in event["frames"]:
                await self.send(frame)

    def _group(self) -> str:
        assert self.visit is not None  # noqa: S101 - only asked after hello
        return group_of(self.visit.tenant.slug, self.visit.conversation_id)

    def _wait(self, seconds: float) -> None:
        if self.idle is not None:
            self.idle.cancel()
        self.idle = asyncio.get_running_loop().call_later(seconds, self._close_idle)

    def _close_idle(self) -> None:
        self.closing = asyncio.get_running_loop().create_task(self.close(IDLE))


def _text(value: bytes | None) -> str:
    return value.decode("latin-1") if value else ""


def _origin_of(page: str | None) -> str:
    try:
        parts = urlsplit(page or "")
    except ValueError:  # a page that no browser could have named
        return ""
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def _bytes(text: str | None) -> int:
    # Few texts are near the limit: only those are encoded to be counted.
    return len(text.encode()) if text and len(text) * 4 > protocol.MAX_FRAME_BYTES else 0
