"""What one tab of a visitor was told, as it wrote it down itself."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Ack(NamedTuple):
    """What the server confirmed: the row of a client id, in which conversation; `at` is monotonic seconds."""

    conversation: str
    client_id: str
    seq: int
    id: str
    text: str
    at: float


@dataclass(slots=True)
class Told:
    """Everything one tab said and was told. Tabs of one person share `person`."""

    slug: str
    person: str
    sent: dict[str, list[str]] = field(default_factory=dict)  # client id -> the texts handed to a socket under it
    acks: list[Ack] = field(default_factory=list)  # every one, repeated ones too
    rows: dict[str, dict[int, dict[str, Any]]] = field(default_factory=dict)  # conversation -> seq -> row as shown
    changed: list[str] = field(default_factory=list)  # rows shown twice, not alike
    dones: list[tuple[str, int]] = field(default_factory=list)  # reply, seq
    errors: Counter[str] = field(default_factory=Counter)  # codes
    refused: dict[str, str] = field(default_factory=dict)  # client id -> the code that ended it
    greetings: int = 0
    resent: int = 0  # messages handed to a further line because none had brought their ack
    waits: list[float] = field(default_factory=list)  # seconds from handing a message to the kernel to its first ack

    def show(self, conversation: str, row: dict[str, Any]) -> None:
        """A row came, by whatever frame."""
        known = self.rows.setdefault(conversation, {}).setdefault(row["seq"], row)
        if known != row:
            self.changed.append(f"{conversation} row {row['seq']}: first {known}, then {row}")
