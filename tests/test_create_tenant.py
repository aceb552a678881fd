"""A new tenant comes with a working assistant and its folders; an existing one is left alone."""

import pytest
from django.core.management import CommandError, call_command

from tenants_app.documents import parse_documents
from tenants_app.files import write_folder
from tenants_app.models import Tenant
from tenants_app.structure import create_tenant_structure, neutral

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def place(settings, tmp_path):
    settings.TENANT_FILES_DIR, settings.DATA_DIR = tmp_path / "tenant_files", tmp_path / "data"
    return tmp_path


def test_a_new_tenant_has_a_draft_a_first_version_and_folders(place):
    tenant = create_tenant_structure("minha_empresa")
    assert [bundle.number for bundle in tenant.bundles.order_by("number")].count(1) == 1
    assert tenant.bundles.filter(number=None).exists()
    assert (tenant.name, tenant.published.config["business_name"]) == ("Minha Empresa", "Minha Empresa")
    assert sorted(path.name for path in (place / "data/minha_empresa").iterdir()) == [
        "conversations",
        "sessions",
        "users",
    ]
    assert (place / "tenant_files/minha_empresa/config.json").exists()


@pytest.mark.parametrize(
    ("language", "code", "hello"), [(None, "pt-BR", "Olá"), ("en", "en", "Hello"), ("es", "es", "¡")]
)
def test_the_first_assistant_speaks_the_tenants_language(language, code, hello):
    documents = neutral("Loja", language).parse()
    assert documents.persona.language == code
    assert documents.persona.greeting.startswith(hello)
    assert documents.warnings == ()


@pytest.mark.parametrize("slug", ["", "a", "Padaria", "pão", "a-b", "../x", "_x", "x" * 64, "ab\n"])
def test_a_bad_short_name_is_refused(slug, place):
    with pytest.raises(ValueError, match="lower-case letters"):
        create_tenant_structure(slug)
    assert not Tenant.objects.exists()
    assert not (place / "tenant_files").exists()


def test_an_existing_tenant_is_left_alone():
    create_tenant_structure("padaria", "Padaria")
    with pytest.raises(ValueError, match="exist"):
        create_tenant_structure("padaria", "Other")
    assert Tenant.objects.get().name == "Padaria"


def test_files_that_lie_there_already_are_not_overwritten(place):
    write_folder(place / "tenant_files/padaria", neutral("By hand"))
    with pytest.raises(ValueError, match="tenant_files import padaria"):
        create_tenant_structure("padaria")
    assert not Tenant.objects.exists()


def test_when_a_folder_cannot_be_made_there_is_no_tenant(place):
    (place / "data").write_text("in the way")
    with pytest.raises(OSError, match="data"):
        create_tenant_structure("padaria")
    assert not Tenant.objects.exists()


def test_the_command_takes_name_language_and_origins():
    call_command(
        "create_tenant", "bakery", name="Bakery", language="en", origin=["https://Example.com/", "http://a.b:81"]
    )
    tenant = Tenant.objects.get()
    assert (tenant.name, tenant.language) == ("Bakery", "en")
    assert tenant.allowed_origins == ["https://example.com", "http://a.b:81"]


@pytest.mark.parametrize("more", [{"origin": ["example.com"]}, {"origin": ["https://a.b/path"]}, {"language": "fr"}])
def test_the_command_refuses_what_it_cannot_mean(more):
    with pytest.raises(CommandError):
        call_command("create_tenant", "padaria", **more)
    assert not Tenant.objects.exists()


def test_the_command_says_that_a_tenant_exists():
    call_command("create_tenant", "padaria")
    with pytest.raises(CommandError, match="padaria"):
        call_command("create_tenant", "padaria")


def test_the_demonstration_tenants_come_once_and_without_warnings():
    call_command("demo_tenants")
    Tenant.objects.filter(slug="default").update(name="Mine")
    call_command("demo_tenants")
    assert dict(Tenant.objects.values_list("slug", "published__number")) == {
        "default": 1,
        "timmy_vendas": 1,
        "varizemed": 1,
    }
    assert Tenant.objects.get(slug="default").name == "Mine"
    for tenant in Tenant.objects.select_related("published"):
        told = tenant.published
        assert parse_documents(told.config, told.knowledge, told.examples).warnings == ()
