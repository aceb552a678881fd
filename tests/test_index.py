"""The index of conversations: what the files say, and nothing else."""

import json
from threading import Thread
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.db.models import Model

from conversations import index
from conversations.core.records import Row, from_json
from conversations.index import rebuild, stale, writer
from conversations.models import Conversation, Visitor
from conversations.stats import data_stats
from conversations.storage import storage_for
from conversations.storage.base import Unavailable
from conversations.storage.csv_files import READINGS, CsvFiles
from tenants_app.models import Tenant
from tests.conversation_rows import event, part, visitor

Two = tuple[Tenant, Tenant]


def say(tenant: Tenant, conversation_id: str, *rows: Row) -> None:
    """Store rows and note the change, as the edges do."""
    done = storage_for(tenant.slug).append(conversation_id, rows)
    writer.note(tenant.slug, conversation_id, done.transcript.summary, done.size)


def a_busy_day(tenants: Two) -> None:
    for number, tenant in enumerate(tenants, 1):
        ana = {"user_id": f"v{number}"}
        say(tenant, "c1", visitor("Oi", extracted_info={"name": "Ana"}, receipt={"origin": "https://a.example"}, **ana))
        say(tenant, "c1", part(answers=[1], response_time_ms=700, tokens_in=9, cost_usd="0.0001", last=False, **ana))
        say(tenant, "c1", part("e", number=2, tokens_in=9, tokens_out=2, cost_usd="0.000333", version=3, **ana))
        say(tenant, "c1", event("consent", version="1", granted=True)._replace(**ana))
        writer.flush()
        say(tenant, "c2", visitor("De novo", extracted_info={"name": "Bia", "phone": "+5511"}, **ana))
        asked, rated = event("handoff", reason="asked"), event("rate", score=4, comment="bom")
        say(tenant, "c2", asked._replace(**ana), rated._replace(**ana))
        say(tenant, "c3", visitor("x" * 500, user_id="v9"), event("end")._replace(user_id="v9"))
    writer.flush()


def contents() -> list[dict[str, Any]]:
    """Every row of the index, field by field, without what only the database knows."""
    return [_plain(one) | {"visitor": one.visitor.visitor_id} for one in Conversation.objects.order_by(
        "tenant__slug", "conversation_id"
    )] + [_plain(one) for one in Visitor.objects.order_by("tenant__slug", "visitor_id")]  # fmt: skip


def _plain(one: Model) -> dict[str, Any]:
    names = [field.attname for field in one._meta.concrete_fields if field.name not in ("id", "visitor")]
    return {name: getattr(one, name) for name in names}


def _written_elsewhere(slug: str, conversation_id: str, row: Row) -> None:
    done = storage_for(slug).append(conversation_id, [row])
    index.write({(slug, conversation_id): done.transcript.summed_up()})
    connection.close()


def behind(tenant: Tenant) -> list[str]:
    return list(stale(tenant, storage_for(tenant.slug).entries()))


def rebuild_all(tenants: Two) -> list[tuple[str, str]]:
    READINGS.forget_all()
    return [problem for tenant in tenants for problem in rebuild(tenant)]


class TestRebuild:
    def test_it_makes_what_writing_made(self, tenants: Two) -> None:
        a_busy_day(tenants)
        before = contents()
        assert rebuild_all(tenants) == []
        assert contents() == before
        assert len(before) == 10

    def test_it_makes_what_was_deleted(self, tenants: Two) -> None:
        a_busy_day(tenants)
        before = contents()
        Conversation.objects.filter(conversation_id="c1").delete()
        Visitor.objects.filter(visitor_id="v9").delete()
        rebuild_all(tenants)
        assert contents() == before

    def test_it_undoes_what_was_changed(self, tenants: Two) -> None:
        a_busy_day(tenants)
        before = contents()
        Conversation.objects.update(status="closed", facts={"name": "X"}, last_seq=99, preview="", unanswered=True)
        Visitor.objects.update(name="X", facts={}, session_count=0, consent_granted=None, language="xx")
        rebuild_all(tenants)
        assert contents() == before

    def test_what_has_no_file_any_more_is_gone_and_no_visitor_tells_of_it(self, tenants: Two) -> None:
        a_busy_day(tenants)
        (storage_for("alfa").folder / "conversation_c2.csv").unlink()
        (storage_for("alfa").folder / "conversation_c3.csv").unlink()
        rebuild_all(tenants)
        [ana] = Visitor.objects.filter(tenant=tenants[0])
        assert (ana.name, ana.phone, ana.session_count) == ("Ana", "", 1)
        assert Visitor.objects.filter(tenant=tenants[1]).count() == 2

    def test_what_cannot_be_read_is_named_and_the_rest_indexed(self, tenants: Two) -> None:
        a_busy_day(tenants)
        (storage_for("alfa").folder / "conversation_c0.csv").write_bytes(b"a,b\r\n")
        [(name, reason)] = rebuild_all(tenants)
        assert (name, "not the header" in reason) == ("c0", True)
        assert Conversation.objects.filter(tenant=tenants[0]).count() == 3

    @pytest.mark.parametrize("data", [b"", b"message_id,"])
    def test_a_name_without_a_row_is_no_fault(self, tenants: Two, data: bytes) -> None:
        a_busy_day(tenants)
        (storage_for("alfa").folder / "conversation_c0.csv").write_bytes(data)
        assert rebuild_all(tenants) == []
        assert Conversation.objects.filter(tenant=tenants[0]).count() == 3

    def test_a_torn_tail_leaves_no_difference(self, tenants: Two) -> None:
        a_busy_day(tenants)
        before = contents()
        with (storage_for("alfa").folder / "conversation_c1.csv").open("ab") as file:
            file.write(b"m-9,c1")
        rebuild_all(tenants)
        assert contents() == before
        assert behind(tenants[0]) == []

    def test_a_conversation_that_began_meanwhile_stays(self, tenants: Two, monkeypatch: pytest.MonkeyPatch) -> None:
        a_busy_day(tenants)
        monkeypatch.setattr(CsvFiles, "entries", lambda self: iter([]))
        rebuild_all(tenants)
        assert Conversation.objects.count() == 6

    def test_what_cannot_be_looked_at_now_stays(self, tenants: Two, monkeypatch: pytest.MonkeyPatch) -> None:
        def faulty(self: CsvFiles, conversation_id: str) -> bool:
            raise Unavailable("Input/output error")

        a_busy_day(tenants)
        before = contents()
        monkeypatch.setattr(CsvFiles, "exists", faulty)
        rebuild_all(tenants)
        assert contents() == before

    def test_a_visitor_who_writes_again_meanwhile_stays(self, tenants: Two, transactional_db: None) -> None:
        say(tenants[0], "c1", visitor("Oi"))
        writer.flush()
        Conversation.objects.update(conversation_id="no-file")
        another = Thread(target=_written_elsewhere, args=("alfa", "c2", visitor("De novo")))

        def meanwhile(execute: Any, sql: str, *query: Any) -> Any:
            found = execute(sql, *query)
            if not another.ident and sql.startswith("SELECT") and "LEFT OUTER JOIN" in sql:
                another.start()
                another.join(0.5)  # it is there now, or waits for the end of what we do
            return found

        storage_for("alfa").folder.joinpath("conversation_c1.csv").unlink()
        with connection.execute_wrapper(meanwhile):
            assert list(rebuild(tenants[0])) == []
        another.join()
        assert list(Conversation.objects.values_list("conversation_id", "visitor__visitor_id")) == [("c2", "v1")]

    def test_it_takes_its_time_in_batches(self, tenants: Two, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(index, "BATCH", 2)
        a_busy_day(tenants)
        before = contents()
        rebuild_all(tenants)
        assert contents() == before


class TestVisitors:
    def test_what_was_said_last_counts_over_all_conversations(self, tenants: Two) -> None:
        a_busy_day(tenants)
        ana = Visitor.objects.get(tenant=tenants[0], visitor_id="v1")
        assert (ana.name, ana.phone, ana.facts) == ("Bia", "+5511", {"name": "Bia", "phone": "+5511"})
        assert (ana.session_count, ana.consent_version, ana.consent_granted) == (2, "1", True)

    def test_a_visitor_is_seen_from_the_first_row_to_the_last(self, tenants: Two) -> None:
        a_busy_day(tenants)
        ana = Visitor.objects.get(tenant=tenants[0], visitor_id="v1")
        rows = [row for name in ("c1", "c2") for row in storage_for("alfa").read(name).rows]
        assert index._time(rows[0].timestamp) == ana.created_at
        assert index._time(max(row.timestamp for row in rows)) == ana.last_seen_at

    def test_the_same_id_at_another_business_is_somebody_else(self, tenants: Two) -> None:
        say(tenants[0], "c1", visitor("a", user_id="v1", extracted_info={"name": "Ana"}))
        say(tenants[1], "c1", visitor("a", user_id="v1"))
        writer.flush()
        assert [one.name for one in Visitor.objects.order_by("tenant__slug")] == ["Ana", ""]


class TestWriter:
    def test_notes_are_kept_while_the_database_fails(self, tenants: Two, monkeypatch: pytest.MonkeyPatch) -> None:
        say(tenants[0], "c1", visitor("a"))
        with monkeypatch.context() as broken:
            broken.setattr(index, "_write_batch", failing)
            with pytest.raises(DatabaseError):
                writer.flush()
        assert Conversation.objects.count() == 0
        writer.flush()
        assert Conversation.objects.get().last_seq == 1

    def test_the_newer_note_counts_after_a_fault(self, tenants: Two, monkeypatch: pytest.MonkeyPatch) -> None:
        def while_another_comes(batch: object) -> None:
            say(tenants[0], "c1", visitor("b"))
            failing(batch)

        say(tenants[0], "c1", visitor("a"))
        monkeypatch.setattr(index, "_write_batch", while_another_comes)
        with pytest.raises(DatabaseError):
            writer.flush()
        [(_, size)] = writer._noted.values()
        assert size == storage_for("alfa").read("c1").size

    def test_what_another_process_wrote_and_indexed_is_not_undone(self, tenants: Two) -> None:
        say(tenants[0], "c1", visitor("a"))
        old = dict(writer._noted)
        READINGS.forget_all()  # from here on this is the other process
        say(tenants[0], "c1", visitor("b"))
        writer.flush()
        writer._noted = old
        writer.flush()
        assert Conversation.objects.get().last_seq == 2
        assert behind(tenants[0]) == []

    def test_a_file_that_cannot_be_read_counts_as_noted(self, tenants: Two) -> None:
        say(tenants[0], "c1", visitor("a"))
        READINGS.forget_all()
        (storage_for("alfa").folder / "conversation_c1.csv").write_bytes(b"a,b\r\n")
        writer.flush()
        assert Conversation.objects.get().last_seq == 1

    def test_who_was_written_is_told_once(self, tenants: Two) -> None:
        say(tenants[0], "c1", visitor("a"))
        assert writer.take_changed() == set()
        writer.flush()
        assert (writer.take_changed(), writer.take_changed()) == ({"alfa"}, set())

    def test_a_business_that_is_gone_is_passed_over(self, tenants: Two) -> None:
        say(tenants[0], "c1", visitor("a"))
        writer._noted["gone", "c1"] = writer._noted.pop(("alfa", "c1"))
        writer.flush()
        assert Conversation.objects.count() == 0

    def test_many_conversations_take_few_questions(self, tenants: Two, django_assert_max_num_queries: Any) -> None:
        for number in range(40):
            say(tenants[0], f"c{number}", visitor("a", user_id=f"v{number}"))
        with django_assert_max_num_queries(8):
            writer.flush()


ODD = {"name": "N\0\ud800" + "n" * 300, "email": "e" * 400, "phone": "1" * 50, "x\0": "y"}


@pytest.mark.parametrize(
    "row",
    [
        visitor("a", timestamp="yesterday"),
        visitor("a", timestamp="0001-01-01T00:00:00+14:00"),
        visitor("a", timestamp="2026-01-01T00:00:00"),
        visitor("x" * 5000, user_id="u" * 500)._replace(channel="c" * 90, language="l" * 90),
        part(
            intent="i" * 99, version="9" * 50, cost_usd="999999.123456789", tokens_in="9" * 9, response_time_ms="9" * 9
        ),
        event("handoff", reason="r" * 99),
        event("end")._replace(author="a" * 99),
    ],
)
def test_a_strange_row_keeps_nobody_out_of_the_index(tenants: Two, row: Row) -> None:
    say(tenants[0], "c1", *[row] * 3, visitor("b")._replace(extracted_info=json.dumps(ODD)))
    say(tenants[0], "c2", visitor("sound", user_id="v2"))
    writer.flush()
    before = contents()
    rebuild_all(tenants)
    assert contents() == before
    for one in (*Conversation.objects.all(), *Visitor.objects.all()):
        one.clean_fields(exclude=["facts"])


class TestStale:
    def test_what_was_written_is_not_stale(self, tenants: Two) -> None:
        a_busy_day(tenants)
        assert behind(tenants[0]) == []

    def test_what_changed_behind_its_back_is(self, tenants: Two) -> None:
        a_busy_day(tenants)
        storage_for("alfa").append("c1", [visitor("b")])
        storage_for("alfa").append("c8", [visitor("new")])
        assert sorted(behind(tenants[0])) == ["c1", "c8"]
        assert behind(tenants[1]) == []

    def test_a_name_without_a_byte_is_not(self, tenants: Two) -> None:
        (storage_for("alfa").folder / "conversation_c0.csv").touch()
        assert behind(tenants[0]) == []


def test_the_numbers_are_those_of_the_files(tenants: Two) -> None:
    a_busy_day(tenants)
    files = [storage_for("alfa").read(name).rows for name in ("c1", "c2", "c3")]
    rows = [row for file in files for row in file]
    stats = data_stats("alfa")
    roles = [row.role for row in rows]
    assert (stats["visitor_messages"], stats["assistant_messages"]) == (roles.count("user"), roles.count("assistant"))
    assert (stats["system_messages"], stats["total_messages"]) == (roles.count("system"), len(rows))
    assert (stats["total_sessions"], stats["total_users"]) == (len(files), len({row.user_id for row in rows}))
    assert stats["tokens"]["in"] == sum(int(row.tokens_in or 0) for row in rows)
    assert stats["cost_usd"] == f"{sum(float(row.cost_usd or 0) for row in rows):.6f}"
    events = [from_json(row.receipt).get("event") for row in rows]
    assert (stats["by_status"]["closed"], stats["waiting"], stats["rated"]) == tuple(
        events.count(name) for name in ("end", "handoff", "rate")
    )
    assert (stats["unanswered"], stats["first_response_ms"]["p50"]) == (1, 700)
    assert stats["last_activity"] == max(row.timestamp for row in rows)


def failing(batch: object) -> None:
    raise DatabaseError("the database is away")
