"""Conversations in this process's memory: for tests and throw-away installations."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from conversations.core.records import Row
from conversations.core.transcript import Transcript
from conversations.storage import codec
from conversations.storage.base import ConversationNotFound, Entry, Lease, Session, Storage

_tenants: dict[str, dict[str, "_Held"]] = {}


class _Held:
    """One conversation: the bytes a file would hold, beside their reading."""

    def __init__(self) -> None:
        self.lock, self.turn = threading.Lock(), threading.Lock()
        self.transcript, self.data, self.modified = Transcript(), bytearray(), 0.0
        self.waiting: list[Row] = []

    def put(self, data: bytes, rows: Sequence[Row]) -> None:
        self.data += data if self.data else codec.HEADER + data
        self.waiting = list(rows)

    def settle(self) -> None:
        self.transcript.extend(self.waiting, len(self.data))

    def confirm(self) -> None:
        """Nothing here outlives the process: what is there is as durable as it gets."""


class _Lease:
    """The right to answer one conversation; only threads of this process compete for it."""

    def __init__(self, lock: threading.Lock) -> None:
        self._lock, self._mine = lock, False

    def take(self) -> bool:
        self._mine = self._mine or self._lock.acquire(blocking=False)
        return self._mine

    def renew(self) -> bool:
        return self._mine

    def give_back(self) -> None:
        if self._mine:
            self._mine = False
            self._lock.release()


class MemoryStorage(Storage):
    """Every instance for a tenant sees the same conversations; they end with the process."""

    def __init__(self, tenant: str, **options: object) -> None:
        super().__init__(tenant, **options)  # type: ignore[arg-type]  # the base names its own options
        self._held = _tenants.setdefault(tenant, {})

    def recent(self, conversation_id: str) -> Transcript | None:
        held = self._held.get(conversation_id)
        return held.transcript if held and held.data else None

    def size(self, conversation_id: str) -> int:
        held = self._held.get(conversation_id)
        return len(held.data) if held else 0

    def exists(self, conversation_id: str) -> bool:
        return self.recent(conversation_id) is not None

    def raw(self, conversation_id: str) -> bytes:
        with self._alone(self._checked(conversation_id), create=False) as session:
            return bytes(session.data)

    def bytes_as_stored(self, conversation_id: str) -> bytes:
        return self.raw(conversation_id)

    def entries(self) -> Iterator[Entry]:
        for conversation_id, held in list(self._held.items()):
            if held.data:
                yield Entry(conversation_id, len(held.data), held.modified)

    def lease(self, conversation_id: str) -> Lease:
        return _Lease(self._held.setdefault(self._checked(conversation_id), _Held()).turn)

    @contextmanager
    def _alone(self, conversation_id: str, *, create: bool = True) -> Iterator["_Held"]:
        if not create and not self.exists(conversation_id):
            raise ConversationNotFound(conversation_id)
        held = self._held.setdefault(conversation_id, _Held())
        with held.lock:
            size = len(held.data)
            yield held
            if len(held.data) != size:
                held.modified = self._clock().timestamp()


def forget_everything() -> None:
    """Drop every tenant's conversations (between tests)."""
    _tenants.clear()


__all__ = ["MemoryStorage", "Session", "forget_everything"]
