"""docs/csv-format.md, the schema and the rows of the code name the same columns."""

import hashlib
import re

import pytest

from conversations import schema
from conversations.core.records import ANCESTOR_COLUMNS, COLUMNS
from timmy_site.settings import BASE_DIR

PAGE = (BASE_DIR / "docs" / "csv-format.md").read_text(encoding="utf-8")


def documented(table: str) -> list[tuple[str, str]]:
    """Names and kinds of the columns in one of the page's tables."""
    chapter = PAGE.split(f"\n## {table}\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `(\w+)` \| (\w+) \|", chapter, re.MULTILINE)


@pytest.mark.parametrize("table", schema.TABLES)
def test_the_page_lists_every_column_in_order_with_its_kind(table: str) -> None:
    assert documented(table) == [(column.name, column.kind.value) for column in schema.TABLES[table]]


def test_the_schema_has_the_columns_of_the_rows() -> None:
    assert tuple(schema.names(schema.CONVERSATIONS)) == COLUMNS
    assert len(ANCESTOR_COLUMNS) == 10


def test_the_worked_example_of_the_chain_is_right() -> None:
    first = hashlib.sha256(b"m1,c1,v1,Oi,").hexdigest()
    second = hashlib.sha256(f"{first}m2,c1,v1,Tudo bem?,".encode()).hexdigest()
    assert first in PAGE
    assert second in PAGE
