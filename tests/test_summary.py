"""What a conversation amounts to, made of nothing but its rows."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.core.records import COLUMNS, Row, from_json, to_json
from conversations.core.summary import Summary
from conversations.core.transcript import Transcript
from tests.conversation_rows import event, numbered, part, visitor

NAMES = st.sampled_from(["name", "email", "phone", "company"])
FACTS = st.dictionaries(NAMES, st.sampled_from(["", "Ana", "Bia", 3, None]), max_size=2)
REPLIES = st.sampled_from(["r1", "r2"])
ROWS = st.lists(
    st.one_of(
        st.builds(lambda facts: visitor("oi", extracted_info=facts), FACTS),
        st.builds(
            lambda of, number, last, answers: part(
                "olá", of=of, number=number, last=last, answers=answers, tokens_in=5, cost_usd="0.001"
            ),
            REPLIES, st.integers(1, 3), st.booleans(), st.lists(st.integers(1, 9), max_size=3),
        ),
        st.builds(lambda granted: event("consent", version="2", granted=granted), st.booleans()),
        st.builds(lambda score: event("rate", score=score), st.integers(1, 5)),
        st.sampled_from([event("handoff", reason="asked"), event("end"), Row("m", "", "", role="operator")]),
    ),
    max_size=12,
).map(lambda rows: numbered(*rows))  # fmt: skip

# What somebody's editor may have left in a cell that should hold a JSON object.
ODD_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3),
)
ODD_JSON = st.one_of(
    st.text(),
    ODD_VALUES.map(json.dumps),
    st.dictionaries(
        st.sampled_from(["event", "answers", "version", "granted", "score", "comment", "reason", "origin", "name"]),
        ODD_VALUES | st.sampled_from(["consent", "rate", "handoff", "end"]),
    ).map(json.dumps),
)


def summed(*rows: Row) -> Summary:
    return Transcript(numbered(*rows)).summary


@given(ROWS, st.integers(0, 12))
def test_one_by_one_or_all_at_once_is_the_same(rows: list[Row], cut: int) -> None:
    bit_by_bit = Transcript(rows[:cut])
    bit_by_bit.extend(rows[cut:])
    for_each = Transcript()
    for row in rows:
        for_each.extend([row])
    assert bit_by_bit.summary == for_each.summary == Transcript(rows).summary


@given(ROWS)
def test_every_row_is_counted_once(rows: list[Row]) -> None:
    summary = Transcript(rows).summary
    roles = [row.role for row in rows]
    assert (summary.visitor_messages, summary.assistant_messages, summary.operator_messages) == (
        roles.count("user"), roles.count("assistant"), roles.count("operator"),
    )  # fmt: skip
    assert summary.last_seq == len(rows)


@given(ROWS)
def test_what_waits_is_a_visitors_row_that_no_reply_names(rows: list[Row]) -> None:
    waiting: list[int] = []
    for row in rows:
        receipt = from_json(row.receipt)
        if row.status == "received":
            waiting.append(int(row.seq))
        elif row.part == "1":
            waiting = [seq for seq in waiting if seq not in receipt.get("answers", [])]
        elif receipt.get("event") == "end":
            waiting = []
    assert Transcript(rows).summary.unanswered == waiting


@given(
    st.lists(
        st.tuples(st.sampled_from(["user", "assistant", "operator", "system", "?"]), ODD_JSON, ODD_JSON), max_size=4
    )
)
def test_strange_json_is_no_fault(cells: list[tuple[str, str, str]]) -> None:
    rows = [
        Row("m", "c", "v", role=role, receipt=receipt, extracted_info=info, part="1") for role, receipt, info in cells
    ]
    summary = summed(*rows)
    assert summary.last_seq == len(cells)
    assert all(isinstance(value, str) for value in (summary.comment, summary.page_origin, summary.consent_version))
    assert summary.score in {None, 1, 2, 3, 4, 5}


@given(
    st.lists(st.text(), min_size=len(COLUMNS), max_size=len(COLUMNS)), st.sampled_from(["user", "assistant", "system"])
)
def test_strange_cells_are_no_fault(cells: list[str], role: str) -> None:
    assert summed(Row(*cells)._replace(role=role)).last_seq == 1


@pytest.mark.parametrize("text", ["x", "-1", "1e400", "NaN", "Infinity", "9" * 400, "²", "1,5", " "])
def test_what_is_no_number_counts_nothing(text: str) -> None:
    summary = summed(part(tokens_in=text, tokens_cached=text, tokens_out=text, cost_usd=text, response_time_ms=text))
    assert (summary.tokens_in, summary.tokens_cached, summary.tokens_out, summary.cost_usd) == (0, 0, 0, 0)
    assert summary.first_response_ms is None


def test_json_nested_without_end_is_no_object() -> None:
    assert from_json("[" * 100_000) == {}
    assert from_json('{"a":' * 100_000) == {}


def test_json_cells_are_compact_and_sorted() -> None:
    assert to_json({"b": "é", "a": {"d": 1, "c": [1, 2]}}) == '{"a":{"c":[1,2],"d":1},"b":"é"}'
    assert to_json({}) == ""


class TestReplies:
    def test_the_first_part_answers_the_rows_it_names(self) -> None:
        assert summed(visitor("a"), visitor("b"), visitor("c"), part(answers=[1, 3], last=False)).unanswered == [2]

    def test_a_later_part_answers_nothing(self) -> None:
        assert summed(visitor("a"), part(number=2, answers=[1])).unanswered == [1]

    def test_an_imported_row_waits_for_nobody(self) -> None:
        assert summed(visitor("a")._replace(status="imported")).unanswered == []

    def test_a_reply_is_open_until_its_last_part(self) -> None:
        rows = [visitor("a"), part(answers=[1], last=False), part(number=2)]
        assert summed(*rows[:2]).open_reply == "r1"
        assert summed(*rows).open_reply == ""

    def test_what_the_visitor_adds_does_not_close_a_reply(self) -> None:
        summary = summed(visitor("a"), part(answers=[1], last=False), visitor("b"))
        assert (summary.open_reply, summary.unanswered) == ("r1", [3])

    def test_the_next_reply_takes_the_place_of_one_that_was_overtaken(self) -> None:
        rows = [visitor("a"), part(answers=[1], last=False), visitor("b"), part(of="r2", answers=[3], last=False)]
        assert summed(*rows).open_reply == "r2"
        assert summed(*rows, part(of="r2", number=2)).open_reply == ""

    def test_the_first_delay_is_that_of_the_first_part_of_all(self) -> None:
        summary = summed(part(response_time_ms=300, last=False), part(number=2, response_time_ms=900))
        assert summary.first_response_ms == 300

    def test_tokens_and_cost_of_all_replies_add_up(self) -> None:
        rows = [part(of=f"r{n}", tokens_in=10, tokens_cached=4, tokens_out=3, cost_usd="0.0015") for n in range(3)]
        summary = summed(*rows)
        assert (summary.tokens_in, summary.tokens_cached, summary.tokens_out) == (30, 12, 9)
        assert summary.cost_usd == Decimal("0.0045")


class TestEvents:
    def test_a_consent_is_what_was_said_last_and_when(self) -> None:
        summary = summed(event("consent", version="1", granted=True), event("consent", version="2", granted=False))
        assert (summary.consent_version, summary.consent_granted) == ("2", False)
        assert summary.consent_at.endswith("00:02.000Z")

    @pytest.mark.parametrize("granted", ["true", "false", 1, None, []])
    def test_only_a_plain_yes_is_a_consent(self, granted: object) -> None:
        assert summed(event("consent", version="1", granted=granted)).consent_granted is False

    def test_nobody_asked_is_not_a_refusal(self) -> None:
        assert summed(visitor("a")).consent_granted is None

    @pytest.mark.parametrize("score", [0, 6, -1, "5", 4.5, True, None])
    def test_a_rating_is_one_to_five(self, score: object) -> None:
        assert summed(event("rate", score=score)).score is None

    def test_the_last_rating_counts(self) -> None:
        summary = summed(event("rate", score=2, comment="lento"), event("rate", score=5))
        assert (summary.score, summary.comment) == (5, "")

    def test_who_asks_for_a_person_waits_since_the_first_time(self) -> None:
        summary = summed(event("handoff", reason="asked"), visitor("a"), event("handoff", reason="anger"))
        assert (summary.status, summary.handoff_reason) == ("waiting", "anger")
        assert summary.handoff_at.endswith("00:01.000Z")

    def test_the_end_closes_and_leaves_nothing_to_answer(self) -> None:
        summary = summed(visitor("a"), event("end"))
        assert (summary.status, summary.closed_by, summary.unanswered) == ("closed", "visitor", [])
        assert summary.closed_at.endswith("00:02.000Z")


class TestFacts:
    def test_what_was_said_last_counts(self) -> None:
        rows = [
            visitor("a", extracted_info={"name": "Ana", "phone": "+1"}),
            visitor("b", extracted_info={"name": "Bia"}),
        ]
        assert summed(*rows).facts == {"name": "Bia", "phone": "+1"}

    def test_an_empty_value_takes_nothing_back(self) -> None:
        rows = [visitor("a", extracted_info={"name": "Ana"}), visitor("b", extracted_info={"name": "", "phone": None})]
        assert summed(*rows).facts == {"name": "Ana"}

    def test_the_page_is_the_one_the_conversation_began_on(self) -> None:
        rows = [
            visitor("a", receipt={"origin": "https://a.example"}),
            visitor("b", receipt={"origin": "https://b.example"}),
        ]
        assert summed(*rows).page_origin == "https://a.example"

    def test_the_visitor_is_who_is_named_last(self) -> None:
        assert summed(visitor("a", user_id=""), visitor("b", user_id="v1"), visitor("c", user_id="")).visitor_id == "v1"


class TestPages:
    @pytest.fixture
    def five(self) -> Transcript:
        return Transcript(numbered(*(visitor(text) for text in "abcde")))

    @pytest.mark.parametrize(
        ("after", "most", "texts", "more"),
        [
            (0, 2, "ab", True),
            (3, 2, "de", False),
            (4, 2, "e", False),
            (5, 2, "", False),
            (99, 2, "", False),
            (-1, 9, "abcde", False),
        ],
    )
    def test_rows_after_a_seq(self, five: Transcript, after: int, most: int, texts: str, more: bool) -> None:
        rows, left = five.after(after, most)
        assert ("".join(row.content for row in rows), left) == (texts, more)

    @pytest.mark.parametrize(
        ("before", "most", "texts", "more"),
        [
            (6, 2, "de", True),
            (99, 9, "abcde", False),
            (3, 2, "ab", False),
            (1, 2, "", False),
            (0, 2, "", False),
            (-4, 2, "", False),
        ],
    )
    def test_rows_before_a_seq(self, five: Transcript, before: int, most: int, texts: str, more: bool) -> None:
        rows, left = five.before(before, most)
        assert ("".join(row.content for row in rows), left) == (texts, more)

    @pytest.mark.parametrize(
        ("after", "most", "texts", "more"),
        [(0, 2, "de", True), (3, 2, "de", False), (4, 2, "e", False), (9, 2, "", False)],
    )
    def test_the_newest_rows_after_a_seq(self, five: Transcript, after: int, most: int, texts: str, more: bool) -> None:
        rows, left = five.newest(after, most)
        assert ("".join(row.content for row in rows), left) == (texts, more)
