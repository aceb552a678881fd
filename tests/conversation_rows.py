"""Rows for tests: what visitors, the assistant, the team and the system say."""

from typing import Any

from conversations.core.records import Row, to_json


def visitor(text: str = "Oi", client_id: str = "", **values: Any) -> Row:
    """A visitor's row that waits for an answer."""
    return Row(
        f"m-{client_id or text[:20]}", "", values.pop("user_id", "v1"), role="user", content=text, channel="web",
        author="visitor", client_id=client_id, status="received", language="pt-BR", **_cells(values),
    )  # fmt: skip


def part(text: str = "Olá", *, of: str = "r1", number: int = 1, last: bool = True, **values: Any) -> Row:
    """A part of the assistant's reply `of`; `answers` goes into its receipt."""
    receipt = {"answers": values.pop("answers")} if "answers" in values else {}
    return Row(
        f"m-{of}-{number}", "", values.pop("user_id", "v1"), role="assistant", content=text, channel="web",
        author="assistant", reply_id=of, part=str(number), status="complete" if last else "part",
        receipt=to_json(receipt), **_cells(values),
    )  # fmt: skip


def event(name: str, **values: Any) -> Row:
    """A system row: consent, rate, handoff or end."""
    return Row(
        f"m-{name}", "", "v1", role="system", content=name, channel="web", author="visitor", status="sent",
        receipt=to_json({"event": name} | values),
    )  # fmt: skip


def numbered(*rows: Row) -> list[Row]:
    """The rows as a storage would have finished them, a second apart."""
    return [
        row._replace(seq=str(seq), timestamp=row.timestamp or f"2026-03-04T05:{seq // 60:02}:{seq % 60:02}.000Z")
        for seq, row in enumerate(rows, 1)
    ]


def _cells(values: dict[str, Any]) -> dict[str, str]:
    return {name: to_json(value) if isinstance(value, dict) else str(value) for name, value in values.items()}
