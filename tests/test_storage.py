"""What every storage of conversations promises, whatever it keeps them in."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from conversations.core.records import Row
from conversations.core.transcript import Transcript
from conversations.storage import storage_for
from conversations.storage.base import ConversationNotFound, Storage, Unstorable
from conversations.storage.codec import HEADER, broken_links, decode
from conversations.storage.csv_files import READINGS, CsvFiles
from conversations.storage.memory import MemoryStorage, forget_everything
from tests.conversation_rows import visitor

IMPOSSIBLE = ["../x", "a/b", "a\0b", "", "x" * 101, "-", "_x", "..", ".", "a.csv", "ação", "a\n", " a"]


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 4, 5, 6, 7, 891_999, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["csv_files", "memory"])
def build(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Callable[..., Storage]:
    """Makes one more instance for a tenant, as another process would: nothing is remembered from the last one."""
    forget_everything()

    def another(tenant: str = "alfa") -> Storage:
        READINGS.forget_all()
        if request.param == "memory":
            return MemoryStorage(tenant, clock=clock)
        return CsvFiles(tenant, root=tmp_path, clock=clock)

    return another


@pytest.fixture
def storage(build: Callable[..., Storage]) -> Storage:
    return build()


class TestEveryStorage:
    def test_rows_are_numbered_from_one_without_gaps(self, storage: Storage) -> None:
        storage.append("c1", [visitor("a"), visitor("b")])
        storage.append("c1", [visitor("c")])
        assert [(row.seq, row.content) for row in storage.read("c1").rows] == [("1", "a"), ("2", "b"), ("3", "c")]

    def test_a_row_is_finished_with_what_only_the_storage_knows(self, storage: Storage) -> None:
        [row] = storage.append("c1", [visitor("a")._replace(session_id="x", tenant_id="y", seq="7", chain="z")]).rows
        assert (row.session_id, row.tenant_id, row.seq) == ("c1", "alfa", "1")
        assert row.timestamp == "2026-03-04T05:06:07.891Z"

    def test_the_rows_told_are_the_rows_read_again(self, build: Callable[..., Storage]) -> None:
        told = build().append("c1", [visitor("a"), visitor('"b",\r\n')]).rows
        assert build().read("c1").rows == told

    def test_each_row_hangs_on_the_one_before(self, storage: Storage) -> None:
        for text in "abc":
            storage.append("c1", [visitor(text)])
        data = storage.raw("c1")
        assert broken_links(data, decode(data).rows) == []
        assert len({row.chain for row in decode(data).rows}) == 3

    def test_time_never_goes_back(self, storage: Storage, clock: Clock) -> None:
        storage.append("c1", [visitor("a")])
        clock.now -= timedelta(hours=1)
        assert storage.append("c1", [visitor("b")]).rows[0].timestamp == "2026-03-04T05:06:07.891Z"
        clock.now += timedelta(hours=2)
        assert storage.append("c1", [visitor("c")]).rows[0].timestamp == "2026-03-04T06:06:07.891Z"

    def test_any_clock_is_written_as_utc(self, storage: Storage, clock: Clock) -> None:
        clock.now = clock.now.astimezone(timezone(timedelta(hours=-3)))
        assert storage.append("c1", [visitor("a")]).rows[0].timestamp == "2026-03-04T05:06:07.891Z"

    def test_a_repeated_client_id_gets_the_first_row_for_ever(self, build: Callable[..., Storage]) -> None:
        [first] = build().append("c1", [visitor("first", "k1")]).rows
        for _ in range(3):
            again = build().append("c1", [visitor("second", "k1")])
            assert (again.rows, again.fresh) == ([first], 0)
        assert build().read("c1").rows == [first]

    def test_a_client_id_twice_in_one_batch_makes_one_row(self, storage: Storage) -> None:
        done = storage.append("c1", [visitor("a", "k1"), visitor("b", "k1"), visitor("c")])
        assert [row.content for row in done.rows] == ["a", "a", "c"]
        assert (done.fresh, len(storage.read("c1").rows)) == (2, 2)

    def test_a_batch_of_known_and_new_rows_answers_in_the_order_given(self, storage: Storage) -> None:
        storage.append("c1", [visitor("a", "k1")])
        done = storage.append("c1", [visitor("b"), visitor("x", "k1"), visitor("c", "k2"), visitor("d")])
        assert [row.content for row in done.rows] == ["b", "a", "c", "d"]
        assert [row.seq for row in done.rows] == ["2", "1", "3", "4"]

    def test_client_ids_of_other_conversations_do_not_count(self, storage: Storage) -> None:
        storage.append("c1", [visitor("a", "k1")])
        assert storage.append("c2", [visitor("b", "k1")]).fresh == 1

    def test_a_guard_refuses_before_anything_is_added(self, storage: Storage) -> None:
        storage.append("c1", [visitor("a")])
        with pytest.raises(PermissionError):
            storage.append("c1", [visitor("b")], refuse)
        assert len(storage.read("c1").rows) == 1

    def test_a_refused_first_row_leaves_no_conversation(self, storage: Storage) -> None:
        with pytest.raises(PermissionError):
            storage.append("c1", [visitor("a")], refuse)
        assert not storage.exists("c1")
        assert list(storage.entries()) == []

    def test_a_guard_is_not_asked_about_a_known_row(self, storage: Storage) -> None:
        storage.append("c1", [visitor("a", "k1")])
        assert storage.append("c1", [visitor("a", "k1")], refuse).fresh == 0

    @pytest.mark.parametrize("text", ["a\0b", "\0", "half \ud83d"])
    def test_what_could_not_be_read_again_is_refused_whole(self, storage: Storage, text: str) -> None:
        storage.append("c1", [visitor("a")])
        with pytest.raises(Unstorable):
            storage.append("c1", [visitor("b"), visitor(text)])
        assert [row.content for row in storage.append("c1", [visitor("c")]).transcript.rows] == ["a", "c"]

    def test_a_cell_may_be_long(self, build: Callable[..., Storage]) -> None:
        text = 'palavra "longa"\r\n' * 20_000
        build().append("c1", [visitor(text)])
        build().append("c1", [visitor("b")])
        assert [row.content for row in build().read("c1").rows] == [text, "b"]

    def test_a_conversation_exists_once_it_has_a_row(self, storage: Storage) -> None:
        assert not storage.exists("c1")
        storage.append("c1", [])
        assert not storage.exists("c1")
        storage.append("c1", [visitor("a")])
        assert storage.exists("c1")

    def test_what_is_not_there_is_not_found(self, storage: Storage) -> None:
        for look in (storage.read, storage.raw, storage.bytes_as_stored):
            with pytest.raises(ConversationNotFound):
                look("c1")
        assert (storage.recent("c1"), storage.size("c1")) == (None, 0)
        assert list(storage.entries()) == []

    @pytest.mark.parametrize("name", IMPOSSIBLE)
    def test_an_impossible_id_is_not_found(self, storage: Storage, name: str) -> None:
        assert not storage.exists(name)
        assert (storage.recent(name), storage.size(name)) == (None, 0)
        for look in (storage.read, storage.raw, storage.bytes_as_stored, storage.kept_aside, storage.set_aside):
            with pytest.raises(ConversationNotFound):
                look(name)
        with pytest.raises(ConversationNotFound):
            storage.append(name, [visitor("a")])
        with pytest.raises(ConversationNotFound):
            storage.lease(name)

    def test_raw_bytes_are_the_header_and_the_records(self, storage: Storage) -> None:
        done = storage.append("c1", [visitor("a")])
        assert storage.raw("c1").startswith(HEADER)
        assert len(storage.raw("c1")) == done.size == done.transcript.size
        assert storage.bytes_as_stored("c1") == storage.raw("c1")

    def test_entries_name_every_conversation_and_its_size(self, storage: Storage) -> None:
        sizes = {name: storage.append(name, [visitor(name)]).size for name in ("c1", "Z_9-x", "x" * 100)}
        assert {entry.conversation_id: entry.size for entry in storage.entries()} == sizes
        assert {name: storage.size(name) for name in sizes} == sizes

    def test_tenants_do_not_see_each_others_conversations(self, build: Callable[..., Storage]) -> None:
        build("alfa").append("c1", [visitor("a")])
        assert not build("beta").exists("c1")
        assert list(build("beta").entries()) == []

    def test_threads_that_append_at_once_lose_nothing(self, storage: Storage) -> None:
        def work(name: str) -> None:
            for number in range(25):
                storage.append("c1", [visitor("x", f"{name}-{number}")])

        threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        rows = storage.read("c1").rows
        assert [int(row.seq) for row in rows] == list(range(1, 101))
        assert len({row.client_id for row in rows}) == 100


def refuse(transcript: Transcript) -> None:
    raise PermissionError


@pytest.mark.parametrize("slug", ["", "a", "A1", "../alfa", "alfa/x", "alfa\n", "x" * 64, "_alfa"])
def test_what_is_no_slug_gets_no_storage(installation: Path, slug: str) -> None:
    with pytest.raises(ValueError, match="slug"):
        storage_for(slug)


def test_there_is_one_storage_for_a_tenant_until_the_settings_change(installation: Path, settings: object) -> None:
    first = storage_for("alfa")
    assert storage_for("alfa") is first
    settings.DATA_DIR = installation / "other"  # type: ignore[attr-defined]
    assert storage_for("alfa") is not first


def test_a_summed_up_moment_does_not_change_later(build: Callable[..., Storage]) -> None:
    transcript = build().append("c1", [visitor("a", extracted_info={"name": "Ana"})]).transcript
    summary, size = transcript.summed_up()
    transcript.extend([Row("m", "c1", "v1", seq="2", role="user", status="received")], 9)
    assert (summary.last_seq, summary.unanswered, transcript.size) == (1, [1], 9)
    assert size > 9
