"""Which entries of a tenant's knowledge a question is about."""

import math
import re
from collections.abc import Iterable
from functools import cached_property
from itertools import islice
from operator import itemgetter
from typing import Final, NamedTuple

from tenants_app.labels import LANGUAGES, label
from tenants_app.words import CONCEPT, WEAK, terms

IN_TITLE: Final = 1.0
IN_LABEL: Final = 0.95
IN_TEXT: Final = 0.6
BY_SYNONYM: Final = 0.9
WEAK_WORD: Final = 0.25
# A word that no entry has may be a name or a mistyping. Several of them (a city's name) count as one.
UNKNOWN_WORD: Final = 0.4
# "Delivery" or "parking" is what a question is about; a price or a place is of something, which may be unknown.
MATTER: Final = 2.0
ATTRIBUTES: Final = frozenset({"=price", "=hours", "=place", "=deadline", "=contact"})
# Sections that name many things beside the one that was asked, or are not meant as answers.
KINDS: Final = {
    "business_info": 0.9,
    "objection_handlers": 0.9,
    "team": 0.95,
    "discovery_questions": 0.3,
    "doctors": 1.1,
}
# Sections whose name asks for each of their entries: "which doctors …?"
LISTED: Final = frozenset({"services", "plans", "specialties", "doctors", "insurance_plans", "team"})
# A question of common words matches thousands of entries: only so many are scored, the rarest word's best first.
MOST_CANDIDATES: Final = 250

_LABEL: Final = re.compile(r"^\s*([^:\n]{2,40}):", re.MULTILINE)


# By word or group of synonyms: its worth, and the weight of the entries that have it.
Asked = dict[str, tuple[float, list[dict[int, float]]]]


class Entry(NamedTuple):
    """One piece of knowledge.

    `title` and `text` together hold its facts, each once, for the model; `answer` is the same in words that can
    be said to a visitor as they are. `id` names it in receipts: `faq:1`, `plans:essencial`, `contact`.
    """

    id: str
    kind: str
    title: str
    text: str
    answer: str = ""


class Index:
    """The words of entries with their weight, made once and asked often."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries = tuple(entries)
        self.postings: dict[str, dict[int, float]] = {}
        self.titles: list[list[str]] = []
        for place, entry in enumerate(self.entries):
            title = terms(entry.title)
            self.titles.append(list(dict.fromkeys(CONCEPT.get(word, word) for word in title)))
            self._add(place, title, IN_TITLE)
            if entry.kind in LISTED:
                self._add(place, terms(" ".join(label(entry.kind, language) for language in LANGUAGES)), IN_LABEL)
            self._add(place, terms(" ".join(_LABEL.findall(entry.text))), IN_LABEL)
            self._add(place, terms(entry.text), IN_TEXT)
        for term, posting in self.postings.items():
            if len(posting) > MOST_CANDIDATES:
                self.postings[term] = dict(sorted(posting.items(), key=itemgetter(1), reverse=True))

    def _add(self, place: int, words: Iterable[str], weight: float) -> None:
        for word in words:
            for term, worth in ((word, weight), (CONCEPT.get(word), weight * BY_SYNONYM)):
                if term:
                    posting = self.postings.setdefault(term, {})
                    posting[place] = max(posting.get(place, 0.0), worth)

    def relevant(self, question: str, limit: int) -> list[tuple[Entry, float]]:
        """The best entries with their score in 0..1, best first."""
        asked = self._asked(question)
        total = sum(worth for worth, _postings in asked.values())
        scored = []
        for place in self._candidates(asked):
            covered = 0.0
            for worth, postings in asked.values():
                covered += worth * max([posting.get(place, 0.0) for posting in postings], default=0.0)
            # A little more when the title is about just what is asked.
            title = self.titles[place]
            share = sum(term in asked for term in title) / (len(title) or 1)
            liking = KINDS.get(self.entries[place].kind, 1.0)
            scored.append((min(1.0, covered / total * (0.8 + 0.2 * share) * liking), -place))
        scored.sort(reverse=True)
        return [(self.entries[-place], round(score, 4)) for score, place in scored[:limit]]

    def _asked(self, question: str) -> Asked:
        """What is asked: for each word or group of synonyms its worth and the postings that have it."""
        groups: dict[str, list[str]] = {}
        for word in terms(question):
            groups.setdefault(CONCEPT.get(word, word), []).append(word)
        asked: Asked = {}
        named = False
        for name, words in groups.items():
            postings = [self.postings[term] for term in dict.fromkeys([name, *words]) if term in self.postings]
            worth = self._worth(name, words, max(map(len, postings), default=0))
            if not postings and not name.startswith("="):
                worth, named = (0.0 if named else worth * UNKNOWN_WORD), True
            asked[name] = worth, postings
        return asked

    def _worth(self, name: str, words: Iterable[str], seen: int) -> float:
        """How much a word tells: the more, the fewer entries have it."""
        worth = math.log(1 + (len(self.entries) + 1) / (seen + 0.5))
        if WEAK.issuperset(words):
            return worth * WEAK_WORD
        return worth * MATTER if name.startswith("=") and name not in ATTRIBUTES else worth

    def _candidates(self, asked: Asked) -> Iterable[int]:
        places: set[int] = set()
        for _worth, postings in sorted(asked.values(), key=itemgetter(0), reverse=True):
            for posting in postings:
                places.update(islice(posting, MOST_CANDIDATES - len(places)))
        return places


class Entries(tuple[Entry, ...]):
    """Entries that make their index once, when it is first asked."""

    @cached_property
    def search(self) -> Index:
        return Index(self)


def relevant(entries: Iterable[Entry], question: str, limit: int = 3) -> list[tuple[Entry, float]]:
    """The entries a question is about, best first, with a score in 0..1; under 0.35 it is likely not known."""
    index = entries.search if isinstance(entries, Entries) else Index(entries)
    return index.relevant(question, limit)
