"""Signing in to the admin: guessing is slow, for a password and from an address, and keeps nobody out of their account.

A browser that has signed in to an account before is known by a cookie and has an allowance of its own: whoever tries
passwords elsewhere cannot make it wait. The cookie gives no access.
"""

import logging
import secrets
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.core import signing
from django.core.exceptions import ValidationError
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponseBase
from django.utils.crypto import salted_hmac
from django.utils.translation import ngettext
from unfold.forms import AuthenticationForm  # type: ignore[import-untyped]

from conversations.addresses import address_of
from conversations.limits import Buckets, Rate

log = logging.getLogger(__name__)

PER_ACCOUNT: Final = Rate(10, 600)  # of all browsers that have not signed in to it before
PER_ADDRESS: Final = Rate(50, 600)  # of such browsers in one office, whoever they say they are
PER_BROWSER: Final = Rate(10, 600)
KNOWN_SECONDS: Final = 180 * 24 * 3600
MOST_ACCOUNTS: Final = 5  # of one browser, which several people may share
_SALT: Final = "timmy.known-browser"


class Allowances(NamedTuple):
    """What is left to try."""

    account: Buckets
    address: Buckets
    browser: Buckets


@lru_cache(maxsize=1)
def allowances() -> Allowances:
    """Those of this process; a restart fills them."""
    return Allowances(Buckets(PER_ACCOUNT), Buckets(PER_ADDRESS), Buckets(PER_BROWSER))


@dataclass(frozen=True, slots=True)
class KnownBrowser:
    """Which accounts were signed in to from here; their names are kept as codes that tell nobody."""

    id: str = ""
    accounts: tuple[str, ...] = ()

    @classmethod
    def of(cls, request: HttpRequest) -> "KnownBrowser":
        """The browser as its cookie tells; one that nobody knows when there is none, or none of ours."""
        try:
            kept = signing.loads(request.COOKIES.get(_cookie_name(), ""), salt=_SALT, max_age=KNOWN_SECONDS)
            return cls(kept["id"], tuple(kept["accounts"]))
        except signing.BadSignature:
            return cls()

    def with_account(self, code: str) -> "KnownBrowser":
        """The same browser after one more has signed in from it."""
        others = (other for other in self.accounts if other != code)
        return KnownBrowser(self.id or secrets.token_hex(16), (code, *others)[:MOST_ACCOUNTS])

    def remember(self, response: HttpResponseBase) -> None:
        """Put it into a cookie."""
        value = signing.dumps({"id": self.id, "accounts": self.accounts}, salt=_SALT)
        response.set_cookie(
            _cookie_name(), value, max_age=KNOWN_SECONDS, secure=settings.HTTPS, httponly=True, samesite="Lax"
        )


def _cookie_name() -> str:
    return "__Host-known" if settings.HTTPS else "known"


def _code(username: str) -> str:
    return salted_hmac(_SALT, username.casefold(), algorithm="sha256").hexdigest()[:24]


def wait(request: HttpRequest, username: str) -> float:
    """Count one attempt. Returns 0.0 when it may be made, else the seconds until one may.

    The answer does not depend on whether there is such an account.
    """
    code, browser, left = _code(username), KnownBrowser.of(request), allowances()
    if code in browser.accounts:
        return left.browser.take(f"{browser.id}/{code}")
    # Who has used up an address's allowance takes nothing more from anybody's account.
    return left.address.take(address(request)) or left.account.take(code)


def remember(request: HttpRequest, response: HttpResponseBase) -> None:
    """Know this browser from now on: the person of the request has just signed in from it."""
    KnownBrowser.of(request).with_account(_code(request.user.get_username())).remember(response)


def address(request: HttpRequest | None) -> str:
    """Where a request comes from; empty for one that came from nowhere."""
    if request is None:
        return ""
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "") if settings.BEHIND_PROXY else ""
    return address_of(request.META.get("REMOTE_ADDR", ""), forwarded)


class SignInForm(AuthenticationForm):  # type: ignore[misc]
    """Name and password; asks the allowances before it looks at the password."""

    request: HttpRequest

    def clean(self) -> dict[str, Any]:
        username = self.cleaned_data.get("username")
        if username and self.cleaned_data.get("password") and (seconds := wait(self.request, username)):
            self.request.sign_in_wait = seconds  # type: ignore[attr-defined]  # for the answer's headers
            log.warning("too many attempts to sign in from %r", address(self.request))
            raise ValidationError(_too_many(seconds), code="too_many")
        cleaned: dict[str, Any] = super().clean()
        return cleaned


def _too_many(seconds: float) -> str:
    minutes = int(seconds // 60) + 1
    return ngettext(
        "There were too many attempts. Please wait %(minutes)s minute and try again.",
        "There were too many attempts. Please wait %(minutes)s minutes and try again.",
        minutes,
    ) % {"minutes": minutes}


@receiver(user_logged_in)
def _note_signed_in(sender: Any, request: HttpRequest | None, user: Any, **kwargs: Any) -> None:
    log.info("account %s signed in from %r", user.pk, address(request))


@receiver(user_login_failed)
def _note_refused(sender: Any, request: HttpRequest | None = None, **kwargs: Any) -> None:
    # Not the name: people type their password there.
    log.warning("a sign-in from %r was refused", address(request))
