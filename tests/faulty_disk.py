"""A disk for tests: writes down what is asked of it, and fails when told."""

import errno
import fcntl
import os
import stat
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from conversations.core.records import Row
from conversations.storage import conversation_file, csv_files, posix

COUNTED = ("open", "write", "fsync", "ftruncate", "replace", "link")
# Counted only when a test asks for them by name.
QUIET = ("flock", "pread", "stat", "lstat", "fstat", "close")


class Event(NamedTuple):
    """A call about a file or folder of this name, or "told": somebody was told of one of its rows.

    `right` says that the call worked; of a row, that it and its file's name were synced when it was told.
    """

    what: str
    name: str
    right: bool = True


class Disk:
    """Stands for the `os` module (and `fcntl`) in the storage's eyes.

    `calls` holds (call, name of the file or folder) in order, `log` the same and whether it was right. With `fail_at` N
    the Nth call from `arm()` on fails with `error`, and with `for_good` all that follow; a failing write puts half of
    its bytes down first. `most_bytes` is what one write takes at most. What was written before a sync that failed
    lives on in the system's memory only: whoever asks past that (posix_fadvise) sees NULs.
    """

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []
        self.log: list[Event] = []
        self.most_bytes = 2**30
        self.during: Callable[[str, str], None] = lambda call, name: None
        self._names: dict[int, str] = {}
        self._synced: dict[int, bytes] = {}
        self._lost: set[int] = set()
        self._unsynced: dict[str, bytes] = defaultdict(bytes)
        self._unnamed: set[str] = set()
        self.arm(0)

    def arm(self, fail_at: int, error: int = errno.EIO, *, for_good: bool = False, only: str = "") -> None:
        """Count anew; `fail_at` 0 never fails. `only` counts (and fails) this call alone."""
        self.calls, self.log = [], []
        self.failed = False
        self._counted, self._fail_at, self._error, self._for_good, self._only = 0, fail_at, error, for_good, only

    def tell(self, row: Row) -> None:
        """Note in the log that somebody is told of this row."""
        name = f"conversation_{row.session_id}.csv"
        synced = row.chain.encode() not in self._unsynced[name] and name not in self._unnamed
        self.log.append(Event("told", name, synced))

    def __getattr__(self, name: str) -> Any:
        real = getattr(fcntl, name, None) or getattr(os, name)
        if name not in QUIET:
            return real

        def counted(*args: Any, **kwargs: Any) -> Any:
            if name == self._only:
                self._count(name, "")
            return real(*args, **kwargs)

        return counted

    def open(self, path: Any, *args: Any, **kwargs: Any) -> int:
        self._count("open", Path(path).name)
        known = Path(path).exists()
        descriptor = os.open(path, *args, **kwargs)
        if not known:
            self._unsynced.pop(Path(path).name, None)
            self._unnamed.add(Path(path).name)
            self._lost.discard(os.fstat(descriptor).st_ino)  # a number that was another file's
        self._names[descriptor] = Path(path).name
        return descriptor

    def write(self, descriptor: int, data: Any) -> int:
        try:
            self._count("write", self._names[descriptor])
        except OSError:
            os.write(descriptor, data[: len(data) // 2])
            raise
        taken = os.write(descriptor, data[: self.most_bytes])
        self._unsynced[self._names[descriptor]] += bytes(data[:taken])
        return taken

    def fsync(self, descriptor: int) -> None:
        status = os.fstat(descriptor)
        try:
            self._count("fsync", self._names[descriptor])
        except OSError:
            self._lost.add(status.st_ino)
            raise
        os.fsync(descriptor)
        if not stat.S_ISREG(status.st_mode):
            self._unnamed -= set(os.listdir(descriptor))
        elif status.st_ino not in self._lost:
            self._unsynced.pop(self._names[descriptor], None)
            self._synced[status.st_ino] = Path(self._path(descriptor)).read_bytes()

    def posix_fadvise(self, descriptor: int, *args: int) -> None:
        status = os.fstat(descriptor)
        if status.st_ino in self._lost:
            on_disk = self._synced.get(status.st_ino, b"")[: status.st_size]
            Path(self._path(descriptor)).write_bytes(on_disk.ljust(status.st_size, b"\0"))

    def ftruncate(self, descriptor: int, size: int) -> None:
        self._count("ftruncate", self._names[descriptor])
        os.ftruncate(descriptor, size)
        self._unsynced.pop(self._names[descriptor], None)

    def replace(self, source: Any, target: Any) -> None:
        self._count("replace", Path(target).name)
        Path(source).replace(target)
        self._unsynced[Path(target).name] = self._unsynced.pop(Path(source).name, b"")
        self._unnamed.add(Path(target).name)

    def link(self, source: Any, target: Any) -> None:
        self._count("link", Path(target).name)
        Path(target).hardlink_to(source)

    def _path(self, descriptor: int) -> str:
        return f"/proc/self/fd/{descriptor}"

    def _count(self, call: str, name: str) -> None:
        if call not in QUIET:
            self.calls.append((call, name))
        self.during(call, name)
        counts = call == self._only if self._only else True
        self._counted += counts
        fails = counts and self._fail_at and self._counted >= self._fail_at
        fails = fails and (self._for_good or self._counted == self._fail_at)
        self.log.append(Event(call, name, not fails))
        if fails:
            self.failed = True
            raise OSError(self._error, os.strerror(self._error))


def told_too_early(log: Iterable[Event]) -> list[str]:
    """The files of which a row was told before it, or the file's name, was synced."""
    return [event.name for event in log if event.what == "told" and not event.right]


Put = Callable[[Any, str, Any], None]


def under_the_storage(put: Put) -> Disk:
    """Put a disk between the storage and the system; `put` sets an attribute, as `setattr` does."""
    disk = Disk()
    for module in (posix, csv_files, conversation_file):
        put(module, "os", disk)
    put(posix, "fcntl", disk)
    return disk


def note_what_is_told(disk: Disk, put: Put) -> None:
    """Let the disk's log hold a "told" for every row that is confirmed to its sender or shown to anybody."""
    # Only now: they belong to Django.
    from conversations import protocol, turns

    def noting(frame: Callable[..., str]) -> Callable[..., str]:
        def noted(*args: Any) -> str:
            disk.tell(next(one for one in args if isinstance(one, Row)))
            return frame(*args)

        return noted

    put(protocol, "ack_frame", noting(protocol.ack_frame))
    put(turns, "message_frame", noting(turns.message_frame))


def faulty_disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    """A disk under the storage until the test's end."""
    return under_the_storage(monkeypatch.setattr)
