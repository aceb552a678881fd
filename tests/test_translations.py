"""Every text of the pages is there in Portuguese and Spanish, and the compiled catalogues say the same."""

import ast
import gettext
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils.translation import gettext as translate
from django.utils.translation import override
from django.utils.translation.template import templatize

from timmy_site import theme_strings
from timmy_site.settings import BASE_DIR, LOCALE_PATHS

LANGUAGES = ["pt_BR", "es"]
PLACES = re.compile(r"%\(\w+\)[srd]|\{[^}]*\}")
LINE = re.compile(r'(?:(msgctxt|msgid_plural|msgid|msgstr)(?:\[(\d)\])? )?(".*")$')


def catalogue(language: str) -> list[dict[str, str]]:
    """The entries of a .po file; plural forms as msgstr0, msgstr1."""
    entries: list[dict[str, str]] = []
    key = ""
    for line in po_of(language).read_text(encoding="utf-8").splitlines():
        found = LINE.match(line)
        if not found:
            continue
        if found[1]:
            key = found[1] + (found[2] or "")
            if key == "msgctxt" or (key == "msgid" and (not entries or "msgid" in entries[-1])):
                entries.append({})
        entries[-1][key] = entries[-1].get(key, "") + ast.literal_eval(found[3])
    return [entry for entry in entries if entry["msgid"]]


def po_of(language: str) -> Path:
    return Path(LOCALE_PATHS[0]) / language / "LC_MESSAGES" / "django.po"


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_left_untranslated_or_doubtful(language: str) -> None:
    assert "fuzzy" not in po_of(language).read_text(encoding="utf-8")
    missing = [
        entry["msgid"] for entry in catalogue(language) if not all(entry[key] for key in entry if "msgstr" in key)
    ]
    assert missing == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_places_for_values_are_kept(language: str) -> None:
    for entry in catalogue(language):
        for key in entry:
            if key.startswith("msgstr"):
                assert sorted(PLACES.findall(entry[key])) == sorted(PLACES.findall(entry["msgid"])), entry["msgid"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_compiled_catalogue_is_the_written_one(language: str) -> None:
    with po_of(language).with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for entry in catalogue(language):
        if "msgid_plural" in entry:
            found = [compiled.ngettext(entry["msgid"], entry["msgid_plural"], count) for count in (1, 2)]
            assert found == [entry["msgstr0"], entry["msgstr1"]]
        else:
            assert compiled.gettext(entry["msgid"]) == entry["msgstr"]


def test_both_languages_hold_the_same_texts() -> None:
    texts = [{entry["msgid"] for entry in catalogue(language)} for language in LANGUAGES]
    assert texts[0] == texts[1]


@pytest.mark.parametrize("text", theme_strings.TEXTS)
def test_the_theme_speaks_portuguese(text: str) -> None:
    with override("pt-br"):
        assert translate(text) != text


def test_the_theme_still_says_what_is_translated_for_it() -> None:
    import unfold

    folder = Path(unfold.__file__).parent
    sources = "\n".join(path.read_text(encoding="utf-8") for kind in ("*.py", "*.html") for path in folder.rglob(kind))
    sources = re.sub(r"""["']\s*\n\s*["']|\\""", "", sources)
    assert [text for text in theme_strings.TEXTS if text not in sources] == []


MARKS = {"_", "N_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "pgettext"}


def marked_texts() -> Iterator[tuple[str, str]]:
    """Every text in our Python and templates that asks to be translated, with its file."""
    for package in ("timmy_site", "tenants_app", "conversations"):
        for path in (BASE_DIR / package).rglob("*.py"):
            yield from ((path.name, text) for text in _called(path.read_text(encoding="utf-8")))
    for path in (BASE_DIR / "templates").rglob("*.html"):
        plain = templatize(path.read_text(encoding="utf-8"))
        for found in re.finditer(r"gettext\((u?(?:'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"))", plain):
            yield path.name, ast.literal_eval(found[1])


def _called(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        name = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
        if name in MARKS and isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            yield str(node.args[0].value)


def test_every_marked_text_is_in_the_catalogues() -> None:
    known = {entry["msgid"] for entry in catalogue("es")}
    assert [(file, text) for file, text in marked_texts() if text not in known] == []
