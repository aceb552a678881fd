"""Turns measurements into percentiles, medians and paired ratios."""

import statistics
from collections.abc import Iterable, Sequence


def percentile(values: Iterable[float], share: int) -> float:
    """The smallest value that at least `share` per cent of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * share // 100) - 1)]


def spread(values: Sequence[float], digits: int = 2, sign: str = "") -> str:
    """The median, with the least and the greatest behind it when there are several; `sign` as in a format."""
    if not values:
        return "–"
    middle, least, most = (f"{of(values):{sign}.{digits}f}" for of in (statistics.median, min, max))
    return middle if len(values) == 1 else f"{middle} [{least}..{most}]"


def ratios(ours: Sequence[float], floor: Sequence[float]) -> list[float]:
    """Round by round: a machine that slows down does so for both."""
    return [mine / theirs for mine, theirs in zip(ours, floor, strict=False) if theirs]


def differences(ours: Sequence[float], floor: Sequence[float]) -> list[float]:
    """Round by round, ours less the floor's."""
    return [mine - theirs for mine, theirs in zip(ours, floor, strict=False)]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table, its columns in line."""
    cells = [list(head), *(list(row) for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    lines = ["| " + " | ".join(text.ljust(w) for text, w in zip(row, widths, strict=True)) + " |" for row in cells]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)
