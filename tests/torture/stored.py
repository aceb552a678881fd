"""Reads conversations' files as docs/csv-format.md states them, with none of the product's code."""

import csv
import hashlib
import io
import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FIRST_LINE = (
    "message_id,session_id,user_id,timestamp,role,content,intent,sentiment,extracted_info,response_time_ms,"
    "tenant_id,seq,channel,author,client_id,reply_id,part,status,error_code,language,version,variant,provider,model,"
    "tokens_in,tokens_cached,tokens_out,cost_usd,receipt,chain"
)
COLUMNS, HEADER = FIRST_LINE.split(","), f"{FIRST_LINE}\r\n".encode()
CHAIN_DIGITS = 64
PREFIX, SUFFIX = "conversation_", ".csv"

Row = dict[str, str]


@dataclass(slots=True)
class Stored:
    """One conversation's file: its rows as cells by column, and what its bytes are that are no row."""

    path: Path
    slug: str
    conversation: str
    rows: list[Row] = field(default_factory=list)
    torn: int = 0  # bytes behind the last whole record
    fault: str = ""
    broken_chain: list[int] = field(default_factory=list)

    @property
    def replies(self) -> dict[str, list[Row]]:
        """The assistant's rows by reply id, in the file's order."""
        found: dict[str, list[Row]] = defaultdict(list)
        for row in self.rows:
            if row["role"] == "assistant":
                found[row["reply_id"]].append(row)
        return found

    @property
    def superseded(self) -> set[str]:
        """The replies that a later one names as overtaken."""
        return {_receipt(row).get("supersedes", "") for row in self.rows if row["part"] == "1"}

    def answers(self) -> dict[int, list[str]]:
        """Seq of each visitor's row -> the replies that say they answer it, without superseded ones."""
        found: dict[int, list[str]] = {int(row["seq"]): [] for row in self.rows if row["role"] == "user"}
        over = self.superseded
        for name, parts in self.replies.items():
            for seq in _receipt(parts[0]).get("answers", []):
                found.setdefault(seq, []).extend([] if name in over else [name])
        return found

    @property
    def named(self) -> set[int]:
        """The seqs that any reply says it answers, superseded or not."""
        return {seq for parts in self.replies.values() for seq in _receipt(parts[0]).get("answers", [])}

    @property
    def closed(self) -> bool:
        """Whether the visitor ended it."""
        return any(_receipt(row).get("event") == "end" for row in self.rows if row["role"] == "system")

    @property
    def unanswered(self) -> list[int]:
        """The seqs of visitor's rows that no reply names, unless the conversation is over."""
        named = self.named
        return [] if self.closed else [seq for seq in self.answers() if seq not in named]

    @property
    def open_replies(self) -> list[str]:
        """The replies that have no last part and were not overtaken."""
        over = self.superseded
        return [name for name, parts in self.replies.items() if parts[-1]["status"] != "complete" and name not in over]


def _receipt(row: Row) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(row["receipt"]) if row["receipt"] else {}
    return found


def records(data: bytes) -> tuple[list[bytes], bytes]:
    """The file's whole records behind its header, each without its CRLF, and the bytes that follow the last."""
    whole: list[bytes] = []
    gathered: list[bytes] = []
    for piece in data[len(HEADER) :].split(b"\r\n"):
        gathered.append(piece)
        if b"\r\n".join(gathered).count(b'"') % 2 == 0:
            whole.append(b"\r\n".join(gathered))
            gathered = []
    if gathered:
        return whole, b"\r\n".join(gathered)
    return whole[:-1], whole[-1]  # what follows the last CRLF; nothing, in a sound file


def read(path: Path) -> Stored:
    """Read one conversation's file."""
    stored = Stored(path, path.parents[1].name, path.name.removeprefix(PREFIX).removesuffix(SUFFIX))
    data = path.read_bytes()
    if not data.startswith(HEADER):
        stored.torn, stored.fault = len(data), "" if HEADER.startswith(data) else "another header"
        return stored
    whole, tail = records(data)
    stored.torn = len(tail)
    try:
        text = b"".join(record + b"\r\n" for record in whole).decode()
        cells = list(csv.reader(io.StringIO(text, newline=""), strict=True))
        stored.rows = [dict(zip(COLUMNS, row, strict=True)) for row in cells]
        stored.broken_chain = list(_broken_links(whole, stored.rows))
    except (ValueError, csv.Error) as error:
        stored.fault = str(error)
    return stored


def _broken_links(whole: list[bytes], rows: list[Row]) -> Iterable[int]:
    chain = ""
    for number, (record, row) in enumerate(zip(whole, rows, strict=True), 1):
        if hashlib.sha256(chain.encode() + record[:-CHAIN_DIGITS]).hexdigest() != row["chain"]:
            yield number
        chain = row["chain"]


def read_all(data: Path) -> list[Stored]:
    """Every conversation's file below a data folder; an empty one (a name that was never written) is none."""
    paths = sorted(data.glob(f"*/conversations/{PREFIX}*{SUFFIX}"))
    return [read(path) for path in paths if path.stat().st_size]


def as_shown(row: Row) -> dict[str, Any]:
    """A file's row as docs/protocol.md shows it."""
    return {
        "id": row["message_id"], "seq": int(row["seq"]), "role": row["role"], "content": row["content"],
        "timestamp": row["timestamp"], "reply": row["reply_id"] or None,
        "part": int(row["part"]) if row["part"] else None, "author": row["author"],
    }  # fmt: skip
