"""Filters of the lists of conversations and visitors, offering nothing of another tenant."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import DateField
from django.http import HttpRequest
from django.utils.timezone import get_current_timezone
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter, RangeDateFilter  # type: ignore[import-untyped]


class ChannelFilter(DropdownFilter):  # type: ignore[misc]
    """The channels of what the person may see."""

    title = _("channel")
    parameter_name = "channel"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        found = model_admin.get_queryset(request).order_by().values_list("channel", flat=True).distinct()
        return [(channel, channel) for channel in sorted(filter(None, found))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(channel=self.value()) if self.value() else queryset


class DaysFilter(RangeDateFilter):  # type: ignore[misc]
    """Whole days, the last one included (the theme's own filter compares a moment with its midnight)."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        first, last = (self._day(end) for end in ("from", "to"))
        if first:
            queryset = queryset.filter(**{f"{self.parameter_name}__gte": _midnight(first)})
        if last and last < date.max:
            queryset = queryset.filter(**{f"{self.parameter_name}__lt": _midnight(last + timedelta(days=1))})
        return queryset

    def _day(self, end: str) -> date | None:
        # In the reader's own spelling, which the theme's parser does not know: 02/03 is the second of March.
        try:
            day: date | None = DateField(required=False).clean(self.used_parameters.get(f"{self.parameter_name}_{end}"))
        except ValidationError:
            return None
        return day


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, get_current_timezone())
