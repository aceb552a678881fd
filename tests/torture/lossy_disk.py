"""A real ext4 on a device that runs full behind its back: writes are taken, their sync fails, and they are gone."""

import ctypes
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

MIB = 2**20
SIZE = 32
_PUNCH_HOLE = 3  # FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE


class LossyDisk:
    """A mounted file system below `folder`; its device keeps its blocks in a small memory file system."""

    def __init__(self, base: Path) -> None:
        self._memory, self.folder = base / "memory", base / "disk"
        self._image, self._filler = self._memory / "image", self._memory / "filler"

    def mount(self) -> None:
        """Put it in place, with what it holds."""
        _do("mount", "-o", "loop,nodiscard", str(self._image), str(self.folder))
        # The loop driver takes a write that came through in part for a whole one: a lie no test of ours is about.
        device = subprocess.run(["losetup", "-nO", "NAME", "-j", str(self._image)], capture_output=True, check=True)
        name = Path(device.stdout.decode().strip()).name
        Path("/sys/block", name, "queue", "max_sectors_kb").write_text("4")

    def unmount(self) -> None:
        """Take it away; what the system holds of it in memory is gone."""
        for _ in range(50):
            if subprocess.run(["umount", str(self.folder)], capture_output=True, check=False).returncode == 0:
                return
            time.sleep(0.1)
        _do("umount", str(self.folder))

    def run_full(self) -> None:
        """Nothing more comes to the device, except to blocks that hold something already."""
        os.sync()
        self._give_free_blocks_back()
        with suppress(OSError), self._filler.open("wb", buffering=0) as filler:
            while filler.write(b"x" * 4096):
                pass

    def have_room(self) -> None:
        """Everything comes to the device again."""
        self._filler.unlink()

    def make(self) -> None:
        """Make the file system, with every block of its own tables and its journal in place."""
        self._memory.mkdir()
        self.folder.mkdir()
        _do("mount", "-t", "tmpfs", "-o", f"size={SIZE + 8}m", "tmpfs", str(self._memory))
        self._image.write_bytes(bytes(SIZE * MIB))
        _do("mkfs.ext4", "-q", "-E", "nodiscard,lazy_itable_init=0", "-J", "size=4", str(self._image))
        self._image.write_bytes(self._image.read_bytes())  # without the holes that mkfs made for its own zeros

    def remove(self) -> None:
        """Take everything away."""
        for place in (self.folder, self._memory):
            subprocess.run(["umount", str(place)], capture_output=True, check=False)

    def _give_free_blocks_back(self) -> None:
        found = subprocess.run(["dumpe2fs", str(self._image)], capture_output=True, text=True, check=True).stdout
        size = int(re.search(r"Block size:\s+(\d+)", found)[1])  # type: ignore[index]
        punch = ctypes.CDLL(None, use_errno=True).fallocate
        punch.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_long, ctypes.c_long]
        with self._image.open("rb+") as image:
            for line in re.findall(r"^ +Free blocks: (.*)", found, re.MULTILINE):
                for first, last in re.findall(r"(\d+)(?:-(\d+))?", line):
                    count = int(last or first) - int(first) + 1
                    punch(image.fileno(), _PUNCH_HOLE, int(first) * size, count * size)


def why_not() -> str:
    """Why there can be no such disk on this machine; empty when there can."""
    missing = [tool for tool in ("mkfs.ext4", "dumpe2fs", "losetup") if shutil.which(tool) is None]
    if os.geteuid() != 0 or missing:
        return "needs root" if os.geteuid() else f"needs {', '.join(missing)}"
    return ""


@contextmanager
def lossy_disk() -> Iterator[LossyDisk]:
    """Such a disk, mounted and empty. Raises CalledProcessError when the system does not allow it."""
    base = Path(tempfile.mkdtemp(prefix="timmy-lossy-"))
    disk = LossyDisk(base)
    try:
        disk.make()
        disk.mount()
        yield disk
    finally:
        disk.remove()
        shutil.rmtree(base, ignore_errors=True)


def _do(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
