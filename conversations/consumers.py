"""The WebSocket door: frames in, frames out; what they mean is decided elsewhere."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from conversations import actions, protocol, tokens
from conversations.allowances import allowances
from conversations.core.records import Status
from conversations.core.transcript import Transcript
from conversations.neighbours import neighbours
from conversations.protocol import BadFrame, Refusal
from conversations.push import group_of, push
from conversations.sockets import REFUSED, RESTART, ClientSocket, close_all, text_of
from conversations.turns import turns
from tenants_app.access import TenantSnapshot, alatest, avisitor_tenant

__all__ = ["ChatConsumer", "close_all"]


class ChatConsumer(ClientSocket):
    """One visitor's socket."""

    visit: actions.Visit | None = None

    async def admitted(self, headers: dict[bytes, bytes]) -> bool:
        """Whether the tenant is there for a page like this."""
        self.origin = text_of(headers.get(b"origin")) or None
        slug, host = self.scope["url_route"]["kwargs"]["slug"], text_of(headers.get(b"host"))
        tenant = await avisitor_tenant(slug, self.origin, host)
        if tenant is not None:
            self.tenant = tenant
        return tenant is not None

    def pace(self, frame: protocol.Frame, *, look: bool = False) -> float:
        """Messages of one visitor follow one another at a human pace."""
        if self.visit is None or not isinstance(frame, protocol.Message):
            return 0.0
        return allowances().pace(self.visit.tenant.slug, self.visit.visitor_id, look=look)

    def spend(self, frame: protocol.Frame, *, queued: int = 0) -> None:
        """What costs work has its allowance: messages, other rows, looking at rows."""
        if self.visit is None:
            return
        who = self.visit.tenant.slug, self.visit.visitor_id, self.address
        match frame:
            case protocol.Message():
                wait = allowances().write(*who, queued=queued)
            case protocol.Consent() | protocol.Rate() | protocol.Handoff() | protocol.End():
                wait = 0.0 if queued else allowances().act(*who)
            case protocol.Sync():
                wait = 0.0 if queued else allowances().read(*who)
            case _:
                wait = 0.0
        if wait:
            raise Refusal("rate_limited", client_id=getattr(frame, "client_id", None), retry_after=wait)

    async def gone(self) -> None:
        """Hear no more of the conversation."""
        if self.visit is not None:
            await self.channel_layer.group_discard(self._group(), self.channel_name)

    async def handle(self, frame: protocol.Frame) -> None:
        """Do what a frame asks for. Raises Refusal or BadFrame."""
        if isinstance(frame, protocol.Hello):
            await self._hello(self.tenant, frame)
            return
        visit = self.visit
        if visit is None:
            raise BadFrame("say hello first", getattr(frame, "client_id", None))
        self.wait(settings.SOCKET_IDLE_SECONDS)
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
        if known and (wait := allowances().read(tenant.slug, known, self.address)):
            raise Refusal("rate_limited", retry_after=wait)
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
        self.wait(settings.SOCKET_IDLE_SECONDS)
        if transcript and (transcript.summary.unanswered or transcript.summary.open_reply):
            # The process that was to answer may have died; while it lives, this tells when it is done.
            turns.start(tenant, conversation_id)

    def _ready(self, visit: actions.Visit, transcript: Transcript | None, last_seen: int) -> str:
        rows, more = transcript.newest(last_seen, protocol.MAX_HISTORY) if transcript else ([], False)
        history, cut = protocol.history(rows, newest=True)
        consent = visit.tenant.persona.consent
        return protocol.encode(
            {
                "type": "ready",
                "visitor": tokens.issue(visit.tenant.slug, visit.visitor_id),
                "conversation": visit.conversation_id,
                "history": history,
                "more": more or cut,
                "status": transcript.summary.status if transcript else Status.ASSISTANT,
                "busy": turns.busy(visit.tenant.slug, visit.conversation_id),
                "consent": {"required": visit.consent_needed, "version": consent.version, "text": consent.text},
            }
        )

    async def _message(self, visit: actions.Visit, frame: protocol.Message) -> None:
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

    async def _history(self, visit: actions.Visit, frame: protocol.Sync) -> None:
        transcript = await actions.read(visit)
        if transcript is None:
            await self.send(protocol.history_frame([], False))
        elif frame.after is not None:
            await self.send(protocol.history_frame(*transcript.after(frame.after, protocol.MAX_HISTORY)))
        elif frame.before is not None:
            rows, more = transcript.before(frame.before, protocol.MAX_HISTORY)
            await self.send(protocol.history_frame(rows, more, newest=True))

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

    async def chat_missed(self, event: dict[str, Any]) -> None:
        """It did not take what it was told for too long: it comes back and asks for the rest."""
        await self.close(RESTART)

    def _group(self) -> str:
        assert self.visit is not None  # noqa: S101 - only asked after hello
        return group_of(self.visit.tenant.slug, self.visit.conversation_id)


def _origin_of(page: str | None) -> str:
    try:
        parts = urlsplit(page or "")
    except ValueError:  # a page that no browser could have named
        return ""
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
