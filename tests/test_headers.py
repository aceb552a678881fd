"""Every answer of every address carries the headers that keep a browser in its bounds; a new address is tried too."""

import base64
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.http import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from conversations.models import Export
from tests.admin_cast import Cast, make_cast
from timmy_site.content_policy import THEME_STYLES
from timmy_site.headers import HEADERS

STRICT = {
    "default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "object-src": "'none'",
    "base-uri": "'none'", "form-action": "'self'", "require-trusted-types-for": "'script'", "trusted-types": "'none'",
}  # fmt: skip
FRAMED = {"c/<slug:slug>"}  # the hosted page, which the business's own sites may frame
WIDER_IN_THE_ADMIN = {"script-src", "style-src", "require-trusted-types-for", "trusted-types"}
STATIC = ["timmy_site/icon.svg", "timmy_site/admin.css", "conversations/demo.css", "unfold/js/app.js", "nothing.css"]


@pytest.fixture
def cast(db: None, settings: Any, tmp_path: Path) -> Cast:
    cast = make_cast(settings, tmp_path)
    Export.objects.create(tenant=cast.a, asked_by=cast.people["auditor"])
    call_command("demo_tenants", verbosity=0)
    return cast


def patterns(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[str]:
    """Every pattern of the installation, with the ones it is included by."""
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLPattern):
            yield prefix + str(entry.pattern)
        else:
            yield from patterns(entry, prefix + str(entry.pattern))


def addresses(cast: Cast) -> dict[str, str]:
    """An address for every pattern, of something that is there."""
    keys = {"tenant": cast.a.pk, "conversation": cast.of_a.pk, "visitor": cast.of_a.visitor.pk}
    keys |= {"bundle": cast.a.bundles.latest("pk").pk, "membership": cast.a.memberships.latest("pk").pk}
    keys |= {"user": cast.people["operator"].pk, "export": Export.objects.get().pk}
    return {pattern: address(pattern, keys) for pattern in patterns()}


def address(pattern: str, keys: dict[str, Any]) -> str:
    model = pattern.split("/")[2] if pattern.count("/") > 2 else ""
    place = pattern.replace("^(?P<app_label>auth|tenants_app|conversations)/$", "conversations/")
    place = place.replace("(?P<url>.*)$", "nowhere").replace("<slug:slug>", "default")
    place = place.replace("<slug:code>/<str:name>", "x/chat.js").replace("<path:content_type_id>", "7")
    return "/" + re.sub(r"<[^>]+>", str(keys.get(model, 1)), place)


def policy(answer: HttpResponseBase) -> dict[str, str]:
    """The content policy by directive."""
    parts = [part.strip().partition(" ") for part in answer["Content-Security-Policy"].split(";")]
    return {name: value for name, _space, value in parts}


def wrong_with(answer: HttpResponseBase, *, framed: bool = False, admin: bool = False) -> list[str]:
    """What is missing or too wide, in words."""
    found = [f"no {name}" for name in HEADERS if name not in answer]
    if answer.get("X-Content-Type-Options") != "nosniff":
        found.append("sniffed")
    kind = answer.headers.get("Content-Type", "")
    if kind.startswith("text/") and "charset=" not in kind:
        found.append(f"no charset: {kind}")
    rules = policy(answer) if "Content-Security-Policy" in answer else {}
    wanted = STRICT | ({} if framed else {"frame-ancestors": "'none'"})
    if admin:
        wanted = {name: value for name, value in wanted.items() if name not in WIDER_IN_THE_ADMIN}
    found += [f"{name}: {rules.get(name)}" for name, value in wanted.items() if rules.get(name) != value]
    loose = {"*", "http:", "https:", "'unsafe-hashes'", "'strict-dynamic'"} | (
        {"'unsafe-inline'"} if not admin else set()
    )
    found += [f"{name} admits {source}" for name, sources in rules.items() for source in loose & set(sources.split())]
    return found


@pytest.mark.parametrize("method", ["get", "post", "options"])
@pytest.mark.parametrize("who", ["nobody", "admin"])
def test_every_address_is_strict(cast: Cast, who: str, method: str) -> None:
    client, wrong = cast.client(who), {}
    for pattern, place in addresses(cast).items():
        if (pattern, method) == ("admin/logout/", "post"):
            continue
        answer = getattr(client, method)(place)
        framed = pattern in FRAMED and answer.status_code == 200
        if found := wrong_with(answer, framed=framed, admin=pattern.startswith("admin/")):
            wrong[f"{place} {answer.status_code}"] = found
    assert wrong == {}


@pytest.mark.django_db
@pytest.mark.parametrize("name", STATIC)
def test_static_files_are_strict(client: Client, name: str) -> None:
    answer = client.get(f"/static/{name}")
    answer.close()
    assert answer.status_code == (404 if name == "nothing.css" else 200)
    assert wrong_with(answer) == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path",
    [
        "/nowhere",
        "/c/nobody",
        "/demo/nobody/",
        "/widget/x/nothing.js",
        "/ws/chat/default/",
        "/static/",
        "/static/conversations/",
        "/.git/config",
        "/.env",
        "/data/secret_key",
        "/static/../manage.py",
    ],
)
def test_a_page_that_is_not_there_is_strict(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert wrong_with(answer) == []


@pytest.mark.parametrize("https", [False, True])
def test_a_host_that_is_not_ours_is_refused_by_a_strict_answer(client: Client, settings: Any, https: bool) -> None:
    settings.SECURE_SSL_REDIRECT = https
    answer = client.get("/demo/", headers={"host": "evil.example"})
    assert answer.status_code == 400
    assert "evil.example" not in answer.content.decode()
    assert wrong_with(answer) == []


def test_a_refused_form_is_strict_and_says_what_to_do() -> None:
    answer = Client(enforce_csrf_checks=True).post("/i18n/setlang/", {"language": "en"})
    assert answer.status_code == 403
    assert "formulário" in answer.content.decode()
    assert "<style" not in answer.content.decode()
    assert wrong_with(answer) == []


def test_a_failure_of_ours_is_strict_and_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(raise_request_exception=False)
    monkeypatch.setattr("conversations.views.widget_file", lambda name: 1 / 0)
    answer = client.get("/widget.js")
    assert answer.status_code == 500
    assert "ZeroDivision" not in answer.content.decode()
    assert wrong_with(answer) == []


def test_the_themes_inline_styles_are_those_that_the_policy_names(cast: Cast) -> None:
    found: dict[str, str] = {}
    for place in addresses(cast).values():
        answer = cast.client("admin").get(place)
        if not answer.streaming:
            for style in re.findall(r"<style[^>]*>(.*?)</style>", answer.content.decode(errors="replace"), re.DOTALL):
                digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
                found[f"'sha256-{digest}'"] = place
    assert {hashed: place for hashed, place in found.items() if hashed not in THEME_STYLES} == {}
    assert found


def test_the_admins_pages_hold_no_inline_script(cast: Cast) -> None:
    inline, seen = [], 0
    for place in addresses(cast).values():
        answer = cast.client("admin").get(place)
        if not answer.streaming and answer.headers.get("Content-Type", "").startswith("text/html"):
            tags = re.findall(r"<script\b[^>]*>", answer.content.decode())
            seen += len(tags)
            inline += [(place, tag) for tag in tags if "src=" not in tag]
            inline += [(place, found) for found in re.findall(r"<[^>]*\son\w+=", answer.content.decode())]
    assert inline == []
    assert seen > 100


@pytest.mark.parametrize("who", ["admin", "manager", "operator", "auditor"])
def test_nothing_of_the_admin_is_kept_by_a_browser(cast: Cast, who: str) -> None:
    kept = []
    for pattern, place in addresses(cast).items():
        answer = cast.client(who).get(place)
        stored = "no-store" not in answer.get("Cache-Control", "")
        if pattern.startswith("admin/") and answer.status_code == 200 and stored:
            kept.append(place)
    assert kept == ["/admin/jsi18n/"]  # words of the program


@pytest.mark.django_db
def test_the_public_gets_no_cookies(cast: Cast) -> None:
    given = {place: list(cast.client("nobody").get(place).cookies) for place in addresses(cast).values()}
    assert {place for place, cookies in given.items() if cookies} == {"/admin/login/"}


@pytest.mark.parametrize("place", ["/widget.js", "/healthz", "/c/default", "/admin/login/"])
def test_nothing_that_was_sent_is_echoed(cast: Cast, place: str) -> None:
    answer = cast.client("nobody").generic("TRACE", place, "spoken-word", headers={"x-secret": "hidden-word"})
    assert b"word" not in answer.content.replace(b"password", b"")


@pytest.mark.parametrize("place", ["/admin/login/?next=https://evil.example/", "/admin/login/?next=//evil.example"])
def test_signing_in_leads_to_no_other_host(cast: Cast, place: str) -> None:
    cast.people["admin"].set_password("a-long-enough-word-for-a-test")
    cast.people["admin"].save()
    answer = Client().post(place, {"username": "admin", "password": "a-long-enough-word-for-a-test"})
    assert (answer.status_code, answer["Location"]) == (302, "/admin/")


def test_changing_the_language_leads_to_no_other_host(client: Client) -> None:
    form = {"language": "en", "next": "https://evil.example/"}
    assert client.post("/i18n/setlang/", form, headers={"referer": "https://evil.example/"})["Location"] == "/"
