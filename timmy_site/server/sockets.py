"""A WebSocket connection that reads no more than is handled and sends no more than is read."""

import asyncio
import socket
from typing import Any

from autobahn.websocket.types import ConnectionDeny
from daphne.ws_protocol import WebSocketProtocol
from django.conf import settings
from twisted.internet import reactor as _reactor
from twisted.internet.error import ConnectionAborted

from conversations.limits import Buckets, Rate
from conversations.protocol import MAX_FRAME_BYTES
from timmy_site.server.backlog import STALLED_SECONDS, Backlog

reactor: Any = _reactor  # its type knows nothing of timers

MOST_WAITING = 32  # messages that came and are not handled: then the connection is not read any further
MOST_FRAGMENTS = 1024  # of one message
WIRE_FRAMES = Rate(1000, 10)  # with fragments, pings and pongs: more are read later
WIRE_PAUSE = 1.0
FRAMES_IN_A_TURN = 64  # then others have theirs
SEND_BUFFER = 128 * 1024  # bytes that the kernel keeps for a client that reads slowly
FAREWELL_BYTES = 4096  # who was told to go says no more than this at once: the rest is not looked at


class Inbox(asyncio.Queue[dict[str, Any]]):
    """What came from one client and waits for the application; a full one stops the reading."""

    def __init__(self, connection: "BoundedSocket") -> None:
        super().__init__()
        self._connection = connection

    async def get(self) -> dict[str, Any]:
        """What came next, once the client has read what it was told."""
        await self._connection.backlog.read()
        return await super().get()

    def _put(self, item: dict[str, Any]) -> None:
        super()._put(item)
        if self.qsize() >= MOST_WAITING:
            self._connection.hold("inbox")

    def _get(self) -> dict[str, Any]:
        item = super()._get()
        if self.qsize() == MOST_WAITING // 2:
            self._connection.go_on("inbox")
        return item

    def forget(self) -> None:
        """Drop what waits."""
        self._queue.clear()  # type: ignore[attr-defined]  # of those that an heir of Queue may use


class BoundedSocket(WebSocketProtocol):  # type: ignore[misc]  # daphne ships no types
    """One client's connection, from the handshake on."""

    data: bytes
    _farewell: Any = None

    def connectionMade(self) -> None:
        self._held: set[str] = set()
        self._wire = Buckets(WIRE_FRAMES if settings.RATE_LIMIT_VISITOR else None)
        self._fragments = self._in_turn = 0
        self.backlog = Backlog(self.transport, self.factory.server_class.backlogs)
        self.transport.getHandle().setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        self.transport.unregisterProducer()  # the page's channel that this connection began as
        self.transport.registerProducer(self, True)
        super().connectionMade()

    def connectionLost(self, reason: Any) -> None:
        if self._farewell is not None and self._farewell.active():
            self._farewell.cancel()
        self.backlog.over()
        self.factory.server_class.connection_lost()
        if reason.check(ConnectionAborted) and (inbox := getattr(self, "application_queue", None)):
            inbox.forget()  # we cut it: nothing more is done for it, it comes back and asks again
        super().connectionLost(reason)

    def onConnect(self, request: Any) -> Any:
        """The handshake came; one that the library would log a traceback of is refused."""
        if not "".join([*request.headers, request.headers.get("sec-websocket-protocol", "")]).isascii():
            raise ConnectionDeny(400, "Headers are ASCII")  # type: ignore[no-untyped-call]
        return super().onConnect(request)

    # What comes

    def hold(self, reason: str) -> None:
        """Read no more until `go_on` for every reason given."""
        self._held.add(reason)
        self.transport.pauseProducing()

    def go_on(self, reason: str) -> None:
        """Take back a `hold`."""
        if reason in self._held:
            self._held.discard(reason)
            if not self._held and self.state != self.STATE_CLOSED:
                self.transport.resumeProducing()
                self.consumeData()

    def dataReceived(self, data: bytes) -> None:
        self._in_turn = 0
        super().dataReceived(data)
        if self._held:  # the end of the handshake resumes the reading whatever was asked for
            self.transport.pauseProducing()

    def processData(self) -> bool:
        """The library's step from frame to frame; stands still while the connection is held."""
        if self.state == self.STATE_CLOSING and len(self.data) > FAREWELL_BYTES:
            self.data = b""
        return not self._held and bool(super().processData())

    def onFrameBegin(self) -> None:
        super().onFrameBegin()
        self._in_turn += 1
        if self._wire.take(""):
            self._pause("wire", WIRE_PAUSE)
        elif self._in_turn >= FRAMES_IN_A_TURN:
            self._in_turn = 0
            self._pause("turn", 0.0)

    def _pause(self, reason: str, seconds: float) -> None:
        self.hold(reason)
        reactor.callLater(seconds, self.go_on, reason)

    def onMessageFrameBegin(self, length: int) -> None:
        super().onMessageFrameBegin(length)
        self._fragments += 1
        too_much = self._fragments > MOST_FRAGMENTS or self.message_data_total_length > MAX_FRAME_BYTES
        if too_much and not self.failedByMe:
            self._fail_connection(self.CLOSE_STATUS_CODE_MESSAGE_TOO_BIG, "too large, or in too many fragments")

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        self._fragments = 0
        super().onMessage(payload, isBinary)

    # What goes

    def pauseProducing(self) -> None:
        """The transport holds more than it likes to."""
        self.backlog.grew()

    def resumeProducing(self) -> None:
        """The transport holds nothing any more."""
        self.backlog.over()

    stopProducing = resumeProducing

    def serverSend(self, content: Any, binary: bool = False) -> None:
        """Send a frame; nothing to who was told to go, which the library answers with an exception."""
        if self.state in {self.STATE_CONNECTING, self.STATE_OPEN}:
            super().serverSend(content, binary)

    def serverClose(self, code: int | None = None) -> None:
        """Close with any code of the protocol; the library's own way refuses 1009 and 1012."""
        self.sendCloseFrame(code=1000 if code is None else code)

    def dropConnection(self, abort: bool = False) -> None:
        super().dropConnection(abort)
        if not abort and self._farewell is None:  # it waits until all is read, which a client may never do
            self._farewell = reactor.callLater(STALLED_SECONDS, self.transport.abortConnection)
