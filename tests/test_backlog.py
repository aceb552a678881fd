"""What clients have not read yet, and requests that do not come to the point: how long, how much, who goes first."""

import asyncio
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from timmy_site.server import backlog, pages
from timmy_site.server.backlog import Backlog, Backlogs
from timmy_site.server.pages import BoundedChannel


@dataclass
class Line:
    """A transport that holds so many bytes."""

    dataBuffer: bytes = b""  # noqa: N815 - as the library calls it
    offset: int = 0
    _tempDataLen: int = 0  # noqa: N815
    cut: bool = False

    def abortConnection(self) -> None:  # noqa: N802
        self.cut = True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Time as the test wants it."""
    clock = Clock()
    monkeypatch.setattr(backlog.time, "monotonic", clock.seconds)
    return clock


def full(backlogs: Backlogs, size: int = 1000) -> tuple[Line, Backlog]:
    """A connection whose client has so many bytes to read."""
    line = Line(b"x" * size)
    one = Backlog(line, backlogs)
    one.grew()
    return line, one


def test_who_reads_nothing_is_cut_after_a_while(clock: Clock) -> None:
    backlogs = Backlogs()
    line, _one = full(backlogs)
    clock.advance(backlog.STALLED_SECONDS)
    backlogs.tidy()
    assert not line.cut
    clock.advance(1)
    backlogs.tidy()
    assert line.cut
    assert not backlogs.waiting


def test_who_reads_slowly_may_go_on(clock: Clock) -> None:
    backlogs = Backlogs()
    line, _one = full(backlogs)
    for offset in range(100, 1000, 100):
        line.offset = offset
        clock.advance(backlog.STALLED_SECONDS - 1)
        backlogs.tidy()
    assert not line.cut


def test_who_has_read_everything_is_forgotten(clock: Clock) -> None:
    backlogs = Backlogs()
    line, one = full(backlogs)
    one.over()
    clock.advance(1000)
    backlogs.tidy()
    assert not line.cut


def test_when_all_hold_too_much_the_longest_waiting_go_first(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "MOST_BYTES", 2500)
    backlogs = Backlogs()
    lines = [full(backlogs)[0] for _ in range(4)]
    assert [line.cut for line in lines] == [True, True, False, False]
    lines[2].dataBuffer = b"x" * 5000
    backlogs.tidy()
    assert [line.cut for line in lines] == [True, True, True, False]


async def test_who_writes_waits_until_it_is_read_or_nobody_is_there() -> None:
    backlogs = Backlogs()
    for end in (Backlog.over, Backlog.give_up):
        _line, one = full(backlogs)
        waiting = asyncio.create_task(one.read())
        await asyncio.sleep(0)
        assert not waiting.done()
        end(one)
        await asyncio.wait_for(waiting, 10)
    await asyncio.wait_for(Backlog(Line(), backlogs).read(), 10)  # nothing waits


@pytest.fixture
def channel(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A connection that asks for pages; what it asks for is not answered."""
    monkeypatch.setattr(pages, "reactor", clock)
    monkeypatch.setattr(pages.BoundedRequest, "process", lambda self: None)
    channel: Any = BoundedChannel()
    channel.timeOut = None
    channel.factory = SimpleNamespace(server=SimpleNamespace(backlogs=Backlogs(), connection_lost=lambda: None))
    # daphne's own asks for its server
    monkeypatch.setattr(pages.WebRequest, "__init__", pages.WebRequest.__bases__[0].__init__)
    channel.makeConnection(StringTransport())
    return channel


def test_a_request_has_to_come_to_the_point(channel: Any, clock: Clock) -> None:
    for byte in b"GET /healthz HTTP/1.1\r\nHo":
        channel.dataReceived(bytes([byte]))
        clock.advance(1.5)
    assert channel.transport.disconnected


def test_a_request_that_came_in_time_may_be_answered_late(channel: Any, clock: Clock) -> None:
    channel.dataReceived(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
    clock.advance(pages.REQUEST_SECONDS - 1)
    channel.dataReceived(b"\r\n")
    clock.advance(1000)
    assert not channel.transport.disconnected
