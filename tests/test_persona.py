"""config.json in both spellings becomes one persona, and says everything that is wrong with it at once."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tenants_app.persona import parse_persona
from tenants_app.problems import DocumentError, Notice

DATA = Path(__file__).parent / "data"
NAMED = {"agent_name": "Nina", "business_name": "Padaria"}


def config(place):
    return json.loads((DATA / place).read_text())


def problems(raw):
    with pytest.raises(DocumentError) as caught:
        parse_persona(raw)
    return {problem.key: problem.text() for problem in caught.value.problems}


def test_the_older_spelling_is_understood():
    persona, _warnings = parse_persona(config("older/tenant_padaria.json"))
    assert (persona.time_zone, persona.formality, persona.emoji) == ("America/Recife", "baixa", True)
    assert (persona.min_chars, persona.max_chars, persona.temperature, persona.max_tokens) == (60, 150, 0.4, 300)
    assert persona.collect_user_info is False


def test_the_newer_spelling_is_understood():
    persona, _warnings = parse_persona(config("newer/config.json"))
    assert (persona.model, persona.max_chars, persona.emoji) == ("some-model", 200, True)
    assert persona.instructions == "Pergunte o objetivo.\n\nNão receite dieta."
    assert persona.discovery.discovery_questions == {"goal": ("Qual é o seu objetivo?",)}
    assert persona.intent_patterns["pricing"] == ("preço", "quanto")


def test_a_persona_of_two_names_has_defaults_for_the_rest():
    persona, warnings = parse_persona(NAMED)
    assert (persona.language, persona.min_chars, persona.max_chars) == ("pt-BR", 80, 120)
    assert (persona.greeting, persona.model, persona.consent.required) == (None, None, False)
    assert warnings == []


def test_unknown_keys_are_named_with_their_path():
    _persona, warnings = parse_persona(config("newer/config.json"))
    assert {warning.partition(":")[0] for warning in warnings} == {
        "personality.greeting_style",
        "formatter.list_style",
        "analysis_rules",
    }


def test_an_unknown_key_is_answered_by_the_known_one_it_resembles():
    _persona, warnings = parse_persona({**NAMED, "greting": "Oi", "widget": {"colour": "#fff"}})
    assert warnings == [
        "greting: kept, but not used; did you mean greeting?",
        "widget.colour: kept, but not used; did you mean widget.color?",
    ]


def test_a_warning_can_be_said_in_another_language():
    _persona, [warning] = parse_persona({**NAMED, "mood": 1})
    assert isinstance(warning, Notice)
    assert warning.text(lambda text: text.replace("kept, but not used", "guardado, mas sem uso")) == (
        "mood: guardado, mas sem uso"
    )


def test_when_two_spellings_disagree_the_newer_counts():
    raw = {**NAMED, "formatter": {"max_chars": 90}, "response_settings": {"max_chars": 300}}
    persona, [warning] = parse_persona(raw)
    assert persona.max_chars == 90
    assert "response_settings.max_chars" in warning


def test_every_problem_is_reported_at_once_under_the_key_as_it_was_written():
    found = problems(
        {
            "agent_name": 3,
            "timezone": "America",
            "language": "Portuguese",
            "response_settings": {"max_chars": 10, "temperature": "warm"},
            "widget": {"color": "red", "suggestions": ["a"] * 7},
            "consent": {"required": True},
        }
    )
    assert found["response_settings.max_chars"] == "config.json: response_settings.max_chars: expected 20 or more"
    assert set(found) == {
        "agent_name",
        "business_name",
        "timezone",
        "language",
        "response_settings.max_chars",
        "response_settings.temperature",
        "widget.color",
        "widget.suggestions",
        "consent",
    }


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("llm", {"temperature": 2.1}),
        ("llm", {"temperature": float("nan")}),
        ("llm", {"max_tokens": 1}),
        ("formatter", {"max_chars": 4001}),
        ("formatter", {"max_chars": True}),
        ("formatter", {"use_emojis": "yes"}),
        ("formatter", {"min_chars": 200, "max_chars": 100}),
        ("personality", "friendly"),
        ("time_zone", "../etc/passwd"),
        ("greeting", ""),
    ],
)
def test_a_value_out_of_its_range_is_refused(key, value):
    assert problems({**NAMED, key: value})


def test_a_limit_that_stands_alone_takes_the_other_along():
    assert parse_persona({**NAMED, "formatter": {"max_chars": 60}})[0].min_chars == 60
    assert parse_persona({**NAMED, "formatter": {"min_chars": 150}})[0].max_chars == 150


@pytest.mark.parametrize(("written", "meant"), [("pt-br", "pt-BR"), ("pt_BR", "pt-BR"), ("EN", "en"), ("es", "es")])
def test_a_language_code_is_read_in_any_spelling(written, meant):
    assert parse_persona({**NAMED, "language": written})[0].language == meant


def test_a_file_that_is_a_list_is_refused():
    assert problems([]) == {"": "config.json: expected an object with keys"}


def test_the_documents_are_read_without_django():
    code = "import sys, tenants_app.documents; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
