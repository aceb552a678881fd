"""docs/security.md names tests that are there, and requirements of the ASVS once each."""

import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "docs/security.md").read_text(encoding="utf-8")
CHAPTERS = {str(number) for number in range(1, 17)} - {"10"}


def test_every_test_it_names_is_there() -> None:
    named = set(re.findall(r"\btests/[\w/]+(?:\.py)?", TEXT))
    assert len(named) > 30
    assert sorted(name for name in named if not (ROOT / name).exists()) == []


def test_every_promise_names_a_test() -> None:
    promises = TEXT.split("## What is promised")[1].split("\n## ")[0]
    rows = [line for line in promises.splitlines() if line.startswith("| **")]
    assert len(rows) > 10
    assert [row[:60] for row in rows if "(../tests/" not in row] == []


def test_every_requirement_stands_in_one_row() -> None:
    asvs = TEXT.split("## OWASP ASVS")[1]
    numbers = Counter(re.findall(r"\b\d{1,2}\.\d{1,2}\.\d{1,2}\b", asvs))
    assert len(numbers) > 200
    assert [number for number, times in numbers.items() if times > 1] == []
    assert {number.split(".")[0] for number in numbers} == CHAPTERS


def test_what_is_not_met_is_said_plainly() -> None:
    rows = [line for line in TEXT.splitlines() if re.match(r"\| \d+\.\d+\.\d+", line)]
    assert all(row.count("|") == 4 and row.split("|")[3].strip() for row in rows)
    assert any("6.3.3" in row and "**Not met**" in row for row in rows)
