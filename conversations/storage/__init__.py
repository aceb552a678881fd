"""The storage that settings.CONVERSATION_STORAGE names, one per tenant and process."""

from functools import lru_cache

from django.conf import settings
from django.core.signals import setting_changed
from django.utils.module_loading import import_string

from conversations.storage.base import Storage

__all__ = ["Storage", "storage_for"]


@lru_cache(maxsize=10_000)
def storage_for(tenant: str) -> Storage:
    """The conversations of the tenant with this slug. Raises ValueError for what cannot be a slug."""
    chosen = settings.CONVERSATION_STORAGE
    storage: Storage = import_string(chosen["BACKEND"])(tenant, **chosen.get("OPTIONS", {}))
    return storage


def _forget(*, setting: str, **kwargs: object) -> None:
    if setting in {"CONVERSATION_STORAGE", "DATA_DIR"}:
        storage_for.cache_clear()


setting_changed.connect(_forget)
