"""Writes everything that is not written for a visitor, and says on its output what it was told is done.

python -m tests.torture.handiwork FOLDER: for the tenant `alfa` of the installation in its environment.
"""

import os
import sys
from pathlib import Path

import django

from conversations.storage.posix import sync_folder

ANCESTOR = "message_id,session_id,user_id,timestamp,role,content,intent,sentiment,extracted_info,response_time_ms\n"


def main(folder: Path) -> None:
    """Write it all."""
    django.setup()
    from django.core.management import call_command

    from conversations.storage import storage_for
    from tests.conversation_rows import part, visitor

    storage = storage_for("alfa")
    for number in range(1, 4):
        parts = [part(f"parte {one} " * 60, number=one, last=one == 5, answers=[1]) for one in range(1, 6)]
        storage.append(f"h{number}", [visitor("Oi " * 700 * number, f"h{number}")])
        told(f"h{number}")
        storage.append(f"h{number}", parts)
        told(f"h{number}")
    for name, place in (("a1", folder), ("a2", Path(storage.folder))):  # type: ignore[attr-defined]
        file = place / f"conversation_{name}.csv"
        _put(file, ANCESTOR + "".join(_old_rows(name)))
        call_command("import_conversations", str(file), "--tenant", "alfa", stdout=sys.stderr)
        told(name)
    for number in range(2):
        call_command("write_reports")
        storage.append("h1", [visitor("De novo", f"r{number}")])
        told("h1")
        call_command("reindex", stdout=sys.stderr)
    call_command("write_reports")
    call_command("tenant_files", "import", "alfa", "--publish", stdout=sys.stderr)


def _put(file: Path, text: str) -> None:
    """Write a file that has been there for long."""
    with file.open("w") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    sync_folder(file.parent)


def _old_rows(name: str) -> list[str]:
    roles = ("user", "assistant")
    return [
        f"{name}-{number},{name},u1,2025-03-04T05:{number // 60:02}:{number % 60:02},{roles[number % 2]},"
        f"linha {number} e mais,,,,\n"
        for number in range(90)
    ]


def told(conversation: str) -> None:
    """Say that everything written to this conversation so far is confirmed."""
    sys.stdout.write(f"told {conversation}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
