"""Token buckets: how much one visitor or address may send, and when it may send again."""

import ipaddress
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_WITH_PORT = re.compile(r"(\d+\.\d+\.\d+\.\d+):\d+\Z|\[(.*)\](?::\d+)?\Z")


@dataclass(frozen=True, slots=True)
class Rate:
    """So many events per period; `count` may come at once, then they come back evenly."""

    count: int
    seconds: int

    @classmethod
    def parse(cls, text: str) -> "Rate | None":
        """Read `30/m`; empty text is no limit (None). Raises ValueError with what was expected."""
        if not text.strip():
            return None
        count, slash, unit = text.strip().partition("/")
        if not slash or unit not in SECONDS or not count.isdecimal() or int(count) == 0:
            raise ValueError(f"{text!r} is not a rate such as 30/m")
        return cls(int(count), SECONDS[unit])


class Buckets:
    """One bucket per key, in this process; the longest unused are forgotten first, and a forgotten one is full."""

    def __init__(self, rate: Rate | None, *, clock: Callable[[], float] = time.monotonic, most: int = 100_000) -> None:
        self.rate, self._clock, self._most = rate, clock, most
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> float:
        """Take one event from `key`'s bucket. Returns 0.0 when it may pass, else the seconds until it may."""
        if self.rate is None:
            return 0.0
        now = self._clock()
        per_second = self.rate.count / self.rate.seconds
        level, since = self._levels.get(key, (float(self.rate.count), now))
        level = min(float(self.rate.count), level + (now - since) * per_second)
        passes = level >= 1.0 - 1e-9  # who waited as long as was said is not sent away for a rounding
        self._levels[key] = (max(level - 1.0, 0.0) if passes else level, now)
        self._levels.move_to_end(key)
        if len(self._levels) > self._most:
            self._levels.popitem(last=False)
        return 0.0 if passes else (1.0 - level) / per_second


def address_of(client: str, forwarded: str = "") -> str:
    """Who shares an allowance: an IPv4 address, or the /64 network that one IPv6 customer has.

    `forwarded` is X-Forwarded-For as our own proxy sent it, empty without one: its last entry is the proxy's word, the
    ones before are anybody's.
    """
    client = forwarded.rsplit(",", 1)[-1].strip() or client
    if found := _WITH_PORT.match(client):
        client = found[1] or found[2]
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return client
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(address.ipv4_mapped or ipaddress.ip_network((address, 64), strict=False))
