"""Example turns that show the assistant how to talk, read from examples.jsonl or the older .txt."""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tenants_app.problems import EXPECTED, DocumentError, Problem, gettext_noop

LONGEST: Final = 4000


class Example(BaseModel):
    """One line of an example conversation; several of the assistant's in a row are one reply in parts."""

    model_config = ConfigDict(frozen=True, str_strip_whitespace=True)

    role: Literal["user", "assistant"]
    content: Annotated[str, Field(min_length=1, max_length=LONGEST)]


def read_lines(text: str, file: str = "examples.jsonl") -> tuple[list[Any], list[int]]:
    """The JSON value of every line that is not blank, and its line number. Raises DocumentError."""
    rows, numbers, problems = [], [], []
    # Not splitlines(): a text in JSON may hold U+2028 and its like, which are no ends of lines here.
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            rows.append(json.loads(line, parse_constant=_no_constant))
            numbers.append(number)
        except (ValueError, RecursionError):
            problems.append(Problem(file, f"line {number}", ONE_OBJECT, {"line": number}))
    if problems:
        raise DocumentError(problems)
    return rows, numbers


ONE_OBJECT: Final = gettext_noop('one JSON object such as {"role": "user", "content": "Oi"}')


def parse_examples(
    rows: Sequence[Any], numbers: Sequence[int] | None = None, file: str = "examples.jsonl"
) -> tuple[Example, ...]:
    """Typed examples. `numbers` are the rows' lines in the file. Raises DocumentError naming every bad line."""
    if isinstance(rows, str | Mapping) or not isinstance(rows, Sequence):
        raise DocumentError([Problem(file, "", EXPECTED["tuple_type"])])
    lines = numbers or range(1, len(rows) + 1)
    examples, problems = [], []
    for line, row in zip(lines, rows, strict=True):
        try:
            examples.append(Example.model_validate(row))
        except ValidationError as error:
            problems += [_problem(file, line, detail["loc"]) for detail in error.errors(include_url=False)]
    if problems:
        raise DocumentError(problems)
    return tuple(examples)


def _problem(file: str, line: int, location: tuple[str | int, ...]) -> Problem:
    expected = ONE_OBJECT
    if location == ("role",):
        expected = gettext_noop('"role": "user" or "assistant"')
    elif location == ("content",):
        expected = gettext_noop('"content": a text of 1 to %(longest)s characters')
    return Problem(file, f"line {line}", expected, {"line": line, "longest": LONGEST})


def _no_constant(name: str) -> Any:
    raise ValueError(name)
