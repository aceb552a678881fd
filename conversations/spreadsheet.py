"""Cells as a spreadsheet may open them: guarded against formulas, in the writing of a country."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import phonenumbers

from conversations.schema import Column, Kind

# Quotes in front count as part of the rule: else `'=x` as written and a guarded `=x` would look the same.
DANGEROUS: Final = re.compile("'*[=+\\-@\t\r\n\0]")
GUARDED: Final = re.compile("'+[=+\\-@\t\r\n\0]")
RULE: Final = (
    "A cell that starts with = + - @ TAB CR LF or NUL, or with apostrophes followed by one of these, has one "
    "apostrophe put in front, unless the cell has the checked pattern of its column (numbers, times, phones, ids). "
    "To undo: take one apostrophe away from every cell that starts with apostrophes followed by one of these."
)
BOM: Final = "\ufeff".encode()
ZONE_COLUMN: Final = "time_zone"


def guarded(value: str) -> str:
    """The value with one apostrophe in front when a spreadsheet could take it for a formula."""
    return f"'{value}" if DANGEROUS.match(value) else value


def unguarded(value: str) -> str:
    """What `guarded` was given."""
    return value[1:] if GUARDED.match(value) else value


@dataclass(frozen=True)
class Audit:
    """UTF-8 without BOM, comma, CRLF; values as they are on disk, guarded."""

    delimiter = ","
    start = b""

    def header(self, columns: Sequence[Column]) -> list[str]:
        """The names of the columns."""
        return [column.name for column in columns]

    def cells(self, columns: Sequence[Column], row: Sequence[str]) -> list[str]:
        """The row's cells."""
        return [value if column.holds(value) else guarded(value) for column, value in zip(columns, row, strict=True)]


@dataclass(frozen=True)
class ExcelBr:
    """What Excel in Brazil opens by a double click: BOM, semicolon, decimal comma, times in the tenant's zone."""

    zone: ZoneInfo
    delimiter = ";"
    start = BOM

    def header(self, columns: Sequence[Column]) -> list[str]:
        """The names of the columns, and of the zone's at the end."""
        return [*(column.name for column in columns), ZONE_COLUMN]

    def cells(self, columns: Sequence[Column], row: Sequence[str]) -> list[str]:
        """The row's cells, and the zone's name at the end."""
        cells = [
            self._cell(column.kind, value) if column.holds(value) else guarded(value)
            for column, value in zip(columns, row, strict=True)
        ]
        return [*cells, self.zone.key]

    def _cell(self, kind: Kind, value: str) -> str:
        if kind is Kind.NUMBER:
            return value.replace(".", ",")
        if kind is Kind.TIME:
            return self._time(value)
        return _phone(value) if kind is Kind.PHONE else value

    def _time(self, value: str) -> str:
        try:
            local = datetime.fromisoformat(value).astimezone(self.zone)
        except (ValueError, OverflowError):  # the pattern holds, the calendar does not: day 31 of February
            return value
        return local.replace(tzinfo=None).isoformat(" ", timespec="milliseconds").replace(".", ",")


def _phone(value: str) -> str:
    try:
        number = phonenumbers.parse(value)
    except phonenumbers.NumberParseException:
        return value
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


Flavour = Audit | ExcelBr


def flavour_of(name: str, zone: ZoneInfo) -> Flavour:
    """The flavour of this name (models.Export.Flavour). Raises KeyError."""
    flavours: dict[str, Flavour] = {"audit": Audit(), "excel-br": ExcelBr(zone)}
    return flavours[name]
