"""A tenant's folder: config.json, knowledge.json and examples.jsonl, read in both spellings, replaced atomically."""

import json
import os
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from django.conf import settings
from django.utils.translation import gettext as _

from tenants_app.documents import DocumentError, Documents, Names, Notice, Problem, parse_documents
from tenants_app.examples import read_lines
from tenants_app.models import SLUG
from tenants_app.problems import gettext_noop

NAMES: Final = Names()
OLDER_KNOWLEDGE: Final = "tenant_knowledge.json"
OLDER_EXAMPLES: Final = "tenant_examples.txt"
MOST_BYTES: Final = 5_000_000

# What Python's json module complains about, by how its message begins.
_BROKEN: Final = (
    ("Expecting ',' delimiter", gettext_noop("a comma or the end of the object or list")),
    ("Expecting ':' delimiter", gettext_noop("a colon after the key")),
    ("Expecting property name", gettext_noop("a key in double quotes, and no comma before a closing brace")),
    ("Illegal trailing comma", gettext_noop("no comma before a closing brace or bracket")),
    (
        "Expecting value",
        gettext_noop("a value: a text in double quotes, a number, true, false, null, a list or an object"),
    ),
    ("Extra data", gettext_noop("the end of the file")),
    ("Invalid control character", gettext_noop("no line break or tab inside a text (write \\n or \\t)")),
    ("Unterminated string", gettext_noop("a closing double quote")),
    ("Invalid \\", gettext_noop('a known escape such as \\n, \\" or \\u00e7')),
)


class Raw(Protocol):
    """Three documents as they were written: a Bundle or what was read from a folder."""

    @property
    def config(self) -> Any: ...
    @property
    def knowledge(self) -> Any: ...
    @property
    def examples(self) -> Any: ...


@dataclass(frozen=True)
class RawDocuments:
    """Three documents as read, with what messages about them need. Nothing of the files is dropped."""

    config: dict[str, Any]
    knowledge: dict[str, Any] = field(default_factory=dict)
    examples: list[Any] = field(default_factory=list)
    names: Names = NAMES
    lines: tuple[int, ...] | None = None
    warnings: tuple[str, ...] = ()

    def parse(self) -> Documents:
        """The documents as types. Raises DocumentError with every problem."""
        return parse_documents(self.config, self.knowledge, self.examples, names=self.names, lines=self.lines)


def tenant_folder(slug: str) -> Path:
    """Where a tenant's files lie. Raises ValueError for a name that is not a slug and for a symbolic link."""
    if not re.fullmatch(SLUG, slug):
        raise ValueError(_("%(slug)r is not a valid short name.") % {"slug": slug})
    folder = Path(settings.TENANT_FILES_DIR) / slug
    if folder.is_symlink():
        raise ValueError(_("%(folder)s is a symbolic link.") % {"folder": folder})
    return folder


def has_files(folder: Path) -> bool:
    """Whether a folder holds a persona, in either spelling."""
    return folder.is_dir() and bool(_named(folder, NAMES.config, _older_configs(folder)))


def read(folder: Path) -> RawDocuments:
    """The raw documents of a folder. Raises DocumentError with every problem of every file."""
    if not folder.is_dir():
        raise DocumentError([Problem(str(folder), "", gettext_noop("a folder"))])
    problems: list[Problem] = []
    warnings: list[str] = []
    config_name, *older = _named(folder, NAMES.config, _older_configs(folder)) or [NAMES.config]
    knowledge_names = _named(folder, NAMES.knowledge, [OLDER_KNOWLEDGE])
    examples_names = _named(folder, NAMES.examples, [OLDER_EXAMPLES])
    for name in older + knowledge_names[1:] + examples_names[1:]:
        warnings.append(
            Notice(gettext_noop("%(file)s: not read, because the folder holds the newer spelling too"), file=name)
        )

    def load(name: str, parse: Callable[[str, str], Any]) -> Any:
        try:
            return parse(_text(folder, name), name)
        except DocumentError as error:
            problems.extend(error.problems)
            return None

    config = load(config_name, lambda text, name: _object(text, name, warnings))
    knowledge: Any = {}
    rows: tuple[list[Any], list[int]] | None = ([], [])
    if knowledge_names:
        knowledge = load(knowledge_names[0], lambda text, name: _object(text, name, warnings))
    else:
        warnings.append(Notice(gettext_noop("%(file)s: missing; the assistant knows nothing"), file=NAMES.knowledge))
    if examples_names:
        rows = load(examples_names[0], read_lines)
    if problems or rows is None:
        raise DocumentError(problems)
    names = Names(config_name, (*knowledge_names, NAMES.knowledge)[0], (*examples_names, NAMES.examples)[0])
    return RawDocuments(config, knowledge, rows[0], names, tuple(rows[1]), tuple(warnings))


def write(slug: str, raw: Raw, *, before: Raw | None = None) -> Path:
    """Replace the files of a tenant's folder, each atomically, and answer the folder.

    A file that was changed by hand since `before` was written is kept beside the new one as `….kept-1`.
    """
    return write_folder(tenant_folder(slug), raw, before=before)


def write_folder(folder: Path, raw: Raw, *, before: Raw | None = None) -> Path:
    """`write` for any folder."""
    folder.mkdir(parents=True, exist_ok=True)
    known = render(before) if before else {}
    for name, text in render(raw).items():
        target = folder / name
        if target.is_symlink():
            raise ValueError(_("%(file)s is a symbolic link.") % {"file": target})
        if target.exists() and not _same(target, [text, known.get(name)]):
            _keep_copy(target)
        _replace(target, text.encode())
    _sync(folder)
    _sync(folder.parent)
    return folder


def render(raw: Raw) -> dict[str, str]:
    """The three files' texts by name, values and their order as in `raw`."""
    rows = [json.dumps(row, ensure_ascii=False) + "\n" for row in raw.examples]
    return {
        NAMES.config: json.dumps(raw.config, ensure_ascii=False, indent=2) + "\n",
        NAMES.knowledge: json.dumps(raw.knowledge, ensure_ascii=False, indent=2) + "\n",
        NAMES.examples: "".join(rows),
    }


def _older_configs(folder: Path) -> list[str]:
    """tenant_<slug>.json, the folder's own slug first."""
    own = f"tenant_{folder.resolve().name}.json"
    found = {path.name for path in folder.glob("tenant_*.json")} - {OLDER_KNOWLEDGE}
    return sorted(found, key=lambda name: (name != own, name))


def _named(folder: Path, newer: str, older: list[str]) -> list[str]:
    return [name for name in [newer, *older] if (folder / name).exists() or (folder / name).is_symlink()]


def _text(folder: Path, name: str) -> str:
    path = folder / name
    if path.is_symlink() or not path.is_file():
        raise DocumentError([Problem(name, "", gettext_noop("a file in the folder itself (not missing, not a link)"))])
    if path.stat().st_size > MOST_BYTES:
        raise DocumentError([Problem(name, "", gettext_noop("at most %(bytes)s bytes"), {"bytes": MOST_BYTES})])
    data = path.read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise DocumentError([Problem(name, f"line {line}", gettext_noop("a text in UTF-8"), {"line": line})]) from None


def _object(text: str, name: str, warnings: list[str]) -> dict[str, Any]:
    """A file's one JSON object; keys written twice are warned about."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _value in pairs]
        for key in dict.fromkeys(key for key in keys if keys.count(key) > 1):
            template = gettext_noop("%(file)s: %(key)s is written twice in one object; the last one counts")
            warnings.append(Notice(template, file=name, key=key))
        return dict(pairs)

    try:
        value = json.loads(text, object_pairs_hook=unique, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        expected = next((words for start, words in _BROKEN if error.msg.startswith(start)), gettext_noop("valid JSON"))
        place = {"line": error.lineno, "column": error.colno}
        key = f"line {error.lineno}, column {error.colno}"
        raise DocumentError([Problem(name, key, expected, place)]) from None
    except (ValueError, RecursionError):
        raise DocumentError([Problem(name, "", gettext_noop("JSON with plain numbers and moderate depth"))]) from None
    if not isinstance(value, dict):
        raise DocumentError([Problem(name, "", gettext_noop("one JSON object"))])
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _same(path: Path, texts: list[str | None]) -> bool:
    """Whether a file holds one of these, whatever its white space."""
    try:
        found = _values(path.read_text("utf-8-sig"))
        return any(text is not None and found == _values(text) for text in texts)
    except (ValueError, RecursionError):
        return False


def _values(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return read_lines(text)[0]


def _keep_copy(path: Path) -> None:
    number = 1
    while (kept := path.with_name(f"{path.name}.kept-{number}")).exists():
        number += 1
    # A copy: the file itself must not be missing, even for a moment.
    _replace(kept, path.read_bytes())


def _replace(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _sync(folder: Path) -> None:
    """Make names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
