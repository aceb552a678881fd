"""The WebSocket addresses."""

from typing import Any

from django.urls import re_path

from conversations.consumers import ChatConsumer


async def _nowhere(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Refuse a handshake at any other address: the router would answer with an error of ours, and log it as one."""
    await receive()
    await send({"type": "websocket.close"})


websocket_urlpatterns = [
    re_path(r"^ws/chat/(?P<slug>[^/]{1,200})/\Z", ChatConsumer.as_asgi()),
    re_path("", _nowhere),  # type: ignore[arg-type]  # channels routes applications, not views
]
