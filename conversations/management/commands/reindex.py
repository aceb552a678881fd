"""Makes the SQL index of conversations again from their files."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from conversations.index import rebuild
from conversations.management.tenants import chosen_tenants


class Command(BaseCommand):
    help = "Rebuild the index of conversations from the CSV files. Safe while the server runs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("tenants", nargs="*", metavar="SLUG", help="only these (default: all)")

    def handle(self, *args: Any, **options: Any) -> None:
        unreadable = 0
        for tenant in chosen_tenants(options["tenants"]):
            for conversation_id, reason in rebuild(tenant):
                unreadable += 1
                self.stderr.write(self.style.ERROR(f"{tenant.slug}: {conversation_id}: {reason}"))
            count = tenant.conversations.count()
            self.stdout.write(f"{tenant.slug}: {count} conversations, {tenant.visitors.count()} visitors")
        if unreadable:
            self.stderr.write(f"{unreadable} files could not be read: see manage.py verify_conversations")
            raise SystemExit(1)
