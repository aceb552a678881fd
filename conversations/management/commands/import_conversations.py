"""Imports conversations of the product's ancestor: CSV files with its ten columns."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from conversations.ancestor import ImportFailed, convert
from conversations.index import write
from conversations.management.tenants import chosen_tenants
from conversations.storage import storage_for
from conversations.storage.base import StorageError


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
                self.stdout.write(self._import(tenant, file))
            except (ImportFailed, StorageError, OSError) as error:
                failed += 1
                self.stderr.write(self.style.ERROR(f"{file.name}: {error}"))
        if failed:
            raise SystemExit(1)

    def _import(self, tenant: Any, file: Path) -> str:
        rows = convert(file.read_bytes(), tenant.time_zone)
        storage, conversation_id = storage_for(tenant.slug), rows[0].session_id
        if storage.exists(conversation_id):
            return f"{file.name}: {conversation_id} is already here; left as it is"
        done = storage.append(conversation_id, rows)
        write({(tenant.slug, conversation_id): (done.transcript.summary, done.size)})
        return f"{file.name}: {len(rows)} rows imported as {conversation_id}"
