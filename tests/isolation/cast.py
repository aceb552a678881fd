"""Who asks: everybody who could be at a door of one business and must not see anything of the other."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client, override_settings

from conversations.storage import storage_for
from tenants_app.access import forget_snapshots
from tenants_app.models import Membership, Role
from tenants_app.structure import create_tenant_structure
from tests.isolation.canaries import GHOST, OURS, THEIRS
from tests.isolation.houses import House, build, count_from, note


@dataclass
class Cast:
    """Two businesses in a folder: `ours` is asked, `theirs` must not be told of; our manager has an annex besides.

    `people` are ours, those of neither and of both, and `their manager`, `their operator`, `their auditor`.
    """

    folder: Path
    ours: House
    theirs: House
    people: dict[str, User] = field(default_factory=dict)
    clients: dict[str, Client] = field(default_factory=dict)

    def key(self, thing: str, of: str = "theirs") -> str:
        """The key of one of the things of `ours` or `theirs`, or, as long, of the `ghost`'s."""
        if of == "ours":
            return str(self.ours.keys[thing])
        key = str(self.theirs.keys[thing])
        return GHOST.said_of(THEIRS, key) if of == "ghost" else key


def signed_in(name: str) -> Callable[[Cast], Client]:
    """One of the people with a session."""

    def client(cast: Cast) -> Client:
        browser = Client()
        browser.force_login(cast.people[name])
        return browser

    return client


def _visitor(cast: Cast) -> Client:
    """A visitor of theirs whose token is sent wherever a program might look for one."""
    token = cast.theirs.token
    client = Client(headers={"authorization": f"Bearer {token}", "x-visitor": token})
    for name in ("visitor", "token", "sessionid"):
        client.cookies[name] = token
    return client


# Who may be at the door. Whatever identifies a caller is a header or a cookie of its client: an API key of ours is one
# more line here, `"key": lambda cast: Client(headers={"authorization": f"Bearer {…}"})`, and every test asks with it.
CALLERS: Final[dict[str, Callable[[Cast], Client]]] = {
    "nobody": lambda cast: Client(),
    "visitor": _visitor,
    "stranger": signed_in("stranger"),
    "staff": signed_in("staff"),
    "inactive": signed_in("inactive"),
    "leaver": signed_in("leaver"),
    "manager": signed_in("manager"),
    "operator": signed_in("operator"),
    "auditor": signed_in("auditor"),
    "former": signed_in("former"),
}
TEAM: Final = ("manager", "operator", "auditor")
# What a person is in each business who works for both: the first role is in ours, the second in theirs.
BOTH: Final = (("manager", "auditor"), ("manager", "operator"), ("auditor", "operator"), ("operator", "manager"))


@contextmanager
def everybody(folder: Path) -> Iterator[Cast]:
    """The whole cast, in the database and below `folder`."""
    storage = {"BACKEND": "conversations.storage.csv_files.CsvFiles", "OPTIONS": {"root": folder / "data"}}
    places = {"DATA_DIR": folder / "data", "TENANT_FILES_DIR": folder / "tenant_files", "CONVERSATION_STORAGE": storage}
    with override_settings(**places, LANGUAGE_CODE="en"):
        _forget()
        cast = Cast(folder, build(OURS), build(THEIRS))
        count_from(80_000_00)
        cast.people = {**cast.ours.people, **_people(cast)}
        # Signed in here: a session that a test begins is rolled back behind it.
        cast.clients = {who: make(cast) for who, make in CALLERS.items()}
        cast.clients |= {who: signed_in(who)(cast) for who in cast.people if who not in CALLERS}
        yield cast
    _forget()


@contextmanager
def rolled_back(folder: Path) -> Iterator[Cast]:
    """The whole cast for several tests, in a transaction around those of the tests."""
    with transaction.atomic(), everybody(folder) as cast:
        yield cast
        transaction.set_rollback(True)


def _forget() -> None:
    storage_for.cache_clear()
    forget_snapshots()


def _people(cast: Cast) -> dict[str, User]:
    ours, theirs = cast.ours.tenant, cast.theirs.tenant
    names = [
        "stranger",
        "staff",
        "inactive",
        "leaver",
        "former",
        "colleague",
        *(f"{here}-{there}" for here, there in BOTH),
    ]
    people = {name: User.objects.create(username=name, email=f"{name}@people.example") for name in names}
    people["admin"] = User.objects.create_superuser("admin")
    people |= {f"their {role}": person for role, person in cast.theirs.people.items()}
    User.objects.filter(pk=people["staff"].pk).update(is_staff=True)
    Membership.objects.create(user=people["inactive"], tenant=ours, role=Role.MANAGER)
    User.objects.filter(pk=people["inactive"].pk).update(is_active=False)
    Membership.objects.create(user=people["leaver"], tenant=ours, role=Role.MANAGER).delete()
    Membership.objects.create(user=people["former"], tenant=ours, role=Role.MANAGER)
    Membership.objects.create(user=people["former"], tenant=theirs, role=Role.MANAGER).delete()
    note(people["former"], theirs, cast.theirs.words)
    annex = create_tenant_structure("annex", "Annex", language="en")
    for name, role in (("manager", Role.MANAGER), ("colleague", Role.OPERATOR)):
        Membership.objects.create(user=(people | cast.ours.people)[name], tenant=annex, role=role)
    for here, there in BOTH:
        for tenant, role in ((ours, here), (theirs, there)):
            Membership.objects.create(user=people[f"{here}-{there}"], tenant=tenant, role=role)
    for person in people.values():
        person.refresh_from_db()
    return people
