"""One phone number, whatever its spelling, is one canonical E.164 number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.core.phones import find, looks_like_cpf, normalise, pretty

MARIA = "+5511987654321"

gaps = st.sampled_from(["", " ", "-", ".", "  ", " - ", "\xa0"])


@st.composite
def spellings_of_marias_mobile(draw: st.DrawFn) -> str:
    """The many ways people write the one mobile 11 98765-4321."""
    country = draw(st.sampled_from(["", "+55", "55", "+ 55", "0055", "(+55)", "+055"]))
    area = draw(st.sampled_from(["11", "011", "(11)", "(011)"]))
    ninth = draw(st.sampled_from(["9", "9 ", "9.", ""]))
    return country + draw(gaps) + area + draw(gaps) + ninth + "8765" + draw(gaps) + "4321"


@given(spellings_of_marias_mobile())
def test_any_spelling_of_a_brazilian_mobile_gives_one_number(spelling: str) -> None:
    assert normalise(spelling) == MARIA


@given(spellings_of_marias_mobile())
def test_a_mobile_is_found_inside_a_sentence(spelling: str) -> None:
    assert [found.number for found in find(f"meu celular é {spelling}, pode ligar")] == [MARIA]


@given(st.text(st.characters(exclude_characters="0123456789")))
def test_text_without_digits_has_no_phone(text: str) -> None:
    assert normalise(text) is None
    assert list(find(text)) == []


@given(st.text(), st.sampled_from(["BR", "US", "PT", "MX"]))
def test_what_comes_out_stays_the_same_when_read_again(text: str, region: str) -> None:
    number = normalise(text, region)
    assert number is None or normalise(pretty(number), region) == normalise(number, region) == number


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("(21) 3456-7890", "+552134567890"),
        ("+55 31 7812-3456", "+553178123456"),
        ("0 15 11 98765-4321", MARIA),
        ("tel:+55-11-98765-4321", MARIA),
        ("\u202a+55 11 98765\u20114321\u202c", MARIA),
        ("+351 912 345 678", "+351912345678"),
    ],
)
def test_landlines_radios_carriers_and_foreign_numbers_are_understood(written: str, number: str) -> None:
    assert normalise(written) == number


@pytest.mark.parametrize(
    "written",
    [
        "98765-4321",
        "(20) 98765-4321",
        "11 18765-4321",
        "0800 123 4567",
        "1111111111",
        "529.982.247-25",
        "+999 12345678",
    ],
)
def test_what_no_network_would_connect_is_no_phone(written: str) -> None:
    assert normalise(written) is None


def test_a_region_says_where_a_number_would_be_dialled() -> None:
    assert normalise("(202) 456-1111", "US") == "+12024561111"
    assert normalise("(202) 456-1111") is None


def test_numbers_are_shown_the_way_people_write_them() -> None:
    assert pretty(MARIA) == "+55 11 98765-4321"
    assert pretty("+552134567890") == "+55 21 3456-7890"
    assert pretty("+351912345678") == "+351 912 345 678"


@pytest.mark.parametrize(
    "text",
    ["CNPJ 12.345.678/0001-95", "cartão 4111 1111 1111 1111", "de 11/12/2023 a 15/01/2024", "CEP 01310-100", "8" * 500],
)
def test_other_long_numbers_are_not_found(text: str) -> None:
    assert list(find(text, lenient=True)) == []


def test_unusual_groupings_need_a_reason_to_be_read_as_a_phone() -> None:
    assert list(find("11 987 654 321")) == []
    assert [found.number for found in find("11 987 654 321", lenient=True)] == [MARIA]


def test_two_numbers_in_one_message_are_both_found() -> None:
    numbers = [found.number for found in find("11 98765-4321 / (21) 3456-7890")]
    assert numbers == [MARIA, "+552134567890"]


def test_a_foreign_number_ends_where_the_next_thing_begins() -> None:
    assert [found.number for found in find("me liga no +351 912 345 678 18h")] == ["+351912345678"]


def test_check_digits_tell_a_cpf() -> None:
    assert looks_like_cpf("52998224725")
    assert not looks_like_cpf("52998224724")
    assert not looks_like_cpf("5299822472")
