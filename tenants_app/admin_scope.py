"""The tenant wall of the admin: every list, form, choice and action shows only what the role of a member allows."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib.admin import site
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.contrib.auth.models import User
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin  # type: ignore[import-untyped]
from unfold.contrib.filters.admin import DropdownFilter  # type: ignore[import-untyped]

from tenants_app.access import staff_tenants
from tenants_app.models import Membership, Role, Tenant

EVERYBODY = frozenset(Role.values)
MANAGERS = frozenset({Role.MANAGER.value})
AUDITORS = frozenset({Role.MANAGER.value, Role.AUDITOR.value})
NOBODY: frozenset[str] = frozenset()


def roles_of(request: HttpRequest) -> dict[int, str]:
    """The signed-in person's role by tenant key, asked once a request."""
    known: dict[int, str] | None = getattr(request, "tenant_roles", None)
    if known is None:
        mine = staff_tenants(request.user)
        found = Membership.objects.filter(user_id=request.user.pk or 0, tenant__in=mine)
        known = dict(found.values_list("tenant_id", "role"))
        request.tenant_roles = known  # type: ignore[attr-defined]
    return known


def tenants_for(request: HttpRequest, roles: Iterable[str]) -> QuerySet[Tenant]:
    """The tenants for which the signed-in person has one of the roles; all of them for a platform admin."""
    mine = staff_tenants(request.user)
    if getattr(request.user, "is_superuser", False):
        return mine
    wanted = set(roles)
    return mine.filter(pk__in=[key for key, role in roles_of(request).items() if role in wanted])


def people_for(request: HttpRequest) -> QuerySet[User]:
    """Those whose accounts the signed-in person may know of: the teams they manage; everybody for a platform admin."""
    everybody = User.objects.all()
    if getattr(request.user, "is_superuser", False):
        return everybody
    return everybody.filter(pk__in=Membership.objects.filter(tenant__in=tenants_for(request, MANAGERS)).values("user"))


def has_role(request: HttpRequest, roles: Iterable[str], tenant_id: int | None = None) -> bool:
    """Whether the person has one of the roles for this tenant (None: for any)."""
    if getattr(request.user, "is_superuser", False):
        return bool(getattr(request.user, "is_active", False))
    mine = roles_of(request)
    held = mine.values() if tenant_id is None else [mine.get(tenant_id)]
    return not set(roles).isdisjoint(held)


class TenantScopedAdmin(ModelAdmin):  # type: ignore[misc]
    """A model admin of things that belong to a tenant: what is not yours is answered like what is not there."""

    tenant_field: ClassVar[str] = "tenant"
    view_roles: ClassVar[frozenset[str]] = EVERYBODY
    add_roles: ClassVar[frozenset[str]] = NOBODY
    change_roles: ClassVar[frozenset[str]] = NOBODY
    delete_roles: ClassVar[frozenset[str]] = NOBODY

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        found: QuerySet[Any] = super().get_queryset(request)
        return found.filter(**{f"{self.tenant_field}__in": tenants_for(request, self.view_roles)})

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._may(request, self.view_roles, None)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._may(request, self.view_roles, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self._may(request, self.add_roles, None)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._may(request, self.change_roles, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._may(request, self.delete_roles, obj)

    def _may(self, request: HttpRequest, roles: frozenset[str], obj: Model | None) -> bool:
        # No roles at all means nobody, platform admins included: conversations are records.
        return bool(roles) and has_role(request, roles, self._tenant_id(obj))

    def _tenant_id(self, obj: Model | None) -> int | None:
        if obj is None:
            return None
        key: int = obj.pk if isinstance(obj, Tenant) else getattr(obj, "tenant_id")  # noqa: B009 - any model
        return key

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Plain choices: no buttons beside them that open other pages."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and isinstance(field.widget, RelatedFieldWidgetWrapper):
            field.widget = field.widget.widget
        return field

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer only what the person may see, and of tenants only those that may be written to."""
        remote = db_field.remote_field.model
        if remote is Tenant:
            kwargs["queryset"] = tenants_for(request, self.add_roles | self.change_roles)
        elif remote in site._registry:
            kwargs["queryset"] = site._registry[remote].get_queryset(request)
        else:
            kwargs["queryset"] = remote._default_manager.none()
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class TenantFilter(DropdownFilter):  # type: ignore[misc]
    """Filters a list by one of the tenants that the person may see; not shown to who has only one."""

    title = _("business")
    parameter_name = "tenant"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        found = tenants_for(request, model_admin.view_roles)
        return [(str(tenant.pk), tenant.name) for tenant in found]

    def has_output(self) -> bool:
        return len(self.lookup_choices) > 1

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if not value:
            return queryset
        known = {key for key, _name in self.lookup_choices}
        return queryset.filter(tenant_id=value) if value in known else queryset.none()


class PlatformAdminsOnly(ModelAdmin):  # type: ignore[misc]
    """A model admin of the installation itself, which members of tenants never see: for them it is empty."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        found: QuerySet[Any] = super().get_queryset(request)
        # The library looks an object up before it asks for permission: an id that exists must not be told from one
        # that does not.
        return found if _is_platform_admin(request) else found.none()

    def has_module_permission(self, request: HttpRequest) -> bool:
        return _is_platform_admin(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return _is_platform_admin(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return _is_platform_admin(request)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return _is_platform_admin(request)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return _is_platform_admin(request)


def _is_platform_admin(request: HttpRequest) -> bool:
    return bool(request.user.is_active and getattr(request.user, "is_superuser", False))
