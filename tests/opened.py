"""What this process opens, makes, moves and removes on the disk, as the interpreter's audit events tell."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

# Event -> which of its arguments are paths.
_PATHS = {
    "open": (0,), "os.listdir": (0,), "os.scandir": (0,), "os.mkdir": (0,), "os.remove": (0,), "os.rmdir": (0,),
    "os.rename": (0, 1), "os.link": (0, 1), "os.symlink": (1,), "os.truncate": (0,), "os.chmod": (0,),
}  # fmt: skip
_heard: "list[Touched] | None" = None


class Touched(NamedTuple):
    """One attempt: `place` is where it led, links followed but for those that the opener refused to follow."""

    event: str
    path: str
    place: str


def _listen(event: str, arguments: tuple[Any, ...]) -> None:
    if _heard is None or event not in _PATHS:
        return
    for number in _PATHS[event]:
        path = arguments[number]
        if isinstance(path, str | bytes | os.PathLike):
            text = os.fsdecode(path)
            keeps_links = event != "open" or bool(arguments[2] & os.O_NOFOLLOW)
            # A bare name, its link not followed, stays in a folder opened before: that opening was heard.
            if not (keeps_links and text not in {".", ".."} and os.sep not in text):
                _heard.append(Touched(event, text, _place(text, keeps_links)))


def _place(path: str, keeps_links: bool) -> str:
    if "\0" in path:
        return path  # the system refuses it
    if not keeps_links:
        return os.path.realpath(path)
    folder, name = os.path.split(os.path.normpath(Path.cwd() / path))
    return f"{os.path.realpath(folder)}{os.sep}{name}"


sys.addaudithook(_listen)  # for as long as the process lives; it does nothing while nobody listens


@contextmanager
def listening() -> Iterator[list[Touched]]:
    """Whatever is touched meanwhile."""
    global _heard  # noqa: PLW0603 - an audit hook has no other way to know
    _heard = heard = []
    try:
        yield heard
    finally:
        _heard = None


def below(folder: Path, heard: list[Touched]) -> list[Touched]:
    """What led into the folder."""
    root = os.path.realpath(folder)
    return [one for one in heard if one.place == root or one.place.startswith(f"{root}{os.sep}")]
