"""A stretch of days in a tenant's time zone, either end open."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q

from conversations.core.records import Row


@dataclass(frozen=True)
class Period:
    """From the first moment of `first` to the last of `last`, in `zone`; None leaves that end open."""

    first: date | None
    last: date | None
    zone: ZoneInfo

    @property
    def start(self) -> datetime:
        """The first moment inside."""
        if self.first is None:
            return datetime.min.replace(tzinfo=UTC)
        return datetime.combine(self.first, time.min, self.zone).astimezone(UTC)

    @property
    def end(self) -> datetime:
        """The first moment after it."""
        if self.last is None or self.last == date.max:
            return datetime.max.replace(tzinfo=UTC)
        return datetime.combine(self.last + timedelta(days=1), time.min, self.zone).astimezone(UTC)

    def overlaps(self, started_at: datetime, last_at: datetime) -> bool:
        """Whether a conversation that went on between these moments belongs to the period."""
        return started_at < self.end and last_at >= self.start

    def overlaps_rows(self, rows: Sequence[Row]) -> bool:
        """`overlaps` by the conversation's own rows; one without readable times counts as inside."""
        try:
            first, last = (_moment(row.timestamp) for row in (rows[0], rows[-1]))
        except (ValueError, IndexError):
            return True
        return self.overlaps(first, last)

    def condition(self) -> Q:
        """`overlaps` for the rows of the index."""
        found = Q()
        if self.first:
            found &= Q(last_at__gte=self.start)
        if self.last:
            found &= Q(started_at__lt=self.end)
        return found

    def as_manifest(self) -> dict[str, Any]:
        """Days and zone as texts; null for an open end."""
        first, last = (day.isoformat() if day else None for day in (self.first, self.last))
        return {"first_day": first, "last_day": last, "time_zone": self.zone.key}


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
