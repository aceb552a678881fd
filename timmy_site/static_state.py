"""Whether the collected static files are those of the program as it is now."""

import hashlib
import importlib.metadata
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders

PACKAGES = ("django", "django-unfold", "whitenoise")


def collected_is_current() -> bool:
    """True when nothing has to be collected."""
    mark = _mark()
    return (settings.STATIC_ROOT / "staticfiles.json").exists() and mark.exists() and mark.read_text() == _state()


def remember_collected() -> None:
    """Note what was collected."""
    _mark().write_text(_state(), encoding="utf-8")


def _mark() -> Path:
    return Path(settings.STATIC_ROOT) / ".collected"


def _state() -> str:
    # Libraries' files change only with their version; our own are few enough to look at each.
    ours = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list([]):
            full = Path(storage.path(path))
            if "site-packages" not in full.parts:
                stat = full.stat()
                ours.update(f"{path}:{stat.st_size}:{stat.st_mtime_ns};".encode())
    versions = ";".join(f"{name}={importlib.metadata.version(name)}" for name in PACKAGES)
    return f"{versions};{ours.hexdigest()}"
