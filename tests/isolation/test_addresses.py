"""Every address, asked by everybody about things of theirs: nothing comes, and nothing tells that they exist."""

from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import transaction

from tenants_app.models import Tenant
from tests.isolation.addresses import ADDRESSES, KEYED, UNKEYED, asks_about, form_of, path_of
from tests.isolation.answers import Ask, answer, differences
from tests.isolation.canaries import THEIRS
from tests.isolation.cast import CALLERS, Cast
from tests.isolation.state import state_of

MALFORMED = (
    "0", "-1", "٧", "1e3", "7000001.0", " 7000001", "_37000001", "x" * 300, "9" * 40, "7000001%00", "None", "..",
    "%2e%2e%2f7000001", "7000001/../7000001", "7000001;1", "'", "{{7}}", "%ff", "\U0001f426",
)  # fmt: skip


def content_type() -> int:
    return ContentType.objects.get_for_model(Tenant).pk


# Who left them is in every other respect a manager of ours (test_forms.py has what is left of them).
WHO = [who for who in CALLERS if who != "former"]


@pytest.mark.parametrize("who", WHO)
def test_what_is_theirs_is_answered_like_what_is_not_there(cast: Cast, who: str) -> None:
    asks = [ask for pattern in KEYED for ask in asks_about(cast, pattern, content_type())]
    assert differences(cast.clients[who], asks) == []


@pytest.mark.parametrize("who", ["nobody", "manager"])
def test_other_methods_and_a_slug_for_a_key_tell_as_little(cast: Cast, who: str) -> None:
    paths = [path_of(pattern, cast.key(address.thing), content_type()) for pattern, address in KEYED.items()]
    asks = [Ask(path, None, method) for path in paths for method in ("head", "put", "delete")]
    asks += [Ask(path_of(pattern, THEIRS.slug, content_type())) for pattern in KEYED]
    assert differences(cast.clients[who], asks) == []


@pytest.mark.parametrize("who", WHO)
def test_no_address_tells_of_them_however_they_are_named_in_the_question(cast: Cast, who: str) -> None:
    before = state_of(cast.theirs, cast.folder)
    found = []
    for pattern in UNKEYED:
        path = path_of(pattern, THEIRS.slug)
        asks = [
            Ask(path),
            Ask(path, named(cast)),
            Ask(path, named(cast) | form_of(ADDRESSES[pattern], cast.theirs), "post"),
        ]
        found += differences(cast.clients[who], asks if pattern != "admin/logout/" else asks[:2])
    assert found == []
    assert state_of(cast.theirs, cast.folder) == before


def named(cast: Cast) -> dict[str, Any]:
    """Whatever a page might take for the name of something of theirs."""
    keys = {name: cast.key(thing) for name, thing in (
        ("id", "tenant"), ("tenant", "tenant"), ("object_id", "conversation"), ("pk", "conversation"),
        ("user", "user"), ("visitor", "visitor"), ("bundle", "bundle"), ("published", "bundle"),
    )}  # fmt: skip
    texts = {"slug": THEIRS.slug, "s": THEIRS.stem, "q": THEIRS.stem, "person": THEIRS.id("manager")}
    return keys | texts | {"next": f"/c/{THEIRS.slug}", "extended": "1", "username": THEIRS.id("manager")}


def test_a_malformed_key_is_refused_and_nothing_breaks(cast: Cast) -> None:
    for pattern in (one for one in KEYED if not one.endswith(("/history/", "/delete/", "object_id>/"))):
        for key in MALFORMED:
            said = answer(cast.clients["manager"], Ask(path_of(pattern, key, content_type())))
            assert said.status in {301, 302, 400, 403, 404}, (pattern, key)
            assert not THEIRS.private_in(repr(said)), (pattern, key)


def test_what_is_refused_about_theirs_works_for_ours(cast: Cast) -> None:
    # Else the refusals above could come of a wrong form or a dead address.
    dead = [
        (pattern, method)
        for pattern, address in ADDRESSES.items()
        if address.thing or address.form
        for method in (("get", "post") if address.form else ("get",))
        if not any(works(cast, who, pattern, method) for who in ("manager", "auditor")) ^ address.nobody
    ]  # fmt: skip
    assert dead == [], dead


def works(cast: Cast, who: str, pattern: str, method: str) -> bool:
    address = ADDRESSES[pattern]
    path = path_of(pattern, cast.key(address.thing, "ours") if address.thing else "", content_type())
    with transaction.atomic():
        said = answer(cast.clients[who], Ask(path, form_of(address, cast.ours) if method == "post" else None, method))
        transaction.set_rollback(True)
    refused = "doesn’t exist" in str(said.cookies)
    form_again = method == "post" and said.status == 200 and "zip" not in said.headers["Content-Type"]
    return said.status in {200, 302} and not refused and not form_again


def test_their_own_manager_sees_what_others_are_refused(cast: Cast) -> None:
    # Else the silence above could come of an empty installation.
    pages = [path_of(one, cast.key(KEYED[one].thing), content_type()) for one in KEYED if not one.endswith("id>/")]
    said = [answer(cast.clients["their manager"], Ask(path)) for path in pages]
    assert sum(bool(THEIRS.private_in(repr(one))) for one in said) >= 12
