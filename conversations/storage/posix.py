"""File primitives that a crash and a second process cannot fool: locked opening, whole writes, synced folders."""

import contextlib
import errno
import fcntl
import os
import stat
import time
from pathlib import Path

LOCK_SECONDS = 2.0


def open_locked(path: Path, *, create: bool = True, wait: bool = True) -> int:
    """Open (make, when `create`) and lock a file for this thread alone.

    Raises OSError; ETIMEDOUT when another process keeps its lock for LOCK_SECONDS (it hangs in the middle of a write),
    BlockingIOError when it is locked and `wait` is false.
    """
    flags = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC | (os.O_CREAT if create else 0)
    while True:
        try:
            descriptor = os.open(path, flags, 0o640)
        except FileNotFoundError:
            if not create:
                raise
            make_folder(path.parent)
            continue
        try:
            lock(descriptor, fcntl.LOCK_EX, LOCK_SECONDS if wait else 0)
            if _still_there(path, descriptor):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # removed or replaced while we waited: open what stands there now


def lock(descriptor: int, how: int, seconds: float = LOCK_SECONDS) -> None:
    """Lock an open file, LOCK_EX or LOCK_SH.

    Raises OSError: ETIMEDOUT when that takes longer than these seconds, BlockingIOError at once when they are 0.

    The system could wait for us, but for ever: a process that hangs while it holds the lock would take a thread of
    ours for each visitor who writes there.
    """
    pause, until = 0.0002, 0.0
    while True:
        try:
            fcntl.flock(descriptor, how | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if not seconds:
                raise
            now = time.monotonic()
            until = until or now + seconds
            if now > until:
                raise OSError(errno.ETIMEDOUT, "another process keeps the file locked") from None
        time.sleep(pause)
        pause = min(2 * pause, 0.02)


def _still_there(path: Path, descriptor: int) -> bool:
    # Not by the number of links: a backup made of hard links keeps a replaced file alive.
    try:
        return os.path.samestat(os.stat(path, follow_symlinks=False), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def refuse_links(*folders: str) -> None:
    """Raise OSError when one of these folders is a symbolic link (a missing one is none)."""
    for folder in folders:
        try:
            if stat.S_ISLNK(os.lstat(folder).st_mode):
                raise OSError(errno.ELOOP, f"{folder} is a symbolic link, which is not followed")
        except FileNotFoundError:
            pass


def make_folder(folder: Path) -> None:
    """Make a folder and what is missing above it, durably."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for one in reversed(missing):
        sync_folder(one.parent)


def sync_folder(folder: Path) -> None:
    """Make durable which files the folder holds."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_anew(path: Path, data: bytes, draft: Path) -> None:
    """Put `data` in the file's place, on fresh pages of the disk; `draft` is the name it has meanwhile."""
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o640)
        try:
            write_all(descriptor, data)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(draft, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(draft)  # on a full disk, of all places, it would be in the way
        raise
    sync_folder(path.parent)


def write_all(descriptor: int, data: bytes) -> None:
    """Write every byte, however few the system takes at once."""
    view = memoryview(data)
    while view:
        written = os.write(descriptor, view)
        if not written:
            raise OSError(errno.EIO, "nothing could be written")
        view = view[written:]


def read_all(descriptor: int, size: int) -> bytes:
    """The file's first `size` bytes, fewer when it is shorter."""
    data = bytearray()
    while len(data) < size and (piece := os.pread(descriptor, size - len(data), len(data))):
        data += piece
    return bytes(data)


def read_back(descriptor: int, size: int) -> bytes:
    """The file's first `size` bytes as the disk has them, as far as the system lets us ask past its own copies."""
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    return read_all(descriptor, size)
