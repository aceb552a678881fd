"""After a crash: what was left unanswered is found and answered once, what was answered is left alone."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import DatabaseError

from conversations import recovery, service
from conversations.core.records import Row, from_json
from conversations.index import stale, writer
from conversations.llm.scripted import ScriptedModel
from conversations.models import Conversation
from conversations.recovery import Recovery, catch_up, changed
from conversations.service import _write_all
from conversations.storage import storage_for
from conversations.storage.base import Unavailable
from conversations.storage.csv_files import READINGS, CsvFiles
from conversations.storage.verify import faults
from conversations.turns import Turns
from tenants_app.access import TenantSnapshot, active_tenant
from tenants_app.models import Tenant
from tests.conversation_rows import event, part, visitor

Two = tuple[Tenant, Tenant]


def hours_ago(hours: float) -> str:
    return (datetime.now(UTC) - timedelta(hours=hours)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def store(*rows: Row, name: str = "c1", indexed: bool = False) -> None:
    """Store rows; a crash comes before the index knows them unless they are `indexed`."""
    done = storage_for("alfa").append(name, rows)
    if indexed:
        writer.note("alfa", name, done.transcript.summary, done.size)
        writer.flush()


def crash() -> None:
    """Forget what a killed process forgets: readings, notes, storages."""
    READINGS.forget_all()
    storage_for.cache_clear()
    writer._noted.clear()


def found() -> list[str]:
    """What the next start finds to do."""
    crash()
    return catch_up("alfa", changed("alfa"))


@pytest.mark.parametrize("indexed", [False, True], ids=["before the index knew", "after the index knew"])
class TestWhatIsFound:
    def test_a_visitors_row_that_nobody_answered(self, tenants: Two, indexed: bool) -> None:
        store(visitor("Oi"), indexed=indexed)
        assert found() == ["c1"]

    def test_a_reply_that_was_cut_after_its_first_part(self, tenants: Two, indexed: bool) -> None:
        store(visitor("Oi"), part(answers=[1], last=False), indexed=indexed)
        assert found() == ["c1"]

    def test_nothing_of_a_conversation_that_was_answered(self, tenants: Two, indexed: bool) -> None:
        store(visitor("Oi"), part(answers=[1]), indexed=indexed)
        assert found() == []

    def test_nothing_of_one_that_ended(self, tenants: Two, indexed: bool) -> None:
        store(visitor("Oi"), event("end"), indexed=indexed)
        assert found() == []

    def test_nothing_older_than_the_setting(self, tenants: Two, indexed: bool, settings: Any) -> None:
        settings.ANSWER_AFTER_RESTART_HOURS = 2.0
        store(visitor("old", timestamp=hours_ago(2.1)), indexed=indexed)
        store(visitor("new", timestamp=hours_ago(1.9)), name="c2", indexed=indexed)
        assert found() == ["c2"]

    def test_nothing_of_another_business(self, tenants: Two, indexed: bool) -> None:
        storage_for("beta").append("c1", [visitor("Oi")])
        assert found() == []


class TestTheIndex:
    def test_it_learns_what_it_missed(self, tenants: Two) -> None:
        store(visitor("Oi"), indexed=True)
        store(part(answers=[1]))
        store(visitor("Oi"), name="c2")
        found()
        writer.flush()
        assert sorted(Conversation.objects.values_list("conversation_id", "last_seq")) == [("c1", 2), ("c2", 1)]
        assert list(stale(tenants[0], changed("alfa"))) == []

    def test_a_torn_tail_is_cut_and_the_rest_counts(self, tenants: Two, installation: Path) -> None:
        store(visitor("Oi"))
        with (installation / "alfa" / "conversations" / "conversation_c1.csv").open("ab") as file:
            file.write(b"m-2,c1,")
        assert found() == ["c1"]
        writer.flush()
        assert list(stale(tenants[0], changed("alfa"))) == []

    def test_a_file_that_cannot_be_read_keeps_no_other_waiting(
        self, tenants: Two, installation: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        folder = installation / "alfa" / "conversations"
        (folder / "conversation_c0.csv").write_bytes(b"a,b\r\n")
        (folder / "conversation_c9.csv").touch()
        store(visitor("Oi", timestamp="whenever"), name="c5")
        store(visitor("Oi"))
        assert sorted(set(found()) - {"c5"}) == ["c1"]
        assert [record.levelname for record in caplog.records] == ["ERROR"]


@pytest.fixture
def alfa(tenants: Two, transactional_db: None) -> TenantSnapshot:
    """The first business as turns see it."""
    return active_tenant("alfa")


Answer = Callable[[ScriptedModel], Any]


@pytest.fixture
def restart(alfa: TenantSnapshot) -> Answer:
    """Start anew after a crash, with this model, and wait until everything that was found is done."""

    async def start(model: ScriptedModel) -> list[Row]:
        crash()
        turns = Turns(model)
        turns.start(alfa, "c1")
        await turns.answered("alfa", "c1")
        return storage_for("alfa").read("c1").rows

    return start


class TestWhatIsDone:
    async def test_an_unanswered_row_is_answered(self, restart: Answer) -> None:
        store(visitor("Oi"))
        rows = await restart(ScriptedModel(["Certo."]))
        assert [row.content for row in rows] == ["Oi", "Certo."]
        assert from_json(rows[1].receipt)["answers"] == [1]

    async def test_rows_that_came_one_after_the_other_get_one_reply(self, restart: Answer) -> None:
        store(visitor("Oi"))
        store(visitor("Alô?"))
        rows = await restart(ScriptedModel(["Certo."]))
        assert [row.content for row in rows[2:]] == ["Certo."]
        assert from_json(rows[2].receipt)["answers"] == [1, 2]

    async def test_a_cut_reply_is_closed_under_its_own_id_without_a_second_one(self, restart: Answer) -> None:
        store(visitor("Oi"), part("Primeira parte.", answers=[1], last=False))
        model = ScriptedModel(["Outra."])
        rows = await restart(model)
        assert [(row.reply_id, row.part, row.status) for row in rows[1:]] == [
            ("r1", "1", "part"),
            ("r1", "2", "complete"),
        ]
        assert (rows[2].error_code, model.prompts) == ("cut", [])

    async def test_a_cut_reply_that_the_visitor_overtook_is_named_by_the_next(self, restart: Answer) -> None:
        store(visitor("Oi"), part(answers=[1], last=False), visitor("E?"))
        rows = await restart(ScriptedModel(["Certo."]))
        receipt = from_json(rows[3].receipt)
        assert (receipt["answers"], receipt["supersedes"]) == ([3], "r1")
        assert rows[-1].status == "complete"

    async def test_what_was_answered_is_left_alone(self, restart: Answer) -> None:
        store(visitor("Oi"), part(answers=[1]))
        before = storage_for("alfa").raw("c1")
        await restart(ScriptedModel(["Outra."]))
        assert storage_for("alfa").raw("c1") == before

    async def test_two_restarts_answer_once(self, restart: Answer) -> None:
        store(visitor("Oi"))
        await restart(ScriptedModel(["Certo."]))
        assert len(await restart(ScriptedModel(["Outra."]))) == 2

    async def test_a_reply_cut_within_its_record_is_as_if_it_had_not_begun(
        self, restart: Answer, installation: Path
    ) -> None:
        store(visitor("Oi"), part("Primeira", answers=[1], last=False))
        path = installation / "alfa" / "conversations" / "conversation_c1.csv"
        path.write_bytes(path.read_bytes()[:-30])
        rows = await restart(ScriptedModel(["Certo."]))
        assert [row.content for row in rows] == ["Oi", "Certo."]
        assert faults(path.read_bytes()) == []


class Started(list[str]):
    """Turns that only say what they were asked to answer."""

    def start(self, tenant: TenantSnapshot, conversation_id: str) -> None:
        self.append(f"{tenant.slug}/{conversation_id}")


@pytest.fixture
def started(tenants: Two, transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Started:
    """What the looks through both businesses had answered."""
    monkeypatch.setattr(recovery, "turns", found := Started())
    return found


class TestLooking:
    async def test_everything_open_is_answered_at_the_start(self, started: Started) -> None:
        store(visitor("Oi"))
        storage_for("beta").append("c2", [visitor("Oi")])
        await Recovery().look()
        assert sorted(started) == ["alfa/c1", "beta/c2"]

    async def test_later_what_another_process_left_and_nobody_indexed(
        self, started: Started, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        looking = Recovery()
        await looking.look()
        store(visitor("Oi"))
        store(visitor("Oi"), part(answers=[1]), name="c2")
        monkeypatch.setattr(recovery, "QUIET_SECONDS", -1.0)
        await looking.look()
        assert started == ["alfa/c1"]

    async def test_what_has_just_changed_is_left_to_who_answers_it(self, started: Started) -> None:
        looking = Recovery()
        await looking.look()
        await sync_to_async(store)(visitor("Oi"), indexed=True)
        await looking.look()
        assert started == []

    async def test_a_business_that_cannot_be_looked_through_is_tried_again_and_keeps_no_other_waiting(
        self, started: Started, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(slug: str, *window: float) -> Any:
            if slug == "alfa":
                raise OSError(5, "Input/output error")
            return changed(slug, *window)

        store(visitor("Oi"))
        storage_for("beta").append("c2", [visitor("Oi")])
        looking = Recovery()
        with monkeypatch.context() as faulty:
            faulty.setattr(recovery, "changed", broken)
            await looking.look()
        assert started == ["beta/c2"]
        await looking.look()
        assert started[1] == "alfa/c1"

    async def test_a_conversation_that_cannot_be_read_now_is_tried_again(
        self, started: Started, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def busy(self: CsvFiles, conversation_id: str) -> None:
            raise Unavailable("no descriptors left")

        await sync_to_async(store)(visitor("Oi"))
        looking = Recovery()
        with monkeypatch.context() as faulty:
            faulty.setattr(CsvFiles, "read", busy)
            await looking.look()
        await looking.look()
        assert started == ["alfa/c1"] * 2
        await sync_to_async(store)(part(answers=[1]))
        for _ in range(4):
            await looking.look()
        assert started == ["alfa/c1"] * 2

    async def test_an_answer_that_always_fails_is_tried_less_and_less(
        self, started: Started, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(recovery, "QUIET_SECONDS", -1.0)
        await sync_to_async(store)(visitor("Oi"), indexed=True)
        looking = Recovery()
        for _ in range(9):
            await looking.look()
        assert started == ["alfa/c1"] * 4  # at the 1st, 2nd, 4th and 8th look


class TestReports:
    def test_one_that_cannot_be_written_is_tried_again(self, tenants: Two, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(slug: str) -> None:
            raise OSError(28, "No space left on device")

        store(visitor("Oi"), indexed=True)
        with monkeypatch.context() as broken:
            broken.setattr(service, "write_reports", full)
            _write_all()
        written: list[str] = []
        monkeypatch.setattr(service, "write_reports", written.append)
        _write_all()
        _write_all()
        assert written == ["alfa"]

    def test_an_index_that_cannot_be_written_keeps_its_notes(
        self, tenants: Two, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def away(noted: object) -> None:
            raise DatabaseError("away")

        store(visitor("Oi"))
        catch_up("alfa", changed("alfa"))
        with monkeypatch.context() as broken:
            broken.setattr("conversations.index.write", away)
            _write_all()
        _write_all()
        assert Conversation.objects.get().last_seq == 1
