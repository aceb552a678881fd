"""The pages and files around the chat, asked for without a browser."""

import gzip
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from conversations.widget_files import FOLDER, code_version, slimmed, widget_file
from tenants_app.models import Tenant

pytestmark = [pytest.mark.django_db, pytest.mark.urls("conversations.urls")]
SHOP = "https://loja.example"


@pytest.fixture
def shop() -> Tenant:
    call_command("demo_tenants", verbosity=0)
    tenant = Tenant.objects.get(slug="default")
    tenant.allowed_origins = [SHOP]
    tenant.save()
    return tenant


def test_the_loader_is_small_compressed_and_open_to_any_site(client: Client) -> None:
    answer = client.get("/widget.js", headers={"accept-encoding": "gzip, br"})
    assert answer["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert len(answer.content) < 5000
    assert gzip.decompress(answer.content).startswith(b"(() =>")


def test_an_unchanged_file_is_not_sent_twice(client: Client) -> None:
    tag = client.get("/widget.js")["ETag"]
    assert client.get("/widget.js", headers={"if-none-match": tag}).status_code == 304


def test_modules_are_kept_for_ever_only_under_their_own_hash(client: Client) -> None:
    assert "immutable" in client.get(f"/widget/{code_version()}/chat.js")["Cache-Control"]
    assert "immutable" not in client.get("/widget/older/chat.js")["Cache-Control"]


@pytest.mark.parametrize("name", ["nothing.js", "..%2Fwidget.js", "%2e%2e/demo.css", "chat.js.map"])
def test_only_the_widgets_own_files_are_served(client: Client, name: str) -> None:
    assert client.get(f"/widget/{code_version()}/{name}").status_code == 404


def test_the_whole_widget_stays_within_its_weight() -> None:
    names = [
        f"widget/{path.name}" for path in (FOLDER / "widget").glob("*.js") if path.stem not in {"words-en", "words-es"}
    ]
    files = [file for name in ["widget.js", *names] if (file := widget_file(name))]
    assert sum(len(file.gzipped) for file in files) < 24_000


def test_slimming_leaves_code_alone() -> None:
    comments = "/** Doc. */\nlet a = 'x // y'; // why\n  // alone\n"
    source = comments + "  const b = /** @type {any} */ (a);\n\n/**\n * More.\n */\nf();\n"
    assert slimmed(source) == "let a = 'x // y'; // why\nconst b = (a);\nf();\n"


def test_the_settings_go_to_the_tenants_site(client: Client, shop: Tenant) -> None:
    answer = client.get("/widget/default.json", headers={"origin": SHOP})
    assert answer["Access-Control-Allow-Origin"] == SHOP
    assert answer.json()["agent_name"] == "Íris"
    assert "Origin" in answer["Vary"]


def test_a_refused_origin_looks_like_an_unknown_tenant(client: Client, shop: Tenant) -> None:
    refused = client.get("/widget/default.json", headers={"origin": "https://other.example"})
    unknown = client.get("/widget/nobody.json", headers={"origin": "https://other.example"})
    assert refused.status_code == unknown.status_code == 404
    assert refused.content == unknown.content
    assert _headers(refused) == _headers(unknown)


def test_an_inactive_tenant_has_no_page(client: Client, shop: Tenant) -> None:
    assert client.get("/c/default").status_code == 200
    shop.active = False
    shop.save()
    assert client.get("/c/default").status_code == 404


def test_the_hosted_page_is_strict_and_framed_only_by_the_tenants_sites(client: Client, shop: Tenant) -> None:
    shop.allowed_origins = [SHOP, "https://x.example; script-src *"]
    shop.save()
    answer = client.get("/c/default")
    policy = answer["Content-Security-Policy"]
    assert f"frame-ancestors 'self' {SHOP};" in f"{policy};"
    assert "unsafe" not in policy
    assert "script-src *" not in policy
    assert "X-Frame-Options" not in answer


@pytest.mark.parametrize(
    ("accepts", "language"),
    [("", "pt-br"), ("en-US,en;q=0.9", "en"), ("es-AR", "es"), ("en,pt;q=0.5", "pt-br"), ("fr", "pt-br")],
)
def test_the_hosted_page_speaks_a_language_the_visitor_reads(
    client: Client, shop: Tenant, accepts: str, language: str
) -> None:
    answer = client.get("/c/default", headers={"accept-language": accepts})
    assert answer["Content-Language"] == language
    assert f'data-lang="{language}"' in answer.content.decode()


def test_without_scripts_the_page_names_other_ways(client: Client, shop: Tenant) -> None:
    assert "oi@lojaaurora.example" in client.get("/c/default").content.decode()


def test_the_demo_is_shown_only_where_it_is_wanted(client: Client, settings: Any) -> None:
    assert client.get("/").headers["Location"] == "/demo/"
    assert client.get("/demo/").status_code == 200
    assert client.get("/demo/nobody/").status_code == 404
    settings.DEMO = False
    assert client.get("/demo/").status_code == 404


def _headers(answer: Any) -> dict[str, str]:
    return {name: value for name, value in answer.items() if name != "Content-Length"}
