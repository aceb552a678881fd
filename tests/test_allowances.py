"""Allowances: who may do how much, and who never pays for whom."""

from typing import Any

import pytest

from conversations.allowances import Allowances


@pytest.fixture
def limits(settings: Any) -> Any:
    """The settings, with limits that no test meets unless it sets them."""
    settings.RATE_LIMIT_VISITOR = settings.RATE_LIMIT_ADDRESS = settings.RATE_LIMIT_TENANT = "1000/h"
    return settings


def writes(allowances: Allowances, count: int, visitor: str = "v", address: str = "a", tenant: str = "t") -> list[bool]:
    """Which of so many messages may be written."""
    return [allowances.write(tenant, visitor, address) == 0.0 for _ in range(count)]


@pytest.mark.parametrize(
    ("setting", "others"),
    [
        ("RATE_LIMIT_VISITOR", {"visitor": "another"}),
        ("RATE_LIMIT_ADDRESS", {"visitor": "another", "address": "another"}),
        ("RATE_LIMIT_TENANT", {"tenant": "another"}),
    ],
)
def test_a_visitor_an_address_and_a_tenant_each_have_their_own(
    limits: Any, setting: str, others: dict[str, str]
) -> None:
    setattr(limits, setting, "3/h")
    allowances = Allowances()
    assert writes(allowances, 4) == [True, True, True, False]
    assert writes(allowances, 4, **others) == [True, True, True, False]


@pytest.mark.parametrize("setting", ["RATE_LIMIT_ADDRESS", "RATE_LIMIT_TENANT"])
def test_no_number_of_visitors_gets_around_the_others(limits: Any, setting: str) -> None:
    setattr(limits, setting, "3/h")
    allowances = Allowances()
    assert sum(allowances.write("t", f"v{number}", "a") == 0.0 for number in range(50)) == 3


def test_the_wait_that_is_told_is_the_longest_of_all(limits: Any) -> None:
    limits.RATE_LIMIT_VISITOR, limits.RATE_LIMIT_ADDRESS, limits.RATE_LIMIT_TENANT = "1/h", "1/d", "1/m"
    allowances = Allowances()
    allowances.write("t", "v", "a")
    assert allowances.write("t", "v", "a") == pytest.approx(86400, abs=1)


@pytest.mark.parametrize("spent", ["RATE_LIMIT_VISITOR", "RATE_LIMIT_ADDRESS", "RATE_LIMIT_TENANT"])
def test_who_is_refused_takes_nothing_from_anybody(limits: Any, spent: str) -> None:
    setattr(limits, spent, "5/h")
    allowances = Allowances()
    writes(allowances, 5)
    before = [bucket.level(key) for bucket, key in _buckets(allowances)]
    assert not any(writes(allowances, 100))
    assert [bucket.level(key) for bucket, key in _buckets(allowances)] == pytest.approx(before, abs=0.01)


def test_the_last_half_of_a_tenants_is_for_those_who_were_modest(limits: Any) -> None:
    limits.RATE_LIMIT_VISITOR, limits.RATE_LIMIT_ADDRESS, limits.RATE_LIMIT_TENANT = "10/h", "10/h", "20/h"
    allowances = Allowances()
    # Two flooders at addresses of their own: each could spend ten, both together the tenant's twenty.
    assert sum(writes(allowances, 10, "f1", "b1") + writes(allowances, 10, "f2", "b2")) < 20
    assert all(writes(allowances, 4, "modest", "c"))


def test_one_tenants_flood_is_not_the_others(limits: Any) -> None:
    limits.RATE_LIMIT_TENANT = "3/h"
    allowances = Allowances()
    writes(allowances, 50, tenant="flooded")
    assert all(writes(allowances, 3, tenant="quiet"))


def test_without_a_limit_for_addresses_a_tenant_has_none(limits: Any) -> None:
    limits.RATE_LIMIT_ADDRESS, limits.RATE_LIMIT_TENANT = "", "1/d"
    allowances = Allowances()
    assert all(allowances.write("t", f"v{number}", "a") == 0.0 for number in range(1000))


def test_with_the_two_lifted_nothing_is_left_in_the_way(limits: Any) -> None:
    limits.RATE_LIMIT_VISITOR = limits.RATE_LIMIT_ADDRESS = ""
    limits.RATE_LIMIT_TENANT, limits.SOCKETS_PER_ADDRESS = "1/d", 1
    allowances, who = Allowances(), ("t", "v", "203.0.113.1")
    for _ in range(2000):
        assert allowances.enter(who[2]) == 0.0
        assert not allowances.crowded(who[2])
        assert allowances.write(*who) == allowances.act(*who) == allowances.read(*who) == 0.0
        assert allowances.pace("t", "v") == 0.0


def test_consents_and_ratings_have_an_allowance_beside_the_messages(limits: Any) -> None:
    limits.RATE_LIMIT_VISITOR = "2/h"
    allowances, who = Allowances(), ("t", "v", "a")
    writes(allowances, 5)
    assert [allowances.act(*who) == 0.0 for _ in range(3)] == [True, True, False]


def test_looking_is_cheaper_than_writing_and_not_free(limits: Any) -> None:
    limits.RATE_LIMIT_VISITOR = "2/h"
    allowances, who = Allowances(), ("t", "v", "a")
    assert [allowances.read(*who) == 0.0 for _ in range(10)] == [True] * 8 + [False] * 2
    assert allowances.read("t", "another", "a") == 0.0


def test_a_queue_has_room_for_what_may_still_be_written(limits: Any) -> None:
    limits.RATE_LIMIT_VISITOR = "3/h"
    allowances, who = Allowances(), ("t", "v", "a")
    assert allowances.write(*who) == 0.0
    assert [allowances.write(*who, queued=number) == 0.0 for number in (1, 2, 3)] == [True, True, False]
    assert writes(allowances, 3) == [True, True, False]  # to look has taken nothing


def test_a_burst_is_put_off_and_a_rest_forgives(limits: Any) -> None:
    allowances = Allowances()
    delays = [allowances.pace("t", "v") for _ in range(13)]
    assert delays[:10] == [0.0] * 10
    assert delays[10:] == pytest.approx([0.5, 1.0, 1.5], abs=0.1)
    assert allowances.pace("t", "another") == 0.0


def test_once_many_write_in_bursts_each_is_put_off_sooner(limits: Any) -> None:
    allowances = Allowances()
    at_once = [sum(allowances.pace("t", f"v{visitor}") == 0.0 for _ in range(10)) for visitor in range(20)]
    assert at_once == [10, 2] + [1] * 18


def test_to_look_at_the_pace_counts_nothing(limits: Any) -> None:
    allowances = Allowances()
    for visitor in range(20):
        looked = [allowances.pace("t", f"v{visitor}", look=True) for _ in range(10)]
        assert looked == [0.0] * 10
    assert [allowances.pace("t", "v") for _ in range(10)] == [0.0] * 10


def test_sockets_opened_one_after_another_wait_at_the_door(limits: Any) -> None:
    allowances = Allowances()
    waits = [allowances.enter("203.0.113.1") for _ in range(40)]
    assert waits[:20] == [0.0] * 20
    assert waits[39] == pytest.approx(2.0, abs=0.1)
    assert allowances.enter("203.0.113.2") == 0.0


def test_who_floods_again_waits_at_the_door_and_nobody_elsewhere(limits: Any) -> None:
    allowances = Allowances()
    allowances.flooded("203.0.113.1")
    assert allowances.enter("203.0.113.1") == 0.0  # once may be a mistake, and others may share the address
    allowances.flooded("203.0.113.1")
    assert allowances.enter("203.0.113.1") == pytest.approx(5.0, abs=0.1)
    assert allowances.enter("203.0.113.2") == 0.0


@pytest.mark.parametrize(
    ("address", "crowded"),
    [("203.0.113.1", True), ("2001:db8::/64", True), ("127.0.0.1", False), ("127.0.0.9", False), ("::/64", False)],
)
def test_an_address_has_so_many_sockets_but_this_machine_any_number(limits: Any, address: str, crowded: bool) -> None:
    limits.SOCKETS_PER_ADDRESS = 2
    allowances = Allowances()
    for _ in range(3):
        allowances.enter(address)
    assert allowances.crowded(address) is crowded
    allowances.leave(address)
    assert not allowances.crowded(address)


def _buckets(allowances: Allowances) -> list[tuple[Any, str]]:
    return [(allowances._visitors, "t/v"), (allowances._addresses, "a"), (allowances._tenants, "t")]
