"""What an auditor takes away: one conversation's file, or a zip for a tenant and period, streamed and logged."""

import hashlib
import json
import logging
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import DatabaseError, transaction
from django.utils import timezone
from zipstream import ZIP_DEFLATED, ZipStream  # type: ignore[import-untyped]

from conversations import data_dictionary, reports, schema
from conversations.core.records import CONVERSATION_ID, Row
from conversations.index import writer
from conversations.models import Conversation, Export, Visitor
from conversations.period import Period
from conversations.schema import Column
from conversations.spreadsheet import RULE, Audit, flavour_of
from conversations.stats import utc_text
from conversations.storage import codec, storage_for
from conversations.storage.base import StorageError
from conversations.storage.csv_files import PREFIX, SUFFIX, CsvFiles
from conversations.storage.posix import refuse_links
from tenants_app.models import Tenant

log = logging.getLogger(__name__)

BLOCK: Final = 64 * 1024
FILTER: Final = (
    "conversations whose first row is not after the period and whose last row is not before it, their sessions and "
    "their visitors"
)


def record_download(tenant: Tenant, user: Any, **fields: Any) -> Export:
    """Note who takes what, before the first byte goes out: a download broken off is one too."""
    export = Export.objects.create(tenant=tenant, asked_by=user, **fields)
    what = export.conversation_id or f"zip {export.flavour} {export.first_day or '…'} - {export.last_day or '…'}"
    LogEntry.objects.create(
        user=user,
        content_type=ContentType.objects.get_for_model(Export),
        object_id=str(export.pk),
        object_repr=str(export)[:200],
        action_flag=ADDITION,
        change_message=f"{tenant.slug}: {what}",
    )
    return export


def file_name(export: Export) -> str:
    """The zip's name: ASCII, without spaces."""
    days = "_".join(f"{day:%Y-%m-%d}" for day in (export.first_day, export.last_day) if day) or "all"
    return f"timmy_{export.tenant.slug}_{days}_{export.flavour}.zip"


@dataclass
class _File:
    """What the manifest says about one file of the zip."""

    path: str
    rows: int | None = None
    bytes: int = 0
    sha256: str = ""
    first_id: str = ""
    last_id: str = ""
    broken_links: list[int] = field(default_factory=list)

    def as_manifest(self) -> dict[str, Any]:
        return {key: value for key, value in asdict(self).items() if key != "broken_links" or value}


class ZipExport:
    """One zip in the making; iterate over `blocks` once. Holds one conversation at a time, and the manifest."""

    def __init__(self, export: Export) -> None:
        self._export, self._tenant = export, export.tenant
        self._period = Period(export.first_day, export.last_day, ZoneInfo(export.tenant.time_zone))
        self._flavour = flavour_of(export.flavour, self._period.zone)
        self._storage = storage_for(export.tenant.slug)
        self._zip = ZipStream(compress_type=ZIP_DEFLATED)
        self._files: list[_File] = []
        self._unreadable: list[dict[str, str]] = []
        self._not_in_index: set[str] = set()

    def blocks(self) -> Iterator[bytes]:
        """The zip's bytes, in blocks of about BLOCK bytes."""
        block = bytearray()
        for piece in self._pieces():
            block += piece
            if len(block) >= BLOCK:
                yield bytes(block)
                block.clear()
        yield bytes(block)

    def _pieces(self) -> Iterator[bytes]:
        refresh_reports(self._tenant.slug)
        for conversation_id in self._chosen():
            yield from self._conversation(conversation_id)
        yield from self._report("sessions/sessions.csv", schema.SESSIONS, self._session_rows())
        yield from self._report("users/users.csv", schema.USERS, self._user_rows())
        excel = not isinstance(self._flavour, Audit)
        yield from self._add(_File("LEIAME.txt"), [data_dictionary.text(excel).encode()])
        yield from self._add(_File("manifest.json"), [self._manifest()])
        sums = "".join(f"{file.sha256}  {file.path}\n" for file in self._files)
        self._zip.add(sums.encode(), "SHA256SUMS")
        yield from self._zip.finalize()

    def _chosen(self) -> Iterator[str]:
        """Ids of the period's conversations: by the files, which are the truth, and by the index."""
        times = {cid: span for cid, *span in self._indexed().values_list("conversation_id", "started_at", "last_at")}
        stored = sorted(entry.conversation_id for entry in self._storage.entries())
        for conversation_id in stored:
            span = times.pop(conversation_id, None)
            if span is None:
                self._not_in_index.add(conversation_id)
            # Whatever cannot be dated is taken along: an auditor must hear of it.
            if span is None or self._period.overlaps(*span):
                yield conversation_id
        for conversation_id, span in sorted(times.items()):
            if self._period.overlaps(*span):
                self._note_unreadable(conversation_id, "the index knows it, but there is no file", "")

    def _conversation(self, conversation_id: str) -> Iterator[bytes]:
        name = f"{PREFIX}{conversation_id}{SUFFIX}"
        try:
            data = self._storage.raw(conversation_id)
            rows = codec.decode(data).rows
        except (StorageError, OSError, ValueError) as error:
            yield from self._unreadable_copy(conversation_id, str(error) or type(error).__name__)
            return
        if conversation_id in self._not_in_index and not self._period.overlaps_rows(rows):
            self._not_in_index.remove(conversation_id)
            return
        file = _File(f"conversations/{name}", len(rows), broken_links=codec.broken_links(data, rows))
        if rows:
            file.first_id, file.last_id = rows[0].message_id, rows[-1].message_id
        yield from self._add(file, self._encoded(data, rows))

    def _encoded(self, data: bytes, rows: Sequence[Row]) -> Iterable[bytes]:
        if not isinstance(self._flavour, Audit):
            return self._lines(schema.CONVERSATIONS, rows)
        return audit_copy(self._flavour, data, rows)

    def _unreadable_copy(self, conversation_id: str, reason: str) -> Iterator[bytes]:
        copy = raw_copy(self._storage, conversation_id)
        path = f"unreadable/{PREFIX}{conversation_id}{SUFFIX}" if copy is not None else ""
        self._note_unreadable(conversation_id, reason, path)
        if copy is not None:
            yield from self._add(_File(path), [copy])

    def _note_unreadable(self, conversation_id: str, reason: str, copy: str) -> None:
        self._unreadable.append({"conversation_id": conversation_id, "reason": reason, "copy": copy})

    def _report(self, path: str, columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
        file = _File(path, rows=0)
        yield from self._add(file, self._lines(columns, _counted(file, rows)))

    def _lines(self, columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
        flavour = self._flavour
        yield flavour.start
        cells = (flavour.cells(columns, row) for row in rows)
        yield from reports.csv_lines(flavour.header(columns), cells, flavour.delimiter)

    def _add(self, file: _File, pieces: Iterable[bytes]) -> Iterator[bytes]:
        self._zip.add(_measured(file, pieces), file.path)
        yield from self._zip.all_files()
        self._files.append(file)

    def _indexed(self) -> Any:
        return Conversation.objects.filter(tenant=self._tenant)

    def _session_rows(self) -> Iterator[list[str]]:
        found = self._indexed().filter(self._period.condition()).order_by("started_at", "pk")
        found = found.select_related("visitor", "tenant")
        return map(reports.session_row, found.iterator(reports.ROWS_AT_A_TIME))

    def _user_rows(self) -> Iterator[list[str]]:
        inside = self._indexed().filter(self._period.condition()).values("visitor")
        found = Visitor.objects.filter(tenant=self._tenant, pk__in=inside).order_by("created_at", "pk")
        return map(reports.user_row, found.select_related("tenant").iterator(reports.ROWS_AT_A_TIME))

    def _manifest(self) -> bytes:
        """The manifest's bytes, chained to the tenant's previous one; its hash is kept in the Export row."""
        with transaction.atomic():
            Tenant.objects.select_for_update().get(pk=self._tenant.pk)  # one link at a time
            kept = Export.objects.filter(tenant=self._tenant).exclude(manifest_sha256="")
            previous = kept.order_by("-pk").values_list("manifest_sha256", flat=True).first()
            text = json.dumps(self._manifest_values(previous or ""), ensure_ascii=False, indent=2)
            data = f"{text}\n".encode()
            self._export.manifest_sha256 = hashlib.sha256(data).hexdigest()
            self._export.save(update_fields=["manifest_sha256"])
        return data

    def _manifest_values(self, previous: str) -> dict[str, Any]:
        export, user = self._export, self._export.asked_by
        return {
            "schema_version": schema.VERSION,
            "tenant": {"slug": self._tenant.slug, "name": self._tenant.name},
            "period": self._period.as_manifest(),
            "filter": FILTER,
            "flavour": export.flavour,
            "encoding": {"bom": bool(self._flavour.start), "delimiter": self._flavour.delimiter, "line_end": "CRLF"},
            "formula_guard": RULE,
            "asked_by": {"id": user.pk, "username": user.get_username()} if user else None,
            "asked_at": utc_text(export.asked_at),
            "written_at": utc_text(timezone.now()),
            "previous_manifest_sha256": previous,
            "files": [file.as_manifest() for file in self._files],
            "unreadable": self._unreadable,
            "not_in_index": sorted(self._not_in_index),
        }


def audit_copy(flavour: Audit, data: bytes, rows: Sequence[Row]) -> Iterator[bytes]:
    """A conversation's records byte for byte, but for those in which a cell must be guarded."""
    yield codec.HEADER
    for row, (start, end) in zip(rows, codec.records(data), strict=False):
        cells = flavour.cells(schema.CONVERSATIONS, row)
        if tuple(cells) == row:
            yield data[start:end]
        else:
            yield b"".join(reports.csv_lines(cells, []))


def raw_copy(storage: Any, conversation_id: str) -> bytes | None:
    """The bytes of a file that the storage cannot read; None when there is no regular file to be read at all."""
    if not isinstance(storage, CsvFiles) or not CONVERSATION_ID.match(conversation_id):
        return None
    path = storage.folder / f"{PREFIX}{conversation_id}{SUFFIX}"
    try:
        refuse_links(str(storage.folder.parent), str(storage.folder))
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            return file.read() if stat.S_ISREG(os.fstat(descriptor).st_mode) else None
    except OSError:
        return None


def refresh_reports(tenant_slug: str) -> None:
    """Bring index and reports up to date; a fault there is logged and does not keep the auditor from the files."""
    try:
        writer.flush()
        reports.write_reports(tenant_slug)
    except (OSError, DatabaseError):
        log.exception("%s: the reports could not be written before an export", tenant_slug)


def _measured(file: _File, pieces: Iterable[bytes]) -> Iterator[bytes]:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
        file.bytes += len(piece)
        yield piece
    file.sha256 = digest.hexdigest()


def _counted(file: _File, rows: Iterable[Sequence[str]]) -> Iterator[Sequence[str]]:
    assert file.rows is not None  # noqa: S101 - a report's file starts with 0
    for row in rows:
        file.first_id = file.first_id or row[0]
        file.last_id = row[0]
        file.rows += 1
        yield row
