"""Checks every conversation's file, and cuts unfinished writes off when asked."""

import contextlib
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from conversations.management.tenants import chosen_tenants
from conversations.storage import Storage, codec, storage_for
from conversations.storage.base import ConversationNotFound, StorageError
from conversations.storage.verify import faults, is_torn
from tenants_app.models import Tenant


class Command(BaseCommand):
    help = "Verify the chain of every conversation file. Exit status 1 when one is not sound."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("tenants", nargs="*", metavar="SLUG", help="only these (default: all)")
        parser.add_argument("--repair", action="store_true", help="cut off torn tails (writes that never finished)")

    def handle(self, *args: Any, **options: Any) -> None:
        checked = unsound = 0
        for tenant in chosen_tenants(options["tenants"]):
            try:
                results = _problems_of(tenant, repair=options["repair"])
            except StorageError as error:
                results = {"conversations": [str(error)]}
            checked += len(results)
            for conversation_id, problems in results.items():
                unsound += bool(problems)
                for problem in problems:
                    self.stderr.write(self.style.ERROR(f"{tenant.slug}: {conversation_id}: {problem}"))
        self.stdout.write(f"{checked} conversations checked, {unsound} not sound")
        if unsound:
            raise SystemExit(1)


def _problems_of(tenant: Tenant, *, repair: bool) -> dict[str, list[str]]:
    """What is wrong with each conversation of the tenant that the folder or the index knows."""
    storage = storage_for(tenant.slug)
    # The index first: it never knows a row that is not in the file yet.
    indexed = dict(tenant.conversations.values_list("conversation_id", "last_seq"))
    ids = sorted({entry.conversation_id for entry in storage.entries()} | set(indexed))
    return {name: _problems(storage, name, indexed.get(name, 0), repair=repair) for name in ids}


def _problems(storage: Storage, conversation_id: str, indexed: int, *, repair: bool) -> list[str]:
    try:
        data = _bytes(storage, conversation_id)
        if repair and is_torn(data):
            _cut(storage, conversation_id)
            data = _bytes(storage, conversation_id)
        return (
            faults(data)
            + _lost(data, indexed)
            + [
                f"a damaged part was cut off and is kept in {path}: look into it, then remove it"
                for path in storage.kept_aside(conversation_id)
            ]
        )
    except StorageError as error:
        return [str(error)]


def _bytes(storage: Storage, conversation_id: str) -> bytes:
    try:
        return storage.bytes_as_stored(conversation_id)
    except ConversationNotFound:
        return b""


def _cut(storage: Storage, conversation_id: str) -> None:
    with contextlib.suppress(ConversationNotFound):  # nothing was left
        storage.read(conversation_id)  # reading cuts a torn tail


def _lost(data: bytes, indexed: int) -> list[str]:
    # A chain cannot show that its end is gone; the index can.
    try:
        rows = len(codec.decode(data).rows)
    except codec.BadFile:
        return []
    if rows >= indexed:
        return []
    return [
        f"{indexed - rows} rows at its end are gone: the index knows {indexed} (manage.py reindex, if that was meant)"
    ]
