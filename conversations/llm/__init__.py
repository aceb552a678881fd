"""The chat model that settings.CHAT_MODEL names, one per process."""

from functools import lru_cache

from django.conf import settings
from django.core.signals import setting_changed
from django.utils.module_loading import import_string

from conversations.llm.base import ChatModel

__all__ = ["ChatModel", "chat_model"]


@lru_cache(maxsize=1)
def chat_model() -> ChatModel:
    """The model that answers visitors."""
    chosen = settings.CHAT_MODEL
    model: ChatModel = import_string(chosen["BACKEND"])(**chosen.get("OPTIONS", {}))
    return model


def _forget(*, setting: str, **kwargs: object) -> None:
    if setting == "CHAT_MODEL":
        chat_model.cache_clear()


setting_changed.connect(_forget)
