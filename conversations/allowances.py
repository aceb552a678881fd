"""Who may do how much in this process: a visitor, an address, a tenant, by the settings (docs/settings.md)."""

from collections import Counter
from functools import lru_cache

from django.conf import settings
from django.core.signals import setting_changed

from conversations.limits import Buckets, Paces, Rate

READS_PER_MESSAGE = 4
PACE = Rate(10, 5)  # messages of one visitor: ten at once, then two a second; more wait their turn
CROWDED_PACE = Rate(1, 0.5)  # one, then two a second: the same once many write in bursts
BURSTS = Rate(10, 1)  # messages that all visitors together may write faster than that
DOOR_PACE = Rate(20, 2)  # sockets opened from one address: twenty at once, then ten a second
FLOOD_PENALTY = Rate(2, 10)  # a socket closed for flooding, but the first, puts the next ones of its address off by 5 s
RESERVED = 0.5  # this share of a tenant's allowance is for those who have used less of their own


class Allowances:
    """Buckets and paces. What is returned are seconds to wait; 0.0 means go on."""

    def __init__(self) -> None:
        visitor, address = Rate.parse(settings.RATE_LIMIT_VISITOR), Rate.parse(settings.RATE_LIMIT_ADDRESS)
        # Without a limit for addresses one flooder could use up a tenant's allowance for all others: then it has none.
        self._tenants = Buckets(Rate.parse(settings.RATE_LIMIT_TENANT) if address else None)
        self._visitors, self._addresses = Buckets(visitor), Buckets(address)
        self._acts = Buckets(visitor), Buckets(address)
        self._reads = Buckets(_often(visitor)), Buckets(_often(address))
        self._pace, self._crowded_pace = (Paces(rate if visitor else None) for rate in (PACE, CROWDED_PACE))
        self._bursts, self._doors = Buckets(BURSTS), Paces(DOOR_PACE if address else None)
        self._floods = Paces(FLOOD_PENALTY)
        self._most_sockets = settings.SOCKETS_PER_ADDRESS if address else 0
        self._sockets: Counter[str] = Counter()

    def write(self, tenant: str, visitor: str, address: str, *, queued: int = 0) -> float:
        """A message; who is refused takes nothing from anybody.

        With `queued` messages waiting their turn, this one among them, it is only looked whether there will be room.
        """
        own = f"{tenant}/{visitor}"
        wait = max(
            self._visitors.wait(own, spare=max(0, queued - 1)),
            self._addresses.wait(address),
            self._tenants.wait(tenant, spare=self._reserved(own, address)),
        )
        if not (wait or queued):
            self._visitors.take(own)
            self._addresses.take(address)
            self._tenants.take(tenant)
        return wait

    def _reserved(self, visitor: str, address: str) -> float:
        rate = self._tenants.rate
        if rate is None or min(self._visitors.level(visitor), self._addresses.level(address)) > RESERVED:
            return 0.0
        return min(RESERVED * rate.count, rate.count - 1)

    def act(self, tenant: str, visitor: str, address: str) -> float:
        """A consent, a rating, a call for a person, an end: as many as messages, beside them."""
        return _take_both(self._acts, f"{tenant}/{visitor}", address)

    def read(self, tenant: str, visitor: str, address: str) -> float:
        """A look at rows that are stored."""
        return _take_both(self._reads, f"{tenant}/{visitor}", address)

    def pace(self, tenant: str, visitor: str, *, look: bool = False) -> float:
        """For how long a message is put off, so that a burst leaves room for others. `look` counts none."""
        own = f"{tenant}/{visitor}"
        alone, crowded = self._pace.delay(own, look=look), self._crowded_pace.delay(own, look=look)
        if not crowded or self._bursts.wait(""):
            return crowded
        if not (alone or look):
            self._bursts.take("")
        return alone

    def enter(self, address: str) -> float:
        """A socket was opened: for how long it is not heard. `leave` has to follow."""
        self._sockets[address] += 1
        return max(self._doors.delay(address), self._floods.delay(address, look=True))

    def crowded(self, address: str) -> bool:
        """Whether an address has more sockets open than it may; this machine's own may have any number."""
        return 0 < self._most_sockets < self._sockets[address] and not _is_ours(address)

    def leave(self, address: str) -> None:
        """A socket is gone."""
        self._sockets[address] -= 1
        if self._sockets[address] <= 0:
            del self._sockets[address]

    def flooded(self, address: str) -> None:
        """A socket was closed for flooding."""
        self._floods.delay(address)


@lru_cache(maxsize=1)
def allowances() -> Allowances:
    """Those of this process."""
    return Allowances()


def _forget(*, setting: str, **kwargs: object) -> None:
    if setting.startswith(("RATE_LIMIT_", "SOCKETS_")):
        allowances.cache_clear()


setting_changed.connect(_forget)


def _often(rate: Rate | None) -> Rate | None:
    return Rate(rate.count * READS_PER_MESSAGE, rate.seconds) if rate else None


def _take_both(buckets: tuple[Buckets, Buckets], visitor: str, address: str) -> float:
    visitors, addresses = buckets
    wait = max(visitors.wait(visitor), addresses.wait(address))
    if not wait:
        visitors.take(visitor)
        addresses.take(address)
    return wait


def _is_ours(address: str) -> bool:
    # A proxy that the settings do not know of would be everybody.
    return address.startswith("127.") or address == "::/64"
