"""Versions of what a tenant's assistant is told: one draft, and published ones that never change."""

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from tenants_app.documents import parse_documents
from tenants_app.files import Raw, RawDocuments, write
from tenants_app.models import Bundle, Tenant

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def import_draft(tenant: Tenant, raw: Raw, user: "User | None" = None) -> Bundle:
    """Replace the draft. Raises DocumentError, changing nothing, when the documents cannot be used."""
    _check(raw)
    with transaction.atomic():
        _lock(tenant)
        draft, _created = Bundle.objects.update_or_create(
            tenant=tenant,
            number=None,
            defaults={
                "config": raw.config,
                "knowledge": raw.knowledge,
                "examples": list(raw.examples),
                "created_by": user,
            },
        )
    return draft


def publish(tenant: Tenant, user: "User | None" = None, *, raw: Raw | None = None) -> Bundle:
    """Make the draft, or `raw`, the next version: what visitors meet from now on, mirrored to the tenant's folder.

    Raises DocumentError when the documents cannot be used and ValueError when there is no draft.
    """
    with transaction.atomic():
        # Who publishes meanwhile waits here, so numbers have no gap and the folder holds the newest.
        locked = _lock(tenant)
        content = raw or Bundle.objects.filter(tenant=tenant, number=None).first()
        if content is None:
            raise ValueError(_("%(tenant)s has no draft to publish.") % {"tenant": tenant.slug})
        _check(content)
        highest = Bundle.objects.filter(tenant=tenant).aggregate(highest=Max("number"))["highest"] or 0
        before = locked.published
        bundle = Bundle.objects.create(
            tenant=tenant,
            number=highest + 1,
            config=content.config,
            knowledge=content.knowledge,
            examples=list(content.examples),
            created_by=user,
        )
        locked.published = bundle
        locked.save(update_fields=["published", "changed_at"])
        # Inside the transaction: a folder that cannot be written leaves the old version published.
        write(tenant.slug, bundle, before=before)
    tenant.published = bundle
    return bundle


def roll_back(tenant: Tenant, number: int, user: "User | None" = None) -> Bundle:
    """Publish an old version's content as a new version. Raises ValueError for a number that was never published."""
    old = Bundle.objects.filter(tenant=tenant, number=number).first()
    if old is None:
        raise ValueError(_("%(tenant)s has no version %(number)s.") % {"tenant": tenant.slug, "number": number})
    return publish(tenant, user, raw=old)


def current(tenant: Tenant) -> Bundle | None:
    """What an export writes: the published version, else the draft."""
    return tenant.published or Bundle.objects.filter(tenant=tenant, number=None).first()


def _lock(tenant: Tenant) -> Tenant:
    return Tenant.objects.select_for_update(of=("self",)).select_related("published").get(pk=tenant.pk)


def _check(raw: Raw) -> None:
    if isinstance(raw, RawDocuments):
        raw.parse()
    else:
        parse_documents(raw.config, raw.knowledge, raw.examples)
