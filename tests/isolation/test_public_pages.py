"""What a business shows to everybody who knows its slug, and that a slug of nobody cannot be told from a closed one."""

import re

import pytest
from django.test import Client

from tenants_app.access import forget_snapshots
from tenants_app.models import Tenant
from tests.isolation.addresses import PUBLIC
from tests.isolation.answers import Ask, answer, differences
from tests.isolation.canaries import THEIRS
from tests.isolation.cast import CALLERS, Cast

SETTINGS, PAGE = f"/widget/{THEIRS.slug}.json", f"/c/{THEIRS.slug}"
# All that a business says of itself before anybody has talked to it.
SHOWN = {
    SETTINGS: {"business_name", "agent_name", "greeting", "placeholder", "suggestion"},
    PAGE: {"business_name", "whatsapp", "address", "website", "contact"},
}
STRANGE = (
    "",
    "x",
    "BOTTEGA",
    "bottega ",
    "bottega%00",
    "..",
    "%2e%2e",
    "bottega/..",
    "bottega.json",
    "é" * 40,
    "a" * 300,
)


def test_these_are_the_public_addresses() -> None:
    assert {re.sub(r"<slug:slug>", THEIRS.slug, f"/{one}") for one in PUBLIC} == set(SHOWN)


@pytest.mark.parametrize("who", CALLERS)
@pytest.mark.parametrize("path", SHOWN)
def test_everybody_sees_the_same_few_things(cast: Cast, path: str, who: str) -> None:
    said = answer(cast.clients[who], Ask(path))
    assert said.status == 200
    assert THEIRS.places_in(said.body) - {"", "nonce"} == SHOWN[path]


def test_the_page_names_only_the_sites_that_may_frame_it_beside(cast: Cast) -> None:
    said = answer(cast.clients["nobody"], Ask(PAGE))
    assert THEIRS.origin in said.headers["Content-Security-Policy"]
    assert not THEIRS.private_in(repr({**said.headers, "Content-Security-Policy": ""}))
    assert THEIRS.digits in said.body  # the phone of the contact, for who runs no scripts


@pytest.mark.parametrize("who", ["nobody", "visitor", "manager"])
@pytest.mark.parametrize("change", [{"active": False}, {"published": None}])
def test_a_closed_business_is_answered_like_none(cast: Cast, who: str, change: dict[str, None]) -> None:
    Tenant.objects.filter(pk=cast.theirs.tenant.pk).update(**change)
    forget_snapshots()
    asks = [Ask(path, None, method) for path in SHOWN for method in ("get", "head", "post", "options")]
    assert differences(cast.clients[who], asks) == []
    forget_snapshots()


@pytest.mark.parametrize("origin", ["https://elsewhere.example", "null", "https://kanarie.example.evil.example"])
def test_a_site_they_do_not_allow_is_answered_like_one_that_asks_for_nobody(cast: Cast, origin: str) -> None:
    client = Client(headers={"origin": origin})
    assert differences(client, [Ask(SETTINGS, None, method) for method in ("get", "head", "options")]) == []


def test_a_strange_slug_breaks_nothing(cast: Cast) -> None:
    for slug in STRANGE:
        for path in (f"/widget/{slug}.json", f"/c/{slug}", f"/demo/{slug}/"):
            said = answer(cast.clients["nobody"], Ask(path))
            assert said.status in {301, 404}, path
            assert not THEIRS.private_in(repr(said)), path
