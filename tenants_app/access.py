"""The only doors to a tenant: for visitors, for staff and for the Python API; closed by default."""

import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet
from django.db.models.signals import post_delete, post_save

from tenants_app.documents import Documents, parse_documents
from tenants_app.models import Bundle, Membership, Role, Tenant

FRESH_SECONDS = 2.0


class UnknownTenant(LookupError):
    """There is no such tenant for who asks."""


@dataclass(frozen=True)
class TenantSnapshot:
    """What a turn needs of a tenant, at one moment: plain values, no database behind them."""

    slug: str
    name: str
    language: str
    time_zone: str
    allowed_origins: tuple[str, ...]
    version: int
    documents: Documents

    @property
    def persona(self) -> Any:
        """How the assistant presents itself (tenants_app.persona.Persona)."""
        return self.documents.persona

    @property
    def knowledge(self) -> Any:
        """What the assistant knows (tenants_app.knowledge.Knowledge)."""
        return self.documents.knowledge


_snapshots: dict[str, tuple[float, TenantSnapshot | None]] = {}


def active_tenant(slug: str) -> TenantSnapshot:
    """The active tenant with this slug, for code that runs on the installation. Raises UnknownTenant."""
    snapshot = _cached(slug) or _load(slug)
    if snapshot is None:
        raise UnknownTenant(slug)
    return snapshot


def visitor_tenant(slug: str, origin: str | None, host: str) -> TenantSnapshot | None:
    """The tenant a visitor may talk to from a page of `origin` (its Origin header) on our `host` (Host header).

    None for an unknown or inactive tenant and for a refused origin alike.
    """
    return _admitted(_cached(slug) or _load(slug), origin, host)


async def avisitor_tenant(slug: str, origin: str | None, host: str) -> TenantSnapshot | None:
    """`visitor_tenant` for an event loop: the database is asked at most every FRESH_SECONDS."""
    return _admitted(_cached(slug) or await database_sync_to_async(_load)(slug), origin, host)


async def alatest(snapshot: TenantSnapshot) -> TenantSnapshot | None:
    """The tenant as this process knows it by now, for who holds a snapshot for long; None when it is no longer active.

    Asks the database only after a change in this process; what another process changed shows with the next handshake.
    """
    _until, latest = _snapshots.get(snapshot.slug, (0.0, None))
    return latest or await database_sync_to_async(_load)(snapshot.slug)


def staff_tenants(user: Any) -> QuerySet[Tenant]:
    """The tenants this person works for; all of them for a platform admin, none for anybody else."""
    if not getattr(user, "is_active", False) or isinstance(user, AnonymousUser):
        return Tenant.objects.none()
    if user.is_superuser:
        return Tenant.objects.all()
    return Tenant.objects.filter(memberships__user=user)


def staff_role(user: Any, tenant: Tenant | int) -> str | None:
    """What this person may do for the tenant: a Role's value, "admin" for a platform admin, None for a stranger."""
    if not getattr(user, "is_active", False) or isinstance(user, AnonymousUser):
        return None
    if user.is_superuser:
        return "admin"
    key = tenant.pk if isinstance(tenant, Tenant) else tenant
    return Membership.objects.filter(user=user, tenant_id=key).values_list("role", flat=True).first()


def may_change(user: Any, tenant: Tenant | int) -> bool:
    """Whether this person may edit the tenant's persona, knowledge and team."""
    return staff_role(user, tenant) in {Role.MANAGER, "admin"}


def origin_admitted(allowed: tuple[str, ...], origin: str | None, host: str) -> bool:
    """Whether a page of `origin` may show a tenant's chat.

    Our own host always may. An empty list admits any origin, or none at all; with a list a missing Origin header
    is refused. `https://*.example.com` in the list admits every subdomain.
    """
    if not allowed:
        return True
    if not origin:
        return False
    if urlsplit(origin).netloc == host and _is_ours(host):
        return True
    return any(_matches(pattern, origin) for pattern in allowed)


def _matches(pattern: str, origin: str) -> bool:
    pattern, origin = pattern.rstrip("/").lower(), origin.lower()
    scheme, star, domain = pattern.partition("://*.")
    if star:
        return origin.startswith(f"{scheme}://") and origin.endswith(f".{domain}")
    return pattern == origin


def _is_ours(host: str) -> bool:
    from django.http.request import split_domain_port, validate_host

    domain, _port = split_domain_port(host)
    return bool(domain) and validate_host(domain, settings.ALLOWED_HOSTS)


def _admitted(snapshot: TenantSnapshot | None, origin: str | None, host: str) -> TenantSnapshot | None:
    if snapshot is None or not origin_admitted(snapshot.allowed_origins, origin, host):
        return None
    return snapshot


def _cached(slug: str) -> TenantSnapshot | None:
    until, snapshot = _snapshots.get(slug, (0.0, None))
    return snapshot if time.monotonic() < until else None


def _load(slug: str) -> TenantSnapshot | None:
    tenant = Tenant.objects.select_related("published").filter(slug=slug, active=True).first()
    if tenant is None or tenant.published is None:
        return None
    before = _snapshots.get(slug, (0.0, None))[1]
    snapshot = TenantSnapshot(
        slug=tenant.slug,
        name=tenant.name,
        language=tenant.language,
        time_zone=tenant.time_zone,
        allowed_origins=tuple(tenant.allowed_origins),
        version=tenant.published.number or 0,
        documents=_documents(tenant.published, before),
    )
    _snapshots[slug] = (time.monotonic() + FRESH_SECONDS, snapshot)
    return snapshot


def _documents(bundle: Bundle, before: TenantSnapshot | None) -> Documents:
    # A published version never changes: its parsed documents, and what was derived from them, stay.
    if before is not None and before.version == bundle.number:
        return before.documents
    return parse_documents(bundle.config, bundle.knowledge, bundle.examples)


def forget_snapshots(**kwargs: Any) -> None:
    """Ask the database again at the next call (after a change in this process, and between tests)."""
    _snapshots.clear()


post_save.connect(forget_snapshots, sender=Tenant)
post_delete.connect(forget_snapshots, sender=Tenant)
