"""The channel layer of an installation that is one process: the library's own, without its cost per socket."""

import asyncio
import time
from typing import Any

from channels.layers import InMemoryChannelLayer

CLEAN_SECONDS = 10.0


class LocalChannelLayer(InMemoryChannelLayer):  # type: ignore[misc]  # channels ships no types
    """Looks for expired messages now and then, not at every call (which would cost a walk over all sockets each)."""

    _next_clean = 0.0

    def _clean_expired(self) -> None:
        now = time.monotonic()
        if now >= self._next_clean:
            self._next_clean = now + CLEAN_SECONDS
            super()._clean_expired()

    async def receive(self, channel: str) -> dict[str, Any]:
        """Wait for the channel's next message. Its queue stays for the next one, until the waiting is given up."""
        queue = self.channels.get(channel)
        if queue is None:
            queue = self.channels[channel] = asyncio.Queue(maxsize=self.get_capacity(channel))
        try:
            _, message = await queue.get()
        except asyncio.CancelledError:
            self.channels.pop(channel, None)
            raise
        self._clean_expired()
        return message  # type: ignore[no-any-return]  # channels ships no types

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        """Hand the message to every socket of the group; not copied, for nobody changes it. Full sockets miss it."""
        members = self.groups.get(group)
        for channel in list(members) if members else ():
            queue = self.channels.get(channel)
            if queue is None:
                queue = self.channels[channel] = asyncio.Queue(maxsize=self.get_capacity(channel))
            if not queue.full():
                queue.put_nowait((time.time() + self.expiry, message))
