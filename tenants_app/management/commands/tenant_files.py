"""Bring tenants' files in, write them out, or check them."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from tenants_app.documents import DocumentError, Notice
from tenants_app.files import RawDocuments, has_files, read, tenant_folder, write_folder
from tenants_app.models import Tenant
from tenants_app.structure import create_tenant_structure
from tenants_app.versions import current, import_draft, publish


class Command(BaseCommand):
    help = "Bring tenants' files in (as drafts), write them out, or check them. Exit code 1 when files have problems."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", choices=["import", "export", "check"])
        parser.add_argument("slug", nargs="?", help="the tenant; an import creates it when it is absent")
        # Also as an option, for scripts that name what they pass.
        parser.add_argument("--slug", dest="slug_option", help="the same as SLUG")
        parser.add_argument("--folder", type=Path, help="another folder than tenant_files/<slug>")
        parser.add_argument("--publish", action="store_true", help="publish what was imported at once")
        parser.add_argument("--all", action="store_true", help="every tenant that has files (export: every tenant)")

    def handle(self, *args: Any, **options: Any) -> None:
        action, folder = options["action"], options["folder"]
        slug = options["slug"] or options["slug_option"] or ""
        try:
            places = self._places(action, slug, folder, options["all"])
            if action == "export":
                self._export(places)
                return
            found = self._read(places)
            if action == "import":
                for name, raw in found.items():
                    self._import(name, raw, options["publish"])
        except ValueError as error:
            raise CommandError(str(error)) from None

    def _places(self, action: str, slug: str, folder: Path | None, everyone: bool) -> dict[str, Path]:
        """The folder of each tenant that is meant."""
        if everyone:
            if slug or folder:
                raise CommandError(_("--all stands alone: leave out SLUG and --folder."))
            root = Path(settings.TENANT_FILES_DIR)
            if action == "export":
                slugs = list(Tenant.objects.order_by("slug").values_list("slug", flat=True))
            else:
                slugs = sorted(path.name for path in root.iterdir() if has_files(path)) if root.is_dir() else []
            return {name: tenant_folder(name) for name in slugs}
        if not slug and not (folder and action == "check"):
            raise CommandError(_("Name a tenant, or use --all."))
        return {slug: folder or tenant_folder(slug)}

    def _read(self, places: dict[str, Path]) -> dict[str, RawDocuments]:
        """Every folder's documents; all are looked at before anything changes."""
        found: dict[str, RawDocuments] = {}
        problems = 0
        for slug, folder in places.items():
            try:
                raw = read(folder)
                warnings = [*raw.warnings, *raw.parse().warnings]
            except DocumentError as error:
                problems += len(error.problems)
                for problem in error.problems:
                    self.stderr.write(f"{folder}: {problem.text(_)}")
                continue
            for warning in warnings:
                text = warning.text(_) if isinstance(warning, Notice) else warning
                self.stdout.write(f"{folder}: {_('warning')}: {text}")
            self.stdout.write(_("%(folder)s: no problems.") % {"folder": folder})
            found[slug] = raw
        if problems:
            raise CommandError(_("%(count)s problems; nothing was changed.") % {"count": problems})
        return found

    def _import(self, slug: str, raw: RawDocuments, publish_it: bool) -> None:
        tenant = Tenant.objects.filter(slug=slug).first()
        if tenant is None:
            tenant = create_tenant_structure(slug, template=raw, publish_it=publish_it)
            self.stdout.write(_("Created %(name)s.") % {"name": tenant.name})
        else:
            import_draft(tenant, raw)
            if publish_it:
                publish(tenant)
        if tenant.published and publish_it:
            number = tenant.published.number
            self.stdout.write(_("%(slug)s: version %(number)s is published.") % {"slug": slug, "number": number})
        else:
            self.stdout.write(_("%(slug)s: imported as the draft; visitors see no change yet.") % {"slug": slug})

    def _export(self, places: dict[str, Path]) -> None:
        for slug, folder in places.items():
            tenant = Tenant.objects.select_related("published").filter(slug=slug).first()
            bundle = current(tenant) if tenant else None
            if bundle is None:
                raise CommandError(_("There is no tenant %(slug)s.") % {"slug": slug})
            self.stdout.write(str(write_folder(folder, bundle)))
