"""Imports conversations of the product's ancestor: CSV files with its ten columns."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from conversations.ancestor import ImportFailed, convert
from conversations.core.records import Row
from conversations.core.transcript import Transcript
from conversations.index import write
from conversations.management.tenants import chosen_tenants
from conversations.storage import Storage, storage_for
from conversations.storage.base import AncestorConversation, ConversationNotFound, StorageError
from tenants_app.models import Tenant


class Command(BaseCommand):
    help = "Import ten-column conversation files of the older system; a conversation already there is left alone."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path, help="a file, or a folder with conversation_*.csv below it")
        parser.add_argument("--tenant", required=True, help="the slug of the tenant they belong to")

    def handle(self, *args: Any, **options: Any) -> None:
        [tenant] = chosen_tenants([options["tenant"]])
        path: Path = options["path"]
        files = sorted(path.rglob("conversation_*.csv")) if path.is_dir() else [path]
        if not files or not files[0].exists():
            raise CommandError(f"{path}: there is no conversation_*.csv")
        failed = 0
        for file in files:
            try:
                self.stdout.write(f"{file.name}: {self._import(tenant, file)}")
            except (ImportFailed, StorageError, OSError) as error:
                failed += 1
                self.stderr.write(self.style.ERROR(f"{file.name}: {error}"))
        if failed:
            raise SystemExit(1)

    def _import(self, tenant: Tenant, file: Path) -> str:
        data, storage = file.read_bytes(), storage_for(tenant.slug)
        rows = convert(data, tenant.time_zone)
        conversation_id = rows[0].session_id
        known = _known(storage, conversation_id, data)
        missing = _missing(known, rows)
        if not missing:
            return f"{conversation_id} is already here; left as it is"

        def unchanged(transcript: Transcript) -> None:
            if len(transcript.rows) != len(known):
                raise ImportFailed(f"somebody wrote to {conversation_id} meanwhile; left as it is")

        done = storage.append(conversation_id, missing, unchanged)
        write({(tenant.slug, conversation_id): done.transcript.summed_up()})
        return f"{len(missing)} rows imported as {conversation_id}"


def _known(storage: Storage, conversation_id: str, data: bytes) -> list[Row]:
    """The conversation's rows so far. An ancestor's file that lies in its place makes room, when `data` is its own."""
    try:
        return list(storage.read(conversation_id).rows)
    except ConversationNotFound:
        return []
    except AncestorConversation as error:
        if storage.bytes_as_stored(conversation_id) != data:
            raise ImportFailed(f"{error}; this is another file of the same conversation") from error
        storage.set_aside(conversation_id)
        return []


def _missing(known: list[Row], rows: list[Row]) -> list[Row]:
    """What an import that was cut off (by a crash) has left to do; nothing for a conversation of its own."""
    begun = len(known) < len(rows) and all(_same(one, other) for one, other in zip(known, rows, strict=False))
    return rows[len(known) :] if begun else []


def _same(stored: Row, row: Row) -> bool:
    return stored == row._replace(seq=stored.seq, tenant_id=stored.tenant_id, chain=stored.chain)
