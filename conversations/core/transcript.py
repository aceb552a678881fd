"""A conversation as read so far: its rows in order, the ids its senders gave them, and what they amount to."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace

from conversations.core.records import Role, Row
from conversations.core.summary import Summary


@dataclass(frozen=True, slots=True)
class Standing:
    """A conversation at one moment: how many rows it had, and what they left to do."""

    length: int
    unanswered: list[int]
    open_reply: str
    status: str
    greeted: bool
    facts: dict[str, str]


class Transcript:
    """An append-only view of one conversation's rows; `rows[n]` has seq n + 1, `size` is their bytes where stored."""

    __slots__ = ("__weakref__", "_lock", "by_client_id", "rows", "size", "summary")

    def __init__(self, rows: Iterable[Row] = (), size: int = 0) -> None:
        self.rows: list[Row] = []
        self.by_client_id: dict[str, Row] = {}
        self.summary = Summary()
        self.size = 0
        self._lock = threading.Lock()
        self.extend(rows, size)

    def extend(self, rows: Iterable[Row], size: int = 0) -> None:
        """Take in the next rows, in order; with them all stored bytes are `size`."""
        with self._lock:
            self.size = size
            for row in rows:
                self.summary.add(row)
                if row.client_id:
                    self.by_client_id.setdefault(row.client_id, row)
                self.rows.append(row)

    def standing(self) -> Standing:
        """How the conversation stands now; rows that another thread adds meanwhile count whole or not at all."""
        with self._lock:
            one = self.summary
            return Standing(
                len(self.rows), list(one.unanswered), one.open_reply, one.status, one.greeted, dict(one.facts)
            )

    def summed_up(self) -> tuple[Summary, int]:
        """The summary and the bytes it sums up, at one moment: rows added later do not show in it."""
        with self._lock:
            one = self.summary
            return replace(one, facts=dict(one.facts), unanswered=list(one.unanswered)), self.size

    def takes(self, part: Row, seen: int) -> bool:
        """Whether this part of a reply may come next: nobody else has replied since row `seen`, which it answers, and
        the part before it is the last thing the assistant said.
        """
        last = next((row for row in reversed(self.rows) if row.role == Role.ASSISTANT), None)
        if part.part == "1":
            return last is None or int(last.seq) <= seen
        before = (part.reply_id, str(int(part.part) - 1), "part")
        return last is not None and (last.reply_id, last.part, last.status) == before

    @property
    def chain(self) -> str:
        """The last row's chain value; empty for an empty conversation."""
        return self.rows[-1].chain if self.rows else ""

    def after(self, seq: int, most: int) -> tuple[list[Row], bool]:
        """The first `most` rows behind `seq`, and whether more follow."""
        found = self.rows[max(seq, 0) : max(seq, 0) + most]
        return found, max(seq, 0) + len(found) < len(self.rows)

    def before(self, seq: int, most: int) -> tuple[list[Row], bool]:
        """The last `most` rows before `seq`, in order, and whether older ones exist."""
        end = min(max(seq - 1, 0), len(self.rows))
        start = max(end - most, 0)
        return self.rows[start:end], start > 0

    def newest(self, after: int, most: int) -> tuple[list[Row], bool]:
        """The newest `most` rows behind `after`, and whether older ones behind it are left out."""
        start = max(len(self.rows) - most, after, 0)
        return self.rows[start:], start > max(after, 0)
