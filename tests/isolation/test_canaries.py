"""The cast is worth something: a canary stands in everything a business writes down, and the searches find it."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db import models

from conversations.core.records import COLUMNS
from conversations.models import Conversation, Export, Visitor
from conversations.schema import CONVERSATIONS, SESSIONS, USERS, Kind
from conversations.storage import storage_for
from tenants_app.access import active_tenant
from tenants_app.models import Bundle, Membership, Tenant
from tests.isolation.canaries import GHOST, OURS, THEIRS
from tests.isolation.cast import Cast

TEXTS = (models.CharField, models.TextField, models.JSONField)
# Whose rows are theirs, by model; every text field of each holds a canary but those listed with the reason.
ROWS_OF = {
    Tenant: lambda house: Tenant.objects.filter(pk=house.tenant.pk),
    Bundle: lambda house: Bundle.objects.filter(tenant=house.tenant),
    Membership: lambda house: Membership.objects.filter(tenant=house.tenant),
    User: lambda house: User.objects.filter(pk__in=[person.pk for person in house.people.values()]),
    Visitor: lambda house: Visitor.objects.filter(tenant=house.tenant),
    Conversation: lambda house: Conversation.objects.filter(tenant=house.tenant),
    Export: lambda house: Export.objects.filter(tenant=house.tenant),
    LogEntry: lambda house: LogEntry.objects.filter(user__in=house.people.values()),
}
NO_ROOM = {
    "Tenant.language": "one of three",
    "Tenant.time_zone": "one of the world's",
    "Membership.role": "one of three",
    "Conversation.status": "one of four",
    "Export.flavour": "one of two",
    "LogEntry.object_id": "the key of a row",
}
NO_ROOM_IN_PERSONA = {"language", "time_zone", "widget.color", "widget.position"}
NO_ROOM_IN_CELLS = {"role", "status", "part", "seq", "tenant_id"}


@pytest.mark.parametrize("model", ROWS_OF)
def test_every_field_that_can_hold_a_text_holds_a_canary(cast: Cast, model: type[models.Model]) -> None:
    rows = list(ROWS_OF[model](cast.theirs))
    bare = [
        f"{model.__name__}.{one.name}"
        for one in model._meta.concrete_fields
        if isinstance(one, TEXTS) and not any(THEIRS.found_in(str(getattr(row, one.name))) for row in rows)
    ]
    assert set(bare) <= set(NO_ROOM)


def test_every_model_of_ours_belongs_to_the_cast() -> None:
    from django.apps import apps

    ours = {model for name in ("tenants_app", "conversations") for model in apps.get_app_config(name).get_models()}
    assert ours <= set(ROWS_OF)


def test_every_column_that_can_hold_something_of_a_business_does(cast: Cast) -> None:
    rows = storage_for(THEIRS.slug).read(cast.theirs.conversation_id).rows
    bare = {
        column.name
        for column in CONVERSATIONS
        if column.kind is not Kind.HASH and not any(THEIRS.found_in(getattr(row, column.name)) for row in rows)
    }
    assert bare == NO_ROOM_IN_CELLS - {"tenant_id"}
    assert {column.name for column in CONVERSATIONS} == set(COLUMNS)


def test_the_reports_hold_canaries_in_every_free_column(cast: Cast) -> None:
    for name, columns in (("sessions", SESSIONS), ("users", USERS)):
        header, first, *others = (cast.folder / "data" / THEIRS.slug / name / f"{name}.csv").read_text().splitlines()
        assert THEIRS.private_in(first + "".join(others))
        assert header.split(",") == [column.name for column in columns]


def test_every_text_of_a_persona_and_its_knowledge_holds_a_canary(cast: Cast) -> None:
    documents = active_tenant(THEIRS.slug).documents
    bare = {path for path, text in leaves(documents.persona.model_dump()) if not THEIRS.private_in(str(text))}
    plain = {path for path, text in leaves(documents.persona.model_dump()) if isinstance(text, bool | int | float)}
    assert bare == NO_ROOM_IN_PERSONA | plain
    assert all(THEIRS.private_in(entry.text) for entry in documents.knowledge.entries)
    assert all(THEIRS.private_in(example.content) for example in documents.examples)


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from leaves(inner, path)
    else:
        yield path, value


def test_the_words_of_each_are_told_apart_and_as_long_as_the_others() -> None:
    for one, other in ((OURS, THEIRS), (THEIRS, GHOST), (GHOST, OURS)):
        assert not one.found_in(f"{other.marks} {other.slug} {other.year} {other.keys}01")
        assert [len(mark) for mark in one.marks] == [len(mark) for mark in other.marks]


def test_the_ghost_is_nobody(cast: Cast) -> None:
    assert not Tenant.objects.filter(slug=GHOST.slug).exists()
    for thing in cast.theirs.keys:
        assert GHOST.found_in(cast.key(thing, "ghost"))
        assert len(cast.key(thing, "ghost")) == len(cast.key(thing))
