"""The channel layer of an installation that is one process: the library's own, without its cost per socket."""

import asyncio
import time
from typing import Any

from channels.layers import InMemoryChannelLayer

CLEAN_SECONDS = 10.0
MISSED = {"type": "chat.missed"}


class LocalChannelLayer(InMemoryChannelLayer):  # type: ignore[misc]  # channels ships no types
    """Looks for expired messages now and then, not at every call (which would cost a walk over all sockets each).

    Unlike in the library no socket leaves its group by age, its own (a day) or a message's (a minute): it would live
    on deaf, after a day of talking or after the machine slept.
    """

    _next_clean = 0.0
    _loop: asyncio.AbstractEventLoop | None = None  # the one that the sockets live in

    def _clean_expired(self) -> None:
        if time.monotonic() < self._next_clean:
            return
        self._next_clean = time.monotonic() + CLEAN_SECONDS
        now = time.time()
        for queue in self.channels.values():
            while not queue.empty() and queue._queue[0][0] < now:
                queue.get_nowait()

    async def receive(self, channel: str) -> dict[str, Any]:
        """Wait for the channel's next message. Its queue stays for the next one, until the waiting is given up."""
        self._loop = asyncio.get_running_loop()
        queue = self._queue(channel)
        try:
            _, message = await queue.get()
        except asyncio.CancelledError:
            self.channels.pop(channel, None)
            self._remove_from_groups(channel)
            raise
        self._clean_expired()
        return message  # type: ignore[no-any-return]  # channels ships no types

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        """Hand the message to every socket of the group; not copied, for nobody changes it.

        A socket that takes nothing for so long that its queue is full hears MISSED instead of all that waits.
        May be called in another event loop than the sockets'.
        """
        if not self.groups.get(group):
            return
        if self._loop is None or self._loop is asyncio.get_running_loop():
            self._hand_out(group, message)
        else:
            self._loop.call_soon_threadsafe(self._hand_out, group, message)

    def _hand_out(self, group: str, message: dict[str, Any]) -> None:
        expires = time.time() + self.expiry
        for channel in list(self.groups.get(group, ())):
            queue = self._queue(channel)
            full = queue.full()
            while full and not queue.empty():
                queue.get_nowait()
            queue.put_nowait((expires, MISSED if full else message))

    def _queue(self, channel: str) -> asyncio.Queue[Any]:
        queue: asyncio.Queue[Any] | None = self.channels.get(channel)
        if queue is None:
            queue = self.channels[channel] = asyncio.Queue(maxsize=self.get_capacity(channel))
        return queue
