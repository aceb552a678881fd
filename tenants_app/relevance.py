"""Which entries of a tenant's knowledge a question is about."""

import math
import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from itertools import islice
from operator import itemgetter
from typing import Final, NamedTuple

from tenants_app.words import CONCEPT, WEAK, terms

IN_TITLE: Final = 1.0
IN_LABEL: Final = 0.95
IN_TEXT: Final = 0.6
BY_SYNONYM: Final = 0.9
WEAK_WORD: Final = 0.25
UNKNOWN_WORD: Final = 0.6
# Sections that name many things beside the one that was asked, or are not meant as answers.
KINDS: Final = {"business_info": 0.9, "objection_handlers": 0.9, "team": 0.95, "discovery_questions": 0.3}
# A question of common words could match thousands of entries: only so many are scored.
MOST_CANDIDATES: Final = 1000

_LABEL: Final = re.compile(r"^\s*([^:\n]{2,40}):", re.MULTILINE)


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
            self._add(place, terms(" ".join(_LABEL.findall(entry.text))), IN_LABEL)
            self._add(place, terms(entry.text), IN_TEXT)

    def _add(self, place: int, words: Iterable[str], weight: float) -> None:
        for word in words:
            for term, worth in ((word, weight), (CONCEPT.get(word), weight * BY_SYNONYM)):
                if term:
                    posting = self.postings.setdefault(term, {})
                    posting[place] = max(posting.get(place, 0.0), worth)

    def relevant(self, question: str, limit: int) -> list[tuple[Entry, float]]:
        """The best entries with their score in 0..1, best first."""
        asked = self._asked(question)
        total = sum(worth for worth, _ in asked.values())
        scored = []
        for place in self._candidates(asked):
            covered = sum(worth * matches.get(place, 0.0) for worth, matches in asked.values())
            # A little more when the title is about just what is asked.
            title = self.titles[place]
            share = sum(term in asked for term in title) / (len(title) or 1)
            liking = KINDS.get(self.entries[place].kind, 1.0)
            scored.append((covered / total * (0.8 + 0.2 * share) * liking, -place))
        scored.sort(reverse=True)
        return [(self.entries[-place], round(score, 4)) for score, place in scored[:limit]]

    def _asked(self, question: str) -> dict[str, tuple[float, Mapping[int, float]]]:
        """What is asked: for each word or group of synonyms its worth and the entries that have it."""
        groups: dict[str, list[str]] = {}
        for word in terms(question):
            groups.setdefault(CONCEPT.get(word, word), []).append(word)
        asked: dict[str, tuple[float, Mapping[int, float]]] = {}
        for name, words in groups.items():
            matches: dict[int, float] = dict(self.postings.get(name, {}))
            for word in set(words) - {name}:
                for place, weight in self.postings.get(word, {}).items():
                    matches[place] = max(weight, matches.get(place, 0.0))
            # The fewer entries have a word, the more it tells; one that none has may be a name or a mistyping.
            worth = math.log(1 + (len(self.entries) + 1) / (len(matches) + 0.5))
            worth *= UNKNOWN_WORD if not matches else 1.0
            asked[name] = (worth * (WEAK_WORD if WEAK.issuperset(words) else 1.0), matches)
        return asked

    def _candidates(self, asked: Mapping[str, tuple[float, Mapping[int, float]]]) -> Iterable[int]:
        places: set[int] = set()
        for _, matches in sorted(asked.values(), key=itemgetter(0), reverse=True):
            places.update(islice(matches, MOST_CANDIDATES - len(places)))
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
