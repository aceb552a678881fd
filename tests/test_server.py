"""The server as it is started for visitors: what one connection may make it hold or do, and what the client is told."""

import contextlib
import socket
import time
from collections.abc import Iterator

import psutil
import pytest

from tests.torture.servers import Home, Server, home, serving
from tests.torture.wire import Closed, Wire, fragments, frame

KIB_64 = 64 * 1024


@pytest.fixture(scope="module")
def house() -> Iterator[Home]:
    """An installation of its own."""
    with home(("alfa",), CONNECTIONS_AT_ONCE="40") as made:
        yield made


@pytest.fixture(scope="module")
def server(house: Home) -> Iterator[Server]:
    """Its server."""
    with serving(house) as started:
        yield started


@pytest.fixture
def wire(server: Server) -> Iterator[Wire]:
    """A connection."""
    with Wire(server.port) as opened:
        yield opened


def lives(wire: Wire) -> bool:
    """Whether the socket is answered."""
    wire.send({"type": "sync", "after": 10**6})
    return wire.until("history")["type"] == "history"


def closed(wire: Wire) -> int | None:
    """The code that the server closes with."""
    try:
        while True:
            wire.read()
    except Closed as end:
        return end.code


def talk(wire: Wire, messages: int, text: str) -> None:
    """Say something long several times."""
    for number in range(messages):
        wire.send({"type": "message", "client_id": f"t{number}", "text": text})
        wire.until("ack")
    wire.until("done")


def page(server: Server, request: bytes) -> bytes:
    """What a request for a page is answered with."""
    with Wire(server.port) as asking:
        with contextlib.suppress(ConnectionError):  # refused before its end
            asking.say(request)
        answer = b""
        while data := asking.line.recv(1 << 16):
            answer += data
        return answer


def test_a_history_may_be_larger_than_a_frame_that_comes(server: Server, wire: Wire) -> None:
    token = wire.hello()["visitor"]
    talk(wire, 20, "é" * 4000)
    with Wire(server.port) as again:
        history = again.hello(visitor=token)["history"]
        assert sum(len(row["content"].encode()) for row in history) > 2 * KIB_64
        again.send({"type": "sync", "after": 0})
        assert again.until("history")["messages"] == history


@pytest.mark.parametrize("size", [KIB_64, KIB_64 + 1])
def test_a_frame_may_have_64_kib(wire: Wire, size: int) -> None:
    wire.hello()
    wire.send(b'{"type":"typing"}'.ljust(size))
    assert lives(wire) if size == KIB_64 else closed(wire) == 1009


@pytest.mark.parametrize(("size", "piece"), [(KIB_64, 1), (KIB_64 * 2, 4096)])
def test_a_message_in_too_many_or_too_large_pieces_is_too_big(wire: Wire, size: int, piece: int) -> None:
    wire.hello()
    wire.say(fragments(b'{"type":"typing"}'.ljust(size), piece))
    assert closed(wire) == 1009


def test_a_message_in_pieces_is_a_message(wire: Wire) -> None:
    wire.hello()
    wire.say(fragments(b'{"type":"sync","after":0}', 1))
    assert wire.read()["type"] == "history"


def test_a_thousand_pings_are_answered(wire: Wire) -> None:
    wire.hello()
    wire.say(frame(9, b"x") * 1000)
    assert lives(wire)


def test_nothing_is_compressed(wire: Wire) -> None:
    head = wire.shake_hands(headers=["Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"])
    assert head.startswith("HTTP/1.1 101")
    assert "extensions" not in head.lower()


@pytest.mark.parametrize("header", ["Sec-WebSocket-Protocol: ÿþ", "Origin: é", "X: " + "a" * 20_000])
def test_a_handshake_that_cannot_be_read_is_refused_without_a_word_in_the_log(
    house: Home, wire: Wire, header: str
) -> None:
    with contextlib.suppress(Closed):  # in the middle of a header without end
        assert wire.shake_hands(headers=[header]).startswith("HTTP/1.1 400")
    assert "Traceback" not in house.logs()


def test_what_a_client_does_not_read_is_not_held(server: Server, wire: Wire) -> None:
    token = wire.hello()["visitor"]
    talk(wire, 20, "é" * 4000)
    process = psutil.Process(server.pid)
    with Wire(server.port, buffers=4096) as deaf:
        deaf.hello(visitor=token, last_seen=10**6)
        before = process.memory_info().rss
        deaf.line.settimeout(0.2)
        with pytest.raises(TimeoutError):
            deaf.say(frame(1, b'{"type":"sync","after":0}') * 100_000)
        assert (process.memory_info().rss - before) >> 20 < 10
        deaf.line.settimeout(20)
        for _ in range(50):  # and once it reads, everything comes
            assert len(deaf.until("history")["messages"]) >= 20


def test_a_body_has_its_limits(server: Server) -> None:
    head = b"POST /c/alfa HTTP/1.1\r\nHost: localhost\r\n"
    assert page(server, head + b"Content-Length: 99999999999\r\n\r\n").startswith(b"HTTP/1.1 413")
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    assert page(server, head + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 161).startswith(b"HTTP/1.1 413")


def test_more_connections_than_the_process_may_have_are_cut_at_once(server: Server) -> None:
    lines = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(60)]
    try:
        cut = 0
        for line in lines:
            line.settimeout(0.05)
            with contextlib.suppress(TimeoutError):
                cut += line.recv(1) == b""
        assert cut >= 20
    finally:
        for line in lines:
            line.close()
    until = time.monotonic() + 10
    while True:
        try:
            with Wire(server.port) as wire:
                assert wire.hello()["type"] == "ready"
                return
        except (Closed, ConnectionError):
            assert time.monotonic() < until


def test_a_stop_is_told_as_a_restart(house: Home) -> None:
    with serving(house) as stopping, Wire(stopping.port) as wire:
        wire.hello()
        stopping.stop()
        assert closed(wire) == 1012
