"""Tenants: businesses, their people and what their assistants know."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TenantsAppConfig(AppConfig):
    name = "tenants_app"
    verbose_name = _("Businesses")

    def ready(self) -> None:
        from tenants_app import roles

        roles.connect(self)
