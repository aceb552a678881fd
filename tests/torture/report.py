"""What a part of the suite found: figures to print, and sentences about what broke its promise."""

from collections.abc import Callable
from dataclasses import dataclass, field

MOST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Effort:
    """How hard to try: `quick` for a change's CI, the full run for the figures of docs/reliability.md."""

    quick: bool
    seed: int

    def of(self, quick: int, full: int) -> int:
        """A count: how often in the short form, how often in the full run."""
        return quick if self.quick else full


@dataclass(slots=True)
class Findings:
    """Figures by name, in the order they are told; `broken` is empty when the promise held."""

    figures: dict[str, object] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)

    def must_be(self, name: str, found: object, wanted: object) -> None:
        """Tell a figure that has to be exactly this."""
        self.figures[name] = found
        if found != wanted:
            self.broken.append(f"{name}: {found!r}, not {wanted!r}")

    def at_least(self, name: str, found: float, least: float) -> None:
        """Tell a figure that may not be smaller: a check that tried nothing has shown nothing."""
        self.figures[name] = found
        if found < least:
            self.broken.append(f"{name}: {found}, fewer than {least}")

    def at_most(self, name: str, found: float, most: float) -> None:
        """Tell a figure that may not be larger."""
        self.figures[name] = found
        if found > most:
            self.broken.append(f"{name}: {found}, more than {most}")

    def as_text(self) -> str:
        """The figures as lines of a table, then what broke."""
        lines = [f"| {name} | {_shown(value)} |" for name, value in self.figures.items()]
        broken = [f"BROKEN: {sentence}" for sentence in self.broken[:MOST_SHOWN]]
        more = len(self.broken) - MOST_SHOWN
        return "\n".join(lines + broken + ([f"BROKEN: and {more} more"] if more > 0 else []))


def _shown(value: object) -> str:
    return f"{value:,.3g}" if isinstance(value, float) else f"{value:,}" if type(value) is int else str(value)


@dataclass(frozen=True, slots=True)
class Part:
    """One promise and the test that tries to break it."""

    name: str
    promise: str
    run: Callable[[Effort], Findings]
