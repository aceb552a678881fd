"""Shows what other processes wrote: pushes stay in their process, so it looks at the files behind its open sockets."""

import asyncio
import logging
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from channels.layers import get_channel_layer

from conversations.core.records import Role, Row
from conversations.core.transcript import Transcript
from conversations.local_layer import LocalChannelLayer
from conversations.protocol import done_frame, message_frame, status_frame
from conversations.push import group_of, push
from conversations.storage import storage_for
from conversations.storage.base import ConversationNotFound, StorageError
from conversations.threads import in_file_thread

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 2.0
MOST_PUSHED: Final = 50  # who misses more sees a gap and asks for it
MOST_OWN: Final = 200  # far more than one conversation gets between two looks


@dataclass(slots=True)
class _Shown:
    """A conversation that sockets of this process show."""

    tenant: str
    conversation_id: str
    group: str
    seen: int = 0  # up to this seq the sockets were told, or this process wrote the row
    size: int = 0  # the file's bytes when it was last looked into
    own: deque[str] = field(default_factory=lambda: deque(maxlen=MOST_OWN))  # ids of rows that this process wrote last


class Neighbours:
    """The conversations on show in this process. Methods but `writing` are called in one event loop.

    A channel layer that reaches every process needs none of this: nothing is watched then.
    """

    def __init__(self) -> None:
        self._shown: dict[tuple[str, str], _Shown] = {}

    def show(self, tenant: str, conversation_id: str, known: Transcript | None) -> None:
        """A socket has joined the conversation's group and is told of these rows (None: there are none yet)."""
        if not (isinstance(get_channel_layer(), LocalChannelLayer) and storage_for(tenant).shares_processes):
            return
        size, seen = (known.size, len(known.rows)) if known else (0, 0)
        one = self._shown.get((tenant, conversation_id))
        if one is None:
            group = group_of(tenant, conversation_id)
            self._shown[tenant, conversation_id] = _Shown(tenant, conversation_id, group, seen, size)
        elif seen < one.seen:  # it came while the others were told of what it did not find
            one.seen, one.size = seen, size

    def writing(self, tenant: str, conversation_id: str, rows: Iterable[Row]) -> None:
        """This process is about to add these rows and will push them itself. Safe in threads."""
        one = self._shown.get((tenant, conversation_id))
        if one is not None:
            one.own.extend(row.message_id for row in rows)

    async def watch(self) -> None:
        """Look, and look again, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self.look()
            except Exception:  # the boundary of a task that must not end  # noqa: BLE001
                log.exception("what other processes wrote could not be looked for; it is tried again")

    async def look(self) -> None:
        """Push what other processes have written since the last look."""
        layer = get_channel_layer()
        for key in [key for key, one in self._shown.items() if not layer.groups.get(one.group)]:
            del self._shown[key]
        changed = await in_file_thread(_changed, list(self._shown.values())) if self._shown else []
        await asyncio.gather(*(_tell(*one) for one in changed))


def _changed(shown: list[_Shown]) -> list[tuple[_Shown, int]]:
    sizes = ((one, storage_for(one.tenant).size(one.conversation_id)) for one in shown)
    return [(one, size) for one, size in sizes if size != one.size]


async def _tell(one: _Shown, size: int) -> None:
    storage = storage_for(one.tenant)
    try:
        # Mostly it was this process that wrote: then it is at hand.
        recent = storage.recent(one.conversation_id)
        transcript = await in_file_thread(storage.read, one.conversation_id) if recent is None else recent
    except ConversationNotFound:
        one.size = size
        return
    except StorageError:
        log.exception("tenant %s: what another process wrote cannot be read", one.tenant)
        one.size = size  # once is enough, until it changes again
        return
    one.size = transcript.size  # before the rows: what a thread adds meanwhile is looked at again
    count = len(transcript.rows)
    own = set(one.own)
    news = [row for row in transcript.rows[one.seen : count] if row.message_id not in own]
    one.seen = count
    if news:
        await push(one.tenant, one.conversation_id, _frames(news[-MOST_PUSHED:], count, transcript))


def _frames(news: list[Row], count: int, transcript: Transcript) -> list[str]:
    frames = [message_frame(row) for row in news]
    if any(row.role == Role.SYSTEM for row in news):
        frames.append(status_frame(transcript.summary.status))
    if news[-1].status == "complete" and news[-1].seq == str(count):
        frames.append(done_frame(news[-1].reply_id, count))
    return frames


neighbours = Neighbours()
