"""Conversations as CSV files in a folder: one file each, appended under a lock and synced before anyone is told."""

import fcntl
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

from conversations.core.records import CONVERSATION_ID, Row
from conversations.core.transcript import Transcript
from conversations.storage import codec
from conversations.storage.base import (
    ConversationNotFound,
    Entry,
    NotStored,
    Session,
    Storage,
    UnreadableConversation,
)
from conversations.storage.posix import make_folder, open_locked, read_all, sync_folder, write_all
from conversations.storage.readings import Readings

log = logging.getLogger(__name__)

PREFIX, SUFFIX = "conversation_", ".csv"
READINGS = Readings(most_rows=200_000)  # about 1 KiB a row, for all tenants together


class CsvFiles(Storage):
    """Files under `root`/<tenant>/conversations/; several processes may share the folder (POSIX locks)."""

    shares_processes: ClassVar[bool] = True

    def __init__(self, tenant: str, *, root: Path, **options: object) -> None:
        super().__init__(tenant, **options)  # type: ignore[arg-type]  # the base names its own options
        self.folder = Path(root) / tenant / "conversations"
        self._turns = Path(root) / tenant / "turns"
        self._suspect: dict[str, int] = {}

    def recent(self, conversation_id: str) -> Transcript | None:
        path = str(self._path(conversation_id))
        try:
            return READINGS.find(path, os.stat(path)) if READINGS.holds(path) else None
        except OSError:
            return None

    def exists(self, conversation_id: str) -> bool:
        try:
            return os.stat(self._path(self._checked(conversation_id)), follow_symlinks=False).st_size > len(
                codec.HEADER
            )
        except (OSError, ConversationNotFound):
            return False

    def raw(self, conversation_id: str) -> bytes:
        with self._alone(self._checked(conversation_id), create=False) as session:
            return session.contents()

    def bytes_as_stored(self, conversation_id: str) -> bytes:
        try:
            descriptor = os.open(self._path(self._checked(conversation_id)), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError as error:
            raise ConversationNotFound(conversation_id) from error
        except OSError as error:
            raise NotStored(f"{conversation_id}: {error.strerror}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            return read_all(descriptor, os.fstat(descriptor).st_size)
        finally:
            os.close(descriptor)

    def entries(self) -> Iterator[Entry]:
        try:
            listing = os.scandir(self.folder)
        except FileNotFoundError:
            return
        with listing:
            for item in listing:
                conversation_id = item.name.removeprefix(PREFIX).removesuffix(SUFFIX)
                if item.name != f"{PREFIX}{conversation_id}{SUFFIX}" or not CONVERSATION_ID.match(conversation_id):
                    continue
                if item.is_file(follow_symlinks=False):
                    stat = item.stat(follow_symlinks=False)
                    yield Entry(conversation_id, stat.st_size, stat.st_mtime)

    @contextmanager
    def lease(self, conversation_id: str) -> Iterator[bool]:
        # A file lock dies with its process, so a crash never leaves a conversation locked.
        path = self._turns / f"{self._checked(conversation_id)}.lock"
        descriptor = open_locked(path, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if descriptor is None:
            yield False
            return
        try:
            yield True
        finally:
            path.unlink(missing_ok=True)  # while still locked: who opened it meanwhile sees that it is gone
            os.close(descriptor)

    @contextmanager
    def _alone(self, conversation_id: str, *, create: bool = True) -> Iterator["_File"]:  # type: ignore[override]
        path = self._path(conversation_id)
        if not create and not self.exists(conversation_id):
            raise ConversationNotFound(conversation_id)
        try:
            if conversation_id in self._suspect:
                self._restore(conversation_id, path)
            descriptor = open_locked(path, fcntl.LOCK_EX)
        except OSError as error:
            raise NotStored(f"{path.name}: {error.strerror}") from error
        assert descriptor is not None  # noqa: S101 - a blocking lock is always got
        try:
            yield _File(self, conversation_id, path, descriptor)
        finally:
            os.close(descriptor)

    def _path(self, conversation_id: str) -> Path:
        return self.folder / f"{PREFIX}{conversation_id}{SUFFIX}"

    def distrust(self, conversation_id: str, good_size: int) -> None:
        """After a failed write: forget the reading, and let nobody append before the file is made anew."""
        READINGS.forget(str(self._path(conversation_id)))
        self._suspect[conversation_id] = min(good_size, self._suspect.get(conversation_id, good_size))

    def _restore(self, conversation_id: str, path: Path) -> None:
        # After a failed fsync the kernel may call lost pages clean; only bytes written anew can be trusted.
        descriptor = open_locked(path, fcntl.LOCK_EX)
        assert descriptor is not None  # noqa: S101
        draft = path.with_suffix(".restoring")
        try:
            good = read_all(descriptor, self._suspect[conversation_id])
            if good:
                fresh = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o640)
                try:
                    write_all(fresh, good)
                    os.fsync(fresh)
                finally:
                    os.close(fresh)
                os.replace(draft, path)
            else:
                path.unlink()
            sync_folder(path.parent)
            del self._suspect[conversation_id]
        finally:
            os.close(descriptor)


class _File(Session):
    """A conversation's file, open and locked."""

    def __init__(self, storage: CsvFiles, conversation_id: str, path: Path, descriptor: int) -> None:
        self._storage, self._id, self._path, self._descriptor = storage, conversation_id, path, descriptor
        stat = os.fstat(descriptor)
        self._size = stat.st_size
        known = READINGS.find(str(path), stat)
        self.transcript = known if known is not None else self._load()

    def contents(self) -> bytes:
        """Header and whole records (a torn tail was cut when the file was opened)."""
        return read_all(self._descriptor, self._size)

    def write(self, data: bytes, rows: Sequence[Row]) -> int:
        first = self._size == 0
        try:
            write_all(self._descriptor, codec.HEADER + data if first else data)
            os.fsync(self._descriptor)
            if first:
                sync_folder(self._path.parent)
        except OSError as error:
            self._take_back()
            raise NotStored(f"{self._path.name}: {error.strerror}") from error
        stat = os.fstat(self._descriptor)
        self._size = stat.st_size
        self.transcript.extend(rows)
        READINGS.keep(str(self._path), self.transcript, stat)
        return self._size

    def _take_back(self) -> None:
        self._storage.distrust(self._id, self._size)
        try:
            os.ftruncate(self._descriptor, self._size)
        except OSError:
            log.exception("%s: the unsaved rows could not be cut off yet", self._path.name)

    def _load(self) -> Transcript:
        data = read_all(self._descriptor, self._size)
        if not data:
            return Transcript()
        try:
            decoded = codec.decode(data)
        except codec.BadFile as error:
            raise UnreadableConversation(f"{self._path.name}: {error}") from error
        if decoded.good_size < len(data):
            self._cut_tail(data, decoded.good_size)
        transcript = Transcript(decoded.rows)
        if decoded.rows:
            READINGS.keep(str(self._path), transcript, os.fstat(self._descriptor))
        return transcript

    def _cut_tail(self, data: bytes, good_size: int) -> None:
        tail = data[good_size:]
        log.warning("%s: cutting %d bytes of an unfinished write at byte %d", self._path.name, len(tail), good_size)
        try:
            if codec.holds_a_whole_record(tail):
                # More than one torn write explains: somebody's edit, or a bad disk. Kept for who looks into it.
                self._keep_aside(tail, good_size)
            os.ftruncate(self._descriptor, good_size)
            os.fsync(self._descriptor)
        except OSError as error:
            raise NotStored(f"{self._path.name}: {error.strerror}") from error
        self._size = good_size

    def _keep_aside(self, tail: bytes, good_size: int) -> None:
        folder = self._path.parent.parent / "quarantine"
        make_folder(folder)
        with (folder / f"{self._path.stem}.{good_size}.bin").open("wb") as file:
            file.write(tail)
            file.flush()
            os.fsync(file.fileno())
        sync_folder(folder)
        log.error("%s: what was cut holds whole records; kept in %s", self._path.name, folder)
