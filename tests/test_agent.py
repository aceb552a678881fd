"""One reply on its way out: greeted once, cut into parts, in the visitor's language, nothing lost."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations import agent
from conversations.core.guardrails import GreetingGuard
from conversations.core.languages import written_in
from conversations.core.records import Row
from conversations.core.transcript import Transcript
from conversations.core.wording import say
from conversations.llm.base import Cut, Invalid
from conversations.llm.scripted import ScriptedModel, Step
from conversations.storage.base import NotStored
from tests.conversation_rows import numbered, part, visitor
from tests.test_prompt import DOCUMENTS


@pytest.fixture(autouse=True, scope="module")
def _no_waiting() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(agent, "GATHER_SECONDS", 0.0, raising=False)
        yield


class Shelf:
    """A sink that keeps what it is given; `shown` is what a visitor saw grow."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.shown: dict[int, str] = {}

    async def store(self, rows: list[Row]) -> list[Row]:
        self.rows += rows
        return rows

    async def delta(self, reply: str, part: int, text: str) -> None:
        self.shown[part] = self.shown.get(part, "") + text


def turn(*rows: Row, documents: Any = DOCUMENTS) -> agent.Turn:
    """A turn that answers the rows that wait."""
    transcript = Transcript(numbered(*rows))
    return agent.Turn(
        "alfa", documents, 1, "America/Sao_Paulo", transcript, transcript.standing(), "c1", "r9", lambda: "m9", 0.0
    )


async def reply(*steps: Step, rows: tuple[Row, ...] = (visitor("Oi"),), sink: Any = None) -> Shelf:
    """What becomes of a model that says these."""
    shelf = sink or Shelf()
    await agent.reply(turn(*rows), shelf, ScriptedModel(steps), ScriptedModel(["Do outro."]))
    return shelf


async def test_the_whole_reply_is_stored_in_order() -> None:
    words = [f"palavra{number} " for number in range(200)]
    shelf = await reply(*words)
    assert " ".join(row.content for row in shelf.rows).split() == "".join(words).split()
    assert [int(row.part) for row in shelf.rows] == list(range(1, len(shelf.rows) + 1))


@given(st.text(alphabet="abc .,!?\n-é😀", max_size=600), st.lists(st.integers(1, 60), min_size=1, max_size=20))
async def test_any_stream_ends_with_one_complete_part(text: str, sizes: list[int]) -> None:
    pieces, at = [], 0
    while at < len(text):
        pieces.append(text[at : at + sizes[len(pieces) % len(sizes)]])
        at += len(pieces[-1])
    shelf = await reply(*pieces)
    assert [row.status for row in shelf.rows] == ["part"] * (len(shelf.rows) - 1) + ["complete"]
    wanted = "".join(text.split()) or "".join(say("lost_words", "pt").split())
    assert "".join("".join(row.content.split()) for row in shelf.rows) == wanted


async def test_what_grows_before_the_visitors_eyes_is_what_the_part_begins_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(agent, "DELTA_SECONDS", 0.0)
    shelf = await reply(*[f"palavra{number} " for number in range(100)])
    assert len(shelf.shown) > 3
    for number, text in shelf.shown.items():
        assert shelf.rows[number - 1].content.startswith(text.strip()[:60])


async def test_a_reply_of_which_a_piece_was_seen_is_ended_not_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent, "DELTA_SECONDS", 0.0)
    shelf = await reply("Meia frase", Cut("gone"))
    assert shelf.rows[0].content.startswith("Meia frase")
    assert shelf.rows[-1].content.endswith(say("interrupted", "pt"))


async def test_the_fallback_is_told_what_to_confess() -> None:
    fallback = ScriptedModel(["Do outro."])
    await agent.reply(turn(visitor("Oi")), Shelf(), ScriptedModel([Invalid("no")]), fallback)
    assert fallback.prompts[0].notice == say("model_failed", "pt")


async def test_a_part_that_cannot_be_stored_is_not_the_models_fault() -> None:
    class Full(Shelf):
        async def store(self, rows: list[Row]) -> list[Row]:
            raise NotStored("full")

    with pytest.raises(NotStored):
        await reply("Certo.", sink=Full())


@pytest.mark.parametrize(
    ("texts", "language"),
    [
        (["What are your hours?"], "en"),
        (["¿Cuánto cuesta?"], "es"),
        (["quero agendar uma consulta"], "pt"),
        (["ok", "how much is it?"], "en"),
        (["Maria", "oi"], "pt"),
        (["e se triplicar no fim do ano?"], None),
        (["42"], None),
        ([], None),
    ],
)
def test_the_language_is_told_by_small_words(texts: list[str], language: str | None) -> None:
    assert written_in(texts) == language


@pytest.mark.parametrize(("text", "language"), [("Where are you?", "en"), ("¿Dónde están?", "es"), ("ok", "pt-BR")])
def test_a_reply_is_in_the_language_that_the_visitor_writes(text: str, language: str) -> None:
    assert turn(visitor(text)).language == language


def test_the_language_of_earlier_words_stays() -> None:
    rows = visitor("What are your hours?"), part("At nine.", answers=[1]), visitor("ok")
    assert turn(*rows).language == "en"


GREETED = [
    ("Olá, Maria! Tudo bem? Claro, temos sim.", "Claro, temos sim."),
    ("Oi! O plano custa R$ 10.", "O plano custa R$ 10."),
    ("Olá Maria, seu pedido saiu hoje.", "Seu pedido saiu hoje."),
    ("Bom dia! 😊 Como posso ajudar?", "Como posso ajudar?"),
    ("Olá novamente, João da Silva! Eu sou a Clara, assistente virtual. Custa 10.", "Custa 10."),
    ("Boa tarde, Dra. Ana Paula! Sua consulta é às 10.", "Sua consulta é às 10."),
    ("Hello there! I'm Clara, the assistant. We open at 9.", "We open at 9."),
    ("¡Hola, Pedro! ¿Qué tal? Abrimos a las 9.", "Abrimos a las 9."),
    ("Olá — claro que sim", "Claro que sim"),
    ("Oi.\nTemos", "Temos"),
    ("Oi, pode sim!", "Pode sim!"),
]
KEPT = [
    "O plano custa R$ 10.", "Hidratação é importante.", "Bom dia é o nome do nosso café.", "Oitenta reais.",
    "Higiene é grátis.", "Olá é uma saudação.", "Se preferir, ligue.", "Opaco ou brilhante?", "  Sim.",
    "Buenas ofertas hay hoy aquí para ti",
]  # fmt: skip


@pytest.mark.parametrize(("text", "left"), GREETED)
@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_a_second_greeting_is_taken_off_whole(text: str, left: str, size: int) -> None:
    assert guarded(text, size) == (left, 1)


@pytest.mark.parametrize("text", KEPT)
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_what_only_looks_like_a_greeting_stays(text: str, size: int) -> None:
    assert guarded(text, size) == (text, 0)


@pytest.mark.parametrize("text", ["Olá!", "Oi", "Bom dia, Maria! Tudo bem?", "Olá 😊"])
def test_a_greeting_alone_becomes_an_offer_to_help(text: str) -> None:
    assert guarded(text, 3) == ("Estou por aqui. Como posso ajudar?", 1)


def test_the_first_greeting_passes() -> None:
    guard = GreetingGuard(False, "pt")
    assert guard.feed("Olá, Maria! ") + guard.close() == "Olá, Maria! "


def test_most_replies_are_held_for_a_few_letters_only() -> None:
    guard = GreetingGuard(True, "pt")
    assert [guard.feed(letter) for letter in "O plano"] == ["", "O ", "p", "l", "a", "n", "o"]


WORDS = ["Olá", ", ", "Maria", "! ", "Tudo bem?", " ", "Eu sou a ", "Clara. ", "Oi", "o plano ", "\n", "😊", "custa"]
PIECES = st.lists(st.sampled_from(WORDS) | st.text(max_size=5), max_size=12)


@given(PIECES, st.integers(1, 40))
def test_what_leaves_is_the_same_whatever_way_the_stream_is_cut(pieces: list[str], size: int) -> None:
    text = "".join(pieces)
    whole = guarded(text, len(text) or 1)
    assert guarded(text, size) == whole
    assert whole[1] or whole[0] == text


def guarded(text: str, size: int) -> tuple[str, int]:
    guard = GreetingGuard(True, "pt")
    left = "".join(guard.feed(text[at : at + size]) for at in range(0, len(text), size)) + guard.close()
    return left, guard.hits
