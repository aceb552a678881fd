"""Read one person's name at a place in a text, or find that there is none."""

import re
from dataclasses import dataclass
from enum import IntEnum

from conversations.core.name_words import (
    ALSO_WORDS,
    ASSISTANTS,
    CLOSINGS,
    FAMILY,
    GIVEN,
    NEVER,
    PARTICLES,
    PLACES,
    TITLES,
)

MOST_WORDS = 7
LONGEST_NAME = 60


class Proof(IntEnum):
    """How much the words before a name prove that a name follows."""

    SLIGHT = 1  # "this is …", a signature: only known names, or two capitalised words
    SOME = 2  # "sou …", "I'm …": known names, or capitalised words that look like no adjective or trade
    FULL = 3  # "me chamo …": any word that is not plainly something else


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a text, as written and as compared (lower case, no accents)."""

    raw: str
    plain: str
    end: int
    capital: bool

    @property
    def known(self) -> bool:
        return self.plain in GIVEN or self.plain in FAMILY


@dataclass(frozen=True, slots=True)
class Found:
    """A name read from a text, where it stood, and how sure its words are."""

    name: str
    start: int
    end: int
    words: int
    known: bool
    capital: bool


_WORD = re.compile(r"[^\W\d_]{1,25}(?:['-][^\W\d_]{1,20}){0,2}(?![^\W_])")
_LEAD = re.compile(r"[ \t\n\xa0*_\"“'«(]{0,6}")
_GAP = re.compile(r"[ \t\xa0]{1,3}")
_MORE = re.compile(r"[ \t\xa0]{1,3}[^\W\d_]")
_ARTICLE = re.compile(r"(?:o|a|el|la)[ \t\xa0]{1,3}")

# Endings of trades, states, peoples and verbs. They judge unknown words only: "Monteiro" and "Mariano" are known.
_NOT_A_NAME = re.compile(
    r".*(?:cao|coes|sao|mente|dade|dades|agem|gens|ismo|istas?|eir[oa]s?|ador[ae]?s?|edor[ae]?s?|idor[ae]?s?|tor[ae]?s?"
    r"|sor[ae]s?|ente|entes|ante|antes|ari[oa]s?|olog[oa]s?|grafo|grafa|ic[oa]s?|ense|enses|esa|iano|iana|ad[oa]s?|id[oa]s?"
    r"|ndo|avel|ivel|os[oa]s?|[aei]r|[aei]ria|[aei]mos|ou|ei|inh[oa]s|iv[oa]|ais|eis|ento|entos)"
)
_NOT_A_NAME_IN_ENGLISH = re.compile(r".*(?:ing|tion|ness|ment|ology|ist|able|ful|ous|ive|ish|ese|ian|ed|er|ers|lly)")
# Of these, the endings that no family name has: they also end a name in lower case ("me chamo ana comprei …").
_ENDS_A_NAME = re.compile(r".*(?:cao|coes|mente|dade|agem|ismo|ndo|ou|ei|ing|tion|ness|ment)")
# Spellings that given names favour and everyday Portuguese and Spanish words avoid.
_LOOKS_RIGHT = re.compile(r"[ykw]|th|sh|nn|tt|(?:son|ton|lene|iane|ilde|aldo|ildo|elis|iel|ael|uel|mar)$")
_THREE_ALIKE = re.compile(r"(.)\1\1")


def read_name(text: str, plain: str, start: int, proof: Proof) -> Found | None:
    """The name that starts at `start`, or None; `plain` is `text` in lower case without accents, of equal length."""
    start = _LEAD.match(plain, start).end()  # type: ignore[union-attr]  # it matches the empty string too
    article = _ARTICLE.match(plain, start)
    if article:
        start = article.end()
    start = _after_titles(plain, start)
    words, stopped = _run(text, plain, start)
    if not words or not _may_start(words, proof, article is not None, stopped):
        return None
    kept = _trim(words, proof, stopped)
    name = " ".join(word.raw for word in kept)
    if len(name) > LONGEST_NAME or _is_assistant(kept[0].plain):
        return None
    in_capitals = kept[0].capital and kept[-1].capital
    return Found(capitalised(name), start, kept[-1].end, len(kept), kept[0].plain in GIVEN, in_capitals)


def _is_assistant(word: str) -> bool:
    return word in ASSISTANTS or word.endswith("bot")


def capitalised(name: str) -> str:
    """A name in the usual capitals: "MARIA DA SILVA" and "maria da silva" become "Maria da Silva"."""
    return " ".join(_capitalised_word(word, first=index == 0) for index, word in enumerate(name.split()))


def _capitalised_word(word: str, first: bool) -> str:
    low = word.lower()
    if low in PARTICLES and not first and (low != "san"):
        return low
    if word != low and word != word.upper():
        return word[0].upper() + word[1:]
    parts = re.split(r"(['-])", low)
    joined = "".join(part[:1].upper() + part[1:] for part in parts)
    return "Mc" + joined[2:].capitalize() if low.startswith("mc") and len(low) > 4 else joined


def _after_titles(plain: str, start: int) -> int:
    for _ in range(2):
        word = _WORD.match(plain, start)
        if not word or word.group() not in TITLES:
            break
        end = word.end() + (plain[word.end() : word.end() + 1] == ".")
        gap = _GAP.match(plain, end)
        if not gap:
            break
        start = gap.end()
    return start


def _run(text: str, plain: str, start: int) -> tuple[list[Word], bool]:
    """The words from here that could be a name, and whether another word (not punctuation) ended them."""
    words: list[Word] = []
    # In a message that shouts, capitals say nothing.
    shouting = text[:200].isupper()
    while len(words) <= MOST_WORDS:
        match = _WORD.match(plain, start)
        if not match:
            return words, bool(words) and plain[start : start + 1].isalpha()
        word, end = match.group(), match.end()
        if word.endswith("'s"):
            return [], True  # "I'm Kate's husband"
        raw = text[match.start() : end]
        capital = raw[0].isupper() and not shouting and (len(raw) < 3 or not raw.isupper() or word in GIVEN)
        last = not _MORE.match(plain, end)
        if word in NEVER and word not in PARTICLES and not _is_name_after_all(word, words, capital and last):
            return words, True
        if len(word) == 1 and plain[end : end + 1] == ".":
            raw, end = raw + ".", end + 1  # an initial: "Ana B. Souza"
        words.append(Word(raw, word, end, capital))
        gap = _GAP.match(plain, end)
        if not gap or not plain[gap.end() : gap.end() + 1].isalpha():
            return words, False
        start = gap.end()
    return words, True


def _is_name_after_all(word: str, before: list[Word], closes: bool) -> bool:
    """Everyday words that are also names: "Nora" may start one, "Neto" close one, and so may any in "I'm Jane Long"."""
    if not before:
        return word in GIVEN
    return word in FAMILY or (closes and before[0].capital and word not in CLOSINGS)


def _may_start(words: list[Word], proof: Proof, article: bool, stopped: bool) -> bool:
    first = words[0]
    if len(first.plain) < 2 or first.plain in PARTICLES or _THREE_ALIKE.search(first.plain):
        return False
    if first.plain in GIVEN:
        return first.capital or proof is Proof.FULL or first.plain not in ALSO_WORDS
    if first.plain in PLACES and (proof is not Proof.FULL or first.plain not in FAMILY):
        return False
    looks_wrong = _looks_wrong(first.plain, proof)
    if not first.capital:
        acronym = first.raw.isupper() and len(first.raw) < 5
        return proof is Proof.FULL and not article and not acronym and (first.known or not looks_wrong)
    if proof is Proof.FULL:
        return True
    if len(words) > 1 and words[1].capital and words[1].plain not in NEVER:
        return not looks_wrong and (proof is Proof.SOME or words[1].known)
    # "Soy Chef", "I'm Texan": one unknown word needs an article, or the look of a name.
    alone = proof is Proof.SOME and not stopped
    return alone and (first.known or (not looks_wrong and (article or _LOOKS_RIGHT.search(first.plain) is not None)))


def _looks_wrong(word: str, proof: Proof) -> bool:
    """Whether an unknown word ends like a trade, a people or a verb."""
    if _NOT_A_NAME.fullmatch(word):
        return True
    return proof is not Proof.FULL and _NOT_A_NAME_IN_ENGLISH.fullmatch(word) is not None


def _trim(words: list[Word], proof: Proof, stopped: bool) -> list[Word]:
    """The words that belong to the name; a guess is dropped where something else ended the run."""
    kept, sure, index = [words[0]], 1, 1
    while index < len(words):
        word = words[index]
        if word.plain in PARTICLES:
            joined = _particle(words, index, proof, stopped)
            if not joined:
                stopped = True
                break
            kept += joined
            index += len(joined)
            sure = len(kept)
            continue
        if word.capital or (word.known and (word.plain in FAMILY or word.plain not in ALSO_WORDS)):
            sure = len(kept) + 1
        elif _ENDS_A_NAME.fullmatch(word.plain) or (proof is not Proof.FULL and _NOT_A_NAME.fullmatch(word.plain)):
            stopped = True
            break
        kept.append(word)
        index += 1
    return kept[:sure] if stopped or len(kept) - sure > 2 else kept


def _particle(words: list[Word], index: int, proof: Proof, stopped: bool) -> list[Word]:
    """A particle and the family name it joins ("da Silva", "de la Cruz"), or nothing ("da Unimed", "e Pedro")."""
    after = index + 1
    while after < len(words) and words[after].plain in PARTICLES and after - index < 2:
        after += 1
    if after >= len(words):
        return []
    particle, family = words[index].plain, words[after]
    if particle in ("e", "y"):
        between = words[index - 1].plain in FAMILY and family.plain in FAMILY and not stopped
        return words[index : after + 1] if between and family.plain not in GIVEN else []
    city = family.plain in PLACES and particle in ("de", "do") and proof is not Proof.FULL
    foreign = family.capital and particle not in ("da", "do", "das", "dos") and proof is Proof.FULL
    if not city and (family.plain in FAMILY or (foreign and family.plain not in PLACES)):
        return words[index : after + 1]
    return []
