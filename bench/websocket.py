"""A WebSocket client of the least cost, one asyncio protocol for short text frames (RFC 6455)."""

import asyncio
import base64
import os
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import orjson

TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA
_FINAL = 0x80
_MASKED = 0x80


class WebSocketError(Exception):
    """The other side refused the handshake or sent what this client does not read."""


def mask(data: bytes, key: bytes) -> bytes:
    """Data under a mask of four bytes, as one long number: no loop in Python."""
    length = len(data)
    long_key = (key * (length // 4 + 1))[:length]
    return (int.from_bytes(data) ^ int.from_bytes(long_key)).to_bytes(length)


def frame(kind: int, data: bytes, key: bytes) -> bytes:
    """One client's frame; at most 64 KiB."""
    length = len(data)
    if length < 126:
        head = bytes((_FINAL | kind, _MASKED | length))
    else:
        head = bytes((_FINAL | kind, _MASKED | 126)) + length.to_bytes(2)
    return head + key + mask(data, key)


def parse(buffer: bytes, at: int) -> tuple[int, bytes, int] | None:
    """The server's frame at `at`: its kind, its data and where it ends; None when it is not whole yet."""
    if len(buffer) < at + 2:
        return None
    kind, length, start = buffer[at], buffer[at + 1], at + 2
    if not kind & _FINAL or length & _MASKED:
        raise WebSocketError("a fragmented or masked frame")
    if length >= 126:
        size = 2 if length == 126 else 8
        if len(buffer) < start + size:
            return None
        length, start = int.from_bytes(buffer[start : start + size]), start + size
    if len(buffer) < start + length:
        return None
    return kind & 0xF, buffer[start : start + length], start + length


class WebSocket(asyncio.Protocol):
    """An open socket: calls `on_frame` with each decoded JSON frame, `on_close` with the close code once."""

    def __init__(self, on_frame: Callable[[dict], None], on_close: Callable[[int], None]) -> None:
        self._on_frame, self._on_close = on_frame, on_close
        self._opened = asyncio.get_running_loop().create_future()
        self._buffer, self._key, self._code = b"", os.urandom(4), 1006

    async def open(self, url: str, headers: Mapping[str, str] | None = None) -> None:
        """Connects and shakes hands, without an Origin and without extensions, with these headers besides."""
        parts = urlsplit(url)
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: self, parts.hostname, parts.port)
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            f"GET {parts.path} HTTP/1.1",
            f"Host: {parts.netloc}",
            "Upgrade: websocket",
            "Connection: Upgrade",
        ]
        lines += [f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()] + ["", ""]
        self._transport.write("\r\n".join(lines).encode())
        await self._opened

    def send(self, data: dict) -> None:
        """Sends one JSON frame."""
        self._transport.write(frame(TEXT, orjson.dumps(data), self._key))

    def drop(self) -> None:
        """Ends the connection without a word, as a lost network does; `on_close` is not called."""
        self._on_close = lambda code: None
        self._transport.abort()

    def connection_made(self, transport: asyncio.Transport) -> None:
        self._transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        if not self._opened.done():
            self._opened.set_exception(WebSocketError("closed during the handshake"))
        else:
            self._on_close(self._code)

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        if not self._opened.done() and not self._shake_hands():
            return
        at = 0
        while found := parse(self._buffer, at):
            kind, payload, at = found
            if kind == TEXT:
                self._on_frame(orjson.loads(payload))
            else:
                self._control(kind, payload)
        self._buffer = self._buffer[at:]

    def _shake_hands(self) -> bool:
        head, end, rest = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return False
        if not head.startswith(b"HTTP/1.1 101"):
            self._opened.set_exception(WebSocketError(head.decode("latin-1").split("\r\n")[0]))
            self._transport.abort()
            return False
        self._buffer = rest
        self._opened.set_result(None)
        return True

    def _control(self, kind: int, payload: bytes) -> None:
        if kind == PING:
            self._transport.write(frame(PONG, payload, self._key))
        elif kind == CLOSE:
            self._code = int.from_bytes(payload[:2]) if payload else 1005
            self._transport.write(frame(CLOSE, payload[:2], self._key))
            self._transport.close()
