"""Judges every frame of one conversation against what was asked and what the model said."""

from collections import Counter
from dataclasses import dataclass, fields

from bench.reply import TAG, Expected, squash


@dataclass(slots=True)
class Counts:
    """What went wrong, over all conversations; all zero is the only good result."""

    lost: int = 0  # a turn without its ack, without its done or without some of its text; a row missing on resume
    doubled: int = 0  # an ack, a row or a done seen twice
    disorder: int = 0  # a seq or part number that is not the next, a frame or reply outside its turn
    foreign: int = 0  # an ack of another message, or a reply to another visitor
    changed: int = 0  # text that differs from what was sent or said, white space apart
    errors: int = 0  # error frames, and sockets closed by the server

    @property
    def bad(self) -> bool:
        """True when anything at all was counted."""
        return any(getattr(self, field.name) for field in fields(self))


class Ledger:
    """One conversation, as its visitor sees it."""

    def __init__(self, counts: Counts, trouble: Counter[str]) -> None:
        self.counts, self.trouble = counts, trouble  # `trouble`: why a turn counts as lost
        self.seq, self.last_id = 0, ""
        self._seen: set[str] = set()
        self._open = False
        self._tag = ""

    def ask(self, tag: str, client_id: str, text: str, expected: Expected) -> None:
        """A message was sent."""
        self._tag, self._client_id, self._text, self._expected = tag, client_id, text, expected
        self._acked, self._open, self._got = False, True, ""
        self._reply, self._part = None, None

    def ack(self, client_id: str, message: dict) -> None:
        """An acknowledgement came."""
        if client_id != self._client_id:
            self.counts.foreign += 1
        elif self._acked:
            self.counts.doubled += 1
        else:
            self._acked = True
            self.counts.disorder += not self._open or bool(self._got)
            self.counts.changed += message["content"] != self._text
            self._row(message)

    def part(self, message: dict) -> int:
        """A row came; returns the squashed reply's length so far, or 0 for a row that is no part of it."""
        if not self._row(message) or message["role"] != "assistant":
            return 0
        if others := set(TAG.findall(message["content"])) - {self._tag}:
            self._misplaced(others)
            return 0
        self._place(message)
        self._got += squash(message["content"])
        return len(self._got)

    def _misplaced(self, tags: set[str]) -> None:
        """A reply to something else: to another visitor, or to this one's own earlier question."""
        mine = self._tag.rpartition("-")[0]
        foreign = any(tag.rpartition("-")[0] != mine for tag in tags)
        self.counts.foreign += foreign
        self.counts.disorder += not foreign
        self.trouble["a reply to another visitor" if foreign else "a reply to an earlier question"] += 1

    def _place(self, message: dict) -> None:
        """Parts of one reply are numbered one by one."""
        reply, part = message.get("reply"), message.get("part")
        if self._part is not None:
            self.counts.disorder += reply != self._reply or part != self._part + 1
        self.counts.disorder += not self._open or not self._acked
        self._reply, self._part = reply, part

    def _row(self, message: dict) -> bool:
        """Notes a row's id and seq; False when it was seen before."""
        if message["id"] in self._seen:
            self.counts.doubled += 1
            return False
        self._seen.add(message["id"])
        self.counts.disorder += message["seq"] != self.seq + 1
        self.seq, self.last_id = max(self.seq, message["seq"]), message["id"]
        return True

    def done(self, frame: dict) -> bool:
        """The turn's end came; False when it was not awaited."""
        if not self._open:
            self.counts.doubled += 1
            return False
        self._open = False
        self.counts.disorder += frame["seq"] != self.seq
        if not self._acked:
            self._lost("done without an ack")
        elif not self._got:
            self._lost("done without a part")
        elif self._got != self._expected.text:
            if self._expected.text.startswith(self._got):
                self._lost("done before the reply's last part")
            else:
                self.counts.changed += 1
        return True

    def _lost(self, why: str) -> None:
        self.counts.lost += 1
        self.trouble[why] += 1

    def gave_up(self) -> None:
        """The turn's end did not come in time."""
        if self._open:
            self._open = False
            self._lost("no done in time")

    def resumed(self, history: list[dict]) -> None:
        """After coming back with `last_seen` one short, `ready` holds the last row and nothing else."""
        here = [message["id"] for message in history]
        if self.last_id not in here:
            self._lost("the last row did not come on resume")
        self.counts.doubled += max(0, len(here) - 1)
