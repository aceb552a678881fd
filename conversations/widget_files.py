"""The widget's files as they travel: without comments, compressed, named by a hash of the whole."""

import gzip
import hashlib
import re
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent / "static" / "conversations"
LOADER = "widget.js"

# Only comments alone on their lines and JSDoc casts go: nothing inside code or text can be mistaken for those.
_BLOCK_COMMENT = re.compile(r"^[ \t]*/\*\*(?:(?!\*/).)*\*/[ \t]*\n", re.MULTILINE | re.DOTALL)
_LINE_COMMENT = re.compile(r"^[ \t]*//[^\n]*\n", re.MULTILINE)
_TYPE_CAST = re.compile(r"/\*\* @\w+ \{[^*\n]*\} \*/ ?")
_INDENT = re.compile(r"^[ \t]+|\n(?=\n)", re.MULTILINE)


class WidgetFile(NamedTuple):
    """One file, ready to send."""

    body: bytes
    gzipped: bytes
    etag: str


def slimmed(source: str) -> str:
    """JavaScript without comments, blank lines and indentation; everything else stays as it was written."""
    for pattern in (_BLOCK_COMMENT, _LINE_COMMENT, _TYPE_CAST, _INDENT):
        source = pattern.sub("", source)
    return source


def widget_file(name: str) -> WidgetFile | None:
    """`widget.js` or a module such as `widget/chat.js`; None when there is no such file."""
    path = next((path for path in _paths() if path.relative_to(FOLDER).as_posix() == name), None)
    return _prepared(path, path.stat().st_mtime_ns) if path else None


def code_version() -> str:
    """Names the modules' state in their addresses, so that browsers keep them for ever and never mix two states."""
    return _hashed(tuple((path, path.stat().st_mtime_ns) for path in _paths()))


def _paths() -> list[Path]:
    return [FOLDER / LOADER, *sorted((FOLDER / "widget").glob("*.js"))]


@lru_cache(maxsize=64)
def _prepared(path: Path, changed: int) -> WidgetFile:
    body = slimmed(path.read_text(encoding="utf-8")).encode()
    return WidgetFile(body, gzip.compress(body, 9, mtime=0), f'"{hashlib.sha256(body).hexdigest()[:20]}"')


@lru_cache(maxsize=4)
def _hashed(files: tuple[tuple[Path, int], ...]) -> str:
    whole = hashlib.sha256(b"\0".join(path.read_bytes() for path, _changed in files))
    return whole.hexdigest()[:12]
