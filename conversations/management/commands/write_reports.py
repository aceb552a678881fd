"""Writes sessions.csv and users.csv anew, for all tenants or the named ones."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from conversations.reports import write_reports
from tenants_app.models import Tenant


class Command(BaseCommand):
    help = "Write sessions.csv and users.csv anew from the index, for all tenants or the named ones."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slugs", nargs="*", metavar="SLUG")

    def handle(self, *args: Any, **options: Any) -> None:
        known = set(Tenant.objects.values_list("slug", flat=True))
        slugs = options["slugs"] or sorted(known)
        if unknown := sorted(set(slugs) - known):
            raise CommandError(f"unknown: {', '.join(unknown)}")
        for slug in slugs:
            write_reports(slug)
            self.stdout.write(slug)
