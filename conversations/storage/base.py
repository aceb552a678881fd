"""Where a tenant's conversations are kept: what every storage does, whatever it keeps them in."""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar, Protocol

from conversations.core.records import CONVERSATION_ID, Row
from conversations.core.transcript import Transcript
from conversations.storage import codec

LEASE_SECONDS = 10.0
TENANT_SLUG = re.compile(r"[a-z0-9][a-z0-9_]{1,62}\Z")


class StorageError(Exception):
    """Something about stored conversations went wrong."""


class NotStored(StorageError):
    """Nothing of the rows was saved; the sender keeps them and tries again."""


class Unstorable(StorageError):
    """A row holds what a text file cannot (a NUL, half a surrogate pair): nothing was saved, ever the same answer."""


class LeaseLost(StorageError):
    """Another process answers this conversation now: nothing was stored, and nothing more is to be."""


class ConversationNotFound(StorageError):
    """There is no such conversation here (or its name is none)."""


class Unavailable(StorageError):
    """The stored bytes cannot be had at the moment (a faulty disk, no descriptors left): the same may work later."""


class UnreadableConversation(StorageError):
    """What is stored is no conversation file of ours, or a damaged one, and stays as it is; the message says more."""


class AncestorConversation(UnreadableConversation):
    """What is stored is a ten-column file of the product's ancestor: it must be imported first."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One stored conversation: its id, its bytes and when they last changed (Unix time, seconds)."""

    conversation_id: str
    size: int
    modified: float


@dataclass(frozen=True, slots=True)
class Appended:
    """What became of rows handed to `append`: as stored, in the order given.

    `fresh` counts those added now; for a client id seen before, the row stored then stands in `rows`. `size` is the
    stored conversation's, in bytes.
    """

    rows: list[Row]
    fresh: int
    transcript: Transcript
    size: int


Guard = Callable[[Transcript], None]


class Session(Protocol):
    """One conversation, held alone: its transcript, and the way to add bytes durably."""

    transcript: Transcript

    def put(self, data: bytes, rows: Sequence[Row]) -> None:
        """Hand `rows`, encoded as `data`, to the system, which need not have them on disk yet. Raises NotStored."""

    def settle(self) -> None:
        """Make durable what was put, and add it to the transcript. Raises NotStored, and nothing was added."""

    def confirm(self) -> None:
        """Make sure that the rows that are there are durable: who wrote them may have died before they were.

        Raises NotStored.
        """


class Begun(ABC):
    """Rows on their way to the disk, their conversation held until `finish`, which must be called, in any thread."""

    @abstractmethod
    def finish(self) -> Appended:
        """Wait for the disk and let go of the conversation. Raises NotStored, and nothing of the rows was added."""


class Lease(Protocol):
    """The right to answer a conversation. One holder has it at a time, until it gives it back, dies, or gives no sign
    of life for LEASE_SECONDS; a holder that was only slow may find out late, so parts of replies are guarded too.
    """

    def take(self) -> bool:
        """Get it without waiting; False when another has it now. Raises NotStored."""

    def renew(self) -> bool:
        """Give a sign of life, several times within LEASE_SECONDS; False when another took over. Raises NotStored."""

    def give_back(self) -> None:
        """Let others have it; nothing when it is held no more."""


class Storage(ABC):
    """The conversations of one tenant. Methods block: call them from a thread, not from an event loop."""

    shares_processes: ClassVar[bool] = False

    def __init__(self, tenant: str, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        if not TENANT_SLUG.match(tenant):
            raise ValueError(f"{tenant!r} is not a tenant's slug")
        self.tenant, self._clock = tenant, clock

    def append(self, conversation_id: str, rows: Sequence[Row], guard: Guard | None = None) -> Appended:
        """Add rows at the end, all or none, and return once they are durable.

        Fills in `seq`, `timestamp` (UTC, ms, never before the last row's), `tenant_id`, `session_id` and `chain`.
        A row whose `client_id` the conversation holds is not added again. `guard` sees the conversation as it
        stands, alone with it, before anything fresh is added, and refuses by raising. All or none holds for every
        error; a crash of the machine may keep the first of several rows, of which nobody was told then.
        Raises NotStored, Unstorable, ConversationNotFound (an impossible id) and UnreadableConversation.
        """
        with self._alone(self._checked(conversation_id)) as session:
            return self._settled(session, rows, self._put(session, conversation_id, rows, guard))

    def begin(self, conversation_id: str, rows: Sequence[Row], guard: Guard | None = None) -> Begun | None:
        """The part of `append` that waits for nobody, cheap enough for an event loop; `Begun.finish` does the waiting.

        None when this conversation cannot be added to at once: use `append`. Raises what `append` raises.
        """
        return None

    def read(self, conversation_id: str) -> Transcript:
        """The whole conversation. Raises ConversationNotFound, UnreadableConversation and Unavailable."""
        transcript = self.recent(conversation_id)
        if transcript is None:
            with self._alone(self._checked(conversation_id), create=False) as session:
                transcript = session.transcript
        if not transcript.rows:
            raise ConversationNotFound(conversation_id)
        return transcript

    @abstractmethod
    def recent(self, conversation_id: str) -> Transcript | None:
        """The conversation when it is at hand and unchanged: cheap enough for an event loop; None says read it."""

    @abstractmethod
    def size(self, conversation_id: str) -> int:
        """How many bytes are stored of it, a torn tail included; 0 for none. Cheap: nothing is opened or locked."""

    @abstractmethod
    def exists(self, conversation_id: str) -> bool:
        """Whether anything is stored under this id; False for an impossible one. Raises Unavailable."""

    @abstractmethod
    def raw(self, conversation_id: str) -> bytes:
        """The file's bytes, header and whole records only.

        Raises ConversationNotFound, UnreadableConversation and Unavailable.
        """

    @abstractmethod
    def bytes_as_stored(self, conversation_id: str) -> bytes:
        """The file's bytes as they lie there, a torn tail included.

        Raises ConversationNotFound, UnreadableConversation and Unavailable.
        """

    @abstractmethod
    def entries(self) -> Iterator[Entry]:
        """Every stored conversation, in no order. Raises UnreadableConversation and Unavailable."""

    @abstractmethod
    def lease(self, conversation_id: str) -> Lease:
        """The right to answer this conversation, not taken yet.

        Raises NotStored and ConversationNotFound (an impossible id).
        """

    def kept_aside(self, conversation_id: str) -> list[str]:
        """Where damaged parts lie that reading this conversation cut off, for somebody to look into."""
        self._checked(conversation_id)
        return []

    def set_aside(self, conversation_id: str) -> None:
        """Move an ancestor's file out of the way, so that it can be imported in its place; it is kept.

        Raises ConversationNotFound when there is none, NotStored.
        """
        raise ConversationNotFound(self._checked(conversation_id))

    @abstractmethod
    def _alone(self, conversation_id: str, *, create: bool = True) -> AbstractContextManager[Session]:
        """The conversation, held so that no other process or thread changes it meanwhile."""

    def _put(self, session: Session, conversation_id: str, rows: Sequence[Row], guard: Guard | None) -> int:
        """Hand the rows that are new to the system; how many."""
        fresh = _unseen(rows, session.transcript)
        if fresh:
            if guard:
                guard(session.transcript)
            session.put(*self._encoded(conversation_id, session.transcript, fresh))
        return len(fresh)

    def _settled(self, session: Session, rows: Sequence[Row], fresh: int) -> Appended:
        """What became of the rows, once they are durable."""
        if fresh:
            session.settle()
        else:
            session.confirm()
        transcript = session.transcript
        return Appended(_as_stored(rows, transcript, fresh), fresh, transcript, transcript.size)

    def _checked(self, conversation_id: str) -> str:
        if not CONVERSATION_ID.match(conversation_id):
            raise ConversationNotFound(conversation_id)
        return conversation_id

    def _encoded(self, conversation_id: str, transcript: Transcript, rows: Sequence[Row]) -> tuple[bytes, list[Row]]:
        try:
            return codec.encode_all(self._finish(conversation_id, transcript, rows), transcript.chain)
        except codec.BadRow as error:
            raise Unstorable(str(error)) from error

    def _finish(self, conversation_id: str, transcript: Transcript, rows: Sequence[Row]) -> Iterator[Row]:
        moment = self._clock().astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        moment = max(moment, transcript.summary.last_at)
        for seq, row in enumerate(rows, len(transcript.rows) + 1):
            yield row._replace(
                session_id=conversation_id,
                tenant_id=self.tenant,
                seq=str(seq),
                timestamp=row.timestamp or moment,
            )


def _unseen(rows: Sequence[Row], transcript: Transcript) -> list[Row]:
    """The rows to add: without those whose client id is known, or stands twice among them."""
    seen: set[str] = set()
    unseen = []
    for row in rows:
        if row.client_id not in transcript.by_client_id and row.client_id not in seen:
            unseen.append(row)
            seen |= {row.client_id} - {""}
    return unseen


def _as_stored(rows: Sequence[Row], transcript: Transcript, fresh: int) -> list[Row]:
    nameless = (row for row in transcript.rows[len(transcript.rows) - fresh :] if not row.client_id)
    return [transcript.by_client_id[row.client_id] if row.client_id else next(nameless) for row in rows]
