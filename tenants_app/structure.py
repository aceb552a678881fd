"""A new tenant: its row, its first version and its folders."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from tenants_app.files import RawDocuments, has_files, read, tenant_folder
from tenants_app.models import SLUG, Tenant
from tenants_app.versions import import_draft, publish

TEMPLATES: Final = Path(__file__).parent / "template"
DATA_FOLDERS: Final = ("conversations", "sessions", "users")


def create_tenant_structure(
    slug: str,
    name: str | None = None,
    *,
    template: RawDocuments | None = None,
    language: str | None = None,
    origins: Iterable[str] = (),
    publish_it: bool = True,
) -> Tenant:
    """Create a tenant with a draft, a first published version and its folders under tenant_files/ and data/.

    `template` is what its assistant is told (default: a small neutral one in `language`, pt-br). Raises ValueError
    for a bad slug, origin or language and when the tenant exists, DocumentError when the template cannot be used.
    """
    if not re.fullmatch(SLUG, slug):
        message = _("%(slug)r: use 2 to 63 lower-case letters, digits and underscores; start with a letter or digit.")
        raise ValueError(message % {"slug": slug})
    if Tenant.objects.filter(slug=slug).exists():
        raise ValueError(_("The tenant %(slug)s exists already.") % {"slug": slug})
    folder = tenant_folder(slug)
    if template is None and has_files(folder):
        message = _("%(folder)s holds files already; import them: manage.py tenant_files import %(slug)s")
        raise ValueError(message % {"folder": folder, "slug": slug})
    raw = template or neutral(name or slug.replace("_", " ").title(), language)
    persona = raw.parse().persona
    try:
        with transaction.atomic():
            tenant = Tenant.objects.create(
                slug=slug,
                name=name or persona.business_name,
                language=_site_language(language) if language else _nearest(persona.language) or settings.LANGUAGE_CODE,
                time_zone=persona.time_zone,
                allowed_origins=[_origin(origin) for origin in origins],
            )
            import_draft(tenant, raw)
            if publish_it:
                publish(tenant)
            make_folders(slug)
    except IntegrityError:  # another process was faster
        raise ValueError(_("The tenant %(slug)s exists already.") % {"slug": slug}) from None
    return tenant


def make_folders(slug: str) -> None:
    """The tenant's empty folders under tenant_files/ and data/. Raises ValueError for a symbolic link among them."""
    for folder in (tenant_folder(slug), *data_folders(slug)):
        folder.mkdir(parents=True, exist_ok=True)


def data_folders(slug: str) -> list[Path]:
    """The folders under data/, the tenant's own first. Raises ValueError when one is a symbolic link."""
    own = Path(settings.DATA_DIR) / slug
    folders = [own, *(own / name for name in DATA_FOLDERS)]
    for folder in folders:
        if folder.is_symlink():
            raise ValueError(_("%(folder)s is a symbolic link.") % {"folder": folder})
    return folders


def neutral(name: str, language: str | None = None) -> RawDocuments:
    """What an assistant is told that knows nothing yet but its business's name."""
    raw = read(TEMPLATES / _site_language(language or "pt-br").replace("-", "_"))
    raw.config["business_name"] = name
    raw.knowledge["business_info"]["name"] = name
    return raw


def _site_language(code: str) -> str:
    """A language of the site's pages, in its own spelling. Raises ValueError for one that has none."""
    found = _nearest(code)
    if found is None:
        languages = ", ".join(name for name, _title in settings.LANGUAGES)
        raise ValueError(_("%(code)r: choose one of %(languages)s.") % {"code": code, "languages": languages})
    return found


def _nearest(code: str) -> str | None:
    """pt-BR and pt are pt-br, en-US is en; None for a language that the pages are not in."""
    wanted = code.lower().replace("_", "-")
    names = [name for name, _title in settings.LANGUAGES]
    near = [name for name in names if name.partition("-")[0] == wanted.partition("-")[0]]
    return wanted if wanted in names else near[0] if near else None


def _origin(address: str) -> str:
    """https://Example.com/ as https://example.com; `https://*.example.com` means every subdomain."""
    parts = urlsplit(address.strip().lower())
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path.strip("/") or parts.query:
        raise ValueError(_("%(origin)r: expected a site such as https://example.com.") % {"origin": address})
    return f"{parts.scheme}://{parts.netloc}"
