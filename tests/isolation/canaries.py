"""The canary words: what a business writes down holds its own, and whatever was said can be searched for them.

A ghost is a business that is not there. Its words are as long as the second business's, letter by letter, so that a
question about the second one becomes the same question about nobody by exchanging the words; the answers must then be
the same, byte for byte, once the words are exchanged in them too.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from conversations.schema import Column, Kind


@dataclass(frozen=True)
class Words:
    """What stands in everything of one business: `stem` in texts, `digits` in phones, `number` in counts and prices,
    `year` in times; the keys of its database rows are `keys` and two more digits.
    """

    stem: str
    slug: str
    digits: str
    number: str
    year: str
    keys: str

    def text(self, place: str) -> str:
        """A text that says where it stands."""
        return f"{place} {self.stem}"

    def id(self, place: str) -> str:
        """An id that says where it stands."""
        return f"{place}-{self.stem}"

    def email(self, place: str) -> str:
        """An e-mail address."""
        return f"{place}@{self.stem}.example"

    @property
    def origin(self) -> str:
        """The site that shows the chat."""
        return f"https://{self.stem}.example"

    @property
    def phone(self) -> str:
        """A phone number, E.164."""
        return f"+5511{self.digits}"

    def moment(self, number: int) -> str:
        """A time, as in a CSV file."""
        return f"{self.year}-09-09T09:09:{number:02}.000Z"

    def cell(self, column: Column) -> str:
        """A cell of the column's kind that gives the business away; empty where the kind has no room for it."""
        match column.kind:
            case Kind.ID | Kind.CODE:
                return self.id(column.name)
            case Kind.TEXT:
                return self.text(column.name)
            case Kind.NUMBER:
                return self.number
            case Kind.PHONE:
                return self.phone
            case _:
                return ""

    @cached_property
    def marks(self) -> tuple[str, ...]:
        """Spellings that betray the business; a stem without its last letter, as searches ask for beginnings."""
        digits, number = self.digits, self.number
        short = f"{number[:4]}.{number[4]}"  # thousandths, as durations are shown
        return (self.stem[:-1], digits, f"{digits[:5]}-{digits[5:]}", number, f"{number[0]}.{number[1:]}", short)

    @cached_property
    def _private(self) -> re.Pattern[str]:
        # A year may stand in a longer number by chance, such as a length.
        return re.compile("|".join([*map(re.escape, self.marks), rf"(?<!\d){self.year}(?!\d)"]), re.IGNORECASE)

    @cached_property
    def _any(self) -> re.Pattern[str]:
        return re.compile(rf"{self._private.pattern}|{self.slug[:-1]}|{self.keys}\d\d", re.IGNORECASE)

    def found_in(self, said: Any) -> list[str]:
        """The words that stand in a text, or in what the thing looks like; slug and keys of rows count too."""
        return sorted(set(self._any.findall(said if isinstance(said, str) else repr(said))))

    def private_in(self, said: str) -> list[str]:
        """`found_in` but for the slug and the keys of rows, which logs may name."""
        return sorted(set(self._private.findall(said)))

    def places_in(self, said: str) -> set[str]:
        """The places of which texts stand there: `business_name kanarie` is that of `business_name`."""
        return set(re.findall(rf"([\w.]+)[ @-]{self.stem}", said))

    def said_of(self, other: "Words", said: str) -> str:
        """What was said of the other business, with this one's words in the place of its."""
        for theirs, mine in zip((*other.marks, other.slug[:-1]), (*self.marks, self.slug[:-1]), strict=True):
            said = said.replace(theirs, mine)
        said = re.sub(rf"(?<!\d){other.year}(?!\d)", self.year, said)
        return re.sub(rf"{other.keys}(\d\d)", rf"{self.keys}\1", said)


OURS = Words("zaratan", "armazem", "911112223", "1112223", "1996", "50000")
THEIRS = Words("kanarie", "bottega", "933334445", "3334445", "1997", "70000")
GHOST = Words("konorie", "bottoga", "939394949", "3939494", "1998", "79000")
