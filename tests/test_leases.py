"""Who answers a conversation: one at a time among threads, processes and servers that hang or die."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conversations.core.records import Role
from conversations.storage import leases
from conversations.storage.base import Lease, Storage
from conversations.storage.csv_files import CsvFiles
from conversations.storage.memory import MemoryStorage, forget_everything
from conversations.turns import Turns, turns
from tenants_app.access import active_tenant
from tests.chat_cast import SECONDS, Chat, eventually, parts

LONG = "Esta frase enche sozinha uma parte inteira da resposta, para que ela saia antes de a próxima ser conhecida. "

_HOLDER = """
import sys, pathlib
from conversations.storage.csv_files import CsvFiles
print(CsvFiles("alfa", root=pathlib.Path(sys.argv[1])).lease("c1").take(), flush=True)
sys.stdin.read()
"""


@pytest.fixture(params=["files", "memory"])
def build(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Storage]]:
    yield (lambda: CsvFiles("alfa", root=tmp_path)) if request.param == "files" else lambda: MemoryStorage("alfa")
    forget_everything()


class Clock:
    """A clock that goes when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(leases, "time", clock)
    return clock


class TestOneHolder:
    def test_only_one_holds_a_lease(self, build: Callable[[], Storage]) -> None:
        mine, theirs, other = build().lease("c1"), build().lease("c1"), build().lease("c2")
        assert (mine.take(), theirs.take(), other.take()) == (True, False, True)
        mine.give_back()
        assert theirs.take()

    def test_who_never_had_it_cannot_give_it_back(self, build: Callable[[], Storage]) -> None:
        mine, theirs = build().lease("c1"), build().lease("c1")
        assert mine.take()
        theirs.take()
        theirs.give_back()
        assert not build().lease("c1").take()

    def test_a_holder_that_renews_keeps_it(self, build: Callable[[], Storage]) -> None:
        mine = build().lease("c1")
        assert mine.take()
        assert mine.renew()
        assert not build().lease("c1").take()

    def test_what_was_given_back_cannot_be_renewed(self, build: Callable[[], Storage]) -> None:
        mine = build().lease("c1")
        mine.take()
        mine.give_back()
        assert not mine.renew()


class TestSilence:
    """A holder that gives no sign of life for ten seconds is overtaken."""

    @pytest.fixture
    def rivals(self, tmp_path: Path, clock: Clock) -> tuple[Lease, Lease]:
        storage = CsvFiles("alfa", root=tmp_path)
        mine, theirs = storage.lease("c1"), storage.lease("c1")
        assert mine.take()
        assert not theirs.take()
        return mine, theirs

    def test_it_is_taken_over_when_its_time_is_up(self, rivals: tuple[Lease, Lease], clock: Clock) -> None:
        mine, theirs = rivals
        clock.now += 9.9
        assert not theirs.take()
        clock.now += 0.2
        assert theirs.take()
        assert not mine.renew()
        assert theirs.renew()

    def test_each_sign_of_life_gives_it_its_full_time(self, rivals: tuple[Lease, Lease], clock: Clock) -> None:
        mine, theirs = rivals
        for _ in range(5):
            clock.now += 6
            assert mine.renew()
            assert not theirs.take()

    def test_the_overtaken_cannot_give_back_what_another_has(
        self, rivals: tuple[Lease, Lease], clock: Clock, tmp_path: Path
    ) -> None:
        mine, theirs = rivals
        clock.now += 11
        assert theirs.take()
        mine.give_back()
        assert not CsvFiles("alfa", root=tmp_path).lease("c1").take()


class TestProcesses:
    @pytest.fixture
    def holder(self, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
        """Another process that holds the lease of c1."""
        command = [sys.executable, "-c", _HOLDER, str(tmp_path)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "True\n"
        yield process
        process.kill()
        process.communicate()

    def test_a_dead_process_is_followed_at_once(self, holder: subprocess.Popen[str], tmp_path: Path) -> None:
        lease = CsvFiles("alfa", root=tmp_path).lease("c1")
        assert not lease.take()
        holder.kill()
        holder.wait()
        assert lease.take()

    def test_one_that_hangs_is_followed_when_its_time_is_up(
        self, holder: subprocess.Popen[str], tmp_path: Path, clock: Clock
    ) -> None:
        lease = CsvFiles("alfa", root=tmp_path).lease("c1")
        assert not lease.take()
        clock.now += 11
        assert lease.take()
        assert lease.renew()

    def test_the_same_folder_by_another_name_has_the_same_leases(self, tmp_path: Path) -> None:
        (tmp_path / "disk").mkdir()
        (tmp_path / "link").symlink_to(tmp_path / "disk")
        assert CsvFiles("alfa", root=tmp_path / "disk").lease("c1").take()
        assert not CsvFiles("alfa", root=tmp_path / "link").lease("c1").take()


class TestTurns:
    """Two servers on one folder, one of which hangs."""

    @pytest.fixture(autouse=True)
    def short(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(leases, "LEASE_SECONDS", 0.05)
        monkeypatch.setattr("conversations.turns.LEASE_RETRY_SECONDS", 0.002)

    async def test_a_hanging_servers_turn_is_taken_over_and_it_says_nothing_more(self, chat: Chat) -> None:
        wake = asyncio.Event()  # RENEW_SECONDS is far longer than LEASE_SECONDS here: the first server seems to hang
        model = chat.script([wake, "Tarde demais."], ["Certo."])
        tab = await chat.visitor()
        await tab.write("Oi")
        await eventually(lambda: len(model.prompts) == 1)
        other, conversation = Turns(), tab.ready["conversation"]
        other.start(active_tenant("alfa"), conversation)
        await other.answered("alfa", conversation)
        assert chat.said(tab) == ["Certo."]
        wake.set()
        await turns.answered("alfa", conversation)
        assert chat.said(tab) == ["Certo."]

    async def test_a_reply_it_had_begun_is_closed_and_not_gone_on_with(self, chat: Chat) -> None:
        wake = asyncio.Event()
        chat.script([LONG, LONG, wake, "Tarde demais."], ["Certo."])
        tab = await chat.visitor()
        await tab.write("Oi")
        await tab.until("message")
        other, conversation = Turns(), tab.ready["conversation"]
        other.start(active_tenant("alfa"), conversation)
        await other.answered("alfa", conversation)
        wake.set()
        await turns.answered("alfa", conversation)
        rows = [row for row in chat.rows(tab) if row.role == Role.ASSISTANT]
        assert [(row.part, row.status) for row in rows] == [("1", "part"), ("2", "complete")]
        assert len({row.reply_id for row in rows}) == 1

    async def test_the_visitors_screen_learns_what_the_other_server_said(self, chat: Chat) -> None:
        wake = asyncio.Event()
        model = chat.script([wake, "Tarde demais."], ["Certo."])
        tab = await chat.visitor()
        await tab.write("Oi")
        await eventually(lambda: len(model.prompts) == 1)
        other, conversation = Turns(), tab.ready["conversation"]
        other.start(active_tenant("alfa"), conversation)
        await other.answered("alfa", conversation)
        wake.set()
        seqs = [frame["seq"] for frame in await tab.until("done") if frame["type"] == "done"]
        assert seqs == [2]
        await tab.send(type="sync", after=1)
        history = (await tab.until("history"))[-1]["messages"]
        assert [message["content"] for message in history] == ["Certo."]

    async def test_a_turn_that_learns_of_it_is_ended_before_it_speaks(
        self, chat: Chat, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("conversations.turns.RENEW_SECONDS", 0.15)
        never = asyncio.Event()
        model = chat.script([never], ["Certo."])
        tab = await chat.visitor()
        await tab.write("Oi")
        await eventually(lambda: len(model.prompts) == 1)
        other, conversation = Turns(), tab.ready["conversation"]
        other.start(active_tenant("alfa"), conversation)
        await other.answered("alfa", conversation)
        async with asyncio.timeout(SECONDS):
            await turns.answered("alfa", conversation)
        assert chat.said(tab) == ["Certo."]
        assert parts(await tab.until("done")) == ["Certo."]

    async def test_one_that_lives_keeps_its_turn_however_long_it_takes(
        self, chat: Chat, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("conversations.turns.RENEW_SECONDS", 0.01)
        wake = asyncio.Event()
        model = chat.script([wake, "Certo."], ["Zu früh."])
        tab = await chat.visitor()
        await tab.write("Oi")
        await eventually(lambda: len(model.prompts) == 1)
        other, conversation = Turns(), tab.ready["conversation"]
        began = time.monotonic()
        other.start(active_tenant("alfa"), conversation)
        await eventually(lambda: time.monotonic() - began > 4 * leases.LEASE_SECONDS)
        wake.set()
        await other.answered("alfa", conversation)
        assert chat.said(tab) == ["Certo."]
