"""Tells every socket of a conversation what happened; a hint only, rows carry seq."""

import hashlib
import logging

from channels.layers import get_channel_layer

log = logging.getLogger(__name__)


def group_of(tenant: str, conversation_id: str) -> str:
    """The channel group of a conversation's sockets (ids are longer than a group's name may be)."""
    return f"chat.{hashlib.blake2s(f'{tenant}/{conversation_id}'.encode(), digest_size=20).hexdigest()}"


async def push(tenant: str, conversation_id: str, frames: list[str], *, except_socket: str = "") -> None:
    """Send encoded frames, in order, to the conversation's sockets. Never fails: what is lost is asked for again."""
    event = {"type": "chat.frames", "frames": frames, "except": except_socket}
    try:
        await get_channel_layer().group_send(group_of(tenant, conversation_id), event)
    except Exception:  # a broken layer must not stop a reply that is being stored  # noqa: BLE001
        log.exception("tenant %s: the sockets of a conversation could not be told", tenant)
