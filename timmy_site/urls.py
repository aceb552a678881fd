"""Every address of the installation."""

from django.contrib import admin
from django.urls import path
from django.views.i18n import set_language

urlpatterns = [
    path("i18n/setlang/", set_language, name="set_language"),
    path("admin/", admin.site.urls),
]
