"""Records what a process asks of files and sockets, with strace, and reads the record."""

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

CALLS = (
    "openat,mkdir,mkdirat,write,writev,pwrite64,fsync,fdatasync,ftruncate,rename,renameat,renameat2,link,linkat,unlink,"
    "unlinkat,sendto,sendmsg"
)
MOST_BYTES = 262_144  # of one call that are recorded; nothing of a conversation is longer
_LINE = re.compile(r"(\d+) +(.*)")
_CALL = re.compile(r"(\w+)\((.*)\) += (-?\d+|\?)(.*)", re.DOTALL)
_STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?')
_OF_DESCRIPTOR = re.compile(r"(-?\d+|AT_FDCWD)<((?:\\x[0-9a-f]{2})*)>")
_UNFINISHED, _RESUMED = " <unfinished ...>", re.compile(r"<\.\.\. \w+ resumed>(.*)", re.DOTALL)
_NAMES, _SYNCS = set(CALLS.split(",")), {"fsync", "fdatasync"}


class Call(NamedTuple):
    """One system call. `path` is what it was about, `target` where a rename or a link leads, `number` an offset, a
    size or a descriptor; `flags` are openat's.
    """

    name: str
    path: str
    data: bytes = b""
    target: str = ""
    number: int = -1
    flags: str = ""
    worked: bool = True


def why_not() -> str:
    """Why nothing can be recorded on this machine; empty when it can."""
    if shutil.which("strace") is None:
        return "strace is missing (Debian: apt install strace)"
    done = subprocess.run(
        ["strace", "-D", "-f", "-o", "/dev/null", "true"], capture_output=True, text=True, check=False
    )
    return f"strace may not be used here: {done.stderr.strip()}" if done.returncode else ""


def recording(log: Path, *more: str) -> list[str]:
    """What to put before a command so that its calls are recorded; the process id is the command's own."""
    return [
        "strace", "-D", "-f", "-qq", "--seccomp-bpf", "-y", "-xx", "-s", str(MOST_BYTES), "-e", f"trace={CALLS}",
        "-e", "signal=none", *more, "-o", str(log),
    ]  # fmt: skip


def finished(log: Path, seconds: float = 20.0) -> None:
    """Wait until the record is written to its end, after the process is gone."""
    until, size = time.monotonic() + seconds, -1
    while time.monotonic() < until and size != (size := log.stat().st_size):
        time.sleep(0.3)


def calls(log: Path) -> list[Call]:
    """The recorded calls. A sync stands where it returned, everything else where it was asked for."""
    found: list[Call | None] = []
    begun: dict[str, tuple[int, str]] = {}
    for thread, text in _lines(log):
        if text.endswith(_UNFINISHED):
            begun[thread] = (len(found), text.removesuffix(_UNFINISHED))
            found.append(None)
        elif resumed := _RESUMED.match(text):
            place, start = begun.pop(thread)
            call = _parsed(start + resumed[1])
            if call and call.name in _SYNCS:
                found.append(call)
            else:
                found[place] = call
        else:
            found.append(_parsed(text))
    return [call for call in found if call]


def _lines(log: Path) -> Iterator[tuple[str, str]]:
    with log.open(encoding="ascii") as lines:
        for line in lines:
            if found := _LINE.fullmatch(line.rstrip("\n")):
                yield found[1], found[2]


def _parsed(text: str) -> Call | None:
    found = _CALL.fullmatch(text)
    if not found or found[1] not in _NAMES:
        return None
    name, arguments, result = found[1], found[2], found[3]
    strings = [_bytes(one[1]) for one in _STRING.finditer(arguments)]
    descriptors = [(one[1], _bytes(one[2]).decode()) for one in _OF_DESCRIPTOR.finditer(arguments)]
    worked = result.isdecimal()
    if name in ("write", "writev", "pwrite64", "sendto", "sendmsg"):
        number, path = descriptors[0] if descriptors else ("-1", "")
        data = b"".join(strings)[: int(result) if worked else 0]
        if name == "pwrite64":
            number = arguments.rpartition(", ")[2]
        return Call(name, path, data, number=int(number), worked=worked)
    if name in (*_SYNCS, "ftruncate"):
        size = arguments.rpartition(", ")[2]
        return Call(name, descriptors[0][1], number=int(size) if name == "ftruncate" else -1, worked=worked)
    paths = _paths(name, strings, descriptors)
    flags = arguments.rpartition('"')[2] if name == "openat" else ""
    return Call(name, paths[0], target=(*paths, "")[1], flags=flags, worked=worked)


def _paths(name: str, strings: list[bytes], descriptors: list[tuple[str, str]]) -> list[str]:
    folders = [path for _, path in descriptors] if "at" in name.removeprefix("re") else []
    return [
        str(Path(folders[number], one.decode()) if number < len(folders) else Path(one.decode()))
        for number, one in enumerate(strings)
    ]


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))
