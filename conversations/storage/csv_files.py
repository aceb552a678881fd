"""Conversations as CSV files in a folder: one file each, appended under a lock and synced before anyone is told."""

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import ClassVar

from conversations.core.records import CONVERSATION_ID, Row
from conversations.core.transcript import Transcript
from conversations.storage import codec
from conversations.storage.base import (
    Appended,
    Begun,
    ConversationNotFound,
    Entry,
    Guard,
    Lease,
    NotStored,
    Storage,
    UnreadableConversation,
)
from conversations.storage.conversation_file import PREFIX, READINGS, SUFFIX, ConversationFile, Suspects, decoded, named
from conversations.storage.leases import Leases, leases_in
from conversations.storage.posix import lock, make_folder, open_locked, read_all, refuse_links, sync_folder

__all__ = ["PREFIX", "READINGS", "SUFFIX", "CsvFiles"]


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
        self._suspects = Suspects()
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
            with named(path, UnreadableConversation):
                refuse_links(*self._no_links)
                return os.stat(path, follow_symlinks=False).st_size > len(codec.HEADER)
        except (UnreadableConversation, ConversationNotFound):
            return False

    def raw(self, conversation_id: str) -> bytes:
        # An export reads every file once: it must not push the live conversations out of memory.
        if self._path(conversation_id) in self._suspects:
            with self._alone(conversation_id, create=False) as session:
                data = session.contents()
        else:
            data = self.bytes_as_stored(conversation_id)
        found = decoded(self._path(conversation_id), data)
        if not found.rows:
            raise ConversationNotFound(conversation_id)
        return data[: found.good_size]

    def bytes_as_stored(self, conversation_id: str) -> bytes:
        path = self._path(self._checked(conversation_id))
        with named(path, UnreadableConversation):
            refuse_links(*self._no_links)
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                lock(descriptor, fcntl.LOCK_SH)
                return read_all(descriptor, os.fstat(descriptor).st_size)
            finally:
                os.close(descriptor)

    def entries(self) -> Iterator[Entry]:
        try:
            with named(self.folder, UnreadableConversation):
                refuse_links(*self._no_links)
                listing = os.scandir(self.folder)
        except ConversationNotFound:
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
        with named(self.folder, NotStored):
            refuse_links(*self._no_links)
            if self._leases is None:
                self._leases = leases_in(self._root)
        return self._leases.lease(name)

    def kept_aside(self, conversation_id: str) -> list[str]:
        return sorted(map(str, self._beside("quarantine").glob(f"{PREFIX}{self._checked(conversation_id)}.*.bin")))

    def set_aside(self, conversation_id: str) -> None:
        path, folder = self._path(self._checked(conversation_id)), self._beside("ancestor")
        with named(path, NotStored):
            refuse_links(*self._no_links, str(folder))
            descriptor = open_locked(path, create=False)
            try:
                make_folder(folder)
                os.link(path, folder / path.name)  # never over another one
                sync_folder(folder)
                path.unlink()
                sync_folder(path.parent)
            finally:
                os.close(descriptor)

    def begin(self, conversation_id: str, rows: Sequence[Row], guard: Guard | None = None) -> Begun | None:
        path = self._path(self._checked(conversation_id))
        # A file that this process has seen synced and that has not changed since: its folders were looked at then.
        if path in self._suspects or not READINGS.holds(str(path)):
            return None
        with ExitStack() as held:
            try:
                descriptor = open_locked(path, create=False, wait=False)
                held.callback(os.close, descriptor)
                known = READINGS.find(str(path), os.fstat(descriptor))
                if known is None or not known.durable:
                    return None
                session = ConversationFile(self._suspects, path, descriptor)
            except OSError:
                return None  # `append` waits for it, or says what is wrong
            fresh = self._put(session, conversation_id, rows, guard)
            return _Begun(held.pop_all(), lambda: self._settled(session, rows, fresh))

    @contextmanager
    def _alone(self, conversation_id: str, *, create: bool = True) -> Iterator[ConversationFile]:
        path, fault = self._path(conversation_id), NotStored if create else UnreadableConversation
        with named(path, fault):
            descriptor = self._hold(path, create)
        try:
            with named(path, fault):
                session = ConversationFile(self._suspects, path, descriptor)
            try:
                yield session
            finally:
                if session.is_empty:
                    # Refused, or never written: a name without rows would only be in everybody's way.
                    with contextlib.suppress(OSError):
                        path.unlink()
        finally:
            os.close(descriptor)

    def _hold(self, path: Path, create: bool) -> int:
        refuse_links(*self._no_links)
        while True:
            descriptor = open_locked(path, create=create)
            if path not in self._suspects:
                return descriptor
            try:
                self._suspects.make_anew(path, descriptor)
            except OSError:
                if not create:
                    return descriptor  # what was synced before can be read all the same
                os.close(descriptor)
                raise
            os.close(descriptor)

    def _path(self, conversation_id: str) -> Path:
        return self.folder / f"{PREFIX}{conversation_id}{SUFFIX}"

    def _beside(self, name: str) -> Path:
        return self._root / self.tenant / name


class _Begun(Begun):
    """Rows in the system's hands, their file open and locked."""

    def __init__(self, held: ExitStack, settle: Callable[[], Appended]) -> None:
        self._held, self._settle = held, settle

    def finish(self) -> Appended:
        with self._held:
            return self._settle()
