"""What a visitor's message tells of the visitor, as the `extracted_info` of its row holds it."""

from collections.abc import Sequence

from conversations.core.extraction import extract
from conversations.core.questions import asked_for
from conversations.core.records import Role, Row


def facts_told(text: str, before: Sequence[Row]) -> dict[str, str]:
    """The name, e-mail and phone (E.164) that `text` tells, said after the rows `before`."""
    last = before[-1] if before else None
    asked = asked_for(last.content) if last is not None and last.role == Role.ASSISTANT else frozenset()
    contact = extract(text, asked=asked)
    told = {"name": contact.name, "email": contact.email, "phone": contact.phone}
    return {name: value for name, value in told.items() if value}
