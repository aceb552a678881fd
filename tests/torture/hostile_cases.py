"""What no client of ours would send: frames, bytes, messages and handshakes, each with the answers that are right."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench.websocket import TEXT
from tests.torture.wire import CONTINUATION, PING, Closed, Wire, fragments, frame

KIB_64 = 64 * 1024
DEEP = 30_000
Act = Callable[[Wire], str]


@dataclass(frozen=True, slots=True)
class Case:
    """Something said on a socket that has said hello; `answers` are those that are right."""

    name: str
    act: Act
    answers: tuple[str, ...] = ("bad_frame",)


def said(data: bytes | str) -> Act:
    """Say this as one text frame; the code of the error that answers, or the type of another frame."""

    def act(wire: Wire) -> str:
        wire.send(data)
        return _answer(wire)

    return act


def ignored(data: bytes | str) -> Act:
    """Say this, which has no answer, then ask for rows; the answer to that."""

    def act(wire: Wire) -> str:
        wire.send(data)
        wire.send({"type": "sync", "after": 10**6})
        return _answer(wire)

    return act


def raw(data: bytes) -> Act:
    """These bytes, then a question."""

    def act(wire: Wire) -> str:
        wire.say(data)
        wire.send({"type": "sync", "after": 10**6})
        return _answer(wire)

    return act


def written(text: str) -> Act:
    """Send this as a message; "done" when it was stored and answered."""

    def act(wire: Wire) -> str:
        wire.send({"type": "message", "client_id": f"h{time.monotonic_ns()}", "text": text})
        while (answer := _answer(wire)) not in {"done", "too_long", "empty", "bad_frame"}:
            pass
        return answer

    return act


def _answer(wire: Wire) -> str:
    try:
        frame = wire.read()
    except (Closed, ConnectionError) as closed:
        return f"closed {getattr(closed, 'code', None)}"
    return str(frame["code"] if frame["type"] == "error" else frame["type"])


def wall(unit: str, size: int = 4000) -> str:
    """The unit again and again, up to this many characters."""
    return (unit * (size // len(unit) + 1))[:size]


WALLS = (
    "1", "1,", "1. ", "12 ", "(11) ", "+55 11 9", "a@", "a@b.", "@a.", "x@y.com ", "me chamo ", "Maria da ",
    "João Silva ", "minha mãe se chama ",
    '"', "\\", "'", " .", "…", "? ", "!?", "é ", "é", "😀", "👩‍👩‍👧", "م", "\u202ea", "\u200bb",
    "[a](", "**a", "```", "{{", "<b>", "http://a.", "dr. ", "R$ 10,00 ", "- ", "a\n", "\ta", "o que é ",
    "quanto custa ",
)  # fmt: skip


def frames() -> Iterator[Case]:
    """Text frames that are no frame of ours, or one that is as large as it may be."""
    for name, opening in (("arrays", "["), ("objects", '{"a":'), ("both", '[{"a":')):
        yield Case(f"{DEEP} {name} deep", said(wall(opening, min(KIB_64 - 99, DEEP * len(opening)))))
        unknown = '{"type":"typing","x":' + wall(opening, min(KIB_64 - 99, DEEP * len(opening)))
        yield Case(f"{DEEP} {name} deep in an unknown field", said(unknown))
    closed = '{"type":"typing","x":' + "[" * DEEP + "]" * DEEP + "}"
    yield Case("deep and closed again", ignored(closed), ("bad_frame", "history"))
    for name, unit in (
        ("digits", "1"), ("quotes", '"'), ("backslashes", "\\"), ("spaces", " "), ("braces", "{"), ("commas", ","),
        ("minus signs", "-"), ("escapes", "\\u0000"), ("emoji", "😀"), ("right to left", "\u202eم"), ("NUL", "\0"),
    ):  # fmt: skip
        size = KIB_64 // len(unit.encode())
        yield Case(f"64 KiB of {name}", said(wall(unit, size)))
        inside = json.dumps(wall(unit, size))[1:-1].encode()[: KIB_64 - 99].rstrip(b"\\")
        for field in ("client_id", "visitor", "x"):
            kind = {"client_id": "message", "visitor": "hello", "x": "typing"}[field]
            text = b'{"type":"%b","%b":"%b"}' % (
                kind.encode(),
                field.encode(),
                inside.decode("utf-8", "ignore").encode(),
            )
            yield Case(f"64 KiB of {name} as {field}", ignored(text), ("bad_frame", "history"))
    number = wall("9", KIB_64 - 99)
    for place in (
        '"after":%s',
        '"after":1.%s',
        '"after":1e%s',
        '"after":0,"x":%s',
        '"after":0,"x":1.%s',
        '"after":-%s',
    ):
        yield Case(
            f"a number of 64,000 digits: {place % '…'}",
            said('{"type":"sync",' + place % number + "}"),
            ("bad_frame", "history"),
        )
    many = ",".join(f'"x{number}":{number}' for number in range(4500))
    yield Case("4,500 unknown fields", said('{"type":"sync","after":0,' + many + "}"), ("history",))
    yield Case("one key 8,000 times", said('{"type":"sync"' + ',"after":0' * 6000 + "}"), ("history",))
    yield Case("one type 4,000 times", said("{" + ",".join(['"type":"sync"'] * 4000) + "}"))
    yield Case("a byte too many", said(b" " * (KIB_64 + 1)), ("closed 1009",))
    yield Case("a megabyte", said(b" " * (1 << 20)), ("closed 1009",))


def bytes_() -> Iterator[Case]:
    """What the WebSocket protocol allows and nobody does, and what it forbids."""
    typing = b'{"type":"typing","x":""}'.ljust(KIB_64)
    yield Case("64 KiB in frames of one byte", raw(fragments(typing, 1)), ("closed 1009",))
    yield Case("64 KiB in frames of 64 bytes", raw(fragments(typing, 64)), ("history",))
    yield Case("a frame of ours in frames of one byte", raw(fragments(b'{"type":"typing"}', 1)), ("history",))
    empty = frame(TEXT, b"{", last=False) + frame(CONTINUATION, b"", last=False) * 50_000
    yield Case("50,000 empty frames of one message", raw(empty), ("closed 1009",))
    yield Case("a message of many frames without end", raw(fragments(typing * 2, 4096)), ("closed 1009",))
    yield Case("invalid UTF-8", raw(frame(TEXT, b'{"type":"\xff"}')), ("closed 1007",))
    yield Case("half a character at the end", raw(frame(TEXT, "é".encode()[:1])), ("closed 1007",))
    yield Case("a binary frame", raw(frame(2, b'{"type":"typing"}')), ("bad_frame",))
    yield Case("a frame of a kind that does not exist", raw(frame(5, b"x")), ("closed 1002",))
    yield Case("a compressed frame that was not agreed on", raw(b"\xc1\x81abcd\0"), ("closed 1002",))
    yield Case("5,000 pings", raw(frame(PING, b"x" * 100) * 1000), ("history",))
    yield Case("10,000 frames of one byte", raw(frame(TEXT, b"x") * 10_000), ("bad_frame",))


def texts() -> Iterator[Case]:
    """Messages for whoever looks for names, numbers and answers in them."""
    for unit in WALLS:
        yield Case(f"a message: {unit!r} …", written(wall(unit)), ("done",))
    yield Case("a message of 64 KiB", written(wall("a", KIB_64 - 99)), ("too_long",))
    yield Case("a message of spaces", written(wall(" \n\u3000")), ("empty",))


HEADERS = (
    ("100 KB of headers", [f"X-{number}: {'a' * 90}" for number in range(1000)]),
    ("a header of 100 KB", [f"X: {'a' * 100_000}"]),
    ("600 headers", [f"X-{number}: a" for number in range(600)]),
    ("a header that goes on and on", ["X: a"] + [" a"] * 20_000),
    ("an origin that is none", ["Origin: é"]),
    ("bytes as a subprotocol", ["Sec-WebSocket-Protocol: ÿþ"]),
    ("15 KB of cookies", [f"Cookie: {'a=b;' * 3800}"]),
    ("15 KB of subprotocols", [f"Sec-WebSocket-Protocol: {'a,' * 7500}"]),
    ("15 KB of extensions", [f"Sec-WebSocket-Extensions: {'a;b=c,' * 2500}"]),
    ("15 KB of forwarding", [f"X-Forwarded-For: {'1.1.1.1,' * 1900}"]),
)
