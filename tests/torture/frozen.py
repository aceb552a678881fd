"""A process that stands still between two instructions, and what its sockets hold (Linux: from /proc)."""

import time
from pathlib import Path


class StillRunning(Exception):
    """A stopped process had a thread that went on."""


def stand_still(pid: int, seconds: float = 10.0) -> None:
    """Wait until every thread of a stopped process (SIGSTOP) stands. Raises StillRunning."""
    until = time.monotonic() + seconds
    while not all(_state(task) in "TtZX" for task in Path(f"/proc/{pid}/task").iterdir()):
        if time.monotonic() > until:
            raise StillRunning(f"process {pid} did not stop within {seconds} s")


def _state(task: Path) -> str:
    try:
        return (task / "stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return "X"


def unread(at: int, source: int) -> int | None:
    """The bytes that the owner of 127.0.0.1:`at` has not read yet of what came from 127.0.0.1:`source`; None when there
    is no such connection.
    """
    wanted = [f"0100007F:{at:04X}", f"0100007F:{source:04X}"]
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        cells = line.split()
        if cells[1:3] == wanted:
            return int(cells[4].partition(":")[2], 16)
    return None
