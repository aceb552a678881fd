"""sessions.csv and users.csv: one row per conversation and per visitor, made again from the index."""

import csv
import io
import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Final

from django.conf import settings

from conversations.core.records import to_json
from conversations.models import Conversation, Visitor
from conversations.schema import SESSIONS, USERS, names
from conversations.stats import utc_text
from conversations.storage.base import TENANT_SLUG

ROWS_AT_A_TIME: Final = 2000
# Facts that have a column of their own in users.csv, by the same name.
FACT_COLUMNS: Final = ("company", "job_title", "location", "age", "interests", "preferences", "notes")
OTHER_FACTS: Final = ("whatsapp_user_id", "whatsapp_username", "external_id")


def write_reports(tenant_slug: str) -> None:
    """Replace the tenant's two reports, each at once: who reads meanwhile sees the old or the new file, whole.

    Raises ValueError for what cannot be a slug and OSError when a file cannot be written or a folder is a link.
    """
    if not TENANT_SLUG.match(tenant_slug):
        raise ValueError(f"{tenant_slug!r} is not a tenant's slug")
    conversations = Conversation.objects.filter(tenant__slug=tenant_slug).order_by("started_at", "pk")
    visitors = Visitor.objects.filter(tenant__slug=tenant_slug).order_by("created_at", "pk")
    sessions = map(session_row, conversations.select_related("visitor", "tenant").iterator(ROWS_AT_A_TIME))
    users = map(user_row, visitors.select_related("tenant").iterator(ROWS_AT_A_TIME))
    root = Path(settings.DATA_DIR)
    replace_file(root, (tenant_slug, "sessions"), "sessions.csv", csv_lines(names(SESSIONS), sessions))
    replace_file(root, (tenant_slug, "users"), "users.csv", csv_lines(names(USERS), users))


def session_row(one: Conversation) -> list[str]:
    """A conversation as a row of sessions.csv; `visitor` and `tenant` should be selected with it."""
    return [
        one.conversation_id,
        one.visitor.visitor_id,
        one.tenant.slug,
        one.channel,
        one.visitor.phone,
        utc_text(one.started_at),
        utc_text(one.closed_at),
        str(one.last_seq),
        one.status,
        one.intent,
        _text(one.score),
        "",  # converted: no workflow says so yet
        to_json(_metadata(one)),
        str(one.visitor_messages),
        str(one.assistant_messages),
        str(one.operator_messages),
        _text(one.first_response_ms),
        utc_text(one.handoff_at),
        one.handoff_reason,
        "",  # taken_by
        "",  # returned_at
        one.closed_by,
        one.version,
        one.variant,
        one.language,
        one.page_origin,
        one.consent_version,
        utc_text(one.consent_at if one.consent_granted else None),
        "",  # test
        "",  # erased_at
    ]


def user_row(visitor: Visitor) -> list[str]:
    """A visitor as a row of users.csv; `tenant` should be selected with it."""
    facts = visitor.facts
    return [
        visitor.visitor_id,
        visitor.name,
        visitor.email,
        visitor.phone,
        *(_text(facts.get(name)) for name in FACT_COLUMNS),
        visitor.tenant.slug,
        utc_text(visitor.created_at),
        utc_text(visitor.last_seen_at),
        *(_text(facts.get(name)) for name in OTHER_FACTS),
        "",  # verified
        visitor.language,
        visitor.channel,
        utc_text(visitor.last_seen_at),
        str(visitor.session_count),
        visitor.consent_version,
        utc_text(visitor.consent_at if visitor.consent_granted else None),
        "",  # legal_basis
        "",  # erased_at
    ]


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[str]], delimiter: str = ",") -> Iterator[bytes]:
    """The file's records as bytes, header first: UTF-8, CRLF, quoted where RFC 4180 asks for it."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n")
    for row in chain([header], rows):
        text.seek(0)
        text.truncate()
        writer.writerow(row)
        yield text.getvalue().encode()


def replace_file(root: Path, folders: Sequence[str], name: str, pieces: Iterable[bytes]) -> None:
    """Write root/folders…/name anew, durably and at once; never through a symbolic link below `root`."""
    with _folder(root, folders) as folder:
        draft = f".{name}.{secrets.token_hex(8)}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o640, dir_fd=folder)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.writelines(pieces)
                file.flush()
                os.fsync(file.fileno())
            os.rename(draft, name, src_dir_fd=folder, dst_dir_fd=folder)  # noqa: PTH104 - relative to a descriptor
        except BaseException:
            os.unlink(draft, dir_fd=folder)  # noqa: PTH108 - relative to a descriptor
            raise
        os.fsync(folder)


@contextmanager
def _folder(root: Path, folders: Sequence[str]) -> Iterator[int]:
    """A descriptor of the folder below `root`, made when missing. Raises OSError for a link on the way."""
    root.mkdir(parents=True, exist_ok=True)
    here = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for name in folders:
            try:
                os.mkdir(name, 0o750, dir_fd=here)  # noqa: PTH102 - relative to a descriptor
                os.fsync(here)
            except FileExistsError:
                pass
            below = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=here)
            os.close(here)
            here = below
        yield here
    finally:
        os.close(here)


def _metadata(one: Conversation) -> dict[str, object]:
    values = {
        "comment": one.comment,
        "cost_usd": f"{one.cost_usd:.6f}" if one.cost_usd else "",
        "facts": one.facts,
        "last_message_at": utc_text(one.last_at),
        "tokens_cached": one.tokens_cached,
        "tokens_in": one.tokens_in,
        "tokens_out": one.tokens_out,
    }
    return {key: value for key, value in values.items() if value}


def _text(value: object) -> str:
    return "" if value is None else str(value)
