"""The installation as a Django app: its checks."""

from django.apps import AppConfig


class TimmySiteConfig(AppConfig):
    name = "timmy_site"

    def ready(self) -> None:
        from timmy_site import checks  # noqa: F401
