"""Token buckets: what may pass, when it may again, and how much they remember."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.limits import Buckets, Paces, Rate


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Time as the test wants it."""
    return Clock()


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("30/m", Rate(30, 60)),
        (" 1/s ", Rate(1, 1)),
        ("300/h", Rate(300, 3600)),
        ("5/d", Rate(5, 86400)),
        ("", None),
        (" ", None),
    ],
)
def test_a_rate_is_a_count_and_a_unit(text: str, rate: Rate | None) -> None:
    assert Rate.parse(text) == rate


@pytest.mark.parametrize("text", ["30", "30/", "/m", "0/m", "-1/m", "x/m", "1.5/m", "30/minute", "30/m/m"])
def test_anything_else_is_no_rate(text: str) -> None:
    with pytest.raises(ValueError, match="30/m"):
        Rate.parse(text)


def test_as_many_as_the_rate_says_may_pass_at_once(clock: Clock) -> None:
    buckets = Buckets(Rate(3, 60), clock=clock)
    assert [buckets.take("a") for _ in range(4)] == [0.0, 0.0, 0.0, 20.0]


def test_they_come_back_evenly(clock: Clock) -> None:
    buckets = Buckets(Rate(3, 60), clock=clock)
    for _ in range(3):
        buckets.take("a")
    clock.now += 20
    assert [buckets.take("a"), buckets.take("a")] == [0.0, 20.0]


def test_a_long_rest_brings_back_no_more_than_the_rate(clock: Clock) -> None:
    buckets = Buckets(Rate(2, 60), clock=clock)
    buckets.take("a")
    clock.now += 10**6
    assert [buckets.take("a") == 0.0 for _ in range(3)] == [True, True, False]


def test_nobody_spends_anothers_allowance(clock: Clock) -> None:
    buckets = Buckets(Rate(1, 60), clock=clock)
    for _ in range(100):
        buckets.take("flooder")
    assert buckets.take("neighbour") == 0.0


def test_a_refusal_costs_nothing(clock: Clock) -> None:
    buckets = Buckets(Rate(1, 60), clock=clock)
    buckets.take("a")
    assert [buckets.take("a") for _ in range(10)] == [60.0] * 10


def test_without_a_rate_everything_passes() -> None:
    assert Buckets(None).take("a") == 0.0


def test_only_so_many_are_remembered_and_the_longest_unused_go_first(clock: Clock) -> None:
    buckets = Buckets(Rate(1, 60), clock=clock, most=3)
    for key in ("a", "b", "c", "a", "d"):
        buckets.take(key)
    assert list(buckets._levels) == ["c", "a", "d"]


@given(
    st.integers(1, 1000), st.sampled_from([1, 60, 3600, 86400]), st.lists(st.floats(0, 100), min_size=1, max_size=20)
)
def test_who_waits_as_long_as_was_said_may_pass(count: int, seconds: int, pauses: list[float]) -> None:
    clock = Clock()
    buckets = Buckets(Rate(count, seconds), clock=clock)
    for pause in pauses:
        clock.now += pause
        clock.now += buckets.take("a")
    while not (wait := buckets.take("a")):
        pass
    clock.now += wait
    assert buckets.take("a") == 0.0


@given(st.integers(1, 50), st.lists(st.floats(0, 5), max_size=200))
def test_never_more_pass_than_the_rate_allows(count: int, pauses: list[float]) -> None:
    clock = Clock()
    buckets, passed = Buckets(Rate(count, 60), clock=clock), 0
    for pause in pauses:
        clock.now += pause
        passed += buckets.take("a") == 0.0
    assert passed <= count + sum(pauses) * count / 60 + 1e-6


def test_a_bucket_tells_how_full_it_is_and_when_enough_is_left_for_others(clock: Clock) -> None:
    buckets = Buckets(Rate(4, 60), clock=clock)
    buckets.take("a")
    assert buckets.level("a") == 0.75
    assert [buckets.wait("a", spare=spare) for spare in (0, 2, 3)] == [0.0, 0.0, 15.0]
    assert buckets.level("a") == 0.75  # looking takes nothing


def test_what_comes_too_fast_is_put_off_evenly(clock: Clock) -> None:
    paces = Paces(Rate(2, 1), clock=clock)
    assert [paces.delay("a") for _ in range(4)] == [0.0, 0.0, 0.5, 1.0]
    assert paces.delay("b") == 0.0


def test_to_look_at_a_pace_counts_nothing(clock: Clock) -> None:
    paces = Paces(Rate(1, 1), clock=clock)
    assert [paces.delay("a", look=True) for _ in range(3)] == [0.0, 0.0, 0.0]
    paces.delay("a")
    assert [paces.delay("a", look=True) for _ in range(3)] == [1.0, 1.0, 1.0]


def test_who_kept_the_pace_is_never_put_off(clock: Clock) -> None:
    paces = Paces(Rate(2, 1), clock=clock)
    for _ in range(20):
        assert paces.delay("a") == 0.0
        clock.now += 0.5


def test_without_a_rate_nothing_is_put_off() -> None:
    paces = Paces(None)
    assert [paces.delay("a") for _ in range(100)] == [0.0] * 100


def test_only_so_many_paces_are_remembered(clock: Clock) -> None:
    paces = Paces(Rate(1, 1), clock=clock, most=2)
    for key in ("a", "b", "c"):
        paces.delay(key)
    assert list(paces._next) == ["b", "c"]


@given(st.integers(1, 20), st.lists(st.floats(0, 3), max_size=100))
def test_put_off_things_never_pass_the_rate(count: int, pauses: list[float]) -> None:
    clock = Clock()
    paces = Paces(Rate(count, 1), clock=clock)
    done: list[float] = []
    for pause in pauses:
        clock.now += pause
        done.append(clock.now + paces.delay("a"))
    assert done == sorted(done)
    for start in done:
        assert sum(start <= one < start + 1 for one in done) <= 2 * count
