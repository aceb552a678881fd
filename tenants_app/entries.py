"""A knowledge file as entries: every fact once, in readable words."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from tenants_app.labels import label, yes_no
from tenants_app.relevance import Entries, Entry
from tenants_app.words import fold

# Sections that are one entry each, and sections with one entry per key; all others have one per item.
_WHOLE: Final = frozenset({"business_info", "contact", "hours", "discovery_questions"})
_BY_KEY: Final = frozenset({"policies", "objection_handlers"})
_ITEMS: Final = frozenset(
    {"services", "plans", "faq", "team", "specialties", "doctors", "insurance_plans", "documents"}
)
_TITLE_KEYS: Final = ("question", "name", "title", "objection")
_BODY_KEYS: Final = ("answer", "description", "text", "response")
# A list with an item longer than this is written as lines.
LONG: Final = 40
_NOT_SAID: Final = frozenset({"category"})


def entries_of(raw: Mapping[str, Any], language: str) -> Entries:
    """The entries of a whole file, in its order, with ids that are unique in it."""
    found: list[Entry] = []
    taken: set[str] = set()
    for section, value in raw.items():
        for entry in _section(section, value, language):
            if not entry.text and not entry.title:
                continue
            name, count = entry.id, 1
            while name in taken:
                count += 1
                name = f"{entry.id}-{count}"
            taken.add(name)
            found.append(entry._replace(id=name))
    return Entries(found)


def _section(section: str, value: Any, language: str) -> Iterator[Entry]:
    if _empty(value):
        return
    children = list(value.values()) if isinstance(value, Mapping) else value
    if section in _BY_KEY and isinstance(value, Mapping):
        for key, child in value.items():
            yield _keyed(section, key, child, language)
    elif _one_each(section, children):
        keys = list(value) if isinstance(value, Mapping) else [""] * len(children)
        for number, (key, child) in enumerate(zip(keys, children, strict=True), 1):
            if not _empty(child):
                yield _item(section, number, key, child, language)
    else:
        title = _capital(label(section, language))
        sentences = isinstance(value, list) and _flat(value) and any(len(str(child)) > LONG for child in value)
        lines = (f"- {_words(child, language)}" for child in value) if sentences else _lines(value, language)
        text = "\n".join(lines)
        yield Entry(section, section, title, text, text)


def _one_each(section: str, children: Any) -> bool:
    if section in _WHOLE or not isinstance(children, list):
        return False
    objects = [isinstance(child, Mapping) for child in children]
    # A section we do not know stays whole unless it is a plain list of objects.
    return any(objects) if section in _ITEMS else bool(objects) and all(objects)


def _keyed(section: str, key: str, value: Any, language: str) -> Entry:
    title = _capital(label(key, language))
    text = "\n".join(_lines(value, language))
    return Entry(f"{section}:{_slug(key)}", section, title, text, text)


def _item(section: str, number: int, key: str, value: Any, language: str) -> Entry:
    if not isinstance(value, Mapping):
        text = "\n".join(_lines(value, language))
        title = label(key, language) if key else text
        rest = text if key else ""
        return Entry(f"{section}:{_slug(key or text) or number}", section, title, rest, text)
    facts = {name: fact for name, fact in value.items() if not _empty(fact)}
    name_key = next((name for name in _TITLE_KEYS if _plain(facts.get(name))), "")
    name = str(facts.pop(name_key)) if name_key else label(key, language)
    body_key = next((known for known in _BODY_KEYS if isinstance(facts.get(known), str)), "")
    body = [str(facts.pop(body_key))] if body_key else []
    said = {known: fact for known, fact in facts.items() if known not in _NOT_SAID}
    title = f"{_capital(label('plan', language))} {name}" if section == "plans" else name
    text = "\n".join(body + list(_lines(facts, language)))
    answer = "\n".join(body + list(_lines(said, language)))
    if section not in ("faq", "documents"):
        answer = f"{title}:\n{answer}" if "\n" in answer else f"{title}: {answer}" if answer else title
    ending = str(number) if section == "faq" else _slug(key or name) or str(number)
    return Entry(f"{section}:{ending}", section, title, text, answer)


def _lines(value: Any, language: str, indent: str = "") -> Iterator[str]:
    """Lines of "key: value"; short lists on their key's line, nested objects indented under it."""
    if isinstance(value, Mapping):
        for key, child in value.items():
            if _empty(child):
                continue
            name = label(str(key), language)
            if _flat(child):
                yield f"{indent}{name}: {_words(child, language)}"
            else:
                yield f"{indent}{name}:"
                yield from _lines(child, language, indent + "  ")
    elif _flat(value):
        yield f"{indent}{_words(value, language)}"
    else:
        for child in value:
            first, *rest = list(_lines(child, language)) or [""]
            if first:
                yield f"{indent}- {first}"
                yield from (f"{indent}  {line}" for line in rest)


def _words(value: Any, language: str) -> str:
    if isinstance(value, bool):
        return yes_no(value, language)
    if isinstance(value, list):
        return "; ".join(_words(child, language) for child in value if not _empty(child))
    return str(value).strip()


def _plain(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _flat(value: Any) -> bool:
    return not isinstance(value, Mapping | list) or (
        isinstance(value, list) and not any(isinstance(child, Mapping | list) for child in value)
    )


def _empty(value: Any) -> bool:
    return value is None or (isinstance(value, str | list | Mapping) and not value) or value == ""


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", fold(text)).strip("_")[:60]
