"""Gives the admin's pages the wider content policy that their theme needs; all other pages keep the strict one."""

from collections.abc import Awaitable, Callable
from typing import cast

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from timmy_site.content_policy import ADMIN_DIRECTIVES

Handler = Callable[[HttpRequest], HttpResponseBase]
AsyncHandler = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


@sync_and_async_middleware
def admin_policy(get_response: Handler | AsyncHandler) -> Handler | AsyncHandler:
    """Mark the admin's answers for CSPMiddleware, which must stand before this one in MIDDLEWARE."""
    if iscoroutinefunction(get_response):
        answer_later = cast(AsyncHandler, get_response)

        async def later(request: HttpRequest) -> HttpResponseBase:
            return _marked(request, await answer_later(request))

        return later
    answer = cast(Handler, get_response)

    def now(request: HttpRequest) -> HttpResponseBase:
        return _marked(request, answer(request))

    return now


def _marked(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    match = request.resolver_match
    if match is not None and match.app_name == "admin":
        response._csp_replace = ADMIN_DIRECTIVES  # type: ignore[attr-defined]
    return response
