"""A tenant's three documents, parsed together: every problem at once, every warning kept."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeVar

from tenants_app.examples import Example, parse_examples
from tenants_app.knowledge import Knowledge, parse_knowledge
from tenants_app.persona import Persona, parse_persona
from tenants_app.problems import EXPECTED, DocumentError, Notice, Problem, path_of

__all__ = ["DocumentError", "Documents", "Names", "Notice", "Problem", "parse_documents"]

T = TypeVar("T")
DEEPEST: Final = 30
_BAD_CHARACTERS: Final = re.compile("[\0\ud800-\udfff]")


class Names(NamedTuple):
    """What the three files are called, for messages about them."""

    config: str = "config.json"
    knowledge: str = "knowledge.json"
    examples: str = "examples.jsonl"


@dataclass(frozen=True, eq=False)
class Documents:
    """What an assistant is told. Compared by identity, so that what is derived from it can be kept beside it."""

    persona: Persona
    knowledge: Knowledge
    examples: tuple[Example, ...]
    warnings: tuple[str, ...] = ()


def parse_documents(
    config: Mapping[str, Any],
    knowledge: Mapping[str, Any],
    examples: Sequence[Any] = (),
    *,
    names: Names | None = None,
    lines: Sequence[int] | None = None,
) -> Documents:
    """Three raw documents as types. Raises DocumentError with every problem of all three.

    `lines` are the examples' line numbers in their file (default 1, 2, 3 …).
    """
    names = names or Names()
    problems: list[Problem] = []
    for file, raw in zip(names, (config, knowledge, examples), strict=True):
        problems += _unwritable(file, raw)
    if problems:
        raise DocumentError(problems)
    persona = _try(problems, lambda: parse_persona(config, names.config))
    language = persona[0].language if persona else "pt-BR"
    known = _try(problems, lambda: parse_knowledge(knowledge, language, names.knowledge))
    turns = _try(problems, lambda: parse_examples(examples, lines, names.examples))
    if persona is None or known is None or turns is None:
        raise DocumentError(problems)
    warnings = [_named(names.config, text) for text in persona[1]]
    warnings += [_named(names.knowledge, text) for text in known[1]]
    return Documents(persona[0], known[0], turns, tuple(warnings))


def _try(problems: list[Problem], parse: Callable[[], T]) -> T | None:
    try:
        return parse()
    except DocumentError as error:
        problems += error.problems
        return None


def _named(file: str, warning: str) -> str:
    if isinstance(warning, Notice):
        return Notice(warning.template, within=file, **warning.params)
    return f"{file}: {warning}"


def _unwritable(file: str, raw: Any) -> Iterator[Problem]:
    """Values that JSON can spell but a database, a UTF-8 file or a reader's patience cannot hold."""
    waiting: list[tuple[tuple[str | int, ...], Any]] = [((), raw)]
    while waiting:
        place, value = waiting.pop()
        if len(place) > DEEPEST:
            yield Problem(file, path_of(place[:3]) + "…", EXPECTED["too_deep"], {"deepest": DEEPEST})
        elif isinstance(value, Mapping):
            waiting += [((*place, str(key)), child) for key, child in value.items()]
            if any(_BAD_CHARACTERS.search(str(key)) for key in value):
                yield Problem(file, path_of(place), EXPECTED["characters"])
        elif isinstance(value, list | tuple):
            waiting += [((*place, number), child) for number, child in enumerate(value)]
        elif isinstance(value, str) and _BAD_CHARACTERS.search(value):
            yield Problem(file, path_of(place), EXPECTED["characters"])
