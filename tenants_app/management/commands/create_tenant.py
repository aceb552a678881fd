"""Create a tenant: its row, a first version of a neutral assistant and its folders."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from tenants_app.files import tenant_folder
from tenants_app.structure import create_tenant_structure


class Command(BaseCommand):
    help = "Create a tenant: its row, a first version of a neutral assistant and its folders."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="short name: lower-case letters, digits and underscores")
        parser.add_argument("--name", help="name that people see (default: made from the short name)")
        parser.add_argument("--language", help="pt-br, en or es (default: pt-br)")
        parser.add_argument(
            "--origin",
            action="append",
            default=[],
            metavar="URL",
            help="a site that may show the chat, such as https://example.com; repeat it for more (default: any site)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            tenant = create_tenant_structure(
                options["slug"], options["name"], language=options["language"], origins=options["origin"]
            )
        except ValueError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(_("Created %(name)s.") % {"name": tenant.name})
        folder = tenant_folder(tenant.slug)
        message = _("Edit the files in %(folder)s, then: manage.py tenant_files import %(slug)s --publish")
        self.stdout.write(message % {"folder": folder, "slug": tenant.slug})
