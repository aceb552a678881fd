"""The WebSocket addresses."""

from django.urls import re_path

from conversations.consumers import ChatConsumer

websocket_urlpatterns = [re_path(r"^ws/chat/(?P<slug>[^/]{1,200})/\Z", ChatConsumer.as_asgi())]
