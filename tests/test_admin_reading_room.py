"""The reading room shows a conversation as its file tells it."""

from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from conversations.models import Conversation, Export
from tests.admin_cast import Cast, converse, make_cast


@pytest.fixture
def cast(db: None, settings: Any, tmp_path: Path) -> Cast:
    return make_cast(settings, tmp_path)


def file_of(cast: Cast, settings: Any) -> Path:
    return Path(settings.DATA_DIR) / "alfa" / "conversations" / "conversation_c-of-a.csv"


def room(cast: Cast, who: str = "operator", conversation: Conversation | None = None, query: str = "") -> str:
    page = reverse("admin:conversations_conversation_change", args=[(conversation or cast.of_a).pk])
    return cast.client(who).get(page + query).content.decode()


def test_it_shows_the_files_words_not_the_indexs(cast: Cast) -> None:
    Conversation.objects.update(preview="from the index")
    page = room(cast)
    assert "Oi, sou a Ana" in page
    assert "from the index" not in page


def test_visitor_assistant_and_notes_stand_on_their_sides(cast: Cast) -> None:
    lines = [("user", "one"), ("assistant", "two"), ("system", "three"), ("operator", "four")]
    page = room(cast, conversation=converse(cast.a, "sides", "v2", lines))
    for side in ("user", "assistant", "system", "operator"):
        assert f"timmy-row--{'visitor' if side == 'user' else side}" in page


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7|add:7 }}", "{% now %}"]
)
def test_what_people_and_models_write_is_never_markup(cast: Cast, text: str) -> None:
    conversation = converse(cast.a, "wild", "v3", [("user", text), ("assistant", text)], name=text)
    for page in (room(cast, conversation=conversation), listing(cast), visitor(cast, conversation)):
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "{{ 7|add:7 }}" in page or "{{" not in text


def listing(cast: Cast) -> str:
    return cast.client("operator").get(reverse("admin:conversations_conversation_changelist")).content.decode()


def visitor(cast: Cast, conversation: Conversation) -> str:
    page = reverse("admin:conversations_visitor_change", args=[conversation.visitor_id])
    return cast.client("operator").get(page).content.decode()


def test_each_reply_tells_how_it_came_about(cast: Cast) -> None:
    page = room(cast)
    assert "<details" in page
    for detail in ("faq:1", "offline", "1.2 s", "10 read (0 cached), 5 written"):
        assert detail in page


def test_an_intact_chain_is_said_to_be_intact(cast: Cast) -> None:
    assert "Chain intact" in room(cast)


def test_a_changed_row_is_named(cast: Cast, settings: Any) -> None:
    path = file_of(cast, settings)
    path.write_bytes(path.read_bytes().replace(b"sou a Ana", b"sou a Eva"))
    page = room(cast)
    assert "Chain intact" not in page
    assert "1 row does not fit" in page


def test_a_file_that_cannot_be_read_leaves_a_note_with_the_reason(cast: Cast, settings: Any) -> None:
    file_of(cast, settings).write_bytes(b"a,b\r\n" * 200)
    page = room(cast)
    assert "its file cannot be read" in page
    assert "not the header of a conversation file" in page


def test_a_missing_file_leaves_a_note(cast: Cast, settings: Any) -> None:
    file_of(cast, settings).unlink()
    assert "There is no file for this conversation" in room(cast)


def test_a_long_conversation_is_read_page_by_page(cast: Cast) -> None:
    lines = [("user", f"line {number}.") for number in range(1, 251)]
    conversation = converse(cast.a, "long", "v4", lines)
    newest = room(cast, conversation=conversation)
    assert "line 250." in newest
    assert "line 50." not in newest
    assert "?before=51" in newest
    assert "line 1." in room(cast, conversation=conversation, query="?before=51")


@pytest.mark.parametrize("before", ["", "x", "-1", "0", "99999999999999999999", "²"])
def test_a_strange_page_is_a_page_all_the_same(cast: Cast, before: str) -> None:
    assert "Oi, Ana!" in room(cast, query=f"?before={before}")


@pytest.mark.parametrize("term", ["Ana", "c-of-a", "(11) 99999-0000", "11999990000"])
def test_a_conversation_is_found_by_name_phone_and_id(cast: Cast, term: str) -> None:
    cast.of_a.visitor.phone = "+5511999990000"
    cast.of_a.visitor.save()
    converse(cast.a, "other", "v5", [("user", "x")], name="Zoe")
    found = cast.client("operator").get(reverse("admin:conversations_conversation_changelist"), {"q": term})
    assert [row.conversation_id for row in found.context["cl"].result_list] == ["c-of-a"]


def test_days_are_whole_and_spelled_as_the_reader_does(cast: Cast, settings: Any) -> None:
    settings.LANGUAGE_CODE = "pt-br"
    day = f"{cast.of_a.last_at.astimezone():%d/%m/%Y}"
    address = reverse("admin:conversations_conversation_changelist")
    for query, count in (({"last_at_from": day, "last_at_to": day}, 1), ({"last_at_to": "01/02/2020"}, 0)):
        assert cast.client("operator").get(address, query).context["cl"].result_count == count


def test_the_csv_is_the_file_byte_for_byte(cast: Cast, settings: Any) -> None:
    answer = cast.client("auditor").get(reverse("admin:conversations_conversation_csv", args=[cast.of_a.pk]))
    assert answer.content == file_of(cast, settings).read_bytes()
    assert answer["Content-Disposition"] == 'attachment; filename="conversation_c-of-a.csv"'


def test_an_unreadable_file_is_taken_away_as_it_is(cast: Cast, settings: Any) -> None:
    file_of(cast, settings).write_bytes(b"a,b\r\n1,2\r\n")
    answer = cast.client("auditor").get(reverse("admin:conversations_conversation_csv", args=[cast.of_a.pk]))
    assert answer.content == b"a,b\r\n1,2\r\n"


def test_a_missing_file_sends_the_reader_back_with_a_message(cast: Cast, settings: Any) -> None:
    file_of(cast, settings).unlink()
    address = reverse("admin:conversations_conversation_csv", args=[cast.of_a.pk])
    answer = cast.client("auditor").get(address, follow=True)
    assert "could not be read" in answer.content.decode()
    assert not Export.objects.exists()


def test_admin_pages_get_the_themes_policy_and_no_more(cast: Cast) -> None:
    policy = cast.client("operator").get(reverse("admin:index"))["Content-Security-Policy"]
    assert "'unsafe-eval'" in policy
    assert "script-src 'self'" in policy
    assert "'unsafe-inline'" not in policy.split("script-src")[1].split(";")[0]
    strict = cast.client("nobody").get("/no-such-page")["Content-Security-Policy"]
    assert "unsafe" not in strict
