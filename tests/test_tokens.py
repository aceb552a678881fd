"""Visitor tokens: bound to a tenant and a visitor, signed, expiring; ids that never repeat."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core import signing
from hypothesis import given
from hypothesis import strategies as st

from conversations import tokens
from conversations.core.records import CONVERSATION_ID


def test_a_token_names_its_visitor() -> None:
    assert tokens.read("alfa", tokens.issue("alfa", "v1")) == "v1"


def test_a_token_of_another_tenant_names_nobody() -> None:
    assert tokens.read("beta", tokens.issue("alfa", "v1")) is None


def test_a_token_expires(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.VISITOR_TOKEN_DAYS = 2
    token, now = tokens.issue("alfa", "v1"), time.time()
    monkeypatch.setattr(time, "time", lambda: now + 2 * 86400 - 5)
    assert tokens.read("alfa", token) == "v1"
    monkeypatch.setattr(time, "time", lambda: now + 2 * 86400 + 5)
    assert tokens.read("alfa", token) is None


def test_an_older_token_stays_good_beside_a_fresh_one() -> None:
    old, fresh = tokens.issue("alfa", "v1"), tokens.issue("alfa", "v1")
    assert tokens.read("alfa", old) == tokens.read("alfa", fresh) == "v1"


def test_another_key_makes_it_worthless(settings: Any) -> None:
    token = tokens.issue("alfa", "v1")
    settings.SECRET_KEY = "another-key-that-is-long-enough-to-be-a-key"
    assert tokens.read("alfa", token) is None


@pytest.mark.parametrize("visitor", ["../../etc/passwd", "", "v 1", "v\n"])
def test_what_is_no_id_is_not_read_even_when_signed(visitor: str) -> None:
    assert tokens.read("alfa", signing.TimestampSigner(salt="timmy.visitor.alfa").sign(visitor)) is None


@given(st.none() | st.text() | st.text(alphabet=":abc123_-", max_size=600))
def test_nothing_forged_is_read(token: str | None) -> None:
    assert tokens.read("alfa", token) is None


@given(st.integers(0, 60), st.characters(min_codepoint=33, max_codepoint=126))
def test_a_changed_token_is_read_no_more(place: int, character: str) -> None:
    token = tokens.issue("alfa", "v1")
    place %= len(token)
    changed = token[:place] + character + token[place + 1 :]
    assert changed == token or tokens.read("alfa", changed) is None


def test_ids_never_repeat_whoever_asks() -> None:
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: tokens.new_id("m"), range(5000)))
    assert len(set(made)) == 5000
    assert all(CONVERSATION_ID.match(one) and one[0] == "m" for one in made)


def test_ids_sort_by_time(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    for second in (1.0, 2.0, 1_000_000_000.0, 9_000_000_000.0):
        monkeypatch.setattr(time, "time", lambda moment=second: moment)
        made.append(tokens.new_id("m"))
    assert made == sorted(made)
