"""How the admin looks and what its side bar offers (django-unfold)."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _


def _stylesheet(request: HttpRequest) -> str:
    return static("timmy_site/admin.css")


def _icon(request: HttpRequest) -> str:
    return static("timmy_site/icon.svg")


def _may_see(model: str) -> Callable[[HttpRequest], bool]:
    """Whether the signed-in person sees the model's list: asked of its admin, which knows the roles."""

    def allowed(request: HttpRequest) -> bool:
        from django.apps import apps
        from django.contrib.admin import site

        return bool(site._registry[apps.get_model(model)].has_module_permission(request))

    return allowed


def _item(title: Any, icon: str, model: str) -> dict[str, Any]:
    name = model.replace(".", "_").lower()
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{name}_changelist"),
        "permission": _may_see(model),
    }


NAVIGATION: list[dict[str, Any]] = [
    {
        "items": [
            {"title": _("Home"), "icon": "home", "link": reverse_lazy("admin:index")},
            _item(_("Conversations"), "forum", "conversations.Conversation"),
            _item(_("Visitors"), "person", "conversations.Visitor"),
            _item(_("Downloads"), "download", "conversations.Export"),
        ],
    },
    {
        "title": _("Businesses"),
        "separator": True,
        "items": [
            _item(_("Businesses"), "storefront", "tenants_app.Tenant"),
            _item(_("Versions"), "history", "tenants_app.Bundle"),
            _item(_("Team"), "group", "tenants_app.Membership"),
        ],
    },
    {
        "title": _("Installation"),
        "separator": True,
        "items": [
            _item(_("Accounts"), "manage_accounts", "auth.User"),
            _item(_("Groups"), "groups", "auth.Group"),
        ],
    },
]

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Timmy",
    "SITE_HEADER": "Timmy",
    "SITE_SYMBOL": "forum",
    "SITE_URL": None,
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": _icon}],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_LANGUAGES": True,
    "BORDER_RADIUS": "8px",
    "DASHBOARD_CALLBACK": "timmy_site.admin_home.dashboard",
    "STYLES": [_stylesheet],
    "LOGIN": {"form": "timmy_site.sign_in.SignInForm"},
    # The theme caches search results by user and text, not by tenant, whatever found them: search stays off.
    "COMMAND": {"search_models": False, "search_callback": None, "show_history": False},
    "SIDEBAR": {"show_search": False, "show_all_applications": False, "navigation": NAVIGATION},
    "COLORS": {
        "primary": {
            "50": "oklch(97.8% .018 166.1)",
            "100": "oklch(95% .045 163.1)",
            "200": "oklch(90.5% .08 164.1)",
            "300": "oklch(84.5% .115 164.9)",
            "400": "oklch(76.5% .135 163.2)",
            "500": "oklch(63% .13 162.5)",
            "600": "oklch(51.5% .115 163.2)",
            "700": "oklch(44.5% .1 165.6)",
            "800": "oklch(38% .08 167.2)",
            "900": "oklch(33% .065 168.9)",
            "950": "oklch(26.2% .045 172.6)",
        },
    },
}
