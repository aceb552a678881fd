"""Conversations as CSV files in a folder: one file each, appended under a lock and synced before anyone is told."""

import contextlib
import fcntl
import hashlib
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import ClassVar, NamedTuple

from conversations.core.records import CONVERSATION_ID, Row
from conversations.core.transcript import Transcript
from conversations.storage import codec
from conversations.storage.base import (
    AncestorConversation,
    Appended,
    Begun,
    ConversationNotFound,
    Entry,
    Guard,
    Lease,
    NotStored,
    Session,
    Storage,
    StorageError,
    UnreadableConversation,
)
from conversations.storage.leases import Leases, leases_in
from conversations.storage.posix import (
    lock,
    make_folder,
    open_locked,
    read_all,
    refuse_links,
    sync_folder,
    write_all,
    write_anew,
)
from conversations.storage.readings import Readings

log = logging.getLogger(__name__)

PREFIX, SUFFIX = "conversation_", ".csv"
READINGS = Readings(most_rows=200_000)  # about 1 KiB a row, for all tenants together


class _Failed(NamedTuple):
    """A write that failed: how long the file was before, and the bytes that must not stay in it."""

    good_size: int
    data: bytes


class CsvFiles(Storage):
    """Files under `root`/<tenant>/conversations/; several processes may share the folder (POSIX locks).

    Links to other folders are not followed below `root`.
    """

    shares_processes: ClassVar[bool] = True

    def __init__(self, tenant: str, *, root: Path, **options: object) -> None:
        super().__init__(tenant, **options)  # type: ignore[arg-type]  # the base names its own options
        self._root = Path(root)
        self.folder = self._root / tenant / "conversations"
        self._no_links = (str(self.folder.parent), str(self.folder))
        self._suspect: dict[str, _Failed] = {}
        self._leases: Leases | None = None

    def recent(self, conversation_id: str) -> Transcript | None:
        path = str(self._path(conversation_id))
        try:
            reading = READINGS.find(path, os.stat(path)) if READINGS.holds(path) else None
        except OSError:
            return None
        return reading.transcript if reading else None

    def size(self, conversation_id: str) -> int:
        try:
            return os.stat(f"{self._no_links[1]}/{PREFIX}{self._checked(conversation_id)}{SUFFIX}").st_size
        except (OSError, ConversationNotFound):
            return 0

    def exists(self, conversation_id: str) -> bool:
        try:
            path = self._path(self._checked(conversation_id))
            refuse_links(*self._no_links)
            return os.stat(path, follow_symlinks=False).st_size > len(codec.HEADER)
        except (OSError, ConversationNotFound):
            return False

    def raw(self, conversation_id: str) -> bytes:
        # An export reads every file once: it must not push the live conversations out of memory.
        if conversation_id in self._suspect:
            with self._alone(conversation_id, create=False):
                pass  # made anew before it is shown
        data = self.bytes_as_stored(conversation_id)
        decoded = _decoded(self._path(conversation_id), data)
        if not decoded.rows:
            raise ConversationNotFound(conversation_id)
        return data[: decoded.good_size]

    def bytes_as_stored(self, conversation_id: str) -> bytes:
        path = self._path(self._checked(conversation_id))
        with _named(path, UnreadableConversation):
            refuse_links(*self._no_links)
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                lock(descriptor, fcntl.LOCK_SH)
                return read_all(descriptor, os.fstat(descriptor).st_size)
            finally:
                os.close(descriptor)

    def entries(self) -> Iterator[Entry]:
        with _named(self.folder, UnreadableConversation):
            refuse_links(*self._no_links)
        try:
            listing = os.scandir(self.folder)
        except FileNotFoundError:
            return
        with listing:
            for item in listing:
                conversation_id = item.name.removeprefix(PREFIX).removesuffix(SUFFIX)
                if item.name != f"{PREFIX}{conversation_id}{SUFFIX}" or not CONVERSATION_ID.match(conversation_id):
                    continue
                with contextlib.suppress(FileNotFoundError):  # removed while we look
                    if item.is_file(follow_symlinks=False):
                        stat = item.stat(follow_symlinks=False)
                        yield Entry(conversation_id, stat.st_size, stat.st_mtime)

    def lease(self, conversation_id: str) -> Lease:
        # No thread is needed: taking a byte lock waits for nobody, and the table is small enough to stay in memory.
        name = f"{self.tenant}/{self._checked(conversation_id)}"
        with _named(self.folder, NotStored):
            refuse_links(*self._no_links)
            if self._leases is None:
                self._leases = leases_in(self._root)
        return self._leases.lease(name)

    def kept_aside(self, conversation_id: str) -> list[str]:
        return sorted(map(str, self._beside("quarantine").glob(f"{PREFIX}{self._checked(conversation_id)}.*.bin")))

    def set_aside(self, conversation_id: str) -> None:
        path, folder = self._path(self._checked(conversation_id)), self._beside("ancestor")
        with _named(path, NotStored):
            descriptor = open_locked(path, create=False)
            try:
                refuse_links(*self._no_links, str(folder))
                make_folder(folder)
                os.link(path, folder / path.name)  # never over another one
                sync_folder(folder)
                path.unlink()
                sync_folder(path.parent)
            finally:
                os.close(descriptor)

    def begin(self, conversation_id: str, rows: Sequence[Row], guard: Guard | None = None) -> Begun | None:
        path = self._path(self._checked(conversation_id))
        # A file that was read and has not changed since is one whose folders were looked at then.
        if conversation_id in self._suspect or not READINGS.holds(str(path)):
            return None
        with ExitStack() as held:
            try:
                descriptor = open_locked(path, create=False, wait=False)
                held.callback(os.close, descriptor)
                if READINGS.find(str(path), os.fstat(descriptor)) is None:
                    return None
                session = _File(self, conversation_id, path, descriptor)
            except OSError:
                return None  # `append` waits for it, or says what is wrong
            fresh = self._put(session, conversation_id, rows, guard)
            return _Begun(held.pop_all(), lambda: self._settled(session, rows, fresh))

    @contextmanager
    def _alone(self, conversation_id: str, *, create: bool = True) -> Iterator["_File"]:
        path, fault = self._path(conversation_id), NotStored if create else UnreadableConversation
        with _named(path, fault):
            descriptor = self._hold(conversation_id, path, create)
        try:
            with _named(path, fault):
                session = _File(self, conversation_id, path, descriptor)
            try:
                yield session
            finally:
                if session.is_empty:
                    # Refused, or never written: a name without rows would only be in everybody's way.
                    with contextlib.suppress(OSError):
                        path.unlink()
        finally:
            os.close(descriptor)

    def _hold(self, conversation_id: str, path: Path, create: bool) -> int:
        refuse_links(*self._no_links)
        while True:
            descriptor = open_locked(path, create=create)
            if conversation_id not in self._suspect:
                return descriptor
            try:
                self._restore(conversation_id, path, descriptor)
            finally:
                os.close(descriptor)

    def _path(self, conversation_id: str) -> Path:
        return self.folder / f"{PREFIX}{conversation_id}{SUFFIX}"

    def _beside(self, name: str) -> Path:
        return self._root / self.tenant / name

    def distrust(self, conversation_id: str, good_size: int, failed: bytes) -> None:
        """After a failed write: forget the reading, and let nobody read or append before the file is made anew."""
        READINGS.forget(str(self._path(conversation_id)))
        self._suspect[conversation_id] = _Failed(good_size, failed)

    def _restore(self, conversation_id: str, path: Path, descriptor: int) -> None:
        # After a failed fsync the kernel may call lost pages clean; only bytes written anew can be trusted.
        good_size, failed = self._suspect[conversation_id]
        data = read_all(descriptor, os.fstat(descriptor).st_size)
        if failed.startswith(data[good_size:]):  # else another process appended meanwhile: its rows were told
            data = data[:good_size]
        if data:
            write_anew(path, data, path.with_suffix(".restoring"))
        else:
            path.unlink(missing_ok=True)
            sync_folder(path.parent)
        del self._suspect[conversation_id]


class _File(Session):
    """A conversation's file, open and locked."""

    def __init__(self, storage: CsvFiles, conversation_id: str, path: Path, descriptor: int) -> None:
        self._storage, self._id, self._path, self._descriptor = storage, conversation_id, path, descriptor
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
        self._put, self._rows = codec.HEADER + data if self.is_empty else data, rows
        with self._or_taken_back():
            write_all(self._descriptor, self._put)
            self._stat = os.fstat(self._descriptor)

    def settle(self) -> None:
        with self._or_taken_back():
            self._sync()
        self._size = self._stat.st_size
        self.transcript.extend(self._rows, self._size)
        READINGS.keep(str(self._path), self.transcript, self._stat, durable=True)

    def confirm(self) -> None:
        if self._durable or not self.transcript.rows:
            return
        try:
            self._sync()
        except OSError as error:
            self._storage.distrust(self._id, self._size, b"")
            raise NotStored(f"{self._path.name}: {error.strerror}") from error
        READINGS.keep(str(self._path), self.transcript, os.fstat(self._descriptor), durable=True)

    def _sync(self) -> None:
        os.fsync(self._descriptor)
        if not self._durable:
            sync_folder(self._path.parent)

    @contextmanager
    def _or_taken_back(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self._storage.distrust(self._id, self._size, self._put)
            try:
                os.ftruncate(self._descriptor, self._size)
            except OSError:
                log.exception("%s: the unsaved rows could not be cut off yet", self._path.name)
            raise NotStored(f"{self._path.name}: {error.strerror}") from error

    def _load(self) -> Transcript:
        data = read_all(self._descriptor, self._size)
        decoded = _decoded(self._path, data)
        if decoded.good_size < len(data):
            self._cut_tail(data, decoded.good_size)
        transcript = Transcript(decoded.rows, self._size)
        if decoded.rows:
            READINGS.keep(str(self._path), transcript, os.fstat(self._descriptor), durable=False)
        return transcript

    def _cut_tail(self, data: bytes, good_size: int) -> None:
        tail = data[good_size:]
        log.warning("%s: cutting %d bytes of an unfinished write at byte %d", self._path.name, len(tail), good_size)
        if codec.holds_a_whole_record(tail):
            # More than one torn write explains: somebody's edit, or a bad disk. Kept for who looks into it.
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


class _Begun(Begun):
    """Rows in the system's hands, their file open and locked."""

    def __init__(self, held: ExitStack, settle: Callable[[], Appended]) -> None:
        self._held, self._settle = held, settle

    def finish(self) -> Appended:
        with self._held:
            return self._settle()


@contextmanager
def _named(path: Path, fault: type[StorageError]) -> Iterator[None]:
    """Say which conversation the system's error is about, in our words."""
    try:
        yield
    except FileNotFoundError as error:
        raise ConversationNotFound(path.name.removeprefix(PREFIX).removesuffix(SUFFIX)) from error
    except OSError as error:
        raise fault(f"{path.name}: {error.strerror or error}") from error


def _decoded(path: Path, data: bytes) -> codec.Decoded:
    try:
        return codec.decode(data)
    except codec.AncestorFile as error:
        raise AncestorConversation(f"{path.name}: {error}") from error
    except codec.BadFile as error:
        raise UnreadableConversation(f"{path.name}: {error}") from error
