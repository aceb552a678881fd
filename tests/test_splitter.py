"""A reply becomes chat-sized parts: where it is cut, where it never is, and that the chunks do not matter."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from conversations.core.splitter import StreamSplitter, split

WORD_LIST = """
consulta horário amanhã equipe você agenda unidade é a de com pagamento confirmação the visit and you'll price mañana
cita usted pero e ou que mas not Vila Ana às 14:30 10/05/2031 12 h 5 kg 1.250 3,5% Dr. Sra. Art. nº Av. etc. e.g. p. ex.
1. 2) - * • – ( ) : ; , . ! ? ... “olá” :) R$ ,ok fim. certo? sim! claro… veja: assim, isto;
"""
WORDS = WORD_LIST.split()
SPECIALS = [
    "https://clinica.example/agenda?dia=2031-05-10&hora=9#mapa",
    "https://loja.example/" + "caminho/" * 20,
    "maria.souza+site@correio.example.br",
    "R$ 1.400,00",
    "US$ 15",
    "(11) 98765-4321",
    "+55 11 3456-7890",
    "14:30",
    "[ver o mapa da loja](https://loja.example/mapa)",
    "[um rótulo " + "bem longo " * 9 + "](https://loja.example/" + "x" * 40 + ")",
    "**leve um documento com foto**",
    "**" + "muito importante " * 9 + "**",
    "{nome}",
    "{nome completo}",
    "👩‍👩‍👧",
    "🇧🇷",
    "👍🏽",
    "1️⃣",
    "😊",
    "👉",
    "**",
    "[",
    "[a](",
    "{",
    "```",
]
GAPS = st.sampled_from(
    [" "] * 12 + ["  ", "\n", "\n\n", "\r\n", "\n- ", "\n• ", "\n  2. ", "\n3) ", "\t", "\u00a0", ""]
)
PIECES = st.one_of(st.sampled_from(WORDS), st.sampled_from(WORDS), st.sampled_from(SPECIALS), st.text(max_size=4))
REPLIES = st.lists(st.tuples(PIECES, GAPS), max_size=90).map(lambda pairs: "".join(a + b for a, b in pairs))
LIMITS = st.tuples(st.integers(0, 130), st.integers(20, 200)).map(lambda two: (min(two), max(*two, 20)))

PLAIN = "Sua consulta ficou marcada para a próxima terça-feira, na unidade do centro da cidade"
KEPT_WHOLE = [
    "R$ 1.400,00",
    "US$ 15,50",
    "(11) 98765-4321",
    "+55 11 3456-7890",
    "12 horas",
    "5 kg",
    "9 h 30",
    "Dr. Nogueira",
    "Sra. Prates",
    "Art. 12",
    "nº 40",
    "Av. Central",
    "p. ex. amanhã",
    "e.g. Monday",
    "Ud. mismo",
    "J. Prado",
    "[abrir o mapa](https://mapa.example/x)",
    "**leve um documento com foto**",
    "{nome do cliente}",
    "https://loja.example/a?b=1,2;c=3",
    "ana.lima@correio.example",
    "👩‍👩‍👧👍🏽🇧🇷",
]


def stream(text: str, sizes: list[int], limits: tuple[int, int] = (80, 120)) -> list[str]:
    splitter, parts, at = StreamSplitter(*limits), [], 0
    for size in sizes:
        parts += splitter.feed(text[at : at + size])
        at += size
    return parts + splitter.feed(text[at:]) + splitter.close()


def squeeze(text: str) -> str:
    return re.sub(r"\s+", "", text)


def readable(text: str) -> bool:
    return re.search("[^\\W_]|[\U0001f000-\U0001faff]", text) is not None


def test_a_short_reply_is_one_part():
    assert split("  Oi, tudo bem?\n") == ["Oi, tudo bem?"]


@pytest.mark.parametrize("nothing", ["", " ", "\r\n\t "])
def test_nothing_has_no_parts(nothing):
    assert split(nothing) == []


@pytest.mark.parametrize("limits", [(90, 80), (10, 19), (-1, 100)])
def test_limits_that_make_no_sense_are_refused(limits):
    with pytest.raises(ValueError, match="min <= max"):
        StreamSplitter(*limits)


def test_the_first_sentence_end_in_range_is_the_cut():
    first = "Anotei o seu pedido de orçamento para a festa de sábado, com entrega no salão às dez."
    second = "Qualquer mudança, é só escrever aqui."
    assert split(f"{first} {second}") == [first, second]


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ("final da rua;", "perto, ou longe do parque"),
        ("final da rua:", "perto, ou longe do parque"),
        ("final da rua,", "perto do parque ou da praça"),
    ],
)
def test_a_stronger_pause_wins_over_a_later_one(better, worse):
    text = (
        f"O ponto de encontro para a visita guiada de domingo pela manhã fica bem no {better} {worse} onde sempre foi"
    )
    assert split(text)[0].endswith(better)


def test_without_punctuation_the_cut_comes_before_a_conjunction():
    text = (
        "Nosso time de atendimento recebe os pedidos ao longo de todo o dia inteiro de trabalho mas responde todos logo"
    )
    assert split(text + " na manhã seguinte")[0].endswith("de trabalho")


def test_a_part_does_not_end_with_a_hanging_word():
    text = "O valor final da reforma depende do tamanho da cozinha escolhida pela família inteira dos moradores"
    assert split(text, 60, 89)[0].endswith("inteira")


def test_a_full_stop_before_a_small_letter_is_no_sentence_end():
    text = (
        "Este é o resumo do contrato que a senhora pediu ontem pela manhã, por mensagem. assim fica mais claro. Certo?"
    )
    assert split(text + " Posso enviar")[0].endswith("mais claro.")


@pytest.mark.parametrize("kept", KEPT_WHOLE)
def test_what_belongs_together_is_never_cut(kept):
    for shift in range(len(PLAIN) + 40):
        lead = (PLAIN + " e mais algumas palavras soltas no caminho aqui")[-shift - 4 :]
        text = f"{lead} {kept} e depois disso a conversa segue normalmente por mais um pouco, sem pressa alguma. Fim."
        assert any(kept in part for part in split(text)), split(text)


@pytest.mark.parametrize("marker", ["-", "*", "•", "1.", "12)"])
def test_a_list_item_starts_its_own_part(marker):
    items = [f"{marker} Limpeza completa do apartamento, número {n}, com material incluído" for n in range(3)]
    assert split("\n".join(["Estes são os serviços que a nossa equipe oferece na sua região:", *items]))[1:] == items


def test_a_long_list_item_starts_its_own_part_after_a_short_line():
    item = (
        "- Montagem de móveis comprados em qualquer loja da cidade, com hora marcada e garantia escrita de noventa dias"
    )
    assert split(f"Temos:\n{item} corridos") == ["Temos:", f"{item} corridos"]


def test_crumbs_of_a_list_share_a_part():
    text = "Pagamos com:\n- Pix\n- Cartão\n- Boleto\n- Dinheiro"
    assert split(text) == [text]


def test_a_paragraph_break_is_a_cut_when_the_size_suits():
    first = "Segue o endereço completo da nossa loja nova, que abriu no mês passado perto do metrô"
    assert split(f"{first}\n\nEsperamos a sua visita")[0] == first


def test_a_smile_stays_with_its_sentence():
    first = "Que bom que deu tudo certo com a sua matrícula no curso de inglês da tarde, parabéns! 🎉"
    assert split(f"{first} Agora falta só escolher o livro") == [first, "Agora falta só escolher o livro"]


def test_punctuation_on_its_own_joins_the_part_before():
    first = "Recebemos o comprovante do pagamento e o pedido já está separado aqui no estoque. :)"
    assert split(f"{first} Até breve, então") == [first, "Até breve, então"]


def test_a_token_longer_than_a_part_stands_alone():
    url = "https://loja.example/" + "produto/" * 20
    assert split(f"Veja aqui: {url} e me diga") == ["Veja aqui:", url, "e me diga"]


def test_a_link_longer_than_a_part_stands_alone():
    link = "[o guia completo de instalação](https://loja.example/" + "x" * 90 + ")"
    assert split(f"Siga {link} com calma") == ["Siga", link, "com calma"]


def test_bold_longer_than_a_part_follows_the_ordinary_rules():
    bold = "**" + "Atenção ao prazo de entrega. " * 6 + "**"
    assert max(map(len, split(bold))) <= 120


def test_tenants_may_choose_other_limits():
    text = "Uma frase curta de teste, só para ver. " * 20
    assert all(150 <= len(part) <= 200 for part in split(text, 150, 200)[:-1])


def test_a_part_comes_with_the_first_letter_of_the_next_sentence():
    splitter = StreamSplitter()
    first = "O reembolso cai na conta em até cinco dias úteis, contados da data do cancelamento dele."
    assert splitter.feed(first + " ") == []
    assert splitter.feed("S") == [first]


def test_a_list_item_comes_as_soon_as_the_next_one_begins():
    splitter = StreamSplitter()
    item = "- Corte e escova com hora marcada de terça a sábado pela manhã"
    assert splitter.feed(f"{item}\n- ") == []
    assert splitter.feed("B") == [item]


def test_pending_is_what_was_not_returned_yet():
    splitter = StreamSplitter()
    assert splitter.feed(f"  {PLAIN}. Até") == [PLAIN + "."]
    assert splitter.pending == "Até"
    splitter.feed(" logo " + "x" * 200)
    assert splitter.feed("y") == []
    assert splitter.pending == "x" * 200 + "y"
    assert (splitter.close(), splitter.pending) == (["x" * 200 + "y"], "")


def test_a_closed_splitter_takes_the_next_reply():
    splitter = StreamSplitter()
    assert (splitter.feed("Oi"), splitter.close(), splitter.feed("Tchau"), splitter.close()) == (
        [],
        ["Oi"],
        [],
        ["Tchau"],
    )


@pytest.mark.parametrize("opener", ["**aviso ", "[aviso ", "[aviso](", "{aviso ", "**a [b {c "])
def test_an_opener_that_never_closes_holds_the_stream_for_a_bounded_length(opener):
    splitter = StreamSplitter()
    splitter.feed(opener)
    for _ in range(200):
        splitter.feed("palavra ")
        assert len(splitter.pending) < 4 * 120


@settings(max_examples=300)
@given(REPLIES, st.lists(st.integers(0, 40), max_size=60))
@example("a" * 78 + ". 👉 veja", [79, 1, 1, 1])
@example("a" * 80 + " 10\n\nh oras", [86, 1, 1])
def test_the_chunks_do_not_matter(text, sizes):
    assert stream(text, sizes) == stream(text, [1] * len(text)) == split(text)


@given(REPLIES, LIMITS, st.lists(st.integers(1, 9), max_size=200))
def test_the_chunks_do_not_matter_whatever_the_limits(text, limits, sizes):
    assert stream(text, sizes, limits) == stream(text, [1] * len(text), limits) == split(text, *limits)


@settings(max_examples=300)
@given(st.text(alphabet="aA1 .,!?*[](){}-•\n\r:😊👉✔️\u200d\u20e3R$hº\"'_/", max_size=400), LIMITS)
def test_the_chunks_of_hostile_text_do_not_matter_either(text, limits):
    assert stream(text, [1] * len(text), limits) == split(text, *limits)


@given(REPLIES, LIMITS)
def test_joined_parts_are_the_text_apart_from_white_space_at_the_cuts(text, limits):
    rest = text.strip()
    for part in split(text, *limits):
        assert part == part.strip() != ""
        assert rest.startswith(part)
        rest = rest[len(part) :].lstrip()
    assert rest == ""


@given(REPLIES, LIMITS)
def test_only_a_single_token_or_a_link_is_longer_than_allowed(text, limits):
    for part in split(text, *limits):
        assert len(part) <= limits[1] or not re.search(r"\s", part) or re.search(r"\[[^][]*\]\(", part)


@given(
    st.lists(st.sampled_from([w for w in WORDS if len(w) < 18] + ["👍🏽", "😊", "sala_2"]), min_size=2, max_size=120)
)
def test_no_part_is_punctuation_only_when_it_can_be_merged(words):
    text = "Certo " + " ".join(words)
    runs = re.findall(r"(?:(?<=\s)(?:[^\w\s]|_)+\s*)+", text)  # longer runs than a part has room for do stay alone
    assert all(readable(part) for part in split(text)) or max(map(len, runs)) > 30


@given(st.lists(st.sampled_from([*KEPT_WHOLE, *PLAIN.split(), "fim.", "e", "mas", "sim!"]), max_size=60))
def test_whatever_stands_around_it_what_belongs_together_stays_whole(pieces):
    parts = split(" ".join(pieces))
    for kept in set(pieces) & set(KEPT_WHOLE):
        assert sum(part.count(kept) for part in parts) == pieces.count(kept)


@given(st.lists(st.text("abcdeáéõ", min_size=1, max_size=12), min_size=1, max_size=200))
def test_ordinary_words_always_give_parts_in_range(words):
    assert all(80 <= len(part) <= 120 for part in split(" ".join(words))[:-1])


@settings(max_examples=40)
@given(
    st.sampled_from(["a", "*", "[", "1", "😀", "** ", "[a b](x", "{ ", "\n- ", "Dr. ", "- ", " "]), st.integers(1, 3000)
)
def test_hostile_repetition_keeps_its_text(unit, times):
    text = unit * times
    assert squeeze("".join(split(text))) == squeeze(text)
