"""The installation's secret key, made on the first run and kept beside the data."""

import contextlib
import os
import secrets
from pathlib import Path


def kept_secret_key(path: Path) -> str:
    """Return the key in `path`; make it first (mode 0600) when there is none.

    Safe when several processes start at once: one of them makes the file, all read the same key.
    Raises OSError when the folder cannot be written or the file cannot be read.
    """
    if not path.exists():
        _make(path)
    key = path.read_text(encoding="ascii").strip()
    if len(key) < 50:
        raise ValueError(f"{path} holds no usable key: delete it (visitors and staff must sign in again) or restore it")
    return key


def _make(path: Path) -> None:
    # Linked into place whole, so that nobody ever reads half a key.
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(60))
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):  # another process was first: its key serves
            os.link(draft, path)
    finally:
        draft.unlink()
