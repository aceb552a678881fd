"""The product's server on a disk that fails when it is told to.

As a program it stands before the server's command: python -m tests.torture.faulty_server SOCKET python manage.py …
As a module it is the other end: Control(SOCKET).arm(3, errno.EIO), then .disarm() for what happened meanwhile.
"""

import json
import runpy
import socket
import sys
import threading
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.faulty_disk import Disk, Event, note_what_is_told, under_the_storage


@dataclass(frozen=True, slots=True)
class Fault:
    """Which call of those to come fails, counted from 1 (0: none), and how."""

    step: int = 0
    error: int = 0
    for_good: bool = False
    only: str = ""
    most_bytes: int = 2**30


@dataclass(frozen=True, slots=True)
class Happened:
    """What a disk was asked since it was armed, and whether the fault came."""

    failed: bool
    log: list[Event]


class Control:
    """Tells a server's disk when to fail."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self._lines = self._socket.makefile("rw")

    def arm(self, fault: Fault) -> None:
        """From now on."""
        self._ask(asdict(fault))

    def so_far(self) -> Happened:
        """What happened since the last `arm`."""
        return self._ask(None)

    def disarm(self) -> Happened:
        """No fault any more; what happened since the last `arm`."""
        happened = self.so_far()
        self.arm(Fault())
        return happened

    def close(self) -> None:
        """Leave the server to itself."""
        self._lines.close()
        self._socket.close()

    def _ask(self, fault: dict[str, object] | None) -> Happened:
        self._lines.write(json.dumps(fault) + "\n")
        self._lines.flush()
        answer = json.loads(self._lines.readline())
        return Happened(answer["failed"], [Event(*one) for one in answer["log"]])


def _listen(disk: Disk, path: str) -> None:
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(path)
        door.listen()
        while True:
            with door.accept()[0] as line, line.makefile("rw") as lines:
                for asked in lines:
                    happened = {"failed": disk.failed, "log": list(disk.log)}
                    if (fault := json.loads(asked)) is not None:
                        disk.most_bytes = fault["most_bytes"]
                        disk.arm(fault["step"], fault["error"], for_good=fault["for_good"], only=fault["only"])
                    lines.write(json.dumps(happened) + "\n")
                    lines.flush()


def main() -> None:
    """Serve as the rest of the command line says, on a disk that is told by a socket when to fail."""
    _, path, _python, *sys.argv = sys.argv
    import django

    django.setup()
    disk = under_the_storage(setattr)
    note_what_is_told(disk, setattr)
    threading.Thread(target=_listen, args=(disk, path), daemon=True).start()
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
