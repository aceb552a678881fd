"""What managers and platform admins change about a business, its assistant and its team."""

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.urls import reverse

from tenants_app.admin_forms import origin_of, put_at, value_at
from tenants_app.models import Membership, Role, Tenant
from tests.admin_cast import Cast, make_cast


@pytest.fixture
def cast(db: None, settings: Any, tmp_path: Path) -> Cast:
    return make_cast(settings, tmp_path)


def form_of(tenant: Tenant, **changes: Any) -> dict[str, Any]:
    published = tenant.published
    assert published is not None
    persona = {name: value_at(published.config, name) for name in ("agent_name", "tone", "greeting", "instructions")}
    plain = {"name": tenant.name, "active": "on", "language": "pt-br", "time_zone": "America/Sao_Paulo"}
    return {**plain, "allowed_origins": "https://a.example", "version_seen": published.number, **persona, **changes}


def save(cast: Cast, **changes: Any) -> Any:
    page = reverse("admin:tenants_app_tenant_change", args=[cast.a.pk])
    answer = cast.client("manager").post(page, form_of(cast.a, **changes), follow=True)
    cast.a.refresh_from_db()
    return answer


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("https://Example.com/", "https://example.com"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("https://example.com:443", "https://example.com"),
        ("https://*.example.com", "https://*.example.com"),
        ("https://padaria-josé.example", "https://xn--padaria-jos-lbb.example"),
    ],
)
def test_a_site_is_kept_as_browsers_send_it(written: str, kept: str) -> None:
    assert origin_of(written) == kept


@pytest.mark.parametrize(
    "written", ["example.com", "https://", "ftp://a.example", "https://a.example/shop", "https://u:p@a.example",
                "https://a.*.example", "javascript:alert(1)", "https://a.example?x=1", "https://a b", "https://a.example:99999"],
)  # fmt: skip
def test_what_is_no_site_is_refused(written: str) -> None:
    with pytest.raises(ValidationError):
        origin_of(written)


def test_a_manager_edits_the_settings(cast: Cast) -> None:
    save(cast, name="Alfa Nova", time_zone="America/Manaus", allowed_origins="https://a.example\nhttps://B.example/")
    assert cast.a.name == "Alfa Nova"
    assert cast.a.time_zone == "America/Manaus"
    assert cast.a.allowed_origins == ["https://a.example", "https://b.example"]


def test_the_short_name_never_changes(cast: Cast) -> None:
    save(cast, slug="other")
    assert cast.a.slug == "alfa"


def test_a_bad_site_is_named_and_nothing_is_saved(cast: Cast) -> None:
    answer = save(cast, name="Alfa Nova", allowed_origins="example.com/shop")
    assert "example.com/shop is no site" in answer.content.decode()
    assert cast.a.name == "Alfa"


def test_an_empty_list_of_sites_is_saved_with_a_warning(cast: Cast) -> None:
    answer = save(cast, allowed_origins="")
    assert "Any site may show this chat" in answer.content.decode()
    assert cast.a.allowed_origins == []


def test_settings_alone_publish_no_version(cast: Cast) -> None:
    save(cast, name="Alfa Nova")
    assert cast.a.published is not None
    assert cast.a.published.number == 1


def test_another_tone_is_published_as_the_next_version_and_keeps_the_rest(cast: Cast) -> None:
    before = cast.a.published
    assert before is not None
    save(cast, tone="dry", greeting="Olá!")
    after = cast.a.published
    assert after is not None
    assert (after.number, value_at(after.config, "tone"), value_at(after.config, "greeting")) == (2, "dry", "Olá!")
    assert after.knowledge == before.knowledge
    assert after.created_by == cast.people["manager"]


def test_an_assistant_without_a_name_is_refused_with_the_reason(cast: Cast) -> None:
    answer = save(cast, agent_name="")
    assert "agent_name" in answer.content.decode()
    assert cast.a.published is not None
    assert cast.a.published.number == 1


def test_a_form_opened_before_another_version_does_not_overwrite_it(cast: Cast) -> None:
    old = form_of(cast.a, tone="late")
    save(cast, tone="first")
    page = reverse("admin:tenants_app_tenant_change", args=[cast.a.pk])
    answer = cast.client("manager").post(page, old)
    assert "Somebody published another version" in answer.content.decode()
    cast.a.refresh_from_db()
    assert cast.a.published is not None
    assert value_at(cast.a.published.config, "tone") == "first"


def test_a_text_is_put_where_the_document_spells_it() -> None:
    config = {"personality": {"tone": "warm"}, "agent_name": "Ana"}
    put_at(config, "tone", "dry")
    put_at(config, "greeting", "Oi")
    put_at(config, "agent_name", "")
    assert config == {"personality": {"tone": "dry"}, "greeting": "Oi"}


def test_the_content_page_reads_as_text(cast: Cast) -> None:
    for page in ("tenants_app_tenant_content", "tenants_app_bundle_change"):
        key = cast.a.pk if "tenant_" in page else cast.a.published_id
        text = cast.client("auditor").get(reverse(f"admin:{page}", args=[key])).content.decode()
        assert "Alfa" in text
        assert "&quot;agent_name&quot;" not in text


def test_an_auditor_reads_the_settings_in_words(cast: Cast) -> None:
    page = reverse("admin:tenants_app_tenant_change", args=[cast.a.pk])
    text = cast.client("auditor").get(page).content.decode()
    assert "any site" in text
    assert ">[]<" not in text
    assert 'name="allowed_origins"' not in text


def test_a_platform_admin_creates_a_business_with_its_first_version(cast: Cast) -> None:
    form = {"name": "Gama", "slug": "gama", "active": "on", "language": "es", "time_zone": "America/Bogota"}
    cast.client("admin").post(reverse("admin:tenants_app_tenant_add"), form)
    made = Tenant.objects.get(slug="gama")
    assert (made.name, made.language, made.time_zone) == ("Gama", "es", "America/Bogota")
    assert made.published is not None


@pytest.mark.parametrize("slug", ["../etc", "Gama", "g", "alfa", "a" * 64])
def test_a_bad_or_taken_short_name_is_refused(cast: Cast, slug: str) -> None:
    form = {"name": "Gama", "slug": slug, "active": "on", "language": "es", "time_zone": "America/Bogota"}
    assert cast.client("admin").post(reverse("admin:tenants_app_tenant_add"), form).status_code == 200
    assert not Tenant.objects.filter(name="Gama").exists()


def test_nobody_deletes_a_business(cast: Cast) -> None:
    page = reverse("admin:tenants_app_tenant_delete", args=[cast.a.pk])
    assert cast.client("admin").post(page, {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("person", ["colleague", "COLLEAGUE@annex.example"])
def test_a_manager_of_two_businesses_brings_people_of_one_into_the_other(cast: Cast, person: str) -> None:
    colleague = with_annex(cast)
    form = {"person": person, "tenant": cast.a.pk, "role": "operator"}
    cast.client("manager").post(reverse("admin:tenants_app_membership_add"), form)
    assert colleague.memberships.filter(tenant=cast.a, role="operator").exists()


@pytest.mark.parametrize("person", ["nobody-at-all", "stranger", "rival", "operator", "colleag"])
def test_an_unknown_person_or_one_in_the_team_is_not_added(cast: Cast, person: str) -> None:
    with_annex(cast)
    form = {"person": person, "tenant": cast.a.pk, "role": "auditor"}
    assert cast.client("manager").post(reverse("admin:tenants_app_membership_add"), form).status_code == 200
    assert cast.a.memberships.count() == 3


def with_annex(cast: Cast) -> User:
    """A second business of the manager's, and who works there."""
    annex = Tenant.objects.create(slug="annex", name="Annex")
    colleague = User.objects.create_user("colleague", "colleague@annex.example")
    for person, role in ((cast.people["manager"], Role.MANAGER), (colleague, Role.OPERATOR)):
        Membership.objects.create(user=person, tenant=annex, role=role)
    return colleague


def test_a_manager_of_one_business_knows_nobody_to_add(cast: Cast) -> None:
    client, add = cast.client("manager"), reverse("admin:tenants_app_membership_add")
    assert client.get(add).status_code == 403
    assert add not in client.get(reverse("admin:tenants_app_membership_changelist")).content.decode()


@pytest.mark.parametrize("person", ["stranger", "STRANGER@alfa.example"])
def test_a_platform_admin_adds_anybody_to_a_team(cast: Cast, person: str) -> None:
    form = {"person": person, "tenant": cast.a.pk, "role": "operator"}
    cast.client("admin").post(reverse("admin:tenants_app_membership_add"), form)
    assert cast.people["stranger"].memberships.get().tenant == cast.a


def test_a_manager_gives_another_role_but_not_to_themself(cast: Cast) -> None:
    client = cast.client("manager")
    for name in ("operator", "manager"):
        page = reverse("admin:tenants_app_membership_change", args=[cast.people[name].memberships.get().pk])
        client.post(page, {"role": "auditor"})
    roles = dict(Membership.objects.filter(tenant=cast.a).values_list("user__username", "role"))
    assert roles == {"manager": "manager", "operator": "auditor", "auditor": "auditor"}


def test_a_platform_admin_gives_a_person_a_business(cast: Cast) -> None:
    stranger = cast.people["stranger"]
    page = reverse("admin:auth_user_change", args=[stranger.pk])
    form = {
        "username": "stranger", "is_active": "on", "memberships-TOTAL_FORMS": 1, "memberships-INITIAL_FORMS": 0,
        "memberships-0-tenant": cast.b.pk, "memberships-0-role": "auditor", "memberships-0-user": stranger.pk,
    }  # fmt: skip
    cast.client("admin").post(page, form)
    stranger.refresh_from_db()
    assert stranger.is_staff
    assert stranger.memberships.get().role == "auditor"
