"""Which tenants a command is about."""

from collections.abc import Sequence

from django.core.management.base import CommandError

from tenants_app.models import Tenant


def chosen_tenants(slugs: Sequence[str]) -> list[Tenant]:
    """The tenants with these slugs, or all. Raises CommandError naming those that do not exist."""
    tenants = list(Tenant.objects.filter(slug__in=slugs) if slugs else Tenant.objects.all())
    missing = sorted(set(slugs) - {tenant.slug for tenant in tenants})
    if missing:
        raise CommandError(f"There is no tenant {', '.join(missing)}. manage.py create_tenant makes one.")
    return tenants
