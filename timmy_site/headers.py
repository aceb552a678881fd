"""Headers that every answer carries, files and errors included, and the wider content policy of the admin's pages."""

from collections.abc import Awaitable, Callable
from typing import Final, cast

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from timmy_site.content_policy import ADMIN_DIRECTIVES

Handler = Callable[[HttpRequest], HttpResponseBase]
AsyncHandler = Callable[[HttpRequest], Awaitable[HttpResponseBase]]

UNUSED_FEATURES: Final = (
    "accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "magnetometer", "microphone", "midi",
    "payment", "publickey-credentials-get", "screen-wake-lock", "serial", "usb", "xr-spatial-tracking",
)  # fmt: skip
# An answer that says otherwise keeps its own word: the widget's files may be loaded by any site.
HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in UNUSED_FEATURES),
}


@sync_and_async_middleware
def every_answer(get_response: Handler | AsyncHandler) -> Handler | AsyncHandler:
    """Complete the headers. Stands right behind CSPMiddleware and before all that may answer or fail."""
    if iscoroutinefunction(get_response):
        answer_later = cast(AsyncHandler, get_response)

        async def later(request: HttpRequest) -> HttpResponseBase:
            return _completed(request, await answer_later(request))

        return later
    answer = cast(Handler, get_response)

    def now(request: HttpRequest) -> HttpResponseBase:
        return _completed(request, answer(request))

    return now


def _completed(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    match = request.resolver_match
    if match is not None and match.app_name == "admin":
        response._csp_replace = ADMIN_DIRECTIVES  # type: ignore[attr-defined]
        if response.headers.get("Content-Type", "").startswith("text/html"):
            response.headers.setdefault("Cache-Control", "no-store, private")
    return response
