"""A conversation as read so far: its rows in order, the ids its senders gave them, and what they amount to."""

from collections.abc import Iterable

from conversations.core.records import Row
from conversations.core.summary import Summary


class Transcript:
    """An append-only view of one conversation's rows; `rows[n]` has seq n + 1."""

    __slots__ = ("__weakref__", "by_client_id", "rows", "summary")

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self.rows: list[Row] = []
        self.by_client_id: dict[str, Row] = {}
        self.summary = Summary()
        self.extend(rows)

    def extend(self, rows: Iterable[Row]) -> None:
        """Take in the next rows, in order."""
        for row in rows:
            self.summary.add(row)
            if row.client_id:
                self.by_client_id.setdefault(row.client_id, row)
            self.rows.append(row)

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
