"""A WebSocket that says exactly these bytes, be they a frame or not, and reads only when asked to."""

import base64
import json
import os
import socket
from collections.abc import Iterable
from typing import Any, Self

from bench.websocket import CLOSE, TEXT, mask, parse

CONTINUATION, PING = 0x0, 0x9
KEY = b"abcd"
SECONDS = 20.0


class Closed(Exception):
    """The server closed the socket; `code` is None when it cut the line without a word."""

    def __init__(self, code: int | None) -> None:
        super().__init__(code)
        self.code = code


def frame(kind: int, data: bytes, *, last: bool = True) -> bytes:
    """One frame of a client, of any size, the last of its message or not."""
    length = len(data)
    if length < 126:
        head = bytes(((0x80 if last else 0) | kind, 0x80 | length))
    elif length < 65536:
        head = bytes(((0x80 if last else 0) | kind, 0x80 | 126)) + length.to_bytes(2)
    else:
        head = bytes(((0x80 if last else 0) | kind, 0x80 | 127)) + length.to_bytes(8)
    return head + KEY + mask(data, KEY)


def fragments(data: bytes, size: int) -> bytes:
    """A text message in frames of this many bytes."""
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    return b"".join(
        frame(CONTINUATION if number else TEXT, piece, last=number == len(pieces) - 1)
        for number, piece in enumerate(pieces)
    )


class Wire:
    """One connection, blocking. With `buffers` (bytes) the kernel keeps no more of what is not read or not taken."""

    def __init__(self, port: int, *, buffers: int = 0) -> None:
        self.line = socket.socket()
        if buffers:
            self.line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffers)
            self.line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffers)
        self.line.settimeout(SECONDS)
        self.line.connect(("127.0.0.1", port))
        self.port, self._buffer = port, b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.line.close()

    def shake_hands(self, slug: str = "alfa", headers: Iterable[str] = ()) -> str:
        """Ask for a socket; the answer's head. Raises Closed when there is none."""
        lines = [
            f"GET /ws/chat/{slug}/ HTTP/1.1", f"Host: 127.0.0.1:{self.port}", "Upgrade: websocket",
            "Connection: Upgrade", "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}", *headers, "", "",
        ]  # fmt: skip
        self.say("\r\n".join(lines).encode("latin-1"))
        while b"\r\n\r\n" not in self._buffer:
            self._read_more()
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        return head.decode("latin-1")

    def hello(self, **fields: Any) -> dict[str, Any]:
        """Shake hands and say hello; the `ready`."""
        self.shake_hands()
        self.send({"type": "hello", **fields})
        return self.read()

    def say(self, data: bytes) -> None:
        """These bytes."""
        self.line.sendall(data)

    def send(self, data: dict[str, Any] | str | bytes) -> None:
        """One text frame."""
        text = json.dumps(data) if isinstance(data, dict) else data
        self.say(frame(TEXT, text.encode() if isinstance(text, str) else text))

    def read(self) -> dict[str, Any]:
        """The next JSON frame; pings and pongs are passed over. Raises Closed."""
        while True:
            while not (found := parse(self._buffer, 0)):
                self._read_more()
            kind, payload, end = found
            self._buffer = self._buffer[end:]
            if kind == CLOSE:
                raise Closed(int.from_bytes(payload[:2]))
            if kind == TEXT:
                said: dict[str, Any] = json.loads(payload)
                return said

    def until(self, kind: str) -> dict[str, Any]:
        """The next frame of this type. Raises Closed."""
        while (found := self.read())["type"] != kind:
            pass
        return found

    def _read_more(self) -> None:
        try:
            data = self.line.recv(1 << 16)
        except ConnectionError:
            data = b""
        if not data:
            raise Closed(None)
        self._buffer += data
