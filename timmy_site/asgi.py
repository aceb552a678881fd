"""The installation as an ASGI application: pages and sockets, and what runs beside them."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "timmy_site.settings")
_django = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.core import checks  # noqa: E402

from conversations.consumers import close_all  # noqa: E402
from conversations.routing import websocket_urlpatterns  # noqa: E402
from conversations.service import service  # noqa: E402

_errors = [found for found in checks.run_checks(tags=["timmy"]) if found.is_serious()]
if _errors:
    raise SystemExit("\n".join(f"{found.msg} {found.hint or ''}" for found in _errors))

_router = ProtocolTypeRouter({"http": _django, "websocket": URLRouter(websocket_urlpatterns)})

# A file thread gives the interpreter up at each of its dozen system calls and waits as long as this to get it back.
sys.setswitchinterval(0.001)

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Scope]]
Send = Callable[[Scope], Awaitable[None]]


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve one connection; starts what runs beside on the server's first sign of life."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
        return
    service.start()
    await _router(scope, receive, send)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        event = await receive()
        if event["type"] == "lifespan.startup":
            service.start()
            await send({"type": "lifespan.startup.complete"})
        else:
            await _stop()
            await send({"type": "lifespan.shutdown.complete"})
            return


async def _stop() -> None:
    await close_all()
    await service.stop()


def _with_twisted() -> None:
    # Daphne knows no lifespan events: its reactor's own start and stop serve instead.
    from twisted.internet import reactor
    from twisted.internet.defer import Deferred

    # "When running" is before the event loop runs; the first call in it comes right after.
    reactor.callWhenRunning(lambda: reactor.callLater(0, service.start))  # type: ignore[arg-type]
    reactor.addSystemEventTrigger(
        "before",
        "shutdown",  # type: ignore[arg-type]  # the library declares an interface's methods without self
        lambda: Deferred.fromFuture(asyncio.ensure_future(_stop())),
    )


if "twisted.internet.reactor" in sys.modules:
    _with_twisted()
