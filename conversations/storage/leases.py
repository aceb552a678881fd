"""The right to answer a conversation: one holder among all threads and processes, gone with its process."""

import fcntl
import hashlib
import os
import threading
import weakref
from pathlib import Path

_OFFSETS = 2**62


class Leases:
    """Byte locks in one file, a byte for each conversation: no file is made or removed for a turn.

    POSIX locks belong to a process and end with it; between its threads a set decides. Get instances by `leases_in`:
    a second descriptor of the file, once closed, would drop the process's locks.
    """

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o640)
        weakref.finalize(self, os.close, self._descriptor)
        self._held: set[str] = set()
        self._lock = threading.Lock()

    def take(self, name: str) -> bool:
        """Get the lease of this name without waiting; False when somebody has it. Raises OSError."""
        with self._lock:
            if name in self._held:
                return False
            try:
                fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _place(name))
            except (BlockingIOError, PermissionError):
                return False
            self._held.add(name)
            return True

    def give_back(self, name: str) -> None:
        """Let others have it."""
        with self._lock:
            fcntl.lockf(self._descriptor, fcntl.LOCK_UN, 1, _place(name))
            self._held.discard(name)


def _place(name: str) -> int:
    return int.from_bytes(hashlib.blake2s(name.encode(), digest_size=8).digest()) % _OFFSETS


_leases: "weakref.WeakValueDictionary[Path, Leases]" = weakref.WeakValueDictionary()
_making = threading.Lock()


def leases_in(root: Path) -> Leases:
    """The leases of the data folder `root`, the same object for all of a process. Raises OSError."""
    with _making:
        leases = _leases.get(root)
        if leases is None:
            root.mkdir(parents=True, exist_ok=True)
            leases = _leases[root] = Leases(root / "turns.lock")
        return leases
