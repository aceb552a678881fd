"""Who may do what in the admin follows from memberships."""

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.urls import reverse

from tenants_app.models import Membership, Role
from tests.admin_cast import Cast, make_cast

LISTS = {
    "conversations_conversation": {"manager", "operator", "auditor", "admin"},
    "conversations_visitor": {"manager", "operator", "auditor", "admin"},
    "conversations_export": {"manager", "auditor", "admin"},
    "tenants_app_tenant": {"manager", "auditor", "admin"},
    "tenants_app_bundle": {"manager", "auditor", "admin"},
    "tenants_app_membership": {"manager", "admin"},
    "auth_user": {"admin"},
    "auth_group": {"admin"},
}


@pytest.fixture
def cast(db: None, settings: Any, tmp_path: Path) -> Cast:
    return make_cast(settings, tmp_path)


def groups_of(person: User) -> set[str]:
    return set(person.groups.values_list("name", flat=True))


def test_the_three_groups_exist_after_migrating(db: None) -> None:
    assert set(Group.objects.values_list("name", flat=True)) >= set(Role.values)


def test_a_membership_makes_a_person_staff_and_puts_them_in_the_roles_group(cast: Cast) -> None:
    assert cast.people["auditor"].is_staff
    assert groups_of(cast.people["auditor"]) == {"auditor"}


def test_a_changed_role_moves_the_person_to_another_group(cast: Cast) -> None:
    membership = cast.people["auditor"].memberships.get()
    membership.role = Role.OPERATOR
    membership.save()
    assert groups_of(cast.people["auditor"]) == {"operator"}


def test_the_last_membership_takes_the_staff_mark_with_it(cast: Cast) -> None:
    person = cast.people["operator"]
    second = Membership.objects.create(user=person, tenant=cast.b, role=Role.AUDITOR)
    person.memberships.get(tenant=cast.a).delete()
    person.refresh_from_db()
    assert person.is_staff
    assert groups_of(person) == {"auditor"}
    second.delete()
    person.refresh_from_db()
    assert not person.is_staff
    assert groups_of(person) == set()


def test_a_platform_admin_stays_staff_without_memberships(cast: Cast) -> None:
    Membership.objects.create(user=cast.people["admin"], tenant=cast.a, role=Role.AUDITOR).delete()
    cast.people["admin"].refresh_from_db()
    assert cast.people["admin"].is_staff


def test_a_deleted_person_leaves_without_a_trace(cast: Cast) -> None:
    cast.people["operator"].delete()
    assert not Membership.objects.filter(role=Role.OPERATOR).exists()


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("who", ["manager", "operator", "auditor", "admin"])
def test_each_role_opens_its_lists_and_no_other(cast: Cast, name: str, who: str) -> None:
    answer = cast.client(who).get(reverse(f"admin:{name}_changelist"))
    assert answer.status_code == (200 if who in LISTS[name] else 403)


@pytest.mark.parametrize("who", ["stranger", "nobody"])
def test_a_stranger_is_asked_to_sign_in(cast: Cast, who: str) -> None:
    answer = cast.client(who).get(reverse("admin:conversations_conversation_changelist"))
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("admin:login"))


@pytest.mark.parametrize("who", ["operator", "auditor"])
def test_only_managers_change_a_business(cast: Cast, who: str) -> None:
    page = reverse("admin:tenants_app_tenant_change", args=[cast.a.pk])
    assert cast.client(who).post(page, {"name": "Mine"}).status_code == 403
    cast.a.refresh_from_db()
    assert cast.a.name == "Alfa"


@pytest.mark.parametrize("model", ["conversations_conversation", "conversations_visitor", "conversations_export"])
@pytest.mark.parametrize("who", ["manager", "auditor", "admin"])
def test_nobody_adds_changes_or_deletes_a_record(cast: Cast, model: str, who: str) -> None:
    client, key = cast.client(who), cast.of_a.pk
    assert client.post(reverse(f"admin:{model}_add"), {}).status_code == 403
    assert client.post(reverse(f"admin:{model}_change", args=[key]), {}).status_code in {302, 403}
    assert client.post(reverse(f"admin:{model}_delete", args=[key]), {"post": "yes"}).status_code in {302, 403}
    listing = {"action": "delete_selected", "_selected_action": [key], "post": "yes"}
    client.post(reverse(f"admin:{model}_changelist"), listing)
    cast.of_a.refresh_from_db()
    assert cast.of_a.visitor.name == "Ana Alves"


def test_signing_in_leads_to_the_first_page(cast: Cast) -> None:
    cast.people["operator"].set_password("a-long-password")
    cast.people["operator"].save()
    form = {"username": "operator", "password": "a-long-password"}
    answer = cast.client("nobody").post(reverse("admin:login"), form)
    assert answer["Location"] == reverse("admin:index")


def test_the_side_bar_offers_only_what_the_role_may_open(cast: Cast) -> None:
    page = cast.client("operator").get(reverse("admin:index")).content.decode()
    assert reverse("admin:conversations_visitor_changelist") in page
    assert reverse("admin:tenants_app_membership_changelist") not in page
    assert reverse("admin:auth_user_changelist") not in page
