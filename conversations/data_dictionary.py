"""LEIAME.txt: what an auditor's zip holds, column by column, in three languages, from the schema in code."""

from django.utils.translation import gettext, override

from conversations import schema
from conversations.schema import Kind
from conversations.spreadsheet import ZONE_COLUMN

LANGUAGES = ("pt-br", "en", "es")


def text(excel: bool) -> str:
    """The whole file, CRLF at line ends."""
    return "\r\n\r\n".join("\r\n".join(_chapter(language, excel)) for language in LANGUAGES) + "\r\n"


def _chapter(language: str, excel: bool) -> list[str]:
    with override(language):
        lines = [f"=== {language} ===", "", *_introduction(excel), ""]
        for folder, columns in schema.TABLES.items():
            lines += [f"--- {folder}/ ---", ""]
            lines += [f"{column.name} [{kind_name(column.kind)}]: {column.meaning}" for column in columns]
            if excel:
                zone = gettext("Zone of the times in this row.")
                lines.append(f"{ZONE_COLUMN} [{kind_name(Kind.TEXT)}]: {zone}")
            lines.append("")
    return lines


def _introduction(excel: bool) -> list[str]:
    lines = [
        gettext("conversations/ holds one file per conversation, sessions/ one row per conversation and users/ one "
                "row per visitor."),
        gettext("unreadable/ (when there is one) holds files that could not be read, byte for byte; manifest.json "
                "says why."),
        gettext("To check that nothing changed, run in this folder: sha256sum -c SHA256SUMS"),
        gettext("A cell that a spreadsheet could take for a formula has one apostrophe in front; manifest.json "
                "states the rule and how to undo it."),
    ]  # fmt: skip
    if excel:
        lines.append(
            gettext("This is the flavour for Excel in Brazil: semicolons, decimal commas, times in the zone of the "
                    "business. The chain can be checked in the audit flavour only.")
        )  # fmt: skip
    else:
        lines += [
            gettext("Times are UTC, ISO 8601; numbers have a decimal point; empty means unknown or none."),
            gettext("These files are for programs. To open them in Excel take the other flavour: a spreadsheet that "
                    "splits cells at semicolons could take what follows one in a text for a formula."),
        ]  # fmt: skip
    return lines


def kind_name(kind: Kind) -> str:
    """The kind's name in the active language."""
    return {
        Kind.ID: gettext("id"),
        Kind.NUMBER: gettext("number"),
        Kind.TIME: gettext("time"),
        Kind.PHONE: gettext("phone"),
        Kind.CODE: gettext("code"),
        Kind.HASH: gettext("64 hex digits"),
        Kind.FLAG: gettext("true or false"),
        Kind.JSON: "JSON",
        Kind.TEXT: gettext("text"),
    }[kind]
