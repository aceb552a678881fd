"""Drafts are replaced, published versions never change, and going back is a new version."""

import dataclasses

import pytest

from tenants_app.files import RawDocuments, read, tenant_folder
from tenants_app.models import Bundle, Tenant
from tenants_app.problems import DocumentError
from tenants_app.versions import import_draft, publish, roll_back

pytestmark = pytest.mark.django_db


def told(name):
    return RawDocuments({"agent_name": name, "business_name": "Padaria", "unknown": [1, {"z": 1, "a": 2}]})


@pytest.fixture
def tenant(settings, tmp_path):
    settings.TENANT_FILES_DIR = tmp_path
    return Tenant.objects.create(slug="padaria", name="Padaria")


def test_a_draft_is_replaced_and_visitors_see_nothing_of_it(tenant):
    import_draft(tenant, told("Nina"))
    draft = import_draft(tenant, told("Bia"))
    assert [bundle.pk for bundle in tenant.bundles.all()] == [draft.pk]
    assert Tenant.objects.get().published is None


def test_publishing_makes_the_draft_the_next_number_and_mirrors_it(tenant):
    import_draft(tenant, told("Nina"))
    assert [publish(tenant).number, publish(tenant).number] == [1, 2]
    assert Tenant.objects.get().published.number == 2
    assert read(tenant_folder("padaria")).config == told("Nina").config


def test_publishing_names_who_did_it(tenant, django_user_model):
    manager = django_user_model.objects.create(username="manager")
    assert publish(tenant, manager, raw=told("Nina")).created_by == manager


def test_nothing_of_a_document_is_lost_or_reordered(tenant):
    publish(tenant, raw=told("Nina"))
    assert list(Bundle.objects.get().config["unknown"][1]) == ["z", "a"]


def test_going_back_publishes_the_old_content_as_a_new_version(tenant):
    publish(tenant, raw=told("Nina"))
    publish(tenant, raw=told("Bia"))
    third = roll_back(tenant, 1)
    assert (third.number, third.config["agent_name"]) == (3, "Nina")
    assert tenant.bundles.get(number=2).config["agent_name"] == "Bia"


def test_a_published_version_cannot_change(tenant):
    bundle = publish(tenant, raw=told("Nina"))
    bundle.config = {}
    with pytest.raises(ValueError, match="published"):
        bundle.save()


def test_there_must_be_a_draft_and_a_version_to_go_back_to(tenant):
    with pytest.raises(ValueError, match="draft"):
        publish(tenant)
    with pytest.raises(ValueError, match="7"):
        roll_back(tenant, 7)


def test_documents_with_problems_are_neither_a_draft_nor_published(tenant):
    bad = dataclasses.replace(told("Nina"), knowledge={"faq": [{}]})
    for refused in (import_draft, lambda tenant, raw: publish(tenant, raw=raw)):
        with pytest.raises(DocumentError):
            refused(tenant, bad)
    assert not Bundle.objects.exists()


def test_when_the_folder_cannot_be_written_the_old_version_stays_published(tenant, monkeypatch):
    publish(tenant, raw=told("Nina"))
    monkeypatch.setattr("tenants_app.versions.write", lambda *_args, **_more: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        publish(tenant, raw=told("Bia"))
    assert Tenant.objects.get().published.config["agent_name"] == "Nina"
    assert tenant.bundles.count() == 1


def test_a_file_changed_by_hand_is_kept_when_a_version_is_published(tenant):
    publish(tenant, raw=told("Nina"))
    (tenant_folder("padaria") / "config.json").write_text('{"by": "hand"}')
    publish(tenant, raw=told("Bia"))
    publish(tenant, raw=told("Eva"))
    assert [path.read_text() for path in tenant_folder("padaria").glob("*.kept-*")] == ['{"by": "hand"}']
