"""Every address, tried by everybody with the ids of another business: nothing comes, and nothing tells that it exists.

A new address needs a row in ROWS, or `test_every_address_has_a_row` fails.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import URLResolver, get_resolver

from conversations.models import Export
from tests.admin_cast import SECRETS, Cast, make_cast

MISSING = "999999"
Key = Callable[[Cast], Any]

ADMIN_MODELS: dict[str, Key] = {
    "admin/auth/user": lambda cast: cast.people["rival"].pk,
    "admin/auth/group": lambda cast: MISSING,
    "admin/tenants_app/tenant": lambda cast: cast.b.pk,
    "admin/tenants_app/membership": lambda cast: cast.b.memberships.get().pk,
    "admin/tenants_app/bundle": lambda cast: cast.b.bundles.first().pk,
    "admin/conversations/conversation": lambda cast: cast.of_b.pk,
    "admin/conversations/visitor": lambda cast: cast.of_b.visitor.pk,
    "admin/conversations/export": lambda cast: Export.objects.get(tenant=cast.b).pk,
}
# Pattern -> the key of B's object in it; None where the address holds no key.
ROWS: dict[str, Key | None] = {
    **dict.fromkeys(f"{model}/{page}" for model in ADMIN_MODELS for page in ("", "add/")),
    **{
        f"{model}/<path:object_id>/{page}": key
        for model, key in ADMIN_MODELS.items()
        for page in ("", "history/", "delete/", "change/")
    },
    "admin/auth/user/<id>/password/": ADMIN_MODELS["admin/auth/user"],
    "admin/tenants_app/tenant/<path:object_id>/content/": ADMIN_MODELS["admin/tenants_app/tenant"],
    "admin/conversations/conversation/<path:object_id>/csv/": ADMIN_MODELS["admin/conversations/conversation"],
    "admin/r/<path:content_type_id>/<path:object_id>/": lambda cast: cast.b.pk,
    **dict.fromkeys((
        "healthz", "readyz", "i18n/setlang/", "admin/", "admin/search/", "admin/login/", "admin/logout/",
        "admin/password_change/", "admin/password_change/done/", "admin/autocomplete/", "admin/jsi18n/",
        "admin/conversations/conversation/export/", "admin/^(?P<app_label>auth|tenants_app|conversations)/$",
        "admin/(?P<url>.*)$", "", "widget.js", "widget/<slug:code>/<str:name>", "demo/", "demo/<slug:slug>/",
    )),
}  # fmt: skip
# What a tenant shows to everybody by its slug: its name and greeting, to the sites it allows.
PUBLIC = {"widget/<slug:slug>.json", "c/<slug:slug>"}
WHO = ["nobody", "stranger", "manager", "operator", "auditor"]


def patterns(resolver: Any = None, prefix: str = "") -> Iterator[str]:
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            yield from patterns(entry, prefix + str(entry.pattern))
        else:
            yield prefix + str(entry.pattern)


@pytest.fixture
def cast(db: None, settings: Any, tmp_path: Path) -> Cast:
    cast = make_cast(settings, tmp_path)
    Export.objects.create(pk=4711, tenant=cast.b, asked_by=cast.people["rival"], conversation_id="c-of-b")
    return cast


def address(pattern: str, key: object) -> str:
    place = pattern.replace("^(?P<app_label>auth|tenants_app|conversations)/$", "conversations/")
    place = place.replace("(?P<url>.*)$", "nowhere").replace("<path:content_type_id>", "7")
    return "/" + re.sub(r"<[^>]+>", str(key), place)


def told(client: Client, pattern: str, key: object, method: str) -> tuple[Any, ...]:
    """All that an answer says, without the key asked for and what differs by chance."""
    answer = getattr(client, method)(address(pattern, key))
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    chance = r'value="[A-Za-z0-9]{64}"|nonce-[\w+/=-]+|nonce="[^"]*"'
    text = re.sub(chance, "", body.decode(errors="replace"))
    by_chance = {"Content-Security-Policy", "Expires"}
    headers = {name: value for name, value in answer.headers.items() if name not in by_chance}
    said = f"{headers} {text} {answer.cookies.output() if 'messages' in answer.cookies else ''}"
    return answer.status_code, re.sub(rf"(?<![\d-]){key}(?!\d)", "KEY", re.sub(r"'Content-Length': '\d+'", "", said))


def test_every_address_has_a_row() -> None:
    assert set(patterns()) == set(ROWS) | PUBLIC


@pytest.mark.parametrize("who", WHO)
def test_no_address_says_anything_of_another_business(cast: Cast, who: str) -> None:
    client, leaks = cast.client(who), []
    for pattern, key in ROWS.items():
        for method in ("get", "post"):
            if (pattern, method) == ("admin/logout/", "post"):
                continue
            _, said = told(client, pattern, key(cast) if key else "x", method)
            leaks += [(pattern, method, secret) for secret in SECRETS if secret in said]
    assert leaks == []


@pytest.mark.parametrize("who", WHO)
def test_not_yours_and_not_there_are_the_same_answer(cast: Cast, who: str) -> None:
    client, different = cast.client(who), []
    for pattern, key in ROWS.items():
        for method in ("get", "post") if key else ():
            theirs = told(client, pattern, key(cast), method)  # type: ignore[misc]  # keyed rows only
            if plain_messages(theirs) != plain_messages(told(client, pattern, MISSING, method)):
                different.append((pattern, method))
    assert different == []


def plain_messages(answer: tuple[Any, ...]) -> tuple[Any, ...]:
    # A message that names the key is signed into a cookie: the signature differs as the key does.
    return answer[0], re.sub(r'messages=[^;]*"?;', "messages", str(answer[1]))


def test_the_platform_admin_sees_what_members_are_refused(cast: Cast) -> None:
    # The checks above would pass on an empty installation: here the same addresses do hold something of B.
    client = cast.client("admin")
    said = [told(client, pattern, key(cast), "get")[1] for pattern, key in ROWS.items() if key]
    assert sum(any(secret in text for secret in SECRETS) for text in said) > 15
