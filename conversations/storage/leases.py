"""The right to answer a conversation: one holder among all threads and processes, gone with its process or its time."""

import fcntl
import hashlib
import os
import threading
import time
import weakref
from pathlib import Path

from conversations.storage.base import LEASE_SECONDS, NotStored
from conversations.storage.posix import write_all

_SLOTS, _TAG, _STAMP = 2**16, 8, 8
_SLOT = _TAG + _STAMP
_OFFSETS = 2**62


class Leases:
    """The leases of one data folder, in one file: a byte lock for each conversation, and a table of signs of life.

    A byte lock ends with its process, so a dead holder is followed at once. One that hangs keeps its lock but no
    longer changes its stamp in the table: who waits LEASE_SECONDS for a new stamp takes over. Times are never
    compared between processes, so clocks do not matter. Conversations that share one of the table's slots make each
    other's take-over later, never wrong for longer than a stamp.
    Get instances by `leases_in`: a second descriptor of the file, once closed, would drop the process's locks.
    """

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o640)
        weakref.finalize(self, os.close, self._descriptor)
        self._lock = threading.Lock()
        self._held: dict[str, FileLease] = {}
        size = os.fstat(self._descriptor).st_size
        os.lseek(self._descriptor, size, os.SEEK_SET)
        write_all(self._descriptor, bytes(max(0, _SLOTS * _SLOT - size)))  # room now: none is needed on a full disk

    def lease(self, name: str) -> "FileLease":
        """The lease of this name, not taken yet."""
        return FileLease(self, name)

    def take(self, lease: "FileLease") -> bool:
        """Give the lease to its asker, when nobody has it or its holder gives no sign of life. Raises OSError."""
        with self._lock:
            free = lease.name not in self._held and self._lock_byte(lease)
            if not free and not lease.holder_is_silent(*self._read(lease)):
                return False
            lease.locked = free
            self._sign(lease)
            self._held[lease.name] = lease
            return True

    def renew(self, lease: "FileLease") -> bool:
        """Give a sign of life; False when the lease was taken over meanwhile. Raises OSError."""
        with self._lock:
            tag, stamp = self._read(lease)
            if self._held.get(lease.name) is not lease:
                return False
            if tag == lease.tag and stamp != lease.stamp:
                self._drop(lease)
                return False
            # Taken over from one that hangs: once it is gone its lock can be had.
            lease.locked = lease.locked or self._lock_byte(lease)
            self._sign(lease)
            return True

    def give_back(self, lease: "FileLease") -> None:
        """Let others have it."""
        with self._lock:
            if self._held.get(lease.name) is lease:
                self._drop(lease)

    def _drop(self, lease: "FileLease") -> None:
        del self._held[lease.name]
        fcntl.lockf(self._descriptor, fcntl.LOCK_UN, 1, lease.place)

    def _lock_byte(self, lease: "FileLease") -> bool:
        try:
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, lease.place)
        except (BlockingIOError, PermissionError):
            return False
        return True

    def _read(self, lease: "FileLease") -> tuple[bytes, bytes]:
        slot = os.pread(self._descriptor, _SLOT, lease.slot)
        return slot[:_TAG], slot[_TAG:]

    def _sign(self, lease: "FileLease") -> None:
        lease.stamp = os.urandom(_STAMP)
        os.pwrite(self._descriptor, lease.tag + lease.stamp, lease.slot)


class FileLease:
    """One asker's lease of one name (conversations.storage.base.Lease)."""

    def __init__(self, leases: Leases, name: str) -> None:
        digest = hashlib.blake2s(name.encode(), digest_size=_TAG + 8).digest()
        self.name, self.tag, self.stamp, self.locked = name, digest[:_TAG], b"", False
        number = int.from_bytes(digest[_TAG:])
        self.place, self.slot = number % _OFFSETS, number % _SLOTS * _SLOT
        self._leases = leases
        self._last_stamp, self._changed = b"", time.monotonic()

    def take(self) -> bool:
        """See conversations.storage.base.Lease."""
        try:
            return self._leases.take(self)
        except OSError as error:
            raise NotStored(f"the lease cannot be taken: {error.strerror}") from error

    def renew(self) -> bool:
        """See conversations.storage.base.Lease."""
        try:
            return self._leases.renew(self)
        except OSError as error:
            raise NotStored(f"the lease cannot be renewed: {error.strerror}") from error

    def give_back(self) -> None:
        """See conversations.storage.base.Lease."""
        self._leases.give_back(self)

    def holder_is_silent(self, tag: bytes, stamp: bytes) -> bool:
        """Whether what the table holds has not changed for LEASE_SECONDS since this asker first looked."""
        now = time.monotonic()
        if tag == self.tag and stamp != self._last_stamp:
            self._last_stamp, self._changed = stamp, now
        return now - self._changed > LEASE_SECONDS


_leases: "weakref.WeakValueDictionary[str, Leases]" = weakref.WeakValueDictionary()
_making = threading.Lock()


def leases_in(root: Path) -> Leases:
    """The leases of the data folder `root`, the same object for all of a process. Raises OSError."""
    with _making:
        path = os.path.realpath(root)
        leases = _leases.get(path)
        if leases is None:
            root.mkdir(parents=True, exist_ok=True)
            leases = _leases[path] = Leases(root / "turns.lock")
        return leases
