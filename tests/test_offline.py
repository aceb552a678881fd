"""The offline assistant at the demonstration tenants: greets once, remembers, knows what it was told and no more."""

import json
import re
from collections.abc import Callable
from itertools import count

import pytest
from django.core.management import call_command

from conversations.core.records import from_json
from conversations.core.smalltalk import asks_something, is_only_smalltalk, without_introduction
from conversations.core.telling import told, ways_to_reach
from conversations.python_api import process_message
from conversations.storage import storage_for
from tenants_app.knowledge import Entry, parse_knowledge

GREETING = re.compile(r"^\W*(?:olá|oi|bom dia|hello|hi\b|hola)|\b(?:eu sou|i am|soy) \w+, ", re.IGNORECASE)
_people = count()
Talk = Callable[..., list[str]]


@pytest.fixture
def talk(installation: object, transactional_db: None, capsys: pytest.CaptureFixture[str]) -> Talk:
    """Says these lines as one new visitor of a demonstration tenant; the replies, white space as single spaces."""
    call_command("demo_tenants")

    def talk_to(tenant: str, *lines: str) -> list[str]:
        person = f"person{next(_people)}"
        replies = [process_message(line, tenant, session_key=person) for line in lines]
        return [" ".join(" ".join(parts).split()) for parts in replies]

    return talk_to


def test_who_says_a_name_is_greeted_by_it(talk: Talk) -> None:
    [reply] = talk("default", "Oi, me chamo Maria")
    assert reply.startswith("Olá, Maria!")


def test_the_name_is_remembered(talk: Talk) -> None:
    assert "Maria" in talk("default", "Oi, me chamo Maria", "Vocês abrem no sábado?", "Você lembra meu nome?")[-1]


def test_a_name_never_told_is_not_made_up(talk: Talk) -> None:
    assert talk("default", "Oi", "Você lembra meu nome?")[-1] == "Você ainda não me disse seu nome."


def test_the_contact_is_noted_and_remembered(talk: Talk) -> None:
    replies = talk("default", "Oi", "meu email é maria@example.com e meu telefone 11 98765-4321", "qual meu email?")
    assert "Anotei seu e-mail e seu telefone." in replies[1]
    assert "maria@example.com" in replies[2]


@pytest.mark.parametrize(
    ("tenant", "question", "fact"),
    [
        ("default", "vocês abrem que horas?", "9h às 18h30"),
        ("default", "quanto custa o frete?", "R$ 12"),
        ("default", "aceitam pix?", "Pix com 5%"),
        ("default", "como faço uma devolução?", "sete dias"),
        ("default", "onde fica a loja?", "Rua das Paineiras"),
        ("default", "tem estacionamento?", "Duas vagas"),
        ("timmy_vendas", "quanto custa?", "R$ 750"),
        ("timmy_vendas", "qual o preço do profissional?", "R$ 1.400"),
        ("timmy_vendas", "funciona no instagram?", "Ainda não"),
        ("timmy_vendas", "tem teste grátis?", "14 dias"),
        ("timmy_vendas", "how much is the premium plan?", "2.000"),
        ("varizemed", "vocês atendem unimed?", "Unimed"),
        ("varizemed", "quanto custa a consulta?", "R$ 420"),
        ("varizemed", "quais médicos atendem?", "Dra. Lívia Sampaio"),
        ("varizemed", "¿cuánto cuesta la consulta?", "420"),
        ("varizemed", "vocês atendem emergência?", "192"),
    ],
)
def test_what_the_business_told_is_answered(talk: Talk, tenant: str, question: str, fact: str) -> None:
    assert fact in talk(tenant, "oi", question)[-1]


def test_a_question_about_the_place_gets_the_address_alone(talk: Talk) -> None:
    assert talk("varizemed", "oi", "onde fica?")[-1].startswith("Endereço: Avenida")
    assert "@" not in talk("varizemed", "oi", "onde fica?")[-1]


def test_several_entries_are_listed_in_a_line_each(talk: Talk) -> None:
    reply = talk("varizemed", "oi", "quais médicos atendem?")[-1]
    assert reply.count("- Dr") == 3
    assert "CRM" not in reply


def test_a_bare_question_is_about_what_was_asked_before(talk: Talk) -> None:
    replies = talk("timmy_vendas", "oi", "qual o preço do plano premium?", "e por que isso?")
    assert "Premium" in replies[-1]


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("qual a capital da França?", "Não tenho essa informação"),
        ("what is the capital of France?", "do not have that information"),
        ("¿cuál es la capital de Francia?", "No tengo esa información"),
    ],
)
def test_what_it_does_not_know_it_says_so(talk: Talk, question: str, words: str) -> None:
    reply = talk("timmy_vendas", "oi", question)[-1]
    assert words in reply
    assert "vendas@timmy.example" in reply


@pytest.mark.parametrize(
    "line",
    ["estou com falta de ar", "sinto uma dor forte no peito", "minha mãe desmaiou", "ele está com a fala enrolada"],
)
def test_what_sounds_like_an_emergency_gets_the_business_words_about_it(talk: Talk, line: str) -> None:
    assert "192" in talk("varizemed", "oi", line)[-1]


def test_how_to_reach_the_team_is_said_once(talk: Talk) -> None:
    replies = talk("timmy_vendas", "oi", "qual a capital da França?", "e da Itália?")
    assert "vendas@timmy.example" in replies[1]
    assert "vendas@timmy.example" not in replies[2]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("obrigada!", "Por nada"),
        ("tchau", "Até logo"),
        ("ok", "mais alguma coisa"),
        ("👍", "mais alguma coisa"),
        ("então", "o que você precisa"),
        ("quero falar com uma pessoa", "Falar com uma pessoa"),
        ("chama um atendente", "Falar com uma pessoa"),
        ("você é um robô?", "um programa, não uma pessoa"),
        ("parece gente", "um programa, não uma pessoa"),
        ("seus incompetentes", "Lamento"),
        ("por que você quer meu email?", "opcional"),
        ("prefiro não passar", "Sem problema"),
        ("pode ser terça de manhã", "registrado nesta conversa"),
        ("thanks", "You are welcome"),
        ("are you a robot?", "a program, not a person"),
        ("can I talk to a person?", "Talk to a person"),
        ("gracias", "De nada"),
        ("¿eres un robot?", "un programa, no una persona"),
        ("adiós", "Hasta luego"),
    ],
)
def test_small_talk_is_answered_in_kind(talk: Talk, line: str, words: str) -> None:
    assert words in talk("varizemed", "bom dia", line)[-1]


def test_the_first_answer_to_are_you_a_robot_says_who_it_is_once(talk: Talk) -> None:
    assert talk("default", "você é um robô?")[0].count("Íris") == 1


def test_it_never_greets_twice(talk: Talk) -> None:
    lines = [
        "oi", "bom dia", "me chamo Ana", "olá?", "quanto custa o frete?", "oi de novo", "qual a capital da França?",
        "hello", "você é robô?", "obrigada", "tchau", "oi",
    ]  # fmt: skip
    first, *later = talk("default", *lines)
    assert GREETING.search(first)
    assert [reply for reply in later if GREETING.search(reply)] == []


def test_the_receipt_names_the_entries_used(talk: Talk) -> None:
    talk("varizemed", "quanto custa a consulta?")
    [entry] = storage_for("varizemed").entries()
    rows = storage_for("varizemed").read(entry.conversation_id).rows
    assert from_json(rows[-1].receipt)["knowledge"] == ["faq:3"]
    assert (rows[-1].provider, rows[-1].model, rows[-1].error_code) == ("offline", "offline", "")


def test_the_same_words_get_the_same_answer(talk: Talk) -> None:
    lines = ("oi", "quais são os planos?", "e o prazo?", "obrigado")
    assert talk("timmy_vendas", *lines) == talk("timmy_vendas", *lines)


@pytest.mark.parametrize(
    "line", ["?" * 4000, "a " * 2000, "meu nome é " * 300, "𝒞𝒶𝓃𝑒𝒸𝒶?", "\u200b", "=cmd()", "<b>oi</b>"]
)
def test_strange_words_get_an_answer_too(talk: Talk, line: str) -> None:
    assert all(talk("default", "oi", line))


def test_no_tenant_says_what_only_another_knows(talk: Talk) -> None:
    assert "Rua das Paineiras" not in json.dumps(
        talk("varizemed", "oi", "onde fica a Loja Aurora?"), ensure_ascii=False
    )


@pytest.mark.parametrize(
    ("text", "facts", "left"),
    [
        ("Oi, me chamo Maria", ["Maria"], "oi"),
        ("meu nome é João, quanto custa?", ["João"], "quanto custa?"),
        ("anota: 11 98765-4321", ["+5511987654321"], ""),
        ("quanto custa?", [], "quanto custa?"),
    ],
)
def test_who_says_it_is_no_part_of_the_question(text: str, facts: list[str], left: str) -> None:
    assert " ".join(without_introduction(text, facts).split()).strip(" ,") == left


@pytest.mark.parametrize("text", ["oi", "Bom dia!", "ok obrigada", "kkkk", "👍", "?", "então…"])
def test_small_talk_leaves_nothing_to_answer(text: str) -> None:
    assert is_only_smalltalk(text)


@pytest.mark.parametrize(
    ("text", "asks"), [("onde fica", True), ("quero um vaso", True), ("pode ser às 9h", False), ("comprei aí", False)]
)
def test_a_wish_is_told_from_a_statement(text: str, asks: bool) -> None:
    assert asks_something(text) is asks


def test_ways_to_reach_a_team_are_numbers_and_addresses_only() -> None:
    knowledge, _warnings = parse_knowledge(
        {"contact": {"phone": "(11) 5555-0123", "email": "oi@a.example", "address": "Rua 1, 23", "hours": "9h às 18h"}}
    )
    [contact] = knowledge.entries
    assert [way.split(" ", 1)[1] for way in ways_to_reach(contact)] == ["(11) 5555-0123", "oi@a.example"]


def test_an_entry_of_one_line_is_said_as_it_is() -> None:
    assert told(Entry("faq:1", "faq", "Abre quando?", "Às 9h.", "Às 9h."), "que horas abre?") == "Às 9h."
