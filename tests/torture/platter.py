"""What a disk may hold after the power went: a model of files and names, of which only what was synced is sure."""

import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from tests.torture.syscalls import Call

BLOCKS = (512, 4096)  # a disk's sector, a file system's block
ALL_SUBSETS_UP_TO = 4


@dataclass(frozen=True, slots=True)
class Change:
    """Bytes written at a place, or a new size (`data` None)."""

    at: int
    data: bytes | None

    def on(self, content: bytes) -> bytes:
        """The content with this change."""
        if self.data is None:
            return content[: self.at].ljust(self.at, b"\0")
        return content[: self.at].ljust(self.at, b"\0") + self.data + content[self.at + len(self.data) :]


class Inode:
    """A file: what processes see of it, the bytes that are surely on the disk, and what is on its way there."""

    def __init__(self, synced: bytes = b"") -> None:
        self.seen = self.synced = synced
        self.changes: list[Change] = []

    def change(self, change: Change) -> None:
        """Seen at once, on the disk when it is synced."""
        self.seen = change.on(self.seen)
        self.changes.append(change)

    def sync(self) -> None:
        """All that is on its way arrives."""
        for change in self.changes:
            self.synced = change.on(self.synced)
        self.changes = []

    def fail_to_sync(self) -> None:
        """What was on its way does not arrive, by no later sync either; it is seen all the same."""
        self.changes = []

    def outcomes(self, chance: random.Random, cuts: int) -> Iterator[bytes]:
        """What may be there after the power went: all changes before one, and that one whole, in part or not at all."""
        before = self.synced
        yield before
        if not self.changes:
            return
        for change in self.changes:
            after = change.on(before)
            if change.data:
                yield from _torn(before, after, change.at, change.at + len(change.data), chance, cuts)
            yield after
            before = after
        yield before + bytes(-len(before) % BLOCKS[-1] or BLOCKS[-1])  # the size came to the disk, and no more


def _torn(before: bytes, after: bytes, start: int, end: int, chance: random.Random, cuts: int) -> Iterator[bytes]:
    """A write from `start` to `end` of which some came to the disk."""
    ends = [
        start + found + 2 for found in range(end - start - 1) if after[start + found : start + found + 2] == b"\r\n"
    ]
    places = {start + 1, end - 66, end - 2, end - 1, *ends[:20], *(one - 1 for one in ends[:20])}
    places |= {chance.randrange(start, end) for _ in range(cuts)}
    for place in sorted(one for one in places if start < one < end):
        yield after[:place]
    for size in BLOCKS:
        # A block that was not written is the block that was there: what was synced of it, then nothing.
        first, last = start // size, (end - 1) // size
        for missing in _runs(first, last):
            low, high = max(missing.start * size, start), min(missing.stop * size, end)
            yield after[:low] + before[low:high].ljust(high - low, b"\0") + after[high:]


def _runs(first: int, last: int) -> set[range]:
    """Runs of blocks that may be missing: each alone, and all up to or from each."""
    blocks = range(first, last + 1)
    alone = {range(one, one + 1) for one in blocks}
    return alone | {range(first, one + 1) for one in blocks} | {range(one, last + 1) for one in blocks}


@dataclass(frozen=True, slots=True, eq=False)
class Naming:
    """A name made for a file (None: for a folder), or taken away; `gone` is the name that a rename takes away."""

    path: str
    inode: Inode | None = None
    gone: str = ""
    removed: bool = False

    def on(self, names: dict[str, Inode | None]) -> None:
        """Make this change in `names`."""
        names.pop(self.gone, None)
        if self.removed:
            names.pop(self.path, None)
        else:
            names[self.path] = self.inode


class Platter:
    """The files below some folders, as processes see them and as the disk may have them."""

    def __init__(self, *roots: Path) -> None:
        self._roots = tuple(f"{root}/" for root in roots)
        self.names: dict[str, Inode | None] = {}
        self.sure: dict[str, Inode | None] = {}
        self.namings: list[Naming] = []
        for root in roots:
            self.names[str(root)] = None
            for path in root.rglob("*"):
                self.names[str(path)] = None if path.is_dir() else Inode(path.read_bytes())
        self.sure.update(self.names)

    def file(self, path: str) -> Inode | None:
        """The file that a process finds under this name."""
        return self.names.get(path)

    def take(self, call: Call) -> bool:
        """What a recorded call changes; False when it is about nothing of these folders."""
        inode = self.names.get(call.path)
        if inode and call.name == "fsync" and not call.worked:
            inode.fail_to_sync()
            return True
        if not call.worked or not f"{call.path}/".startswith(self._roots):
            return False
        match call.name:
            case "openat":
                self._open(call, inode)
            case "mkdir" | "mkdirat":
                self._name(Naming(call.path))
            case "write" | "writev" if inode:
                # Everything here is appended, or written from the start of a draft that nobody else has.
                inode.change(Change(len(inode.seen), call.data))
            case "pwrite64" if inode:
                inode.change(Change(call.number, call.data))
            case "ftruncate" if inode:
                inode.change(Change(call.number, None))
            case "rename" | "renameat" | "renameat2":
                self._name(Naming(call.target, inode, gone=call.path))
            case "link" | "linkat":
                self._name(Naming(call.target, inode))
            case "unlink" | "unlinkat":
                self._name(Naming(call.path, removed=True))
            case "fsync" | "fdatasync":
                self._sync(call.path, inode)
        return True

    def _open(self, call: Call, inode: Inode | None) -> None:
        if "O_DIRECTORY" in call.flags:
            return
        if inode is None and "O_CREAT" in call.flags:
            self._name(Naming(call.path, Inode()))
        elif inode and "O_TRUNC" in call.flags:
            inode.change(Change(0, None))

    def _name(self, naming: Naming) -> None:
        naming.on(self.names)
        self.namings.append(naming)

    def _sync(self, path: str, inode: Inode | None) -> None:
        if inode:
            inode.sync()
            return
        for naming in [one for one in self.namings if os.path.dirname(one.path) == path]:  # noqa: PTH120 - many
            naming.on(self.sure)
            self.namings.remove(naming)

    def possible_names(self) -> Iterator[dict[str, Inode | None]]:
        """Which names may be there after the power went: any of the unsynced changes may have come to the disk."""
        count = len(self.namings)
        chosen = (
            [few for size in range(count + 1) for few in combinations(range(count), size)]
            if count <= ALL_SUBSETS_UP_TO
            else [tuple(range(size)) for size in range(count + 1)]
            + [tuple(one for one in range(count) if one != left) for left in range(count)]
        )
        for few in chosen:
            names = dict(self.sure)
            for number in few:
                self.namings[number].on(names)
            yield names

    def unsure(self) -> set[str]:
        """The names whose files may be other ones, or hold something else, than processes see."""
        changed = {one.path for one in self.namings} | {one.gone for one in self.namings if one.gone}
        return changed | {path for path, inode in [*self.names.items(), *self.sure.items()] if inode and inode.changes}

    def outcomes(self, path: str, chance: random.Random, cuts: int) -> Iterator[bytes | None]:
        """What may be found under one name after the power went; None for nothing."""
        seen: set[int] = set()
        for names in self.possible_names():
            inode = names.get(path) if self.leads_to(path, names) else None
            if id(inode) in seen:
                continue
            seen.add(id(inode))
            if inode is None:
                yield None
            else:
                yield from inode.outcomes(chance, cuts)

    def is_sure(self, path: str, beginning: bytes) -> bool:
        """Whether this name and these first bytes of its file are on the disk."""
        inode = self.sure.get(path)
        there = inode is not None and inode is self.names.get(path) and self.leads_to(path, self.sure)
        return there and inode.synced.startswith(beginning)

    def leads_to(self, path: str, names: dict[str, Inode | None]) -> bool:
        """Whether the folders above a name are among these names."""
        return all(str(one) in names for one in Path(path).parents if f"{one}/".startswith(self._roots))
