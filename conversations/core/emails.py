"""The e-mail addresses in a text, written with an @ or spelled out."""

import re
from collections.abc import Iterator

from conversations.core.name_words import NEVER

# A person writes one or two addresses; more is a hostile text or a list of other people's.
MOST_ADDRESSES = 12

_LOCAL = re.compile(r"(?<![^\s<>(),;:=\"'*_\[\]|{}])[_*]{0,2}([\w.+%\-]{1,64})$")
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?\.){1,6}[a-z]{2,24}(?![\w@])", re.IGNORECASE)
_SPOKEN = re.compile(
    r"(?<![\w.@])([\w+\-]{1,30}(?:(?:\.| ponto | dot | punto )[\w+\-]{1,30}){0,4})"
    r"(?: ?[(\[]?(?:arroba|at)[)\]]? | @ ?|@ )"
    r"([a-z0-9\-]{1,40}(?:(?: ?\. ?| (?:ponto|dot|punto) )[a-z0-9\-]{2,20}){1,3})\b"
)
_SPOKEN_DOT = re.compile(r" (?:ponto|dot|punto) | ?\. ?")
_MACHINE = re.compile(r"no-?reply|nao-?responda|mailer-daemon|postmaster")


def find(text: str, low: str) -> Iterator[tuple[int, int, str]]:
    """Start, end and address of each e-mail, in order; `low` is the text in lower case, of equal length."""
    found = False
    if "@" in text:
        for address in _written(text):
            found = True
            yield address
    # "at" is an everyday word: only next to "e-mail" is it taken for an @.
    if not found and ("@" in text or "arroba" in low or (" at " in low and "mail" in low)):
        yield from _spelled_out(text[:2000], low[:2000])


def _written(text: str) -> Iterator[tuple[int, int, str]]:
    at, left = -1, MOST_ADDRESSES
    while left and (at := text.find("@", at + 1)) >= 0:
        domain = _DOMAIN.match(text, at + 1)
        # Only the letters just before the @ are looked at, so that a wall of text costs nothing.
        local = _LOCAL.search(text[max(0, at - 80) : at]) if domain else None
        if not domain or not local or _MACHINE.match(local.group(1).lower()):
            continue
        left -= 1
        name = local.group(1).strip(".")
        if name and ".." not in name:
            yield at - len(local.group(1)), domain.end(), f"{name}@{_without_next_word(domain.group())}"


def _without_next_word(domain: str) -> str:
    """The domain alone where the next sentence follows without a space: "gmail.com.Obrigada"."""
    host, _, last = domain.rpartition(".")
    glued = "." in host and len(last) > 3 and (last.lower() in NEVER or (last[0].isupper() and host.islower()))
    return (host if glued else domain).lower()


def _spelled_out(text: str, low: str) -> Iterator[tuple[int, int, str]]:
    """ "maria arroba gmail ponto com" and "maria @ gmail.com"."""
    for match in _SPOKEN.finditer(low):
        local, domain = (_SPOKEN_DOT.sub(".", text[match.start(part) : match.end(part)].lower()) for part in (1, 2))
        yield match.start(), match.end(), f"{local}@{domain}"
