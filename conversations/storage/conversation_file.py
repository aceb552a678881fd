"""One conversation's file, open and locked: its rows, the way to add some durably, and what to do when that fails."""

import errno
import hashlib
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from conversations.core.records import Row
from conversations.core.transcript import Transcript
from conversations.storage import codec, tails
from conversations.storage.base import (
    AncestorConversation,
    ConversationNotFound,
    NotStored,
    Session,
    StorageError,
    Unavailable,
    UnreadableConversation,
)
from conversations.storage.posix import (
    make_folder,
    read_all,
    read_back,
    refuse_links,
    sync_folder,
    write_all,
    write_anew,
)
from conversations.storage.readings import Readings

log = logging.getLogger(__name__)

PREFIX, SUFFIX = "conversation_", ".csv"
READINGS = Readings(most_rows=200_000)  # about 1 KiB a row, for all tenants together
# What the same call will meet again: a link, a folder, somebody else's file.
_FOR_GOOD = {errno.ELOOP, errno.EISDIR, errno.ENOTDIR, errno.EACCES, errno.EPERM}


class _Failed(NamedTuple):
    """A write that could not be synced: how long the file was before, and the bytes that must not stay in it."""

    good_size: int
    data: bytes


class Suspects:
    """The files of which a write could not be synced: they are made anew before anything is added to them."""

    def __init__(self) -> None:
        self._failed: dict[Path, _Failed] = {}

    def __contains__(self, path: Path) -> bool:
        return path in self._failed

    def add(self, path: Path, good_size: int, data: bytes) -> None:
        """Distrust a file from `good_size` bytes on, where `data` was written; its reading is forgotten."""
        READINGS.forget(str(path))
        self._failed[path] = _Failed(good_size, data)

    def trusted(self, path: Path, descriptor: int) -> bytes:
        """The open file's bytes without those of a write that could not be synced."""
        data = read_all(descriptor, os.fstat(descriptor).st_size)
        failed = self._failed.get(path)
        if failed and failed.data.startswith(data[failed.good_size :]):
            return data[: failed.good_size]
        return data  # or else another process appended meanwhile: its rows were told

    def make_anew(self, path: Path, descriptor: int) -> None:
        """Replace the open file by what can be trusted of it, on fresh pages: after a failed sync the system may call
        lost pages clean, so that a second one proves nothing. Raises OSError.
        """
        data = self.trusted(path, descriptor)
        if data:
            write_anew(path, data, path.with_suffix(".restoring"))
        else:
            path.unlink(missing_ok=True)
            sync_folder(path.parent)
        del self._failed[path]


class ConversationFile(Session):
    """A conversation's file, open and locked (by who opened it, who also closes it)."""

    def __init__(self, suspects: Suspects, path: Path, descriptor: int) -> None:
        self._suspects, self._path, self._descriptor = suspects, path, descriptor
        self._stat = os.fstat(descriptor)
        self._size = self._stat.st_size
        self._put, self._rows = b"", ()  # type: bytes, Sequence[Row]
        known = READINGS.find(str(path), self._stat)
        # Rows that somebody else wrote may have died with him before the sync; a name in the folder too.
        self._durable = known is not None and known.durable
        self.transcript = known.transcript if known else self._load()

    @property
    def is_empty(self) -> bool:
        """Whether there is not even a header."""
        return self._size == 0

    def contents(self) -> bytes:
        """Header and whole records (a torn tail was cut when the file was opened)."""
        return read_all(self._descriptor, self._size)

    def put(self, data: bytes, rows: Sequence[Row]) -> None:
        self.confirm()
        self._put, self._rows = codec.HEADER + data if self.is_empty else data, rows
        try:
            write_all(self._descriptor, self._put)
            self._stat = os.fstat(self._descriptor)
        except OSError as error:
            self._cut_off()
            raise self._not_stored(error) from error

    def settle(self) -> None:
        try:
            self._sync()
        except OSError as error:
            self._suspects.add(self._path, self._size, self._put)
            self._cut_off()
            raise self._not_stored(error) from error
        self._size = self._stat.st_size
        self.transcript.extend(self._rows, self._size)
        READINGS.keep(str(self._path), self.transcript, self._stat, durable=True)

    def confirm(self) -> None:
        if self._durable or not self.transcript.rows:
            return
        try:
            seen = self.contents()
            self._sync()
            # A sync that failed in a process that died since does not fail again: only the disk itself can tell.
            if read_back(self._descriptor, self._size) != seen:
                raise OSError(errno.EIO, "the disk does not hold what was read")
            stat = os.fstat(self._descriptor)
        except OSError as error:
            self._suspects.add(self._path, self._size, b"")
            raise self._not_stored(error) from error
        self._durable = True
        READINGS.keep(str(self._path), self.transcript, stat, durable=True)

    def _sync(self) -> None:
        os.fsync(self._descriptor)
        if not self._durable:
            sync_folder(self._path.parent)

    def _cut_off(self) -> None:
        try:
            os.ftruncate(self._descriptor, self._size)
        except OSError:
            self._suspects.add(self._path, self._size, self._put)
            log.exception("%s: the unsaved rows could not be cut off yet", self._path.name)

    def _not_stored(self, error: OSError) -> NotStored:
        return NotStored(f"{self._path.name}: {error.strerror}")

    def _load(self) -> Transcript:
        data = self._suspects.trusted(self._path, self._descriptor)
        self._size = len(data)
        found = decoded(self._path, data)
        if found.good_size < len(data):
            self._cut_tail(data, found.good_size)
        transcript, stat = Transcript(found.rows, self._size), os.fstat(self._descriptor)
        if found.rows and stat.st_size == self._size:  # else rows that were not stored lie behind
            READINGS.keep(str(self._path), transcript, stat, durable=False)
        return transcript

    def _cut_tail(self, data: bytes, good_size: int) -> None:
        tail = data[good_size:]
        log.warning("%s: cutting %d bytes of an unfinished write at byte %d", self._path.name, len(tail), good_size)
        if tails.holds_a_whole_record(tail):
            # The end of a write whose beginning was lost, most likely; kept for who wants to make sure.
            self._keep_aside(tail, good_size)
        os.ftruncate(self._descriptor, good_size)
        os.fsync(self._descriptor)
        self._size = good_size

    def _keep_aside(self, tail: bytes, good_size: int) -> None:
        folder = self._path.parent.parent / "quarantine"
        refuse_links(str(folder))
        make_folder(folder)
        # Named by what it holds: a second one never takes the first one's place, a repeated one is the same.
        name = f"{self._path.stem}.{good_size}.{hashlib.sha256(tail).hexdigest()[:12]}"
        write_anew(folder / f"{name}.bin", tail, folder / f"{name}.draft")
        log.error("%s: what was cut holds whole records; kept in %s", self._path.name, folder)


@contextmanager
def named(path: Path, fault: type[StorageError]) -> Iterator[None]:
    """Say which conversation the system's error is about, in our words."""
    try:
        yield
    except FileNotFoundError as error:
        raise ConversationNotFound(path.name.removeprefix(PREFIX).removesuffix(SUFFIX)) from error
    except OSError as error:
        if fault is UnreadableConversation and error.errno not in _FOR_GOOD:
            fault = Unavailable
        raise fault(f"{path.name}: {error.strerror or error}") from error


def decoded(path: Path, data: bytes) -> codec.Decoded:
    """What the file's bytes hold. Raises UnreadableConversation, for a damaged one too."""
    try:
        found = codec.decode(data)
    except codec.AncestorFile as error:
        raise AncestorConversation(f"{path.name}: {error}") from error
    except codec.BadFile as error:
        raise UnreadableConversation(f"{path.name}: {error}") from error
    rows, tail = len(found.rows), data[found.good_size :]
    if tails.is_damage(tail, rows + 1):
        raise UnreadableConversation(f"{path.name}: {tails.told(tail, rows)} (manage.py verify_conversations)")
    return found
