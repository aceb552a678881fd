"""Daphne's server with bounds."""

import asyncio
import resource
from functools import partial
from typing import Any

from daphne.server import Server
from django.conf import settings
from twisted.internet import reactor as _reactor

from conversations.protocol import MAX_FRAME_BYTES
from timmy_site.server.backlog import Backlogs
from timmy_site.server.pages import BoundedChannel
from timmy_site.server.sockets import BoundedSocket, Inbox

reactor: Any = _reactor  # its type knows nothing of timers

SPARE_FILES = 300  # descriptors for conversations, the database, the model
MOST_FILES = 65_536


class BoundedServer(Server):  # type: ignore[misc]  # daphne ships no types
    """Takes so many connections, each with an inbox and a backlog of bounded size."""

    def run(self) -> None:
        """Serve until stopped."""
        self.backlogs = Backlogs()
        self._open, self._most = 0, _most_connections()
        reactor.callWhenRunning(self._bound)  # the library makes its factories in `run`
        super().run()

    def _bound(self) -> None:
        # A frame past the limit is refused while it arrives, not after it was held in memory; the client is told (1009)
        # instead of cut off, which is what the library does unless asked. Its limit for messages holds for those that
        # go out as well, so the connection sees to those that come.
        self.ws_factory.protocol = BoundedSocket
        self.ws_factory.setProtocolOptions(
            maxFramePayloadSize=MAX_FRAME_BYTES, maxMessagePayloadSize=0, failByDrop=False
        )
        self.http_factory.buildProtocol = self._channel

    def _channel(self, address: Any) -> Any:
        if self._open >= self._most:
            return None  # closed at once: cheaper than any answer
        self._open += 1
        channel: Any = BoundedChannel()
        channel.factory, channel.timeOut = self.http_factory, self.http_factory.timeOut
        return channel

    def connection_lost(self) -> None:
        """A connection is gone."""
        self._open -= 1

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> asyncio.Queue[dict[str, Any]] | None:
        """Start the application for a connection; returns the queue of what it hears."""
        if not isinstance(protocol, BoundedSocket):
            return super().create_application(protocol, scope)  # type: ignore[no-any-return]
        scope.setdefault("asgi", {"version": "3.0"})
        inbox = Inbox(protocol)
        application = self.application(scope=scope, receive=inbox.get, send=partial(self.handle_reply, protocol))
        self.connections[protocol]["application_instance"] = asyncio.ensure_future(application)
        return inbox

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        """Send what the application says, once the client has read what it was told before."""
        backlog = protocol.backlog
        if backlog is not None and message["type"] != "websocket.close":
            await backlog.read()
        await super().handle_reply(protocol, message)

    def timeout_checker(self) -> None:
        """Called every other second."""
        self.backlogs.tidy()
        super().timeout_checker()


def _most_connections() -> int:
    """As many as the settings say, if there are file descriptors for them; the process takes all it may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return min(settings.CONNECTIONS_AT_ONCE or wanted, max(soft, wanted) - SPARE_FILES)
