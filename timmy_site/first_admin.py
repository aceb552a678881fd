"""The first administrator of an installation, made when there is none."""

import secrets

from django.contrib.auth import get_user_model


def make_first_admin() -> tuple[str, str] | None:
    """Make `admin` with a random password; returns both, or None when a platform admin exists already."""
    users = get_user_model().objects
    if users.filter(is_superuser=True).exists():
        return None
    name = next(name for name in _names() if not users.filter(username=name).exists())
    password = secrets.token_urlsafe(12)
    users.create_superuser(username=name, password=password)
    return name, password


def _names() -> list[str]:
    return ["admin", *(f"admin{number}" for number in range(2, 1000))]
