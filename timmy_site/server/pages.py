"""A connection that asks for pages: it has to come to the point, keep its bodies small and read what it asked for."""

from typing import Any

from daphne.http_protocol import WebRequest
from twisted.internet import reactor as _reactor
from twisted.web.http import HTTPChannel as _HTTPChannel

from timmy_site.server.backlog import Backlog

reactor: Any = _reactor  # their types are half of the truth
HTTPChannel: Any = _HTTPChannel

MOST_BODY = 10 * 1024 * 1024
REQUEST_SECONDS = 30.0  # from a request's first byte to its last

_TOO_LARGE = b"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class BoundedRequest(WebRequest):  # type: ignore[misc]  # daphne ships no types
    """One request."""

    _came = 0

    @property
    def backlog(self) -> Backlog | None:
        """What the client has not read yet; None once the request is over."""
        channel = getattr(self, "channel", None)
        return channel.backlog if channel else None

    def gotLength(self, length: int | None) -> None:
        super().gotLength(length)
        if length is not None and length > MOST_BODY:
            self._refuse()

    def handleContentChunk(self, data: bytes) -> None:
        self._came += len(data)
        if self._came <= MOST_BODY:
            super().handleContentChunk(data)
        else:
            self._refuse()

    def _refuse(self) -> None:
        self._came = MOST_BODY + 1
        self.channel.transport.write(_TOO_LARGE)
        self.channel.loseConnection()


class BoundedChannel(HTTPChannel):  # type: ignore[misc]
    """One connection with its requests, one after another."""

    requestFactory = BoundedRequest
    _deadline: Any = None

    def connectionMade(self) -> None:
        self.backlog = Backlog(self.transport, self.factory.server.backlogs)
        super().connectionMade()

    def connectionLost(self, reason: Any) -> None:
        self._came_to_the_point()
        self.backlog.over()
        self.factory.server.connection_lost()
        super().connectionLost(reason)

    def dataReceived(self, data: bytes) -> None:
        super().dataReceived(data)
        # The library's own patience begins anew with every byte.
        if self._deadline is None and not self._handlingRequest:
            self._deadline = reactor.callLater(REQUEST_SECONDS, self.transport.abortConnection)

    def allContentReceived(self) -> None:
        self._came_to_the_point()
        super().allContentReceived()

    def _came_to_the_point(self) -> None:
        if self._deadline is not None and self._deadline.active():
            self._deadline.cancel()
        self._deadline = None

    def pauseProducing(self) -> None:
        self.backlog.grew()
        super().pauseProducing()

    def resumeProducing(self) -> None:
        self.backlog.over()
        super().resumeProducing()
