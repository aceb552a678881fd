"""The admin as a site: the theme's, with the answers of signing in completed and autocompletion closed by default."""

from typing import Any

from django.contrib import admin
from django.contrib.admin import sites
from django.core.exceptions import PermissionDenied
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

    def autocomplete_view(self, request: HttpRequest) -> HttpResponseBase:
        """Choices for the fields that a form of ours completes; the library offers those of every relation there is."""
        asked = tuple(request.GET.get(name, "") for name in ("app_label", "model_name", "field_name"))
        if asked not in self._completed_fields(request):
            raise PermissionDenied
        response: HttpResponseBase = super().autocomplete_view(request)
        return response

    def _completed_fields(self, request: HttpRequest) -> set[tuple[str, str, str]]:
        return {
            (one.opts.app_label, one.opts.model_name, field)
            for one in self._registry.values()
            for field in one.get_autocomplete_fields(request)
        }


class Theme(BasicAppConfig):  # type: ignore[misc]
    """The theme, with our site instead of its own."""

    def ready(self) -> None:
        admin.site = sites.site = AdminSite()
