"""The admin's pages about tenants, their teams and the versions of their assistants."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action  # type: ignore[import-untyped]

from tenants_app import admin_people as admin_people
from tenants_app import versions
from tenants_app.admin_content import readable
from tenants_app.admin_forms import PERSONA_FIELDS, MembershipAddForm, TenantForm
from tenants_app.admin_scope import AUDITORS, MANAGERS, NOBODY, TenantFilter, TenantScopedAdmin, people_for, tenants_for
from tenants_app.documents import DocumentError
from tenants_app.models import Bundle, Membership, Role, Tenant
from tenants_app.structure import create_tenant_structure

SETTINGS = ("name", "active", "language", "time_zone", "allowed_origins")
CONTENT_TEMPLATE = "admin/tenants_app/content.html"


@admin.register(Tenant)
class TenantAdmin(TenantScopedAdmin):
    """A business's settings; platform admins create one, nobody deletes one: it is switched off."""

    tenant_field = "pk"
    view_roles, change_roles = AUDITORS, MANAGERS
    form = TenantForm
    list_display = ("name", "slug", "is_active", "language", "version")
    search_fields = ("name", "slug")
    list_select_related = ("published",)
    actions_detail = ("content",)
    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(getattr(request.user, "is_superuser", False))

    def get_readonly_fields(self, request: HttpRequest, obj: Tenant | None = None) -> tuple[str, ...]:
        return ("slug", "version", "sites") if obj else ()

    def get_fieldsets(self, request: HttpRequest, obj: Tenant | None = None) -> Any:
        sites = "allowed_origins" if not obj or self.has_change_permission(request, obj) else "sites"
        shown = ["name", "slug", "active", "language", "time_zone", sites]
        sets: list[tuple[Any, dict[str, Any]]] = [(None, {"fields": [*shown, "version"] if obj else shown})]
        if obj and obj.published and self.has_change_permission(request, obj):
            fields = [*PERSONA_FIELDS, "version_seen"]
            about = _("Saving changes here publishes a new version: visitors meet it at once.")
            sets.append((_("Assistant"), {"fields": fields, "description": about}))
        return sets

    def save_model(self, request: HttpRequest, obj: Tenant, form: Any, change: bool) -> None:
        if not change:
            made = create_tenant_structure(obj.slug, obj.name, language=obj.language)
            obj.pk, obj.published, obj._state.adding = made.pk, made.published, False
        # Never `published`: somebody may have published since this page was opened.
        obj.save(update_fields=[*SETTINGS, "changed_at"])
        if not obj.allowed_origins:
            self.message_user(request, _("Any site may show this chat: no allowed sites are listed."), messages.WARNING)
        if getattr(form, "new_content", None) is not None:
            self._publish(request, obj, form.new_content)

    def _publish(self, request: HttpRequest, tenant: Tenant, content: Any) -> None:
        try:
            bundle = versions.publish(tenant, request.user, raw=content)  # type: ignore[arg-type]
        except (DocumentError, ValueError, OSError) as error:
            text = _("The assistant was not changed: %(reason)s") % {"reason": error}
            self.message_user(request, text, messages.ERROR)
            return
        self.message_user(request, _("Version %(number)s is published.") % {"number": bundle.number})

    @admin.display(description=_("active"), boolean=True, ordering="active")
    def is_active(self, tenant: Tenant) -> bool:
        return tenant.active

    @admin.display(description=_("allowed sites"))
    def sites(self, tenant: Tenant) -> str:
        return ", ".join(tenant.allowed_origins) or gettext("any site")

    @admin.display(description=_("published version"))
    def version(self, tenant: Tenant) -> str:
        return str(tenant.published.number) if tenant.published else gettext("none yet")

    @action(description=_("Content"), url_path="content", icon="menu_book")  # type: ignore[untyped-decorator]
    def content(self, request: HttpRequest, object_id: str) -> HttpResponse:
        tenant = self.get_object(request, object_id)
        if tenant is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[no-any-return]
        return content_page(self, request, tenant, versions.current(tenant))


def content_page(model_admin: Any, request: HttpRequest, obj: Any, bundle: Bundle | None) -> HttpResponse:
    """The page that shows a version's documents."""
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "original": obj,
        "title": str(bundle.tenant) if bundle else str(obj),
        "bundle": bundle,
        "content": readable(bundle) if bundle else {},
    }
    return TemplateResponse(request, CONTENT_TEMPLATE, context)


@admin.register(Membership)
class MembershipAdmin(TenantScopedAdmin):
    """A tenant's team; a manager looks after the others, never after their own entry.

    A manager of several businesses may bring people of one into another; a platform admin adds anybody.
    """

    view_roles = add_roles = change_roles = delete_roles = MANAGERS
    list_display = ("person", "email", "tenant", "role")
    list_display_links = ("person",)
    list_filter = (TenantFilter, "role")
    list_select_related = ("user", "tenant")
    search_fields = ("user__username", "user__email", "user__first_name", "user__last_name")

    def get_form(self, request: HttpRequest, obj: Membership | None = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is not None:
            return super().get_form(request, obj, change=change, **kwargs)
        form = super().get_form(request, obj, change=change, **{**kwargs, "form": MembershipAddForm})
        form.people = people_for(request)
        return form

    def has_add_permission(self, request: HttpRequest) -> bool:
        # Who manages one business only knows those who are in its team already. Anybody else's account is no business
        # of theirs: a name that is answered differently when it exists tells who works for others.
        is_admin = getattr(request.user, "is_superuser", False)
        return super().has_add_permission(request) and (is_admin or len(tenants_for(request, MANAGERS)[:2]) > 1)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        mine = list(tenants_for(request, MANAGERS)[:2])
        # The smallest role is offered first: nobody becomes a manager by haste.
        return {"role": Role.OPERATOR.value, "tenant": mine[0].pk if len(mine) == 1 else None}

    def get_fields(self, request: HttpRequest, obj: Membership | None = None) -> tuple[str, ...]:
        return ("person", "tenant", "role") if obj is None else ("person", "email", "tenant", "role")

    def get_readonly_fields(self, request: HttpRequest, obj: Membership | None = None) -> tuple[str, ...]:
        return () if obj is None else ("person", "email", "tenant")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and not _is_own(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and not _is_own(request, obj)

    @admin.display(description=_("person"), ordering="user__username")
    def person(self, membership: Membership) -> str:
        return membership.user.get_full_name() or membership.user.get_username()

    @admin.display(description=_("e-mail"))
    def email(self, membership: Membership) -> str:
        return membership.user.email


def _is_own(request: HttpRequest, membership: Membership | None) -> bool:
    # A manager who demotes or removes themself could leave a business without anybody to run it.
    is_admin = getattr(request.user, "is_superuser", False)
    return membership is not None and membership.user_id == request.user.pk and not is_admin


@admin.register(Bundle)
class BundleAdmin(TenantScopedAdmin):
    """The versions of what an assistant is told, to read."""

    view_roles = AUDITORS
    add_roles = change_roles = delete_roles = NOBODY
    list_display = ("version", "tenant", "is_published", "created_at", "created_by")
    list_filter = (TenantFilter,)
    list_select_related = ("tenant", "created_by")
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Bundle]:
        return super().get_queryset(request).defer("config", "knowledge", "examples")

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if object_id is None or request.method != "GET" or not self.has_view_permission(request):
            raise PermissionDenied
        bundle = self.get_object(request, object_id)
        if bundle is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[no-any-return]
        return content_page(self, request, bundle, bundle)

    @admin.display(description=_("version"), ordering="number")
    def version(self, bundle: Bundle) -> str:
        return str(bundle.number) if bundle.number else gettext("Draft")

    @admin.display(description=_("published now"), boolean=True)
    def is_published(self, bundle: Bundle) -> bool:
        return bundle.tenant.published_id == bundle.pk
