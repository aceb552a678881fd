"""The admin as a site: the theme's, with the answers of signing in completed."""

from typing import Any

from django.contrib import admin
from django.contrib.admin import sites
from django.http import HttpRequest, HttpResponseBase
from unfold.apps import BasicAppConfig  # type: ignore[import-untyped]
from unfold.sites import UnfoldAdminSite  # type: ignore[import-untyped]


class AdminSite(UnfoldAdminSite):  # type: ignore[misc]
    """The installation's admin."""

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        """The page to sign in (timmy_site.sign_in)."""
        from timmy_site.sign_in import remember

        response: HttpResponseBase = super().login(request, extra_context)
        seconds = getattr(request, "sign_in_wait", 0)
        if seconds:
            response.status_code = 429
            response["Retry-After"] = str(int(seconds) + 1)
        elif request.method == "POST" and response.status_code == 302:
            remember(request, response)
        return response


class Theme(BasicAppConfig):  # type: ignore[misc]
    """The theme, with our site instead of its own."""

    def ready(self) -> None:
        admin.site = sites.site = AdminSite()
