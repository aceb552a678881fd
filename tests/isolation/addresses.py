"""Every address of the installation, with what it takes to ask it about something of theirs.

A new address needs a row here, or `test_registries.py` fails the build.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from django.urls import URLResolver, get_resolver

from tests.isolation.answers import Ask
from tests.isolation.cast import Cast
from tests.isolation.houses import House

Form = Callable[[House], dict[str, Any]]


class Address(NamedTuple):
    """`thing` is what the key in the address is of; `form` fills in a POST that works for whom it may work;
    `nobody` marks what not even their own manager gets.
    """

    thing: str = ""
    form: Form | None = None
    nobody: bool = False


def settings_form(house: House) -> dict[str, Any]:
    """A business's settings with another name, and its assistant's words with another tone."""
    config = house.tenant.published.config if house.tenant.published else {}
    return {
        "name": "Changed", "active": "on", "language": "en", "time_zone": "America/Manaus", "version_seen": "1",
        "allowed_origins": "https://changed.example", "agent_name": config.get("agent_name", ""), "tone": "changed",
        "greeting": "changed", "instructions": "changed",
    }  # fmt: skip


def _removal(house: House) -> dict[str, Any]:
    return {"post": "yes"}


def _role(house: House) -> dict[str, Any]:
    return {"role": "auditor"}


def zip_form(house: House) -> dict[str, Any]:
    """Everything there is, for an auditor."""
    return {"tenant": house.keys["tenant"], "flavour": "audit"}


def colleague_form(house: House) -> dict[str, Any]:
    """Somebody of the annex, for the team."""
    return {"person": "colleague", "tenant": house.keys["tenant"], "role": "auditor"}


def _record(app_model: str, thing: str, **pages: Address) -> Iterator[tuple[str, Address]]:
    yield f"admin/{app_model}/", pages.get("list", Address())
    yield f"admin/{app_model}/add/", pages.get("add", Address(nobody=True))
    for page in ("", "history/", "delete/", "change/"):
        name = page.rstrip("/") or "old"
        yield f"admin/{app_model}/<path:object_id>/{page}", pages.get(name, Address(thing))


def _for_platform_admins(thing: str) -> dict[str, Address]:
    return dict.fromkeys(("list", "add"), Address(nobody=True)) | {
        "history": Address(thing, nobody=True),
        "change": Address(thing, _role, nobody=True),
        "delete": Address(thing, _removal, nobody=True),
    }


ADDRESSES: Final[dict[str, Address]] = {
    **dict(_record("tenants_app/tenant", "tenant",
        change=Address("tenant", settings_form), delete=Address("tenant", _removal, nobody=True))),
    **dict(_record("tenants_app/membership", "membership",
        change=Address("membership", _role), delete=Address("membership", _removal), add=Address(form=colleague_form))),
    **dict(_record("tenants_app/bundle", "bundle", delete=Address("bundle", _removal, nobody=True))),
    **dict(_record("conversations/conversation", "conversation",
        delete=Address("conversation", _removal, nobody=True))),
    **dict(_record("conversations/visitor", "visitor", delete=Address("visitor", _removal, nobody=True))),
    **dict(_record("conversations/export", "export", delete=Address("export", _removal, nobody=True))),
    **dict(_record("auth/user", "user", **_for_platform_admins("user"))),
    **dict(_record("auth/group", "group", **_for_platform_admins("group"))),
    "admin/auth/user/<id>/password/": Address("user", lambda house: {
        "password1": "a-long-new-one", "password2": "a-long-new-one"}, nobody=True),
    "admin/tenants_app/tenant/<path:object_id>/content/": Address("tenant"),
    "admin/conversations/conversation/<path:object_id>/csv/": Address("conversation"),
    "admin/conversations/conversation/export/": Address(form=zip_form),
    "admin/r/<path:content_type_id>/<path:object_id>/": Address("tenant", nobody=True),
    **dict.fromkeys((
        "healthz", "readyz", "i18n/setlang/", "admin/", "admin/search/", "admin/login/", "admin/password_change/",
        "admin/password_change/done/", "admin/autocomplete/", "admin/jsi18n/", "", "widget.js",
        "widget/<slug:code>/<str:name>", "demo/", "demo/<slug:slug>/", "admin/(?P<url>.*)$",
        "admin/^(?P<app_label>auth|tenants_app|conversations)/$",
    ), Address()),
    "admin/logout/": Address(),
}  # fmt: skip

# What a business shows to everybody who knows its slug, from the sites it allows: test_public_pages.py.
PUBLIC: Final = frozenset({"widget/<slug:slug>.json", "c/<slug:slug>"})
KEYED: Final = {pattern: address for pattern, address in ADDRESSES.items() if address.thing}
UNKEYED: Final = {pattern: address for pattern, address in ADDRESSES.items() if not address.thing}


def patterns(resolver: Any = None, prefix: str = "") -> Iterator[str]:
    """Every pattern that Django would resolve."""
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            yield from patterns(entry, prefix + str(entry.pattern))
        else:
            yield prefix + str(entry.pattern)


def path_of(pattern: str, key: str, content_type: int = 0) -> str:
    """The pattern as an address, with the key in its place."""
    place = pattern.replace("^(?P<app_label>auth|tenants_app|conversations)/$", "conversations/")
    place = place.replace("(?P<url>.*)$", key).replace("<path:content_type_id>", str(content_type))
    return "/" + re.sub(r"<[^>]+>", lambda _: key, place)


def form_of(address: Address, house: House) -> dict[str, Any]:
    """What to POST; nothing where no form belongs to the address."""
    return address.form(house) if address.form else {}


def asks_about(cast: Cast, pattern: str, content_type: int = 0) -> list[Ask]:
    """The address with the key of their thing, to look and to act."""
    address = ADDRESSES[pattern]
    path = path_of(pattern, cast.key(address.thing), content_type)
    return [Ask(path), Ask(path, form_of(address, cast.theirs), "post")]
