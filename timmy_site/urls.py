"""Every address of the installation."""

from django.contrib import admin
from django.urls import include, path
from django.views.i18n import set_language

from timmy_site.health import healthz, readyz

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("i18n/setlang/", set_language, name="set_language"),
    path("admin/", admin.site.urls),
    path("", include("conversations.urls")),
]
