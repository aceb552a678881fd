"""Compares what clients were told with the files on disk, by a reader of its own: none of the product's code.

found = compare(home.data, [person.told for person in people])
found.tell(findings)                 # every count must be 0; what is wrong is said in sentences
await settled(home.data, 60)         # wait until the files leave nothing open
differences(home, person.slug, person.conversation, [tab.told for tab in tabs])   # file, SQL and screens
"""

import asyncio
import re
import sqlite3
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.torture.report import Findings
from tests.torture.servers import Home
from tests.torture.stored import PREFIX, SUFFIX, Row, Stored, as_shown, read, read_all
from tests.torture.told import Told

LOST = "acked rows lost"
CHANGED = "acked rows that differ from the file's"
TWICE = "client ids stored twice"
UNFAITHFUL = "texts that differ from what was sent"
SHOWN = "rows shown that differ from the file's"
GAPS = "conversations whose seq has gaps"
TORN = "torn lines left"
UNREADABLE = "files that are no CSV of ours"
CHAIN = "rows whose chain is broken"
ANSWERED_TWICE = "replies answered twice"
MIXED = "replies whose parts are not 1 to n in one piece"
OPEN = "replies left open"
UNANSWERED = "visitor rows left unanswered"
CROSSED = "rows in another visitor's conversation"
TAG = re.compile(r"#([a-z0-9]+)-\d+")  # what bench's fake model repeats of the message it answers: #<person>-<number>
NAMES = (
    LOST, CHANGED, TWICE, UNFAITHFUL, SHOWN, GAPS, TORN, UNREADABLE, CHAIN, ANSWERED_TWICE, MIXED, OPEN, UNANSWERED,
    CROSSED,
)  # fmt: skip


@dataclass(slots=True)
class Comparison:
    """Counts by name (NAMES: all 0 is the only good result), a sentence for each, and how much was looked at."""

    counts: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(NAMES, 0)))
    details: list[str] = field(default_factory=list)
    conversations: int = 0
    rows: int = 0
    acks: int = 0
    shown: int = 0

    def found(self, name: str, where: str) -> None:
        """Count one fault."""
        self.counts[name] += 1
        self.details.append(f"{name}: {where}")

    def join(self, other: "Comparison", *, without: Sequence[str] = ()) -> None:
        """Take in the faults that another comparison found and this one does not know yet."""
        known = set(self.details)
        for one in other.details:
            if one not in known and (name := one.partition(":")[0]) not in without:
                self.found(name, one.partition(": ")[2])

    def tell(self, findings: Findings, *, without: Sequence[str] = ()) -> None:
        """Put every count into the findings, as one that must be 0, with the sentences behind it."""
        for name in NAMES:
            if name not in without:
                findings.must_be(name, self.counts[name], 0)
        findings.broken += [one for one in self.details if one.partition(":")[0] not in without]


def compare(data: Path, told: Iterable[Told]) -> Comparison:
    """Compare the files with what clients say they sent and were told. Every client id has to be one person's own.

    Right while nothing writes. A message that ends with `#<person>-<number>` shows in the fake model's replies whom
    they were made for. `unanswered` and `open` count what stands now: wait (settled) before.
    """
    found, files = Comparison(), read_all(data)
    logs = list(told)
    by_name = {(one.slug, one.conversation): one for one in files}
    found.conversations, found.rows = len(files), sum(len(one.rows) for one in files)
    for stored in files:
        _look_at_file(stored, found)
    _look_for_doubles(files, found)
    for log in logs:
        _look_at_acks(log, by_name, found)
        _look_at_rows(log, by_name, found)
    _look_at_texts(files, logs, found)
    _look_for_crossings(files, logs, found)
    return found


def _look_at_file(stored: Stored, found: Comparison) -> None:
    where = f"{stored.slug}/{stored.conversation}"
    if stored.torn:
        found.found(TORN, f"{where}, {stored.torn} bytes")
    if stored.fault:
        found.found(UNREADABLE, f"{where}: {stored.fault}")
    if [row["seq"] for row in stored.rows] != [str(number) for number in range(1, len(stored.rows) + 1)]:
        found.found(GAPS, f"{where}: {[row['seq'] for row in stored.rows]}")
    for number in stored.broken_chain:
        found.found(CHAIN, f"{where} row {number}")
    for seq, replies in stored.answers().items():
        if len(replies) > 1:
            found.found(ANSWERED_TWICE, f"{where} row {seq}: {replies}")
    for seq in stored.unanswered:
        found.found(UNANSWERED, f"{where} row {seq}")
    for reply in stored.open_replies:
        found.found(OPEN, f"{where} {reply}")
    _look_at_replies(stored, where, found)
    for row in stored.rows:
        if (row["tenant_id"], row["session_id"]) != (stored.slug, stored.conversation):
            found.found(CROSSED, f"{where} row {row['seq']} says {row['tenant_id']}/{row['session_id']}")
        if row["user_id"] != stored.rows[0]["user_id"]:
            found.found(CROSSED, f"{where} row {row['seq']} is of {row['user_id']}")


def _look_at_replies(stored: Stored, where: str, found: Comparison) -> None:
    said = [row for row in stored.rows if row["role"] == "assistant"]
    runs = [
        row["reply_id"]
        for row, before in zip(said, [None, *said], strict=False)
        if before is None or before["reply_id"] != row["reply_id"]
    ]
    for reply, parts in stored.replies.items():
        numbers = [row["part"] for row in parts]
        ends = [row["status"] for row in parts[:-1]]
        if numbers != [str(n) for n in range(1, len(parts) + 1)] or "complete" in ends or runs.count(reply) > 1:
            found.found(MIXED, f"{where} {reply}: parts {numbers}, {ends}, {runs.count(reply)} runs")


def _look_for_doubles(files: list[Stored], found: Comparison) -> None:
    ids = Counter(
        (stored.slug, row["user_id"], row["client_id"]) for stored in files for row in stored.rows if row["client_id"]
    )
    for (slug, user, client_id), count in ids.items():
        if count > 1:
            found.found(TWICE, f"{slug}: {client_id!r} of {user}, {count} times")


def _look_at_acks(log: Told, files: dict[tuple[str, str], Stored], found: Comparison) -> None:
    for ack in log.acks:
        found.acks += 1
        stored = files.get((log.slug, ack.conversation))
        rows = [row for row in stored.rows if row["client_id"] == ack.client_id] if stored else []
        where = f"{log.slug}/{ack.conversation} {ack.client_id}"
        if not rows:
            found.found(LOST, f"{where}, acked as row {ack.seq}")
        elif (rows[0]["seq"], rows[0]["message_id"], rows[0]["content"]) != (str(ack.seq), ack.id, ack.text):
            found.found(CHANGED, f"{where}: {ack} but {rows[0]}")


def _look_at_rows(log: Told, files: dict[tuple[str, str], Stored], found: Comparison) -> None:
    for change in log.changed:
        found.found(SHOWN, f"{log.slug}/{change}")
    for conversation, rows in log.rows.items():
        stored = files.get((log.slug, conversation))
        for seq, shown in rows.items():
            found.shown += 1
            row = stored.rows[seq - 1] if stored and seq <= len(stored.rows) else None
            if row is None or as_shown(row) != {key: value for key, value in shown.items() if key != "name"}:
                found.found(SHOWN, f"{log.slug}/{conversation} row {seq}: {shown} but {row}")


def _look_at_texts(files: list[Stored], logs: list[Told], found: Comparison) -> None:
    sent: dict[tuple[str, str], set[str]] = defaultdict(set)
    for log in logs:
        for client_id, texts in log.sent.items():
            sent[log.slug, client_id] |= {text.strip() for text in texts}
    for stored in files:
        for row in stored.rows:
            texts = (
                sent.get((stored.slug, row["client_id"]), {row["content"]}) if row["client_id"] else {row["content"]}
            )
            if row["content"] not in texts:
                found.found(UNFAITHFUL, f"{stored.slug}/{stored.conversation} row {row['seq']}")


def _look_for_crossings(files: list[Stored], logs: list[Told], found: Comparison) -> None:
    named = {log.person for log in logs}
    owner = {(log.slug, client_id): log.person for log in logs for client_id in log.sent}
    persons: dict[tuple[str, str], set[str]] = defaultdict(set)
    for log in logs:
        for conversation in log.rows:
            if log.rows[conversation]:
                persons[log.slug, conversation].add(log.person)
    users: dict[tuple[str, str], set[str]] = defaultdict(set)
    for stored in files:
        for row in stored.rows:
            whose = owner.get((stored.slug, row["client_id"]))
            if whose:
                persons[stored.slug, stored.conversation].add(whose)
                users[stored.slug, whose].add(row["user_id"])
            elif row["role"] == "assistant":
                persons[stored.slug, stored.conversation] |= named & set(TAG.findall(row["content"]))
    for (slug, conversation), several in persons.items():
        if len(several) > 1:
            found.found(CROSSED, f"{slug}/{conversation} is shared by {sorted(several)}")
    for (slug, person), ids in users.items():
        if len(ids) > 1:
            found.found(CROSSED, f"{slug}: {person} is stored as {sorted(ids)}")


def left_open(data: Path) -> list[str]:
    """What the files still wait for: rows without an answer, replies without an end."""
    return [
        f"{stored.slug}/{stored.conversation}: {what}"
        for stored in read_all(data)
        for what in [*(f"row {seq} is unanswered" for seq in stored.unanswered), *stored.open_replies]
    ]


async def settled(data: Path, seconds: float = 60.0) -> list[str]:
    """Wait until the files leave nothing open; what they still wait for after so many seconds."""
    until = time.monotonic() + seconds
    while (waiting := left_open(data)) and time.monotonic() < until:
        await asyncio.sleep(0.25)
    return waiting


def sql_rows(home: Home, table: str) -> list[dict[str, Any]]:
    """All rows of one table of the home's SQLite database, read without the product."""
    with sqlite3.connect(f"file:{home.folder / 'timmy.sqlite3'}?mode=ro", uri=True, timeout=20) as database:
        database.row_factory = sqlite3.Row
        return [dict(row) for row in database.execute(f"SELECT * FROM {table}")]  # noqa: S608 - our own names


def differences(home: Home, slug: str, conversation: str, screens: Iterable[Told]) -> list[str]:
    """Where the order of one conversation is not the same in its file, in the index's numbers and on each screen.

    A screen is compared in full: call it when every client has shown all (`Client.known`) and the index was flushed.
    """
    stored = read(home.data / slug / "conversations" / f"{PREFIX}{conversation}{SUFFIX}")
    order = [(int(row["seq"]), row["message_id"]) for row in stored.rows]
    found = [] if [seq for seq, _ in order] == list(range(1, len(order) + 1)) else [f"the file's seqs: {order}"]
    for screen in screens:
        shown = [(seq, row["id"]) for seq, row in sorted(screen.rows.get(conversation, {}).items())]
        found += [] if shown == order else [f"a screen of {screen.person}: {shown}, the file: {order}"]
    return found + _index_differences(home, slug, conversation, stored.rows)


def _index_differences(home: Home, slug: str, conversation: str, rows: list[Row]) -> list[str]:
    tenants = {row["id"]: row["slug"] for row in sql_rows(home, "tenants_app_tenant")}
    indexed = [
        row
        for row in sql_rows(home, "conversations_conversation")
        if (tenants[row["tenant_id"]], row["conversation_id"]) == (slug, conversation)
    ]
    if len(indexed) != 1:
        return [f"the index holds {conversation} {len(indexed)} times"]
    roles = Counter(row["role"] for row in rows)
    wanted: dict[str, Callable[[], int]] = {
        "last_seq": lambda: len(rows),
        "visitor_messages": lambda: roles["user"],
        "assistant_messages": lambda: roles["assistant"],
    }
    return [
        f"the index's {name} is {indexed[0][name]}, the file's {number()}"
        for name, number in wanted.items()
        if indexed[0][name] != number()
    ]
