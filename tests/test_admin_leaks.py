"""No page of the admin shows a member of one business anything of another, nor that it exists."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from conversations.models import Conversation, Export, Visitor
from tenants_app.models import Bundle, Membership, Role, Tenant
from tests.admin_cast import SECRETS, Cast, make_cast

MISSING = 999_999
MODELS = {
    "conversations_conversation": Conversation,
    "conversations_visitor": Visitor,
    "conversations_export": Export,
    "tenants_app_tenant": Tenant,
    "tenants_app_bundle": Bundle,
    "tenants_app_membership": Membership,
}
MEMBERS = ["manager", "operator", "auditor"]


@pytest.fixture
def cast(db: None, settings: Any, tmp_path: Path) -> Cast:
    cast = make_cast(settings, tmp_path)
    Export.objects.create(pk=4711, tenant=cast.b, asked_by=cast.people["rival"], conversation_id="c-of-b")
    return cast


def key_of_b(cast: Cast, model: str) -> int:
    found = MODELS[model].objects
    rows = found.filter(pk=cast.b.pk) if model == "tenants_app_tenant" else found.filter(tenant=cast.b)
    return rows.values_list("pk", flat=True)[0]


def says_nothing_of_b(answer: Any) -> None:
    text = b"".join(answer.streaming_content) if answer.streaming else answer.content
    assert not [secret for secret in SECRETS if secret in text.decode(errors="replace")]


def told(answer: HttpResponse, client: Client, key: int) -> tuple[Any, ...]:
    """All that an answer says: status, place and body, without the id asked for and the form's token."""
    bodies = [answer.content.decode()]
    if answer.status_code == 302:
        bodies.append(client.get(answer["Location"]).content.decode())
    asked_for = rf'“{key}”|tenant(=|%3D|" value="){key}(?!\d)|value="[A-Za-z0-9]{{64}}"|nonce-\S+'
    plain = [re.sub(asked_for, "", body) for body in bodies]
    return answer.status_code, answer.get("Location", ""), plain


@pytest.mark.parametrize("who", MEMBERS)
@pytest.mark.parametrize("page", ["change", "delete", "history"])
@pytest.mark.parametrize("model", MODELS)
def test_a_changed_id_is_answered_like_an_id_that_never_was(cast: Cast, model: str, page: str, who: str) -> None:
    client, key = cast.client(who), key_of_b(cast, model)
    for ask in (client.get, client.post):
        theirs = told(ask(reverse(f"admin:{model}_{page}", args=[key])), client, key)
        nobodys = told(ask(reverse(f"admin:{model}_{page}", args=[MISSING])), client, MISSING)
        assert theirs == nobodys
        assert not [secret for secret in SECRETS if secret in str(theirs)]


@pytest.mark.parametrize("who", MEMBERS)
@pytest.mark.parametrize("name", ["conversations_conversation_csv", "tenants_app_tenant_content"])
def test_pages_of_our_own_answer_like_that_too(cast: Cast, name: str, who: str) -> None:
    client = cast.client(who)
    key = cast.b.pk if "tenant_content" in name else cast.of_b.pk
    theirs = told(client.get(reverse(f"admin:{name}", args=[key])), client, key)
    nobodys = told(client.get(reverse(f"admin:{name}", args=[MISSING])), client, MISSING)
    assert theirs == nobodys
    assert not Export.objects.filter(asked_by=cast.people[who]).exists()


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    "query", ["", "?q=Bruna", "?q=bravissima", "?q=c-of-b", "?q=rival", "?o=1", "?all=", "?_facets=True"]
)
def test_lists_and_searches_find_only_what_is_ours(cast: Cast, model: str, query: str) -> None:
    says_nothing_of_b_but_the_search(cast.client("manager").get(reverse(f"admin:{model}_changelist") + query), query)


def says_nothing_of_b_but_the_search(answer: Any, query: str) -> None:
    text = answer.content.decode().replace(query.removeprefix("?q="), "") if query[:3] == "?q=" else ""
    text = text or answer.content.decode()
    assert answer.status_code == 200
    assert not [secret for secret in SECRETS if secret in text and secret not in query]


@pytest.mark.parametrize("model", [name for name in MODELS if name != "tenants_app_tenant"])
def test_a_filter_by_another_business_is_like_one_by_none(cast: Cast, model: str) -> None:
    client = cast.client("manager")
    listing = reverse(f"admin:{model}_changelist")
    theirs, nobodys = (client.get(f"{listing}?tenant={key}") for key in (cast.b.pk, MISSING))
    says_nothing_of_b(theirs)
    assert told(theirs, client, cast.b.pk) == told(nobodys, client, MISSING)


@pytest.mark.parametrize(
    "lookup", ["tenant__name__startswith=B", "visitor__tenant__slug=bravissima", "user__password__startswith=a"]
)
def test_lookups_through_relations_tell_nothing(cast: Cast, lookup: str) -> None:
    for model in MODELS:
        answer = cast.client("manager").get(f"{reverse(f'admin:{model}_changelist')}?{lookup}")
        assert answer.status_code in {200, 302, 400}
        says_nothing_of_b(answer)


def test_the_choices_of_forms_and_filters_hold_only_our_businesses(cast: Cast) -> None:
    Membership.objects.create(
        user=cast.people["manager"], tenant=Tenant.objects.create(slug="aa2", name="Alfa 2"), role=Role.MANAGER
    )
    client = cast.client("manager")
    for page in (
        "tenants_app_membership_add",
        "conversations_conversation_changelist",
        "conversations_conversation_export",
    ):
        answer = client.get(reverse(f"admin:{page}"))
        assert "Alfa 2" in answer.content.decode()
        says_nothing_of_b(answer)


def test_a_posted_choice_of_another_business_is_refused_like_one_that_is_not(cast: Cast) -> None:
    client, page = cast.client("manager"), reverse("admin:tenants_app_membership_add")
    answers = []
    for key in (cast.b.pk, MISSING):
        form = {"person": "stranger", "tenant": key, "role": "manager"}
        answers.append(told(client.post(page, form), client, key))
    assert answers[0] == answers[1]
    assert not Membership.objects.filter(user=cast.people["stranger"]).exists()


@pytest.mark.parametrize(("app", "model", "field"), [
    ("conversations", "conversation", "visitor"), ("conversations", "visitor", "tenant"),
    ("tenants_app", "membership", "user"), ("tenants_app", "membership", "tenant"),
    ("tenants_app", "bundle", "created_by"),
])  # fmt: skip
def test_autocompletion_offers_nothing_of_others(cast: Cast, app: str, model: str, field: str) -> None:
    query = {"app_label": app, "model_name": model, "field_name": field, "term": ""}
    for who in MEMBERS:
        answer = cast.client(who).get(reverse("admin:autocomplete"), query)
        assert answer.status_code in {200, 403}
        says_nothing_of_b(answer)
        assert "rival" not in answer.content.decode()


def test_a_bulk_deletion_reaches_only_our_team(cast: Cast) -> None:
    theirs = cast.b.memberships.get()
    form = {"action": "delete_selected", "_selected_action": [theirs.pk], "post": "yes"}
    answer = cast.client("manager").post(reverse("admin:tenants_app_membership_changelist"), form, follow=True)
    assert Membership.objects.filter(pk=theirs.pk).exists()
    says_nothing_of_b(answer)


def test_a_history_is_shown_only_with_its_object(cast: Cast) -> None:
    LogEntry.objects.create(
        user=cast.people["rival"], content_type=ContentType.objects.get_for_model(Tenant), object_id=cast.b.pk,
        object_repr="Bravíssima", action_flag=CHANGE, change_message="Segredo da B",
    )  # fmt: skip
    for who in MEMBERS:
        for page in (reverse("admin:tenants_app_tenant_history", args=[cast.b.pk]), reverse("admin:index")):
            says_nothing_of_b(cast.client(who).get(page, follow=True))


def test_the_first_page_counts_only_our_conversations(cast: Cast) -> None:
    answer = cast.client("operator").get(reverse("admin:index"))
    assert [tenant["name"] for tenant in answer.context["tenants"]] == ["Alfa"]
    says_nothing_of_b(answer)


@pytest.mark.parametrize("query", ["s=bravissima", "s=bru&extended=1", "s=c-of&extended=1"])
def test_the_themes_search_finds_no_records(cast: Cast, query: str) -> None:
    says_nothing_of_b(cast.client("manager").get(f"{reverse('admin:search')}?{query}"))


@pytest.mark.parametrize("who", ["manager", "auditor"])
def test_a_zip_of_another_business_is_refused_like_one_of_none(cast: Cast, who: str) -> None:
    client, page = cast.client(who), reverse("admin:conversations_conversation_export")
    answers = []
    for key in (cast.b.pk, MISSING):
        answers.append(told(client.post(page, {"tenant": key, "flavour": "audit"}), client, key))
    assert answers[0] == answers[1]
    assert not Export.objects.filter(asked_by=cast.people[who]).exists()


def test_an_operator_takes_nothing_away(cast: Cast) -> None:
    client = cast.client("operator")
    assert client.get(reverse("admin:conversations_conversation_csv", args=[cast.of_a.pk])).status_code == 403
    assert client.get(reverse("admin:conversations_conversation_export")).status_code == 403
    assert not Export.objects.filter(tenant=cast.a).exists()


def test_a_manager_of_one_business_who_audits_another_changes_only_the_first(cast: Cast) -> None:
    Membership.objects.create(user=cast.people["manager"], tenant=cast.b, role=Role.AUDITOR)
    client = cast.client("manager")
    assert client.get(reverse("admin:tenants_app_tenant_change", args=[cast.b.pk])).status_code == 200
    assert client.post(reverse("admin:tenants_app_tenant_change", args=[cast.b.pk]), {"name": "x"}).status_code == 403
    assert cast.b.memberships.filter(user=cast.people["rival"]).exists()
    says_nothing_of_rival = client.get(reverse("admin:tenants_app_membership_changelist")).content.decode()
    assert "rival" not in says_nothing_of_rival


@pytest.mark.parametrize("who", MEMBERS)
def test_shortcuts_to_objects_and_accounts_tell_nothing(cast: Cast, who: str) -> None:
    client = cast.client(who)
    tenants = ContentType.objects.get_for_model(Tenant).pk
    pages = [("admin:view_on_site", (tenants, cast.b.pk), (tenants, MISSING))]
    rival = cast.people["rival"].pk
    pages += [(f"admin:auth_user_{page}", (rival,), (MISSING,)) for page in ("change", "delete", "history")]
    pages += [("admin:auth_user_password_change", (rival,), (MISSING,))]
    for name, theirs, nobodys in pages:
        answers = [told(client.get(reverse(name, args=args)), client, args[-1]) for args in (theirs, nobodys)]
        assert answers[0] == answers[1], name
