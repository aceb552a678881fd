"""Checks every conversation's file, and cuts unfinished writes off when asked."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from conversations.management.tenants import chosen_tenants
from conversations.storage import Storage, storage_for
from conversations.storage.base import StorageError
from conversations.storage.verify import faults


class Command(BaseCommand):
    help = "Verify the chain of every conversation file. Exit status 1 when one is not sound."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("tenants", nargs="*", metavar="SLUG", help="only these (default: all)")
        parser.add_argument("--repair", action="store_true", help="cut off torn tails (writes that never finished)")

    def handle(self, *args: Any, **options: Any) -> None:
        checked = unsound = 0
        for tenant in chosen_tenants(options["tenants"]):
            storage = storage_for(tenant.slug)
            for entry in storage.entries():
                checked += 1
                problems = self._problems(storage, entry.conversation_id, repair=options["repair"])
                unsound += bool(problems)
                for problem in problems:
                    self.stderr.write(self.style.ERROR(f"{tenant.slug}: {entry.conversation_id}: {problem}"))
        self.stdout.write(f"{checked} conversations checked, {unsound} not sound")
        if unsound:
            raise SystemExit(1)

    def _problems(self, storage: Storage, conversation_id: str, *, repair: bool) -> list[str]:
        try:
            if repair:
                storage.read(conversation_id)  # reading cuts a torn tail
            return faults(storage.bytes_as_stored(conversation_id))
        except StorageError as error:
            return [str(error)]
