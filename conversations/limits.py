"""How much may come: token buckets that refuse, and paces that put off."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
MOST_KEYS = 20_000


@dataclass(frozen=True, slots=True)
class Rate:
    """So many events per period; `count` may come at once, then they come back evenly."""

    count: int
    seconds: float

    @classmethod
    def parse(cls, text: str) -> "Rate | None":
        """Read `30/m`; empty text is no limit (None). Raises ValueError with what was expected."""
        if not text.strip():
            return None
        count, slash, unit = text.strip().partition("/")
        if not slash or unit not in SECONDS or not count.isdecimal() or int(count) == 0:
            raise ValueError(f"{text!r} is not a rate such as 30/m")
        return cls(int(count), SECONDS[unit])

    @property
    def per_second(self) -> float:
        """How many come back in a second."""
        return self.count / self.seconds


class Buckets:
    """One bucket per key, in this process; the longest unused are forgotten first, and a forgotten one is full."""

    def __init__(
        self, rate: Rate | None, *, clock: Callable[[], float] = time.monotonic, most: int = MOST_KEYS
    ) -> None:
        self.rate, self._clock, self._most = rate, clock, most
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def level(self, key: str) -> float:
        """How full a bucket is, from 0.0 to 1.0; always full without a rate."""
        return 1.0 if self.rate is None else self._now(key, self.rate) / self.rate.count

    def wait(self, key: str, *, spare: float = 0.0) -> float:
        """Seconds until an event of `key` may pass and leave `spare` events, 0.0 for now."""
        if self.rate is None:
            return 0.0
        missing = 1.0 + spare - self._now(key, self.rate)
        # Who waited as long as was said is not sent away for a rounding.
        return missing / self.rate.per_second if missing > 1e-9 else 0.0

    def take(self, key: str) -> float:
        """Take one event from `key`'s bucket. Returns 0.0 when it may pass, else the seconds until it may."""
        wait = self.wait(key)
        if self.rate is not None:
            level = self._now(key, self.rate)
            self._levels[key] = (level if wait else max(level - 1.0, 0.0), self._clock())
            self._levels.move_to_end(key)
            if len(self._levels) > self._most:
                self._levels.popitem(last=False)
        return wait

    def _now(self, key: str, rate: Rate) -> float:
        now = self._clock()
        level, since = self._levels.get(key, (float(rate.count), now))
        return min(float(rate.count), level + (now - since) * rate.per_second)


class Paces:
    """Puts off what comes too fast instead of refusing it: `rate.count` events of a key at once, then evenly."""

    def __init__(
        self, rate: Rate | None, *, clock: Callable[[], float] = time.monotonic, most: int = MOST_KEYS
    ) -> None:
        self._gap = 1 / rate.per_second if rate else 0.0
        self._at_once = float(rate.seconds) if rate else 0.0
        self._clock, self._most = clock, most
        self._next: OrderedDict[str, float] = OrderedDict()

    def delay(self, key: str, *, look: bool = False) -> float:
        """Count an event of `key` and return the seconds to put it off for, 0.0 for none. `look` counts nothing."""
        now = self._clock()
        due = max(self._next.get(key, 0.0), now - self._at_once) + self._gap
        if self._gap and not look:
            self._next[key] = due
            self._next.move_to_end(key)
            if len(self._next) > self._most:
                self._next.popitem(last=False)
        return max(0.0, due - now)
