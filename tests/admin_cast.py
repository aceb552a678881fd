"""The cast of the admin's tests: two businesses, a member of each role in one, a member of the other, strangers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.test import Client

from conversations import index
from conversations.core.records import Row, to_json
from conversations.models import Conversation
from conversations.storage import Storage, storage_for
from tenants_app.access import forget_snapshots
from tenants_app.models import Membership, Role, Tenant
from tenants_app.structure import create_tenant_structure

# Every text of B that a page could show; none may ever stand in a page for a member of A.
SECRETS = ("Bravíssima", "bravissima", "Bruna Batista", "bruna@bravissima.example", "Segredo da B", "c-of-b", "v-of-b")


@dataclass
class Cast:
    """People by name, tenants `a` and `b`, and one conversation of each."""

    a: Tenant
    b: Tenant
    people: dict[str, User]
    of_a: Conversation
    of_b: Conversation
    clients: dict[str, Client] = field(default_factory=dict)

    def client(self, name: str) -> Client:
        """A browser in which this person is signed in; "nobody" is not."""
        if name not in self.clients:
            self.clients[name] = Client()
            if name != "nobody":
                self.clients[name].force_login(self.people[name])
        return self.clients[name]

    def storage(self) -> Storage:
        """The conversations of A."""
        return storage_for(self.a.slug)


def make_cast(settings: Any, folder: Path) -> Cast:
    """Everybody, in the database and below `folder`."""
    settings.DATA_DIR = folder / "data"
    settings.TENANT_FILES_DIR = folder / "tenant_files"
    settings.CONVERSATION_STORAGE = {
        "BACKEND": "conversations.storage.csv_files.CsvFiles",
        "OPTIONS": {"root": settings.DATA_DIR},
    }
    settings.LANGUAGE_CODE = "en"
    forget_snapshots()
    a = create_tenant_structure("alfa", "Alfa", language="pt-br")
    b = create_tenant_structure("bravissima", "Bravíssima", language="pt-br")
    people = {name: User.objects.create_user(name, f"{name}@alfa.example") for name in (*Role.values, "stranger")}
    people["rival"] = User.objects.create_user("rival", "rival@bravissima.example")
    people["admin"] = User.objects.create_superuser("admin", "admin@timmy.example")
    for role in Role.values:
        Membership.objects.create(user=people[role], tenant=a, role=role)
    Membership.objects.create(user=people["rival"], tenant=b, role=Role.MANAGER)
    for person in people.values():
        person.refresh_from_db()
    of_a = converse(a, "c-of-a", "v-of-a", [("user", "Oi, sou a Ana"), ("assistant", "Oi, Ana!")], name="Ana Alves")
    lines = [("user", "Segredo da B"), ("assistant", "Segredo da B guardado")]
    of_b = converse(b, "c-of-b", "v-of-b", lines, name="Bruna Batista", email="bruna@bravissima.example")
    return Cast(a, b, people, of_a, of_b)


def converse(
    tenant: Tenant, conversation_id: str, visitor_id: str, lines: Sequence[tuple[str, str]], **facts: str
) -> Conversation:
    """Store a conversation of (role, text) lines and its index row."""
    rows = [_row(number, visitor_id, role, text, facts) for number, (role, text) in enumerate(lines, 1)]
    done = storage_for(tenant.slug).append(conversation_id, rows)
    index.write({(tenant.slug, conversation_id): (done.transcript.summary, done.size)})
    return Conversation.objects.get(tenant=tenant, conversation_id=conversation_id)


def _row(number: int, visitor_id: str, role: str, text: str, facts: dict[str, str]) -> Row:
    if role == "user":
        known = to_json(facts) if number == 1 else ""
        return Row(
            f"m-{visitor_id}-{number}", "", visitor_id, role="user", content=text, extracted_info=known, channel="web",
            author="visitor", client_id=f"k{number}", status="received", language="pt-BR",
        )  # fmt: skip
    receipt = {"answers": [number - 1], "knowledge": ["faq:1"], "delay": {"queue": 3, "total": 1200}}
    return Row(
        f"m-{visitor_id}-{number}", "", visitor_id, role=role, content=text, channel="web", author=role,
        reply_id=f"r-{number}", part="1", status="complete", response_time_ms="1200", provider="offline",
        tokens_in="10", tokens_out="5", cost_usd="0.001500", version="1", receipt=to_json(receipt),
    )  # fmt: skip
