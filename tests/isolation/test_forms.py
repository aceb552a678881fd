"""Forms, actions, autocompletion and downloads of the admin, filled in with what is theirs."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.db.models import Field
from django.urls import reverse

from tenants_app.models import Membership
from tests.isolation.addresses import colleague_form, settings_form, zip_form
from tests.isolation.answers import Ask, answer, differences, undone
from tests.isolation.canaries import OURS, THEIRS
from tests.isolation.cast import Cast
from tests.isolation.registered import FEATURES, label
from tests.isolation.state import state_of

MODELS = sorted(FEATURES)
SHAPES: tuple[dict[str, Any], ...] = ({}, {"_popup": "1", "_to_field": "id"}, {"_saveasnew": "1", "_continue": "1"})


def untouched(cast: Cast) -> Any:
    return lambda: state_of(cast.theirs, cast.folder)


def page(model: str, name: str, *args: Any) -> str:
    return reverse(f"admin:{model.replace('.', '_')}_{name}", args=args)


def thing_of(model: str) -> str:
    return model.partition(".")[2]


@pytest.mark.parametrize("model", MODELS)
def test_an_action_never_reaches_theirs(cast: Cast, model: str) -> None:
    theirs, ours = cast.key(thing_of(model)), cast.key(thing_of(model), "ours")
    asks = [
        Ask(page(model, "changelist"), {"action": action, "_selected_action": chosen, "index": "0", **more}, "post")
        for action in {*FEATURES[model].actions, *FEATURES[model].pages, "delete_selected"}
        for chosen in ([theirs], [ours, theirs])[not FEATURES[model].actions :]
        for more in ({}, {"post": "yes", "select_across": "1"})
    ]
    assert differences(cast.clients["manager"], asks, untouched(cast)) == []


def test_the_same_action_reaches_ours(cast: Cast) -> None:
    chosen = {"action": "delete_selected", "_selected_action": [cast.key("membership", "ours")], "post": "yes"}
    answer(cast.clients["manager"], Ask(page("tenants_app.membership", "changelist"), chosen, "post"))
    assert not Membership.objects.filter(pk=cast.key("membership", "ours")).exists()


@pytest.mark.parametrize("who", ["manager", "operator"])
def test_autocompletion_offers_nothing_of_theirs(cast: Cast, who: str) -> None:
    asks = [
        Ask(reverse("admin:autocomplete"), {"app_label": app, "model_name": model, "field_name": field, "term": term})
        for app, model, field in fields()
        for term in ("", THEIRS.stem[:-1])
    ]
    assert len(asks) > 60
    assert differences(cast.clients[who], asks) == []


def fields() -> Iterator[tuple[str, str, str]]:
    """Every relation of every model, both ways, and names that are none."""
    for model in apps.get_models():
        names = [field.name for field in model._meta.get_fields() if field.is_relation]
        names += [field.get_accessor_name() for field in model._meta.related_objects]
        yield from ((model._meta.app_label, model._meta.model_name or "", name or "") for name in dict.fromkeys(names))
    yield from [("tenants_app", "tenant", "slug"), ("tenants_app", "nothing", "tenant"), ("", "", ""), ("x", "y", "z")]


@pytest.mark.parametrize("model", MODELS)
def test_a_form_that_names_theirs_is_answered_like_one_that_names_nobody(cast: Cast, model: str) -> None:
    paths = (page(model, "add"), page(model, "change", cast.key(thing_of(model), "ours")))
    queries = (
        f"tenant={cast.key('tenant')}&user={cast.key('user')}&person={THEIRS.email('manager')}",
        f"_popup=1&_to_field=id&before={cast.key('conversation')}",
    )
    asks = [Ask(path, filled_in(cast, model) | shape, "post") for path in paths for shape in SHAPES]
    asks += [Ask(f"{path}?{query}") for path in paths for query in queries]
    assert differences(cast.clients["manager"], asks, untouched(cast)) == []


def filled_in(cast: Cast, model: str) -> dict[str, Any]:
    """Whatever the model's forms could take: valid values of ours, every relation and hidden key theirs."""
    relations = {field.name: cast.key(of) for field in admin_of(model).model._meta.get_fields()
                 if isinstance(field, Field) and (of := relation_of(field)) in cast.theirs.keys}  # fmt: skip
    hidden = {"id": cast.key(thing_of(model)), "pk": cast.key(thing_of(model)), "slug": THEIRS.slug}
    inline = {"memberships-TOTAL_FORMS": "1", "memberships-INITIAL_FORMS": "1", "form-TOTAL_FORMS": "1",
              "form-INITIAL_FORMS": "1", "memberships-0-id": cast.key("membership"), "memberships-0-role": "manager",
              "memberships-0-tenant": cast.key("tenant"), "memberships-0-DELETE": "on",
              "form-0-id": cast.key(thing_of(model)), "_save": "Save"}  # fmt: skip
    return settings_form(cast.ours) | {"role": "auditor", "person": "colleague"} | inline | hidden | relations


def admin_of(model: str) -> Any:
    return next(one for one in admin.site._registry.values() if label(one) == model)


def relation_of(field: Any) -> str:
    remote = field.related_model
    return remote._meta.model_name if remote is not None else ""


def test_the_same_forms_change_ours(cast: Cast) -> None:
    # Else the refusals above could come of a form that is never accepted.
    for model, thing in (("tenants_app.tenant", "tenant"), ("tenants_app.membership", "membership")):
        before = state_of(cast.ours, cast.folder)
        with undone():
            form = settings_form(cast.ours) | {"role": "auditor"}
            answer(cast.clients["manager"], Ask(page(model, "change", cast.key(thing, "ours")), form, "post"))
            assert state_of(cast.ours, cast.folder) != before


@pytest.mark.parametrize("who", ["manager", "former"])
@pytest.mark.parametrize("name", [
    THEIRS.id("manager"), THEIRS.email("manager"), THEIRS.email("OPERATOR"), f" {THEIRS.id('auditor')} ",
])  # fmt: skip
def test_who_works_for_them_cannot_be_found_out_by_adding_them(cast: Cast, who: str, name: str) -> None:
    form = {**colleague_form(cast.ours), "person": name}
    ask = Ask(page("tenants_app.membership", "add"), form, "post")
    assert differences(cast.clients[who], [ask], untouched(cast)) == []


def test_neither_can_any_other_account(cast: Cast) -> None:
    add, client = page("tenants_app.membership", "add"), cast.clients["manager"]
    names = ("stranger", "inactive", "nobodyx1")
    said = [answer(client, Ask(add, {**colleague_form(cast.ours), "person": name}, "post")).body for name in names]
    assert len({body.replace(name, "x" * 8) for body, name in zip(said, names, strict=True)}) == 1


@pytest.mark.parametrize("who", ["manager", "auditor", "operator"])
def test_a_zip_of_theirs_is_refused_like_one_of_nobody(cast: Cast, who: str) -> None:
    form, export = zip_form(cast.theirs), page("conversations.conversation", "export")
    days = {"first_day": f"{THEIRS.year}-09-09", "last_day": f"{THEIRS.year}-09-09"}
    more = ({}, days, {"flavour": "excel-br"}, {"tenant": THEIRS.slug}, {"tenant": THEIRS.id("session_id")},
            {"tenant": [cast.key("tenant", "ours"), cast.key("tenant")]}, {"flavour": THEIRS.stem})  # fmt: skip
    asks = [Ask(export, form | one, "post") for one in more] + [Ask(f"{export}?tenant={cast.key('tenant')}")]
    assert differences(cast.clients[who], asks, untouched(cast)) == []


@pytest.mark.parametrize("flavour", ["audit", "excel-br"])
def test_a_zip_of_ours_holds_nothing_of_theirs(cast: Cast, flavour: str) -> None:
    forged = {"conversation_id": THEIRS.id("session_id"), "slug": THEIRS.slug, "asked_by": cast.key("user")}
    form = {**zip_form(cast.ours), **forged, "flavour": flavour}
    said = answer(cast.clients["auditor"], Ask(page("conversations.conversation", "export"), form, "post"))
    assert OURS.id("session_id") in said.body
    assert THEIRS.found_in(said) == []


def test_histories_of_ours_tell_only_of_ours(cast: Cast) -> None:
    for model in ("tenants_app.tenant", "conversations.export"):
        said = answer(cast.clients["manager"], Ask(page(model, "history", cast.key(thing_of(model), "ours"))))
        assert OURS.text("change_message") in said.body
        assert THEIRS.found_in(said) == []


def test_who_left_them_finds_nothing_of_what_they_did_there(cast: Cast) -> None:
    for path in (reverse("admin:index"), page("conversations.export", "changelist"), reverse("admin:password_change")):
        assert THEIRS.found_in(answer(cast.clients["former"], Ask(path))) == []


@pytest.mark.parametrize("who", ["manager", "nobody"])
def test_a_shortcut_to_a_thing_of_theirs_leads_where_one_to_nothing_leads(cast: Cast, who: str) -> None:
    asks = [
        Ask(reverse("admin:view_on_site", args=[kind.pk, cast.key(thing)]))
        for kind in ContentType.objects.all()
        for thing in ("tenant", "user")
    ]
    assert differences(cast.clients[who], asks) == []


def test_a_name_of_theirs_is_refused_at_the_door_like_one_of_nobody(cast: Cast) -> None:
    form = {"username": THEIRS.id("manager"), "password": "x"}
    assert differences(cast.clients["nobody"], [Ask(reverse("admin:login"), form, "post")]) == []
