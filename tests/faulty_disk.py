"""A disk for tests: writes down what is asked of it, and fails when told."""

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conversations.storage import conversation_file, csv_files, posix

COUNTED = ("open", "write", "fsync", "ftruncate", "replace", "link")


class Disk:
    """Stands for the `os` module in the storage's eyes.

    `calls` holds (call, name of the file or folder) in order. With `fail_at` N the Nth call from `arm()` on fails with
    `error`, and with `for_good` all that follow; a failing write puts half of its bytes down first. What was written
    before a sync that failed lives on in the system's memory only: whoever asks past that (posix_fadvise) sees NULs.
    """

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []
        self.during: Callable[[str, str], None] = lambda call, name: None
        self._names: dict[int, str] = {}
        self._synced: dict[int, bytes] = {}
        self._lost: set[int] = set()
        self.arm(0)

    def arm(self, fail_at: int, error: int = errno.EIO, *, for_good: bool = False, only: str = "") -> None:
        """Count anew; `fail_at` 0 never fails. `only` counts (and fails) this call alone."""
        self.calls = []
        self.failed = False
        self._counted, self._fail_at, self._error, self._for_good, self._only = 0, fail_at, error, for_good, only

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def open(self, path: Any, *args: Any, **kwargs: Any) -> int:
        self._count("open", Path(path).name)
        known = Path(path).exists()
        descriptor = os.open(path, *args, **kwargs)
        if not known:  # a number that was another file's
            self._lost.discard(os.fstat(descriptor).st_ino)
        self._names[descriptor] = Path(path).name
        return descriptor

    def write(self, descriptor: int, data: Any) -> int:
        try:
            self._count("write", self._names[descriptor])
        except OSError:
            os.write(descriptor, data[: len(data) // 2])
            raise
        return os.write(descriptor, data)

    def fsync(self, descriptor: int) -> None:
        status = os.fstat(descriptor)
        try:
            self._count("fsync", self._names[descriptor])
        except OSError:
            self._lost.add(status.st_ino)
            raise
        os.fsync(descriptor)
        if stat.S_ISREG(status.st_mode) and status.st_ino not in self._lost:
            self._synced[status.st_ino] = Path(self._path(descriptor)).read_bytes()

    def posix_fadvise(self, descriptor: int, *args: int) -> None:
        status = os.fstat(descriptor)
        if status.st_ino in self._lost:
            on_disk = self._synced.get(status.st_ino, b"")[: status.st_size]
            Path(self._path(descriptor)).write_bytes(on_disk.ljust(status.st_size, b"\0"))

    def ftruncate(self, descriptor: int, size: int) -> None:
        self._count("ftruncate", self._names[descriptor])
        os.ftruncate(descriptor, size)

    def replace(self, source: Any, target: Any) -> None:
        self._count("replace", Path(target).name)
        Path(source).replace(target)

    def link(self, source: Any, target: Any) -> None:
        self._count("link", Path(target).name)
        Path(target).hardlink_to(source)

    def _path(self, descriptor: int) -> str:
        return f"/proc/self/fd/{descriptor}"

    def _count(self, call: str, name: str) -> None:
        self.calls.append((call, name))
        self.during(call, name)
        if self._only and call != self._only:
            return
        self._counted += 1
        if self._fail_at and (self._counted == self._fail_at or (self._for_good and self._counted > self._fail_at)):
            self.failed = True
            raise OSError(self._error, os.strerror(self._error))


def faulty_disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    """Put a disk between the storage and the system."""
    disk = Disk()
    for module in (posix, csv_files, conversation_file):
        monkeypatch.setattr(module, "os", disk)
    return disk
