"""Tells every socket of a conversation what happened; a hint only, rows carry seq."""

import hashlib

from channels.layers import get_channel_layer


def group_of(tenant: str, conversation_id: str) -> str:
    """The channel group of a conversation's sockets (ids are longer than a group's name may be)."""
    return f"chat.{hashlib.blake2s(f'{tenant}/{conversation_id}'.encode(), digest_size=20).hexdigest()}"


async def push(tenant: str, conversation_id: str, frames: list[str], *, except_socket: str = "") -> None:
    """Send encoded frames, in order, to the conversation's sockets."""
    event = {"type": "chat.frames", "frames": frames, "except": except_socket}
    await get_channel_layer().group_send(group_of(tenant, conversation_id), event)
