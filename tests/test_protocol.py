"""The frames: what is understood, and that anything else is a BadFrame and never another error."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations import protocol
from conversations.core.records import Row
from conversations.protocol import BadFrame, parse

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=6)
KINDS = st.sampled_from(["hello", "message", "sync", "typing", "consent", "rate", "handoff", "end", "nothing", 7, None])
FIELDS = st.sampled_from(
    [
        "visitor",
        "conversation",
        "last_seen",
        "locale",
        "page",
        "version",
        "client_id",
        "text",
        "after",
        "granted",
        "score",
    ]
)


def frame(**fields: Any) -> str:
    """A frame as it comes over the wire."""
    return json.dumps(fields)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (frame(type="hello"), protocol.Hello()),
        (
            frame(type="hello", visitor=None, conversation=None, last_seen=0, locale="pt-BR"),
            protocol.Hello(locale="pt-BR"),
        ),
        (
            frame(type="hello", visitor="t", conversation="c", last_seen=7, locale="", page="p", version="1.2"),
            protocol.Hello("t", "c", 7, "", "p", "1.2"),
        ),
        (frame(type="message", client_id="a", text="Oi"), protocol.Message("a", "Oi")),
        (frame(text="", client_id="~" * 128, type="message"), protocol.Message("~" * 128, "")),
        (frame(type="sync", after=0), protocol.Sync(after=0)),
        (frame(type="sync", before=3, after=None), protocol.Sync(before=3)),
        (frame(type="typing"), protocol.Typing()),
        (frame(type="consent", version="v1", granted=False), protocol.Consent("v1", False)),
        (frame(type="rate", score=5), protocol.Rate(5)),
        (frame(type="rate", score=1, comment="ruim"), protocol.Rate(1, "ruim")),
        (frame(type="handoff"), protocol.Handoff()),
        (frame(type="end"), protocol.End()),
    ],
)
def test_every_frame_is_understood(text: str, expected: protocol.Frame) -> None:
    assert parse(text) == expected


def test_unknown_fields_are_ignored() -> None:
    assert parse(frame(type="typing", later={"deep": [1]}, client_id=7)) == protocol.Typing()


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "{", "[]", "1", "null", '"x"', "{}", "\ufeff{}", '{"type":"typing"} x', "{'type':'typing'}",
        frame(type="nothing"), frame(type=None), frame(type=["hello"]), frame(typ="hello"),
        frame(type="hello", visitor=1), frame(type="hello", last_seen=-1), frame(type="hello", last_seen="1"),
        frame(type="hello", last_seen=True), frame(type="hello", locale=None), frame(type="hello", locale="x" * 36),
        frame(type="message"), frame(type="message", client_id="a"), frame(type="message", text="a"),
        frame(type="message", client_id="", text="a"), frame(type="message", client_id="x" * 129, text="a"),
        frame(type="message", client_id="é", text="a"), frame(type="message", client_id="a\n", text="a"),
        frame(type="message", client_id=1, text="a"), frame(type="message", client_id="a", text=None),
        frame(type="sync"), frame(type="sync", after=1, before=2), frame(type="sync", after=-1),
        frame(type="sync", after=0.5),
        frame(type="consent", version="", granted=True), frame(type="consent", version="1", granted="yes"),
        frame(type="rate"), frame(type="rate", score=0), frame(type="rate", score=6), frame(type="rate", score="5"),
        frame(type="rate", score=5, comment="x" * 4001), frame(type="consent", version="1\0", granted=True),
        frame(type="hello", page="\0"), frame(type="rate", score=5, comment="\0"),
        '{"type":"message","client_id":"a","text":"\\ud83d"}', '{"type":"message","client_id":"a","text":"\\u0000"}',
        '{"type":"message","client_id":"a","text":"\ud83d"}',
        "[" * 30_000, '{"type":"typing","x":' + "[" * 30_000, '{"type":' * 10_000,
        '{"type":"message","client_id":' + '{"a":' * 10_000,
    ],
)  # fmt: skip
def test_anything_malformed_is_a_bad_frame(text: str) -> None:
    with pytest.raises(BadFrame):
        parse(text)


@given(st.text() | VALUES.map(json.dumps) | st.dictionaries(FIELDS, VALUES).map(json.dumps))
def test_any_text_is_a_frame_or_a_bad_frame(text: str) -> None:
    _parsed(text)


@given(KINDS, st.dictionaries(FIELDS, VALUES))
def test_any_fields_are_a_frame_or_a_bad_frame(kind: object, fields: dict[str, Any]) -> None:
    _parsed(json.dumps({"type": kind, **fields}))


@given(st.text(max_size=200).filter(lambda text: "\0" not in text))
def test_a_text_comes_through_unchanged(text: str) -> None:
    sent = json.dumps({"type": "message", "client_id": "a", "text": text})
    assert parse(sent) == protocol.Message("a", text)


@pytest.mark.parametrize(
    "text",
    [
        frame(type="message", client_id="k1"),
        frame(type="message", client_id="k1", text=7),
        frame(type="message", client_id="k1", text="\0"),
        '{"type":"message","client_id":"k1","text":"\\ud83d"}',
    ],
)
def test_a_bad_message_is_named_by_its_client_id(text: str) -> None:
    with pytest.raises(BadFrame) as found:
        parse(text)
    assert found.value.client_id == "k1"


@pytest.mark.parametrize(
    "text",
    [
        frame(type="rate", client_id="k1"),
        frame(client_id="k1"),
        frame(type="message", client_id="é"),
        "{",
        "[" * 30_000,
    ],
)
def test_what_is_no_message_names_none(text: str) -> None:
    assert protocol.client_id_of(text) is None


def test_a_row_is_shown_whole_and_an_operator_by_name() -> None:
    row = Row("m1", "c1", "v1", "2026-01-01T00:00:00.000Z", "operator", "Oi", seq="3", author="operator:7")
    assert protocol.as_message(row, {"operator:7": "Ana"}) == {
        "id": "m1", "seq": 3, "role": "operator", "content": "Oi", "timestamp": "2026-01-01T00:00:00.000Z",
        "reply": None, "part": None, "author": "operator:7", "name": "Ana",
    }  # fmt: skip


@pytest.mark.parametrize(("wait", "told"), [(0.001, 1), (0.9, 1), (1.0, 2), (59.2, 60)])
def test_a_wait_is_told_in_whole_seconds_and_never_too_short(wait: float, told: int) -> None:
    error = json.loads(protocol.error_frame("rate_limited", retry_after=wait))
    assert error["retry_after"] == told
    assert error["retry_after"] >= wait


def _parsed(text: str) -> None:
    try:
        assert isinstance(parse(text), protocol.Frame)
    except BadFrame as error:
        json.dumps(error.detail)
