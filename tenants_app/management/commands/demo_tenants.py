"""Create and publish the demonstration tenants that are absent; those that exist stay as they are."""

from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from tenants_app.files import read
from tenants_app.models import Tenant
from tenants_app.structure import create_tenant_structure

DEMO: Final = Path(__file__).resolve().parents[2] / "demo"


class Command(BaseCommand):
    help = "Create and publish the demonstration tenants that are absent; those that exist stay as they are."

    def handle(self, *args: Any, **options: Any) -> None:
        present = set(Tenant.objects.values_list("slug", flat=True))
        for folder in sorted(path for path in DEMO.iterdir() if path.is_dir()):
            if folder.name in present:
                if options["verbosity"]:
                    self.stdout.write(_("%(slug)s exists already.") % {"slug": folder.name})
                continue
            try:
                tenant = create_tenant_structure(folder.name, template=read(folder))
            except ValueError as error:
                raise CommandError(str(error)) from None
            self.stdout.write(_("Created %(name)s.") % {"name": tenant.name})
