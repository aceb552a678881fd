"""A folder on a disk of its own that is small enough to be filled: a memory file system, mounted as root or without."""

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

FILLER = ".filler"
# Takes along what lies in the folder, then becomes the command that follows.
_WITHIN = " && ".join(
    [
        'cp -a "$1" "$1.kept"', 'mount -t tmpfs -o "size=$2m" tmpfs "$1"', 'cp -a "$1.kept/." "$1"', 'rm -r "$1.kept"',
        "shift 2", 'exec "$@"',
    ]
)  # fmt: skip
_ALONE = ["unshare", "--user", "--map-root-user", "--mount"]


class NoSmallDisk(Exception):
    """None can be made on this machine; the message says why."""


@dataclass(frozen=True, slots=True)
class SmallDisk:
    """`wrap` stands before the command that is to have the disk; others see it through that process."""

    folder: Path
    how: str
    wrap: tuple[str, ...] = ()

    def seen_by(self, pid: int) -> Path:
        """The folder as the process with this id has it."""
        return Path(f"/proc/{pid}/root{self.folder}") if self.wrap else self.folder


@contextmanager
def small_disk(folder: Path, mebibytes: int) -> Iterator[SmallDisk]:
    """Let this folder be on a disk of so many MiB; gone afterwards. Raises NoSmallDisk."""
    if _mount(folder, mebibytes):
        try:
            yield SmallDisk(folder, "mounted")
        finally:
            _unmount(folder)
    elif subprocess.run([*_ALONE, "true"], capture_output=True, check=False).returncode == 0:
        wrap = (*_ALONE, "sh", "-c", _WITHIN, "sh", str(folder), str(mebibytes))
        yield SmallDisk(folder, "mounted by unshare", wrap)
    else:
        raise NoSmallDisk("needs root, or a system that lets users have name spaces of their own (unshare --user)")


def fill(folder: Path) -> None:
    """Take all the room that is left on the folder's disk."""
    with (folder / FILLER).open("ab", buffering=0) as filler, contextlib.suppress(OSError):
        while filler.write(bytes(4096)):
            pass


def have_room(folder: Path) -> None:
    """Give it back."""
    (folder / FILLER).unlink()


def left(folder: Path) -> int:
    """How many bytes still fit."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def _mount(folder: Path, mebibytes: int) -> bool:
    kept = folder.with_name(f"{folder.name}.kept")
    command = ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(["cp", "-a", str(folder), str(kept)], check=False).returncode:
        return False
    if subprocess.run(command, capture_output=True, check=False).returncode:
        shutil.rmtree(kept)
        return False
    shutil.copytree(kept, folder, dirs_exist_ok=True)
    shutil.rmtree(kept)
    return True


def _unmount(folder: Path) -> None:
    for _ in range(50):
        if subprocess.run(["umount", str(folder)], capture_output=True, check=False).returncode == 0:
            return
        time.sleep(0.1)
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
