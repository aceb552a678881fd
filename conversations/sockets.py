"""One client's socket: who is let in, how fast, and how it ends. What its frames mean is for those who inherit."""

import asyncio
import logging
import time
import weakref
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from itertools import count
from random import random
from typing import Any

from channels.consumer import get_handler_name
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.layers import get_channel_layer
from django.conf import settings

from conversations import protocol
from conversations.addresses import address_of
from conversations.allowances import allowances
from conversations.limits import Buckets, Rate
from conversations.protocol import BadFrame, Refusal

log = logging.getLogger(__name__)

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

REFUSED, IDLE, FLOODING, TOO_BIG, RESTART = 4403, 4408, 4429, 1009, 1012
HELLO_SECONDS = 30.0
LONGEST_AT_THE_DOOR = 5.0
FRAMES_OF_ONE_SOCKET = Rate(100, 10)
MOST_PUT_OFF = 30
REFUSALS_BEFORE_CLOSE = 30
FRAMES_IN_A_TURN = 8
PATIENT_REFUSALS, REFUSAL_SECONDS = 3, 0.05  # after so many in a row each next one takes its time
CALM_SECONDS = FAREWELL_SECONDS = 1.0

_open: "weakref.WeakSet[ClientSocket]" = weakref.WeakSet()


async def close_all(code: int = RESTART) -> None:
    """Close every socket of this process (it stops: clients come back on their own)."""
    await asyncio.gather(*(socket.close(code) for socket in list(_open)), return_exceptions=True)


class ClientSocket(AsyncWebsocketConsumer):  # type: ignore[misc]  # channels ships no types
    """Takes frames in, or refuses them; `handle` is called with one after the other, in the order they came."""

    idle: asyncio.TimerHandle | None = None
    worker: asyncio.Task[None] | None = None
    closed = entered = False
    refused_at = float("-inf")

    async def admitted(self, headers: dict[bytes, bytes]) -> bool:
        """Whether this client may talk here at all."""
        raise NotImplementedError

    def pace(self, frame: protocol.Frame, *, look: bool = False) -> float:
        """For how many seconds a frame is put off. `look` counts nothing."""
        raise NotImplementedError

    def spend(self, frame: protocol.Frame, *, queued: int = 0) -> None:
        """Take a frame from its sender's allowance; with frames `queued`, it among them, only look. Raises Refusal."""
        raise NotImplementedError

    async def handle(self, frame: protocol.Frame) -> None:
        """Do what a frame asks for. Raises Refusal or BadFrame."""
        raise NotImplementedError

    async def gone(self) -> None:
        """The socket is closed."""

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Serve one connection. Channels' own way makes a task of every frame that comes or goes."""
        self.scope, self.base_send = scope, send
        self.channel_layer = get_channel_layer(self.channel_layer_alias)
        self.channel_name = await self.channel_layer.new_channel()
        self._one_at_a_time = asyncio.Lock()
        hearing = asyncio.create_task(self._hear())
        try:
            for number in count():
                message = await receive()
                async with self._one_at_a_time:
                    await self.dispatch(message)
                if number % FRAMES_IN_A_TURN == 0:
                    await asyncio.sleep(0)  # what waits already is received without a pause: others have their turn
        except StopConsumer:
            pass
        finally:
            hearing.cancel()
            await asyncio.gather(hearing, return_exceptions=True)

    async def _hear(self) -> None:
        """Pass on what is pushed; a socket that cannot be told any more comes back and asks."""
        try:
            while True:
                message = await self.channel_layer.receive(self.channel_name)
                async with self._one_at_a_time:
                    await self.dispatch(message)
        except Exception:  # the boundary of a task that nobody waits for  # noqa: BLE001
            log.exception("a socket of %s heard nothing more and was closed", self.scope["path"])
            await self.close(RESTART)

    async def dispatch(self, message: dict[str, Any]) -> None:
        # Channels looks after database connections here, a thread switch for every frame. This consumer reaches the
        # database only through database_sync_to_async, which does so itself.
        await getattr(self, get_handler_name(message))(message)

    async def connect(self) -> None:
        headers = dict(self.scope["headers"])
        forwarded = text_of(headers.get(b"x-forwarded-for")) if settings.BEHIND_PROXY else ""
        self.address = address_of((self.scope.get("client") or ("",))[0], forwarded)
        self.refusals, self.frames = 0, Buckets(FRAMES_OF_ONE_SOCKET if settings.RATE_LIMIT_VISITOR else None)
        self.put_off: deque[tuple[float, protocol.Frame]] = deque()
        _open.add(self)
        await self.accept()  # a browser sees the close code only of an accepted socket
        if not await self._may_enter():
            await self.close(FLOODING)
        elif not await self.admitted(headers):
            await self.close(REFUSED)
        else:
            self.wait(HELLO_SECONDS)

    async def _may_enter(self) -> bool:
        self.entered = True
        wait, crowded = allowances().enter(self.address), allowances().crowded(self.address)
        if wait and not crowded:
            await asyncio.sleep(
                min(wait, LONGEST_AT_THE_DOOR) * (0.5 + random() / 2)
            )  # nobody is faster by coming at once
        if crowded or wait > LONGEST_AT_THE_DOOR:
            await self.send(protocol.error_frame("rate_limited", retry_after=max(wait, LONGEST_AT_THE_DOOR)))
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
            allowances().leave(self.address)
        if self.idle is not None:
            self.idle.cancel()
        if self.refusals > PATIENT_REFUSALS:
            self.put_off.clear()
        await self.gone()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self.closed:
            return
        if max(len(bytes_data or text_data or ""), _bytes(text_data)) > protocol.MAX_FRAME_BYTES:
            await self.close(TOO_BIG)
            return
        await self._tried(self._take(text_data), text_data)

    async def _take(self, text: str | None) -> None:
        if self.frames.take("") > 0:
            raise Refusal("rate_limited", client_id=protocol.client_id_of(text or ""), retry_after=1)
        if text is None:
            raise BadFrame("binary frames are not understood")
        frame = protocol.parse(text)
        late = bool(self.put_off) or self.pace(frame, look=True) > 0
        if late and len(self.put_off) >= MOST_PUT_OFF:
            wait = self.pace(frame, look=True)
            raise Refusal("rate_limited", client_id=getattr(frame, "client_id", None), retry_after=wait)
        self.spend(frame, queued=len(self.put_off) + 1 if late else 0)
        seconds = self.pace(frame)
        if not late:
            await self.handle(frame)
            self.refusals = 0
            return
        self.put_off.append((time.monotonic() + seconds, frame))
        if self.worker is None:
            self.worker = asyncio.create_task(self._catch_up())

    async def _catch_up(self) -> None:
        """Handle what was put off, each at its time; who has left meanwhile has said it all the same."""
        while self.put_off:
            due, frame = self.put_off[0]
            wait = max(due, self.refused_at + CALM_SECONDS) - time.monotonic()
            if wait > 0:  # while a flood goes on nothing more of it is done
                await asyncio.sleep(wait)
                continue
            await self._tried(self._handle_late(frame), client_id=getattr(frame, "client_id", None))
            if self.put_off:  # not closed for flooding meanwhile
                self.put_off.popleft()
        self.worker = None

    async def _handle_late(self, frame: protocol.Frame) -> None:
        self.spend(frame)
        await self.handle(frame)

    async def _tried(
        self, handling: Coroutine[Any, Any, None], text: str | None = None, client_id: str | None = None
    ) -> None:
        """Let a frame be handled; whatever goes wrong is told in an `error` frame, and the socket lives on."""
        try:
            await handling
        except BadFrame as error:
            await self._refuse(protocol.error_frame("bad_frame", error.detail, error.client_id))
        except Refusal as error:
            frame = protocol.error_frame(error.code, None, error.client_id, error.retry_after)
            await self._refuse(frame, counts=error.code == "rate_limited")
        except Exception:  # one frame's failure (a broken disk, a busy database) must not end the socket  # noqa: BLE001
            log.exception("a frame to %s could not be answered", self.scope["path"])
            await self.send(protocol.error_frame("unavailable", None, client_id or protocol.client_id_of(text or "")))

    async def _refuse(self, frame: str, counts: bool = True) -> None:
        self.refusals += counts
        self.refused_at = time.monotonic()
        if self.refusals > PATIENT_REFUSALS:
            await asyncio.sleep(REFUSAL_SECONDS)  # the socket is not read meanwhile: a flood stays where it comes from
        await self.send(frame)
        if self.refusals >= REFUSALS_BEFORE_CLOSE and not self.closed:
            self.put_off.clear()
            allowances().flooded(self.address)
            await asyncio.sleep(FAREWELL_SECONDS * random())  # who flooded together does not come back together
            await self.close(FLOODING)

    def wait(self, seconds: float) -> None:
        """Close the socket as idle when nothing is heard for so long."""
        if self.idle is not None:
            self.idle.cancel()
        self.idle = asyncio.get_running_loop().call_later(seconds, self._close_idle)

    def _close_idle(self) -> None:
        self.closing = asyncio.get_running_loop().create_task(self.close(IDLE))


def text_of(value: bytes | None) -> str:
    """A header's value, "" for none."""
    return value.decode("latin-1") if value else ""


def _bytes(text: str | None) -> int:
    # Few texts are near the limit: only those are encoded to be counted.
    return len(text.encode()) if text and len(text) * 4 > protocol.MAX_FRAME_BYTES else 0
