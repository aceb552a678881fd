"""System checks for settings that contradict each other or endanger the installation."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

LOOPBACK = {"localhost", "127.0.0.1", "[::1]", "::1"}


def _is_public(host: str) -> bool:
    return host not in LOOPBACK and not host.endswith(".localhost") and not host.startswith("127.")


@register("timmy")
def debug_stays_private(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Refuse DEBUG where others can reach it: its error pages show settings and data."""
    public = [host for host in [settings.HOST, *settings.ALLOWED_HOSTS] if _is_public(host)]
    if not settings.DEBUG or not public:
        return []
    return [
        Error(
            f"DEBUG is on while the installation answers on {', '.join(public)}.",
            hint="Set DEBUG=false, or keep HOST and ALLOWED_HOSTS to localhost.",
            id="timmy.E001",
        )
    ]


@register("timmy")
def model_is_reachable_with_a_key(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Refuse a base URL that is no URL and warn of a key sent over plain HTTP to another machine."""
    url: str = settings.OPENAI_BASE_URL
    if url and not url.startswith(("http://", "https://")):
        return [
            Error(
                f"OPENAI_BASE_URL is {url!r}, which is no http(s) address.",
                hint="Give the whole address, such as https://api.openai.com/v1, or leave it empty.",
                id="timmy.E002",
            )
        ]
    host = url.removeprefix("http://").split("/")[0].rsplit(":", 1)[0]
    if url.startswith("http://") and settings.OPENAI_API_KEY and _is_public(host):
        return [
            Warning(
                f"OPENAI_API_KEY would be sent unencrypted to {host}.",
                hint="Use https:// in OPENAI_BASE_URL unless the network between is yours.",
                id="timmy.W001",
            )
        ]
    return []


@register("timmy")
def limits_can_be_read(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Refuse rate limits that are not written as count/unit."""
    from conversations.limits import Rate

    found: list[CheckMessage] = []
    for name in ("RATE_LIMIT_VISITOR", "RATE_LIMIT_ADDRESS", "RATE_LIMIT_TENANT"):
        try:
            Rate.parse(getattr(settings, name))
        except ValueError as error:
            found.append(
                Error(
                    f"{name}: {error}",
                    hint="Write it as 30/m (s, m, h or d); empty lifts it.",
                    id="timmy.E003",
                )
            )
    return found


@register("timmy")
def public_addresses_use_https(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn when a public installation sends its cookies in the clear."""
    public = [host for host in settings.ALLOWED_HOSTS if _is_public(host)]
    if settings.HTTPS or not public:
        return []
    return [
        Warning(
            f"The installation answers on {', '.join(public)} without HTTPS.",
            hint="Put it behind a proxy with a certificate and set HTTPS=true and BEHIND_PROXY=true.",
            id="timmy.W002",
        )
    ]


@register("timmy")
def https_ends_somewhere(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn when every page would redirect to itself: this server speaks no TLS, so a proxy must say what it took."""
    if not settings.HTTPS or settings.BEHIND_PROXY:
        return []
    return [
        Warning(
            "HTTPS is on, but no proxy is said to end it: every page would redirect to itself for ever.",
            hint="Set BEHIND_PROXY=true and let the proxy set X-Forwarded-Proto and X-Forwarded-For.",
            id="timmy.W003",
        )
    ]


@register("timmy")
def hosts_are_named(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn when any Host header is believed: links and redirects would lead where it says."""
    if not any(host.strip(".") in {"", "*"} for host in settings.ALLOWED_HOSTS):
        return []
    return [
        Warning(
            "ALLOWED_HOSTS admits any host name.",
            hint="Name the hosts that visitors use, such as chat.example.com.",
            id="timmy.W004",
        )
    ]
