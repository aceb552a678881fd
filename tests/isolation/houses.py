"""A whole business for these tests: its rows, files and people, with its canary words in every field."""

import hashlib
from dataclasses import dataclass, field
from typing import Any, Final

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.db import connection

from conversations import index, reports, schema, tokens
from conversations.core.records import Row, to_json
from conversations.models import Conversation, Export
from conversations.storage import storage_for
from tenants_app.models import Bundle, Membership, Role, Tenant
from tenants_app.structure import create_tenant_structure
from tenants_app.versions import import_draft
from tests.isolation.canaries import Words
from tests.isolation.documents import documents_of

FACTS: Final = ("name", *reports.FACT_COLUMNS, *reports.OTHER_FACTS)
TWIN: Final = "twin"  # the id of a conversation, and of its visitor, in every business


@dataclass
class House:
    """A business; `keys` are those of its rows by the kind of thing."""

    words: Words
    tenant: Tenant
    people: dict[str, User] = field(default_factory=dict)
    keys: dict[str, int] = field(default_factory=dict)

    @property
    def conversation_id(self) -> str:
        """The id of its open conversation."""
        return self.words.id("session_id")

    @property
    def visitor_id(self) -> str:
        """The id of that conversation's visitor."""
        return self.words.id("user_id")

    @property
    def token(self) -> str:
        """The visitor's token."""
        return tokens.issue(self.tenant.slug, self.visitor_id)


def build(words: Words) -> House:
    """Make the business, in the database and in files; the keys of its rows begin with `words.keys`."""
    count_from(int(words.keys) * 100)
    documents = documents_of(words)
    tenant = create_tenant_structure(
        words.slug, words.text("tenant_name"), template=documents, language="en", origins=[words.origin]
    )
    import_draft(tenant, documents)
    house = House(words, tenant)
    house.people = {role: _member(house, role) for role in Role.values}
    converse(house, house.conversation_id, house.visitor_id, closed=False)
    converse(house, words.id("closed"), words.id("another"), closed=True)
    converse(house, TWIN, TWIN, closed=False)
    reports.write_reports(words.slug)
    house.keys = _keys_of(house, _noted(house))
    return house


def count_from(number: int) -> None:
    """Let the keys of rows made from now on begin above this number, whatever they are rows of."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM sqlite_sequence")
        for table in connection.introspection.table_names(cursor):
            cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [table, number])


def _member(house: House, role: str) -> User:
    words = house.words
    person = User.objects.create(
        username=words.id(role), email=words.email(role), first_name=words.text("first"), last_name=words.text("last"),
        password=words.text("password"),
    )  # fmt: skip
    Membership.objects.create(user=person, tenant=house.tenant, role=role)
    person.refresh_from_db()
    return person


def converse(house: House, conversation_id: str, visitor_id: str, *, closed: bool) -> None:
    """Store a conversation in which every kind of row occurs, and its line of the index."""
    words, same = house.words, {"user_id": visitor_id}
    facts = {name: words.text(name) for name in FACTS} | {"email": words.email("visitor"), "phone": words.phone}
    rows = [
        _row(words, 1, "user", **same, status="received", extracted_info=facts, receipt={"origin": words.origin}),
        _row(words, 2, "assistant", **same, part="1", status="complete", receipt={
            "answers": [1], "knowledge": [words.text("receipt")], words.text("receipt_key"): "x",
        }),
        _row(words, 3, "operator", **same, author=f"operator:{house.people[Role.OPERATOR].pk}"),
        _event(words, 4, visitor_id, "consent", version=words.text("agreed"), granted=True),
        _event(words, 5, visitor_id, "rate", score=5, comment=words.text("comment")),
        _event(words, 6, visitor_id, "handoff", reason=words.text("reason")),
    ]  # fmt: skip
    rows += [_event(words, 7, visitor_id, "end")] if closed else []
    done = storage_for(words.slug).append(conversation_id, rows)
    index.write({(words.slug, conversation_id): (done.transcript.summary, done.size)})


def _row(words: Words, number: int, role: str, **cells: Any) -> Row:
    filled = {column.name: words.cell(column) for column in schema.CONVERSATIONS}
    filled |= {"seq": "", "part": "", "status": "sent", "tenant_id": "", "role": role}
    filled |= {"message_id": f"{words.id('message')}-{number}", "client_id": f"{words.text('client_id')} {number}"}
    filled |= {"timestamp": words.moment(number), "cost_usd": f"{words.number[0]}.{words.number[1:]}"}
    filled |= {name: to_json(value) if isinstance(value, dict) else value for name, value in cells.items()}
    return Row(**filled)


def _event(words: Words, number: int, visitor_id: str, name: str, **values: Any) -> Row:
    return _row(words, number, "system", user_id=visitor_id, receipt={"event": name, **values})


def _noted(house: House) -> dict[str, int]:
    """Things that only people in the admin make."""
    words, manager = house.words, house.people[Role.MANAGER]
    export = Export.objects.create(
        tenant=house.tenant, asked_by=manager, conversation_id=house.conversation_id,
        first_day=f"{words.year}-09-09", last_day=f"{words.year}-09-10",
        manifest_sha256=f"{hashlib.sha256(words.stem.encode()).hexdigest()[:50]}-{words.stem}",
    )  # fmt: skip
    for thing in (house.tenant, house.people[Role.OPERATOR], export):
        note(manager, thing, words)
    return {"export": export.pk, "group": Group.objects.create(name=words.text("group")).pk}


def note(person: User, thing: Any, words: Words) -> None:
    """Write an entry of the admin's log about a thing of the business."""
    LogEntry.objects.create(
        user=person, content_type=ContentType.objects.get_for_model(type(thing)), object_id=str(thing.pk),
        object_repr=words.text("object_repr"), action_flag=CHANGE, change_message=words.text("change_message"),
    )  # fmt: skip


def _keys_of(house: House, made: dict[str, int]) -> dict[str, int]:
    conversation = Conversation.objects.get(tenant=house.tenant, conversation_id=house.conversation_id)
    return made | {
        "tenant": house.tenant.pk,
        "bundle": Bundle.objects.get(tenant=house.tenant, number=1).pk,
        "draft": Bundle.objects.get(tenant=house.tenant, number=None).pk,
        "membership": house.people[Role.OPERATOR].memberships.get().pk,
        "user": house.people[Role.OPERATOR].pk,
        "conversation": conversation.pk,
        "visitor": conversation.visitor_id,
    }
