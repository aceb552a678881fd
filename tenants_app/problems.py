"""What is wrong or odd in a tenant's document: file, key and what was expected, ready to be translated."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Final, Self

from pydantic import ValidationError

Translate = Callable[[str], str]


def gettext_noop(text: str) -> str:
    """Mark an English text for translation at the edge that shows it, by the name that makemessages looks for."""
    return text


EXPECTED: Final[dict[str, str]] = {
    "missing": gettext_noop("a value (the key is missing)"),
    "string_type": gettext_noop("a text"),
    "string_too_short": gettext_noop("a text that is not empty"),
    "string_too_long": gettext_noop("at most %(max_length)s characters"),
    "int_type": gettext_noop("a whole number"),
    "float_type": gettext_noop("a number"),
    "finite_number": gettext_noop("a number"),
    "bool_type": gettext_noop("true or false"),
    "greater_than_equal": gettext_noop("%(ge)s or more"),
    "less_than_equal": gettext_noop("%(le)s or less"),
    "less_than": gettext_noop("less than %(lt)s"),
    "literal_error": gettext_noop("one of %(expected)s"),
    "tuple_type": gettext_noop("a list"),
    "too_long": gettext_noop("at most %(max_length)s items"),
    "too_short": gettext_noop("at least %(min_length)s items"),
    "dict_type": gettext_noop("an object with keys"),
    "model_type": gettext_noop("an object with keys"),
    "language": gettext_noop("a language code such as pt-BR, en or es"),
    "time_zone": gettext_noop("a time zone name such as America/Sao_Paulo"),
    "color": gettext_noop("a colour such as #0a7d55"),
    "slug": gettext_noop("a short name of lower-case letters, digits and underscores"),
    "max_below_min": gettext_noop("min_chars (%(min_chars)s) or more"),
    "consent": gettext_noop("a version and a text, as consent is required"),
    "collection": gettext_noop("a list or an object with keys"),
    "free": gettext_noop("a text, a list or an object with keys"),
    "too_deep": gettext_noop("at most %(deepest)s objects or lists inside one another"),
    "characters": gettext_noop("a text without NUL and half surrogate characters"),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a document cannot be used. `expected` is an English template over `params`."""

    file: str
    key: str
    expected: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def text(self, translate: Translate = str) -> str:
        """One line for people: file, key, what was expected."""
        key = self.key
        if "column" in self.params:
            key = translate(gettext_noop("line %(line)s, column %(column)s")) % self.params
        elif "line" in self.params:
            key = translate(gettext_noop("line %(line)s")) % self.params
        expected = translate(self.expected) % self.params
        if not key:
            return translate(gettext_noop("%(file)s: expected %(expected)s")) % {
                "file": self.file,
                "expected": expected,
            }
        line = {"file": self.file, "key": key, "expected": expected}
        return translate(gettext_noop("%(file)s: %(key)s: expected %(expected)s")) % line

    def __str__(self) -> str:
        return self.text()


class DocumentError(ValueError):
    """A tenant's documents cannot be used; `problems` names every reason."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(map(str, self.problems)))


class Notice(str):
    """A warning: an English sentence that an edge can translate with `text(gettext)`."""

    template: str
    params: Mapping[str, Any]
    file: str

    def __new__(cls, template: str, *, within: str = "", **params: Any) -> Self:
        """`within` names the file the warning is about, in front of the sentence."""
        notice = super().__new__(cls, (f"{within}: " if within else "") + template % params)
        notice.template, notice.params, notice.file = template, params, within
        return notice

    def text(self, translate: Translate = str) -> str:
        """The warning in another language."""
        return (f"{self.file}: " if self.file else "") + translate(self.template) % self.params


def path_of(location: Iterable[str | int]) -> str:
    """`faq[2].answer` for ("faq", 2, "answer")."""
    path = ""
    for step in location:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else step
    return path


def problems_of(file: str, error: ValidationError, written: Mapping[str, str] | None = None) -> list[Problem]:
    """Every error of a pydantic model; `written` maps a field to the key that the file spells it by."""
    problems = []
    for detail in error.errors(include_url=False):
        first, *rest = detail["loc"] or ("",)
        key = path_of([(written or {}).get(str(first), first), *rest])
        params = {name: value for name, value in detail.get("ctx", {}).items() if name != "error"}
        template = EXPECTED.get(detail["type"])
        # An error kind without a sentence of ours still says something: pydantic's own words.
        problems.append(Problem(file, key, template or detail["msg"].replace("%", "%%"), params))
    return problems


UNUSED: Final = (
    gettext_noop("%(key)s: kept, but not used"),
    gettext_noop("%(key)s: kept, but not used; did you mean %(guess)s?"),
)
FREE_TEXT: Final = (
    gettext_noop("%(key)s: not a known section; the assistant reads it as free text"),
    gettext_noop("%(key)s: not a known section; the assistant reads it as free text; did you mean %(guess)s?"),
)


def unknown_key(key: str, known: Iterable[str], templates: tuple[str, str] = UNUSED) -> Notice:
    """A key that means nothing to Timmy, with the known one that looks most like it."""
    names = {name: name for name in known}
    leaves = {name.rpartition(".")[2]: name for name in names}
    leaf = key.rpartition(".")[2]
    guesses = get_close_matches(key, names, 1, 0.8) or get_close_matches(leaf, leaves, 1, 0.8)
    guess = (names | leaves)[guesses[0]] if guesses else ""
    return Notice(templates[bool(guess)], key=key, guess=guess)
