"""sessions.csv, users.csv and the numbers of a tenant, made from the index."""

import csv
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from conversations.models import Conversation
from conversations.reports import write_reports
from conversations.schema import SESSIONS, USERS, names
from conversations.stats import data_stats
from tests.admin_cast import Cast, converse, make_cast


@pytest.fixture
def cast(db: None, settings: Any, tmp_path: Path) -> Cast:
    return make_cast(settings, tmp_path)


def rows_of(settings: Any, name: str) -> list[dict[str, str]]:
    with (Path(settings.DATA_DIR) / "alfa" / name / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_columns_are_the_contracts(cast: Cast, settings: Any) -> None:
    write_reports("alfa")
    assert list(rows_of(settings, "sessions")[0]) == names(SESSIONS)
    assert list(rows_of(settings, "users")[0]) == names(USERS)


def test_a_conversation_is_a_row_of_sessions(cast: Cast, settings: Any) -> None:
    write_reports("alfa")
    [row] = rows_of(settings, "sessions")
    assert (row["session_id"], row["user_id"], row["tenant_id"]) == ("c-of-a", "v-of-a", "alfa")
    assert (row["message_count"], row["visitor_messages"], row["assistant_messages"]) == ("2", "1", "1")
    assert (row["start_time"][-1], row["end_time"], row["first_response_ms"]) == ("Z", "", "1200")
    assert row["metadata"].startswith('{"cost_usd":"0.001500","facts":{"name":"Ana Alves"}')


def test_a_visitor_is_a_row_of_users(cast: Cast, settings: Any) -> None:
    facts = {"name": "=Bia", "phone": "+5511999990000", "company": "Bia & Cia"}
    converse(cast.a, "c2", "v2", [("user", "oi")], **facts)
    write_reports("alfa")
    row = rows_of(settings, "users")[1]
    assert (row["user_id"], row["name"], row["phone"], row["company"]) == ("v2", "=Bia", "+5511999990000", "Bia & Cia")
    assert (row["first_channel"], row["session_count"], row["language"]) == ("web", "1", "pt-BR")


def test_a_report_holds_only_its_tenants_rows(cast: Cast, settings: Any) -> None:
    write_reports("alfa")
    assert "v-of-b" not in (Path(settings.DATA_DIR) / "alfa" / "users" / "users.csv").read_text()


def test_the_bytes_are_rfc_4180_without_bom(cast: Cast, settings: Any) -> None:
    write_reports("alfa")
    data = (Path(settings.DATA_DIR) / "alfa" / "sessions" / "sessions.csv").read_bytes()
    assert data.startswith(b"session_id,user_id,")
    assert data.count(b"\r\n") == data.count(b"\n") == 2


def test_a_reader_of_the_old_file_is_not_disturbed(cast: Cast, settings: Any) -> None:
    write_reports("alfa")
    path = Path(settings.DATA_DIR) / "alfa" / "sessions" / "sessions.csv"
    with path.open() as old:
        converse(cast.a, "c2", "v2", [("user", "oi")])
        write_reports("alfa")
        assert old.read().count("\n") == 2
    assert [one.name for one in path.parent.iterdir()] == ["sessions.csv"]


def test_a_report_that_fails_half_way_leaves_the_old_one(cast: Cast, settings: Any, monkeypatch: Any) -> None:
    write_reports("alfa")
    monkeypatch.setattr("conversations.reports.session_row", lambda one: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_reports("alfa")
    folder = Path(settings.DATA_DIR) / "alfa" / "sessions"
    assert [one.name for one in folder.iterdir()] == ["sessions.csv"]
    assert len(rows_of(settings, "sessions")) == 1


def test_links_in_the_data_folder_are_not_followed(cast: Cast, settings: Any, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "victim").write_text("keep")
    folder = Path(settings.DATA_DIR) / "alfa" / "sessions"
    (folder / "sessions.csv").symlink_to(outside / "victim")
    write_reports("alfa")
    assert (outside / "victim").read_text() == "keep"
    (folder / "sessions.csv").unlink()
    folder.rmdir()
    folder.symlink_to(outside)
    with pytest.raises(OSError, match="sessions"):
        write_reports("alfa")
    assert [one.name for one in outside.iterdir()] == ["victim"]


@pytest.mark.parametrize("slug", ["../alfa", "", "a/b", "Alfa"])
def test_what_is_no_slug_is_no_path(cast: Cast, slug: str) -> None:
    with pytest.raises(ValueError, match="slug"):
        write_reports(slug)


def test_the_command_writes_all_or_the_named(cast: Cast, settings: Any, capsys: Any) -> None:
    call_command("write_reports")
    assert capsys.readouterr().out.split() == ["alfa", "bravissima"]
    call_command("write_reports", "bravissima")
    assert capsys.readouterr().out.split() == ["bravissima"]
    with pytest.raises(CommandError, match="unknown: x"):
        call_command("write_reports", "x")


def test_the_numbers_add_up(cast: Cast) -> None:
    converse(cast.a, "c2", "v2", [("user", "oi"), ("assistant", "oi"), ("system", "note"), ("operator", "eu")])
    stats = data_stats("alfa")
    assert (stats["total_users"], stats["total_sessions"], stats["total_conversations"]) == (2, 2, 2)
    parts = [stats[f"{kind}_messages"] for kind in ("visitor", "assistant", "operator", "system")]
    assert parts == [2, 2, 1, 1]
    assert stats["total_messages"] == sum(parts)
    assert stats["by_channel"] == {"web": 2}
    assert stats["tokens"] == {"in": 20, "cached": 0, "out": 10}
    assert stats["last_activity"].endswith("Z")


def test_active_means_open_and_heard_of_within_a_day(cast: Cast) -> None:
    now = cast.of_a.last_at + timedelta(hours=23)
    assert data_stats("alfa", now)["active_sessions"] == 1
    assert data_stats("alfa", now + timedelta(hours=2))["active_sessions"] == 0
    Conversation.objects.update(status="closed")
    assert data_stats("alfa", now)["active_sessions"] == 0


def test_delays_are_nearest_ranks(cast: Cast) -> None:
    for number in range(1, 20):
        one = converse(cast.a, f"d{number}", f"dv{number}", [("user", "oi")])
        Conversation.objects.filter(pk=one.pk).update(first_response_ms=number * 100)
    assert data_stats("alfa")["first_response_ms"] == {"p50": 1000, "p95": 1800}


def test_a_tenant_without_conversations_has_zeros(db: None) -> None:
    stats = data_stats("nobody")
    assert stats["total_users"] == stats["total_messages"] == stats["waiting"] == 0
    assert stats["first_response_ms"] == {"p50": None, "p95": None}
    assert stats["last_activity"] is None
    assert stats["cost_usd"] == "0.000000"


def test_the_numbers_take_few_questions(cast: Cast, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(5):
        data_stats("alfa")
