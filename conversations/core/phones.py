"""A phone number in any spelling becomes one canonical E.164 number.

Brazil is settled here with the national numbering plan (ANATEL, Resolução 749/2022: two-digit area codes, mobiles
with a leading 9, landlines starting with 2 to 5), because nearly every candidate is Brazilian and this runs on each
message; every other country is left to `phonenumbers`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import phonenumbers

AREA_CODE = re.compile(r"[14689][1-9]|2[12478]|3[1-578]|5[13-5]|7[13-579]")

# Beyond this many candidates a message is not a person giving a number; each costs about 50 µs to judge.
MOST_CANDIDATES = 12

_LABEL = re.compile(r"\s*(?:tel|whatsapp)\s*:\s*", re.IGNORECASE)
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u2060\u2066\u2069\ufeff"))
_SPELLING = re.compile(r"[0-9+().\-\u2010-\u2015\s/]{8,40}")
_NOT_DIGITS = re.compile(r"[^0-9]+")

_RUN = re.compile(r"(?:\+[ \t]?)?\(?\+?[0-9](?:[0-9 \t\xa0()./\-\u2010-\u2015]*[0-9])?")
_GAP = r"[ \t\xa0().\-\u2010-\u2015]{0,4}"
_BRAZILIAN = re.compile(
    rf"(?<![0-9])(?<![0-9][.\-/,])(?:(?:\+{_GAP}|00)?\(?0?55{_GAP})?"
    rf"\(?0?(?:{AREA_CODE.pattern}){_GAP}(?:/[ ]?(?=9))?"
    rf"(?:9{_GAP}[0-9]{{4}}|[0-9]{{4}}){_GAP}[0-9]{{4}}(?![0-9]|[.\-][0-9]|/[0-9]{{1,4}}(?![0-9]))"
)
_PLUS = re.compile(r"\+[ \t]?\(?[0-9]")
_DIALLED_ABROAD = re.compile(r"\(?00[1-9]")
_TAX_ID = re.compile(r"(?<![0-9])[0-9]{3}[. ][0-9]{3}[. ][0-9]{3}[. \-]{0,2}[0-9]{2}(?![0-9])")
_DATE = re.compile(
    r"(?<![0-9])(?:[0-3]?[0-9]([-.])[01]?[0-9]\1(?:19|20)?[0-9]{2}|(?:19|20)[0-9]{2}([-.])[01][0-9]\2[0-3][0-9])(?![0-9])"
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One number found in a text; `plain` says that it was a bare run of digits, which could be any identifier."""

    start: int
    end: int
    number: str
    plain: bool


def normalise(text: str, region: str = "BR") -> str | None:
    """The E.164 form of one phone number, or None when the text is not one; `region` is where it would be dialled."""
    text = _LABEL.sub("", text[:80].translate(_INVISIBLE), count=1).strip()
    if not _SPELLING.fullmatch(text):
        return None
    digits = _NOT_DIGITS.sub("", text)
    abroad = text.lstrip("(").startswith("+") or digits.startswith("00")
    if abroad:
        digits = digits.lstrip("0")
        # "+055" is how forms with a fixed plus and a trunk zero come out; no country code starts with 0.
        return _brazilian(digits[2:]) if digits.startswith("55") else _elsewhere("+" + digits, None)
    return _dialled_in_brazil(digits) if region == "BR" else _elsewhere(digits, region)


def pretty(e164: str) -> str:
    """The number as people write it: "+55 11 99999-0000" for Brazil, the international format elsewhere."""
    if e164.startswith("+55") and len(e164) in (13, 14) and e164[1:].isdigit():
        return f"+55 {e164[3:5]} {e164[5:-4]}-{e164[-4:]}"
    try:
        parsed = phonenumbers.parse(e164, None)
    except phonenumbers.NumberParseException:
        return e164
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def find(text: str, region: str = "BR", *, lenient: bool = False) -> Iterator[Candidate]:
    """The phone numbers in a text, in order; `lenient` also takes unusual groupings such as "11 987 654 321"."""
    left = MOST_CANDIDATES
    for run in _RUN.finditer(text):
        if run.end() - run.start() < 8:
            continue
        for start, end in _spans(text, run.start(), run.end(), region, lenient):
            left -= 1
            if left < 0:
                return
            number = normalise(text[start:end], region)
            if number:
                yield Candidate(start, end, number, plain=text[start:end].isdigit())


def looks_like_cpf(digits: str) -> bool:
    """Whether eleven digits carry the two check digits of a CPF (Receita Federal, modulo 11)."""
    if len(digits) != 11 or not digits.isdigit():
        return False
    values = [int(digit) for digit in digits]
    for length in (9, 10):
        rest = sum(value * weight for value, weight in zip(values, range(length + 1, 1, -1), strict=False)) * 10 % 11
        if rest % 10 != values[length]:
            return False
    return True


def _spans(text: str, start: int, end: int, region: str, lenient: bool) -> Iterator[tuple[int, int]]:
    """Where in one run of digits and separators a number may stand."""
    abroad = _DIALLED_ABROAD.match(text, start, end) or _PLUS.search(text, start, end)
    if abroad and not _BRAZILIAN.match(text, abroad.start(), end):
        yield from _shorter_and_shorter(text, abroad.start(), end)
    elif region != "BR":
        yield start, end
    else:
        found = False
        for match in _BRAZILIAN.finditer(text, start, end):
            found = True
            yield match.span()
        if not found and lenient and end - start <= 30 and not _other_number(text, start, end):
            yield start, end


def _shorter_and_shorter(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """An international number with and without the last two groups, which may be something else ("… 678 18h")."""
    end = min(end, start + 30)
    for _ in range(3):
        yield start, end
        end = text.rfind(" ", start, end)
        if end - start < 8:
            return


def _other_number(text: str, start: int, end: int) -> bool:
    return bool(_TAX_ID.search(text, start, end) or _DATE.search(text, start, end))


def _dialled_in_brazil(digits: str) -> str | None:
    """A number as dialled inside Brazil: with or without 55, trunk zero and carrier code."""
    if digits.startswith("0"):
        digits = digits[1:]
        if len(digits) in (12, 13) and not digits.startswith("55"):
            digits = digits[2:]  # a carrier code: 0 15 11 98765-4321
    if len(digits) > 11 and digits.startswith("55"):
        digits = digits[2:]
    return _brazilian(digits)


def _brazilian(national: str) -> str | None:
    """Area code and subscriber in E.164; eight-digit mobiles get their ninth digit (ANATEL, Resolução 553/2010)."""
    national = national.removeprefix("0")
    area, subscriber = national[:2], national[2:]
    if not AREA_CODE.fullmatch(area) or len(set(national)) == 1:
        return None
    if len(subscriber) == 9:
        return f"+55{national}" if subscriber[0] == "9" else None
    if len(subscriber) != 8 or subscriber[0] in "01":
        return None
    # Numbers on 7 are trunked radio (SME), which kept eight digits.
    return f"+55{area}9{subscriber}" if subscriber[0] in "689" else f"+55{national}"


def _elsewhere(digits: str, region: str | None) -> str | None:
    try:
        parsed = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
