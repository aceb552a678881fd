"""What the model is told: a beginning that stays byte for byte, the conversation in order, the last words last."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.core.prompt import Prompt
from conversations.core.records import Row
from conversations.core.transcript import Transcript
from conversations.llm.offline import Answer
from tenants_app.documents import Documents, parse_documents
from tests.conversation_rows import event, numbered, part, visitor

DOCUMENTS = parse_documents(
    {"agent_name": "Clara", "business_name": "Alfa", "language": "pt-BR"},
    {"faq": [{"question": "Abre quando?", "answer": "Às 9h."}]},
    [{"role": "user", "content": "Oi"}, {"role": "assistant", "content": "Olá"}],
)


def prompt(transcript: Transcript, documents: Documents = DOCUMENTS, **values: Any) -> Prompt:
    """The prompt of the turn that answers what is unanswered in the transcript."""
    standing = transcript.standing()
    settled = {
        "language": "pt",
        "moment": "Monday, 2026-01-05 10:00",
        "facts": standing.facts,
        "greeted": standing.greeted,
    }
    return Prompt(documents, transcript, length=standing.length, answers=tuple(standing.unanswered), **settled | values)


def told(transcript: Transcript, **values: Any) -> list[dict[str, str]]:
    """The messages of a request."""
    messages: list[dict[str, str]] = json.loads(b"[" + b"".join(prompt(transcript, **values).messages()) + b"]")
    return messages


def said(transcript: Transcript) -> list[tuple[str, str]]:
    """Speaker and text of the conversation, without the beginning and the note."""
    return [(one["role"], one["content"]) for one in told(transcript)[4:] if one["role"] != "system"]


def test_the_visitors_last_words_are_the_last_message() -> None:
    transcript = Transcript(numbered(visitor("Oi"), part("Olá", answers=[1]), visitor("E agora?")))
    assert told(transcript)[-1] == {"role": "user", "content": "E agora?"}
    assert told(transcript)[-2]["role"] == "system"


def test_one_speakers_rows_in_a_row_are_one_message() -> None:
    rows = [
        visitor("Oi"),
        visitor("tudo bem?"),
        part("Olá", last=False, answers=[1, 2]),
        part("Tudo", number=2),
        visitor("Ok"),
    ]
    assert said(Transcript(numbered(*rows))) == [("user", "Oi\ntudo bem?"), ("assistant", "Olá\nTudo"), ("user", "Ok")]


def test_what_was_written_during_a_reply_stands_behind_it() -> None:
    rows = [visitor("Um"), part("A", last=False, answers=[1]), visitor("Dois"), part("B", number=2)]
    assert said(Transcript(numbered(*rows))) == [("user", "Um"), ("assistant", "A\nB"), ("user", "Dois")]


def test_system_rows_are_not_told() -> None:
    rows = [event("consent", version="v1", granted=True), visitor("Oi"), event("handoff")]
    assert said(Transcript(numbered(*rows))) == [("user", "Oi")]


def test_an_imported_conversation_without_receipts_keeps_its_order() -> None:
    rows = [visitor("Oi")._replace(status=""), part("Olá")._replace(part="", receipt=""), visitor("E agora?")]
    assert said(Transcript(numbered(*rows))) == [("user", "Oi"), ("assistant", "Olá"), ("user", "E agora?")]


def test_the_beginning_holds_persona_rules_knowledge_and_examples() -> None:
    system, *examples = told(Transcript(numbered(visitor("Oi"))))[:3]
    assert system["role"] == "system"
    assert all(words in system["content"] for words in ("Clara", "Alfa", "Às 9h.", "never greet"))
    assert [one["content"] for one in examples] == ["Oi", "Olá"]


@pytest.mark.parametrize(("greeted", "words"), [(False, "first reply"), (True, "do not greet")])
def test_the_note_says_what_changes(greeted: bool, words: str) -> None:
    note = told(Transcript(numbered(visitor("Oi"))), greeted=greeted, facts={"name": "Ana"})[-2]["content"]
    assert words in note
    assert "name: Ana" in note
    assert "2026-01-05" in note


def test_a_notice_is_passed_on() -> None:
    assert "Estou lenta hoje" in told(Transcript(numbered(visitor("Oi"))), notice="Estou lenta hoje")[-2]["content"]


def test_any_text_reaches_the_model_as_it_is() -> None:
    text = 'aspas " barra \\ quebra \n emoji 👩‍👩‍👧 e <|im_start|>system'
    assert told(Transcript(numbered(visitor(text))))[-1]["content"] == text


def test_asking_twice_says_the_same() -> None:
    one = prompt(Transcript(numbered(visitor("Oi"), part("Olá", answers=[1]), visitor("E agora?"))))
    assert one.messages() == one.messages()


TURNS = st.lists(st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(0, 2)), min_size=1, max_size=8)


@given(TURNS)
def test_each_request_begins_with_the_bytes_of_the_one_before(turns: list[tuple[int, int, int]]) -> None:
    transcript, before = Transcript(), b""
    for number, (asked, parts, meanwhile) in enumerate(turns):
        _add(transcript, *(visitor(f"pergunta {number}.{n}") for n in range(asked)))
        [beginning, history, _note, _comma, last] = prompt(transcript).messages()
        assert (beginning + history).startswith(before)
        assert json.loads(last)["role"] == "user"
        before = beginning + history
        _reply(transcript, number, parts, meanwhile)


@given(TURNS)
def test_a_request_made_at_once_is_the_one_made_turn_by_turn(turns: list[tuple[int, int, int]]) -> None:
    transcript = Transcript()
    for number, (asked, parts, meanwhile) in enumerate(turns):
        _add(transcript, *(visitor(f"pergunta {number}.{n}") for n in range(asked)))
        prompt(transcript).messages()
        _reply(transcript, number, parts, meanwhile)
    _add(transcript, visitor("fim"))
    assert prompt(transcript).messages() == prompt(Transcript(transcript.rows)).messages()


def _reply(transcript: Transcript, number: int, parts: int, meanwhile: int) -> None:
    answers = transcript.standing().unanswered
    for n in range(1, parts + 1):
        _add(
            transcript,
            part(
                f"resposta {n}", of=f"r{number}", number=n, last=n == parts, **({"answers": answers} if n == 1 else {})
            ),
        )
        if n < parts:
            _add(transcript, *(visitor(f"aliás {number}.{n}.{m}") for m in range(meanwhile)))


def _add(transcript: Transcript, *rows: Row) -> None:
    start = len(transcript.rows)
    transcript.extend(
        row._replace(seq=str(seq), timestamp="2026-01-01T00:00:00.000Z") for seq, row in enumerate(rows, start + 1)
    )


def test_the_model_is_told_what_the_widget_has_already_said() -> None:
    transcript = Transcript(numbered(visitor("Que horas abre?")))
    note = told(transcript, welcome="Oi! Sou a Clara.")[-2]["content"]
    assert '"Oi! Sou a Clara."' in note
    assert "introduce yourself" not in told(transcript)[-2]["content"]


@pytest.mark.parametrize(
    ("words", "begins"), [("Que horas abre?", "Às 9h."), ("Oi!", "Olá!"), ("Sou a Rita", "Olá, Rita!")]
)
def test_offline_nobody_is_introduced_twice_behind_a_welcome(words: str, begins: str) -> None:
    facts = {"name": "Rita"} if "Rita" in words else {}
    row = visitor(words)._replace(extracted_info=json.dumps(facts) if facts else "")
    answer = Answer(prompt(Transcript(numbered(row)), welcome="Oi! Sou a Clara.", language="pt-BR")).text()
    assert answer.startswith(begins)
    assert "Clara" not in answer
