"""Lists, searches, filters and orders of the admin: with their words in any of them, nothing of theirs is found."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib import admin
from django.db import models
from django.test import RequestFactory
from django.urls import reverse

from tests.isolation.answers import Ask, answer, differences
from tests.isolation.canaries import OURS, THEIRS
from tests.isolation.cast import Cast
from tests.isolation.registered import label

BEGINNING = THEIRS.stem[:-1]
SEARCHES = (
    BEGINNING, THEIRS.slug, THEIRS.email("visitor"), "(11) 93333-4445", THEIRS.id("session_id"),
)  # fmt: skip
SHAPES = (
    "o=1.-2&all=", "o=99&p=x", "p=2", "e=1", "_facets=True", "_popup=1&_to_field=id", "_to_field=slug",
    "_changelist_filters=tenant%3D7000001",
)  # fmt: skip
# Ways through several relations, from each model; what they would tell is whom a colleague works for besides.
DETOURS = {
    "tenants_app.membership": (
        "user__memberships__tenant__slug", "user__memberships__tenant", "user__password__startswith",
        "user__logentry__object_repr__startswith", "user__groups__name",
    ),
    "tenants_app.tenant": (
        "memberships__user__memberships__tenant__slug", "published__config__icontains", "published__created_by__email",
        "conversations__visitor__email", "exports__asked_by__username",
    ),
    "tenants_app.bundle": ("created_by__memberships__tenant__name", "tenant__memberships__user__email"),
    "conversations.conversation": ("visitor__conversations__preview", "tenant__visitors__name__startswith"),
    "conversations.visitor": ("conversations__preview__startswith", "tenant__memberships__user__username"),
    "conversations.export": ("asked_by__memberships__tenant__slug", "asked_by__password__startswith"),
}  # fmt: skip
MODELS = sorted(DETOURS)
# What to ask a filter for; a beginning of their texts for all others.
NAMED = {"channel": THEIRS.id("channel"), "role__exact": "auditor", "status__exact": "waiting"} | {
    f"{name}_{end}": f"09/09/{THEIRS.year}"
    for name in ("last_at", "last_seen_at", "asked_at")
    for end in ("from", "to")
}


def list_of(model: str) -> str:
    return reverse(f"admin:{model.replace('.', '_')}_changelist")


def model_admin_of(model: str) -> Any:
    return next(one for one in admin.site._registry.values() if label(one) == model)


def test_every_list_of_a_business_has_its_row() -> None:
    assert set(MODELS) | {"auth.user", "auth.group"} == {label(one) for one in admin.site._registry.values()}


@pytest.mark.parametrize("model", MODELS)
def test_a_search_for_theirs_finds_what_a_search_for_nothing_finds(cast: Cast, model: str) -> None:
    asks = [Ask(list_of(model), {"q": search}) for search in SEARCHES]
    assert differences(cast.clients["manager"], asks) == []


@pytest.mark.parametrize("model", MODELS)
def test_no_order_page_or_popup_shows_them(cast: Cast, model: str) -> None:
    asks = [Ask(f"{list_of(model)}?{shape}") for shape in SHAPES]
    assert differences(cast.clients["manager"], asks) == []


@pytest.mark.parametrize("model", MODELS)
def test_a_filter_by_theirs_is_one_by_nothing(cast: Cast, model: str) -> None:
    model_admin = model_admin_of(model)
    names = [*parameters(cast, model_admin), *lookups(model_admin.model)]
    asks = [Ask(f"{list_of(model)}?{urlencode({name: value})}") for name, value in values(cast, model_admin, names)]
    assert differences(cast.clients["manager"], asks) == []


@pytest.mark.parametrize("model", MODELS)
def test_lookups_through_relations_tell_nothing(cast: Cast, model: str) -> None:
    generated = [Ask(list_of(model), {name: BEGINNING}) for name in relations(model_admin_of(model).model)]
    by_hand = [Ask(list_of(model), {name: value}) for name in DETOURS[model] for value in (BEGINNING, THEIRS.slug)]
    assert differences(cast.clients["manager"], generated + by_hand) == []


def parameters(cast: Cast, model_admin: Any) -> Iterator[str]:
    """Of every filter that the list offers."""
    request = RequestFactory().get("/")
    request.user = cast.people["admin"]
    for spec in model_admin.get_changelist_instance(request).filter_specs:
        yield from spec.expected_parameters()


def lookups(model: type[models.Model]) -> Iterator[str]:
    """Into the rows themselves: relations by key, and the time they are ordered by."""
    yield from (field.name for field in model._meta.concrete_fields if field.is_relation)
    yield from ("pk", "id__in")
    times = [field.name for field in model._meta.concrete_fields if isinstance(field, models.DateTimeField)]
    yield from (f"{name}__year" for name in times[-1:])


def values(cast: Cast, model_admin: Any, names: list[str]) -> Iterator[tuple[str, str]]:
    """Each name with values that rows of theirs have."""
    for name in names:
        thing = name.partition("__")[0]
        if thing in cast.theirs.keys or thing in {"pk", "id", "created_by", "asked_by", "published"}:
            keys = {"pk": model_admin.opts.model_name, "id": model_admin.opts.model_name, "published": "bundle"}
            yield name, cast.key(keys.get(thing, thing if thing in cast.theirs.keys else "user"))
        elif name.endswith("__year"):
            yield name, THEIRS.year
        else:
            yield name, NAMED.get(name, BEGINNING)


def relations(model: type[models.Model]) -> Iterator[str]:
    """A text field of everything that is one step away, in both directions."""
    for relation in model._meta.get_fields():
        if relation.is_relation and relation.related_model is not None:
            texts = [
                one.name for one in relation.related_model._meta.concrete_fields if isinstance(one, models.CharField)
            ]
            yield from (f"{relation.name}__{text}__startswith" for text in texts[:3])


def test_their_own_manager_finds_them_by_the_same_searches(cast: Cast) -> None:
    for model, search in (("conversations.conversation", THEIRS.text("name")), ("conversations.visitor", "93333-4445"),
                          ("tenants_app.membership", THEIRS.id("operator"))):  # fmt: skip
        assert THEIRS.private_in(answer(cast.clients["their manager"], Ask(list_of(model), {"q": search})).body)


@pytest.mark.parametrize("query", ["s=kanarie", "s=kanari&extended=1", "s=bottega&extended=1", "s=session_id-kanarie"])
def test_the_themes_search_finds_no_records(cast: Cast, query: str) -> None:
    assert differences(cast.clients["manager"], [Ask(f"{reverse('admin:search')}?{query}")]) == []
    ours = answer(cast.clients["manager"], Ask(f"{reverse('admin:search')}?{OURS.said_of(THEIRS, query)}"))
    assert not OURS.found_in(ours)
