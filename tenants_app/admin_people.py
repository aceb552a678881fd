"""The admin's pages about people's accounts, for platform admins only."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline  # type: ignore[import-untyped]
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm  # type: ignore[import-untyped]

from tenants_app.admin_scope import PlatformAdminsOnly
from tenants_app.models import Membership
from tenants_app.roles import follow_memberships

admin.site.unregister(User)
admin.site.unregister(Group)


class MembershipInline(TabularInline):  # type: ignore[misc]
    """The businesses a person works for."""

    model = Membership
    extra = 0


@admin.register(User)
class UserAdmin(PlatformAdminsOnly, DjangoUserAdmin):  # type: ignore[type-arg]
    """Accounts; what a person may do follows from the memberships, not from groups or permissions."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    inlines = (MembershipInline,)
    list_display = ("username", "email", "first_name", "last_name", "is_active", "is_superuser")
    list_filter = ("is_superuser", "is_active", "groups")
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Person"), {"fields": ("first_name", "last_name", "email")}),
        (_("Access"), {"fields": ("is_active", "is_superuser")}),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )

    def get_inlines(self, request: HttpRequest, obj: User | None) -> Any:
        return self.inlines if obj else ()

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        follow_memberships(form.instance.pk)


@admin.register(Group)
class GroupAdmin(PlatformAdminsOnly, DjangoGroupAdmin):
    """Groups, which follow the roles of memberships."""
