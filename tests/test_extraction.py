"""What a message tells about its visitor, and what it only seems to tell."""

import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.core.extraction import Contact, extract
from conversations.core.names import plain

NAME = frozenset({"name"})


def name_in(text: str, asked: frozenset[str] = frozenset()) -> str | None:
    return extract(text, asked=asked).name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Olá! Me chamo Marina Prado, tudo bem?", "Marina Prado"),
        ("o meu nome é Otávio e queria um orçamento", "Otávio"),
        ("aqui quem fala é a Beatriz Nogueira", "Beatriz Nogueira"),
        ("pode me chamar de Duda", "Duda"),
        ("Hi, I'm Kate Long and I need a quote", "Kate"),
        ("you can call me Sam", "Sam"),
        ("hola, me llamo Rocío de la Vega", "Rocío de la Vega"),
        ("Nome: Marina Prado\nTelefone: depois eu passo", "Marina Prado"),
        ("Aguardo retorno. Atenciosamente,\nOtávio Prado", "Otávio Prado"),
    ],
)
def test_visitors_introduce_themselves_in_three_languages(text: str, name: str) -> None:
    assert name_in(text) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("me chamo marina clara do prado", "Marina Clara do Prado"),
        ("MEU NOME É OTÁVIO DA COSTA. QUERO AJUDA", "Otávio da Costa"),
        ("i am betty mcdonald", "Betty McDonald"),
        ("me chamo ana d'ávila", "Ana D'Ávila"),
        ("me chamo ana b. prado", "Ana B. Prado"),
        ("meu nome é Júlia de Melo e Silva", "Júlia de Melo e Silva"),
    ],
)
def test_names_get_their_usual_capitals(text: str, name: str) -> None:
    assert name_in(text) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("me chamo Otávio e sou contador", "Otávio"),
        ("me chamo beatriz comprei uma mesa ontem", "Beatriz"),
        ("sou a Marina mãe do Léo", "Marina"),
        ("aqui é a Marina da Unimed", "Marina"),
        ("me chamo Otávio e Pedro é meu sócio", "Otávio"),
        ("meu nome é marina meu celular é outro", "Marina"),
    ],
)
def test_a_name_ends_where_something_else_begins(text: str, name: str) -> None:
    assert name_in(text) == name


@pytest.mark.parametrize(
    "text",
    [
        "ele se chama Otávio",
        "meu marido Otávio vai junto",
        "o nome da minha filha é Marina",
        "I am Kate's husband",
        "sou a mãe do Otávio",
        'a moça escreveu: "me chamo Marina"',
        "quero falar com a Dra. Beatriz",
        "obrigada, Beatriz",
        "Oi Timmy",
        "eu sou o Timmy agora",
    ],
)
def test_other_peoples_names_are_not_the_visitors(text: str) -> None:
    assert name_in(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "sou veterinária",
        "Sou Técnica de Enfermagem",
        "sou da Bahia",
        "sou alérgica a camarão",
        "I'm looking for a plan",
        "I'm Colombian",
        "I'm Vice President",
        "Soy Chef",
        "soy estudiante",
        "this is ridiculous",
        "call me tomorrow",
        "me chama no zap",
        "me chamo a atenção para o prazo",
        "meu nome está errado no boleto",
        "não me chamo Otávio",
        "quem sou eu?",
    ],
)
def test_trades_places_and_feelings_are_no_names(text: str) -> None:
    assert name_in(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "meu nome na verdade é Mariana",
        "na verdade me chamo Mariana",
        "corrigindo, é Mariana",
        "meu nome não é Marina, é Mariana",
        "me chamo Marina, ops, na verdade me chamo Mariana",
    ],
)
def test_a_plain_correction_counts_without_being_asked(text: str) -> None:
    assert name_in(text) == "Mariana"


def test_a_vague_correction_counts_only_after_the_question() -> None:
    assert name_in("Na verdade é Mariana") is None
    assert name_in("Na verdade é Mariana", NAME) == "Mariana"


@pytest.mark.parametrize(
    "text", ["marina", "MARINA", "É Marina!", "sim, marina", "Marina 11 98765-4321", "o meu é Marina"]
)
def test_a_bare_name_answers_the_question(text: str) -> None:
    assert name_in(text) is None
    assert name_in(text, NAME) == "Marina"


@pytest.mark.parametrize(
    "text",
    [
        "sim",
        "prefiro não dizer",
        "Quanto custa?",
        "Clareamento",
        "amanhã de manhã",
        "Oi, Ana",
        "São Paulo",
        "marina.p@x.com",
    ],
)
def test_an_answer_that_is_no_name_stays_no_name(text: str) -> None:
    assert name_in(text, NAME) is None


@pytest.mark.parametrize(
    ("text", "email"),
    [
        ("meu e-mail é marina.prado@exemplo.com.br.", "marina.prado@exemplo.com.br"),
        ("marina ponto prado arroba exemplo ponto com", "marina.prado@exemplo.com"),
        ("marina @ exemplo.com", "marina@exemplo.com"),
        ("é marina@exemplo.com.br.Obrigada", "marina@exemplo.com.br"),
        ("trocar de marina@velho.com para marina@novo.com", "marina@novo.com"),
        ("meu @ é marinaprado", None),
        ("recebi de noreply@exemplo.com", None),
        ("o email da minha mãe é mae@exemplo.com", None),
    ],
)
def test_the_visitors_own_email_is_found(text: str, email: str | None) -> None:
    assert extract(text).email == email


@pytest.mark.parametrize(
    ("text", "phone"),
    [
        ("meu zap (11) 98765-4321, cpf 529.982.247-25", "+5511987654321"),
        ("era 11 98765-4321, agora é 21 98765-4321", "+5521987654321"),
        ("https://wa.me/5511987654321", "+5511987654321"),
        ("o telefone da minha mãe é 11 98765-4321", None),
        ("o pedido é 11987654321", None),
        ("11987654321 é o meu CPF", None),
        ("https://exemplo.com/pedido/11987654321", None),
        ("custou R$ 1198765432", None),
    ],
)
def test_the_visitors_own_phone_is_found(text: str, phone: str | None) -> None:
    assert extract(text).phone == phone


def test_one_message_may_tell_everything() -> None:
    told = extract("Oi, sou o Otávio Prado, 11 98765-4321, otavio@exemplo.com")
    assert told == Contact("Otávio Prado", "otavio@exemplo.com", "+5511987654321")


def test_a_number_is_read_where_the_visitor_is() -> None:
    assert extract("call me at 415 672 4623", region="US").phone == "+14156724623"


@given(st.text(), st.sets(st.sampled_from(["name", "email", "phone"])))
def test_no_text_makes_it_fail(text: str, asked: set[str]) -> None:
    assert isinstance(extract(text, asked=asked), Contact)


@given(
    st.lists(
        st.sampled_from(["me chamo ", "sou ", "Ana ", "da ", "1", "@", ".com", "\n", '"', "İ", "tel "]), max_size=40
    )
)
def test_no_pile_of_fragments_makes_it_fail(pieces: list[str]) -> None:
    assert isinstance(extract("".join(pieces), asked=NAME), Contact)


@given(st.text())
def test_the_text_compared_is_as_long_as_the_text_read(text: str) -> None:
    assert len(plain(text)) == len(text)


@pytest.mark.parametrize(
    "unit", ["9", "@", "a@", "me chamo ", "a", " ", "1 ", "11 98765-432 ", "nome: ", "+1234567 ", "\n", "é."]
)
def test_a_hostile_wall_of_text_costs_little(unit: str) -> None:
    wall = "me chamo " + unit * (65_536 // len(unit))
    begun = time.process_time()
    extract(wall, asked=frozenset({"name", "email", "phone"}))
    assert time.process_time() - begun < 0.1


def test_importing_it_does_not_import_django() -> None:
    check = "import sys, conversations.core.extraction; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
