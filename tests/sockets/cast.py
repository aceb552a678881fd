"""What the tests of sockets share."""

from typing import Any

from conversations import tokens
from conversations.core.records import Row
from conversations.storage.csv_files import CsvFiles
from tests.chat_cast import Chat, Tab


async def long_conversation(chat: Chat, rows: int, text: str = "") -> Tab:
    """A visitor whose conversation has so many rows; each says its number, or `text`."""
    tab = await chat.visitor()
    visitor, conversation = visitor_of(tab.ready), tab.ready["conversation"]
    told = [
        Row(f"m{n}", "", visitor or "", role="system", content=text or str(n), author="visitor", status="sent")
        for n in range(rows)
    ]
    CsvFiles("alfa", root=chat.settings.DATA_DIR).append(conversation, told)
    return tab


def visitor_of(ready: dict[str, Any], slug: str = "alfa") -> str | None:
    """The visitor that a `ready` names."""
    return tokens.read(slug, ready["visitor"])


def broken(*args: object, **kwargs: object) -> None:
    """What fails for a reason that nobody thought of."""
    raise RuntimeError("broken")
