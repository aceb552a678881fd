"""A knowledge entry in words for a chat: what of it was asked for, several as a list, how to reach the team."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from tenants_app.knowledge import Entry
from tenants_app.words import CONCEPT, terms

_LABELLED: Final = re.compile(r"([^:\n]{2,40}): (.+)")
_REACHABLE: Final = re.compile(r"\S+@\S+|[\d()+][\d()+ .-]{7,}")
_MOST_VALUES: Final = {"plans": 2}
# Sections whose lines are about different things, and for which of these a line alone is an answer.
_ASKED_OF: Final = {
    "contact": frozenset({"=place", "=contact", "=whatsapp", "=parking", "=hours"}),
    "plans": frozenset({"=price"}),
    "services": frozenset({"=price"}),
}


def told(entry: Entry, question: str) -> str:
    """What the entry says to the question: the lines that name what is asked for, where some do, else all of it."""
    lines = (entry.answer or entry.text or entry.title).splitlines()
    if len(lines) < 2:
        return lines[0]
    head = lines.pop(0) if lines[0] == f"{entry.title}:" else f"{entry.title}:"
    chosen = _asked_for(lines, question, _ASKED_OF.get(entry.kind, frozenset()))
    if not chosen:
        return "\n".join([head, *lines])
    if len(chosen) == 1 and entry.kind != "contact":
        return f"{head} {chosen[0].partition(': ')[2]}"
    return "\n".join(line[:1].upper() + line[1:] for line in chosen)


def _asked_for(lines: Sequence[str], question: str, of: frozenset[str]) -> list[str]:
    asked = of & {CONCEPT.get(term, "") for term in terms(question)}
    labels = [[CONCEPT.get(term) for term in terms(found[1])] if (found := _match(line)) else [] for line in lines]
    return [line for line, label in zip(lines, labels, strict=True) if len(label) == 1 and label[0] in asked]


def _match(line: str) -> re.Match[str] | None:
    return _LABELLED.fullmatch(line)


def listed(entries: Iterable[Entry]) -> list[str]:
    """One line an entry: its title and what matters most of it."""
    return [f"- {entry.title}: {_gist(entry)}" for entry in entries]


def _gist(entry: Entry) -> str:
    lines = entry.text.splitlines() or [entry.title]
    values = [found[2] if (found := _match(line)) else line for line in lines]
    return "; ".join(values[: _MOST_VALUES.get(entry.kind, 1)])


def ways_to_reach(contact: Entry) -> list[str]:
    """The telephone numbers and e-mail addresses of a contact entry, each behind its label."""
    found = [match for line in contact.text.splitlines() if (match := _match(line))]
    return [f"{match[1]} {match[2]}" for match in found if _REACHABLE.fullmatch(match[2])]
