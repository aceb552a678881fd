"""Hears in the record of a process what it told: frames of chats on its sockets, words on its output."""

import json
import re
from collections import defaultdict
from typing import Any, NamedTuple

from tests.torture.syscalls import Call

_WORDS = re.compile(rb"told (\S+)\n")
_SENDS = {"sendto", "sendmsg", "write", "writev"}


class Heard(NamedTuple):
    """Something was told: the row of this message id stands, or (no id) all of a conversation does."""

    conversation: str
    message_id: str
    acked: bool


class Listener:
    """Takes the calls of one process in their order."""

    def __init__(self) -> None:
        self._streams: dict[str, bytes] = defaultdict(bytes)

    def take(self, call: Call) -> list[Heard]:
        """What this call told, if it told anything."""
        if call.name not in _SENDS:
            return []
        if call.path.startswith("socket:"):
            self._streams[call.path] += call.data
            return [heard for frame in self._frames(call.path) for heard in _rows(frame)]
        if call.number == 1:
            return [Heard(name.decode(), "", acked=True) for name in _WORDS.findall(call.data)]
        return []

    def _frames(self, socket: str) -> list[dict[str, Any]]:
        """The whole frames that have come on a socket since it was last asked; the answer to its upgrade is passed."""
        stream, found = self._streams[socket], []
        if stream.startswith(b"HTTP/"):
            _, end, stream = stream.partition(b"\r\n\r\n")
            stream = stream if end else self._streams[socket]
        while len(stream) > 1 and (stream[0] & 0x0F) in (1, 2, 8, 9, 10):
            length, start = stream[1] & 0x7F, 2
            if length > 125:
                start = 4 if length == 126 else 10
                length = int.from_bytes(stream[2:start])
            if len(stream) < start + length:
                break
            if stream[0] & 0x0F == 1:
                found.append(json.loads(stream[start : start + length]))
            stream = stream[start + length :]
        self._streams[socket] = stream
        return found


def _rows(frame: dict[str, Any]) -> list[Heard]:
    if frame["type"] in ("ack", "message"):
        return [Heard("", frame["message"]["id"], acked=frame["type"] == "ack")]
    if frame["type"] in ("ready", "history"):
        return [Heard("", row["id"], acked=False) for row in frame.get("history", frame.get("messages", []))]
    return []
