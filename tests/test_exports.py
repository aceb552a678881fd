"""The auditor's zip: complete, checkable without a tool of ours, and safe to open in a spreadsheet."""

import csv
import hashlib
import io
import json
import subprocess
import zipfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.admin.models import LogEntry
from django.test import AsyncClient, Client
from django.urls import reverse

from conversations import schema
from conversations.core.records import COLUMNS
from conversations.models import Conversation, Export
from conversations.spreadsheet import ExcelBr, guarded, unguarded
from conversations.storage import codec
from tests.admin_cast import SECRETS, Cast, converse, make_cast

FORMULAS = ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\nx", "\0x", "'=1", "''=1", "'+", "-", "="]
PLAIN = ["", "a=1", "'tis", "''", " =1", "'", "1-1", "R$ 5"]


@pytest.fixture
def cast(db: None, settings: Any, tmp_path: Path) -> Cast:
    return make_cast(settings, tmp_path)


def zip_of(cast: Cast, who: str = "auditor", **fields: Any) -> zipfile.ZipFile:
    form = {"tenant": cast.a.pk, "flavour": "audit", **fields}
    answer = cast.client(who).post(reverse("admin:conversations_conversation_export"), form)
    assert answer["Content-Type"] == "application/zip"
    return zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))


def manifest_of(archive: zipfile.ZipFile) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(archive.read("manifest.json"))
    return values


def table(archive: zipfile.ZipFile, name: str, delimiter: str = ",", encoding: str = "utf-8") -> list[list[str]]:
    text = archive.read(name).decode(encoding)
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))


@pytest.mark.parametrize("value", FORMULAS)
def test_a_cell_that_could_be_a_formula_gets_one_apostrophe(value: str) -> None:
    assert guarded(value) == f"'{value}"
    assert unguarded(guarded(value)) == value


@pytest.mark.parametrize("value", PLAIN)
def test_other_cells_stay_as_they_are(value: str) -> None:
    assert guarded(value) == unguarded(guarded(value)) == value


@pytest.mark.parametrize("flavour", ["audit", "excel-br"])
def test_sha256sum_finds_the_unpacked_folder_sound(cast: Cast, tmp_path: Path, flavour: str) -> None:
    converse(cast.a, "c2", "v2", [("user", "=cmd|' /C calc'!A0"), ("assistant", "não")])
    zip_of(cast, flavour=flavour).extractall(tmp_path / "unpacked")
    check = ["sha256sum", "--strict", "-c", "SHA256SUMS"]
    done = subprocess.run(check, cwd=tmp_path / "unpacked", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(": OK") == 6


def test_it_holds_all_parts_and_lists_every_file(cast: Cast) -> None:
    archive = zip_of(cast)
    names = {
        "conversations/conversation_c-of-a.csv", "sessions/sessions.csv", "users/users.csv", "LEIAME.txt",
        "manifest.json", "SHA256SUMS",
    }  # fmt: skip
    assert set(archive.namelist()) == names
    summed = {line.split("  ")[1] for line in archive.read("SHA256SUMS").decode().splitlines()}
    assert summed == names - {"SHA256SUMS"}
    assert {file["path"] for file in manifest_of(archive)["files"]} == names - {"SHA256SUMS", "manifest.json"}


def test_a_conversation_without_formulas_is_the_file_byte_for_byte(cast: Cast) -> None:
    assert zip_of(cast).read("conversations/conversation_c-of-a.csv") == cast.storage().raw("c-of-a")


def test_only_records_with_a_formula_differ_and_only_by_apostrophes(cast: Cast) -> None:
    texts = [*FORMULAS[:6], *FORMULAS[8:], *PLAIN[1:], 'quote " comma , ;', "line\r\nbreak"]
    converse(cast.a, "c2", "v2", [("user", text) for text in texts])
    shown = table(zip_of(cast), "conversations/conversation_c2.csv")
    kept = [list(row) for row in cast.storage().read("c2").rows]
    assert [[unguarded(cell) for cell in row] for row in shown[1:]] == kept
    assert not [cell for row in shown for cell in row if cell.startswith(("=", "@", "\t", "\r", "\n"))]


def test_an_audit_copy_undone_still_proves_its_chain(cast: Cast) -> None:
    converse(cast.a, "c2", "v2", [("user", "=1+1"), ("user", "plain"), ("user", "'=2")])
    rows = table(zip_of(cast), "conversations/conversation_c2.csv")
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([[unguarded(cell) for cell in row] for row in rows])
    assert text.getvalue().encode() == cast.storage().raw("c2")
    assert codec.broken_links(text.getvalue().encode(), codec.decode(text.getvalue().encode()).rows) == []


def test_a_sender_cannot_smuggle_a_formula_in_an_id_or_a_phone(cast: Cast, settings: Any) -> None:
    row = cast.storage().read("c-of-a").rows[0]
    cast.storage().append("c2", [row._replace(client_id="=1+1", content="x", language="@x", channel="=web")])
    [_header, cells] = table(zip_of(cast), "conversations/conversation_c2.csv")
    found = dict(zip(COLUMNS, cells, strict=True))
    assert (found["client_id"], found["language"], found["channel"]) == ("'=1+1", "'@x", "'=web")


def test_numbers_and_phones_need_no_apostrophe(cast: Cast) -> None:
    converse(cast.a, "c2", "v2", [("user", "oi")], phone="+5511999990000", name="-1")
    header, *rows = table(zip_of(cast), "users/users.csv")
    row = dict(zip(header, rows[1], strict=True))
    assert (row["phone"], row["name"]) == ("+5511999990000", "'-1")


def test_excel_in_brazil_opens_it_by_a_double_click(cast: Cast) -> None:
    converse(cast.a, "c2", "v2", [("user", "=1;2"), ("assistant", "olá")], phone="+5511999990000")
    archive = zip_of(cast, flavour="excel-br")
    data = archive.read("conversations/conversation_c2.csv")
    assert data.startswith(b"\xef\xbb\xbfmessage_id;session_id;")
    assert b"sep=" not in data
    header, first, second = table(archive, "conversations/conversation_c2.csv", ";", "utf-8-sig")
    assert header == [*COLUMNS, "time_zone"]
    assert (first[5], first[-1], second[header.index("cost_usd")]) == ("'=1;2", "America/Sao_Paulo", "0,001500")
    users = table(archive, "users/users.csv", ";", "utf-8-sig")
    assert users[2][3] == "+55 11 99999-0000"


def test_times_for_excel_are_the_tenants(cast: Cast) -> None:
    flavour = ExcelBr(ZoneInfo("America/Sao_Paulo"))
    cells = flavour.cells([schema.CONVERSATIONS[3]], ["2026-11-22T01:30:00.123Z"])
    assert cells == ["2026-11-21 22:30:00,123", "America/Sao_Paulo"]
    assert flavour.cells([schema.CONVERSATIONS[3]], ["2026-02-31T01:30:00Z"])[0] == "2026-02-31T01:30:00Z"


def test_the_manifest_says_what_who_when_and_how(cast: Cast) -> None:
    archive = zip_of(cast)
    manifest = manifest_of(archive)
    assert manifest["schema_version"] == schema.VERSION
    assert manifest["tenant"]["slug"] == "alfa"
    assert manifest["asked_by"]["username"] == "auditor"
    assert manifest["period"] == {"first_day": None, "last_day": None, "time_zone": "America/Sao_Paulo"}
    assert "apostrophe" in manifest["formula_guard"]
    [file] = [one for one in manifest["files"] if one["path"].startswith("conversations/")]
    data = archive.read(file["path"])
    assert (file["rows"], file["bytes"], file["sha256"]) == (2, len(data), hashlib.sha256(data).hexdigest())
    assert (file["first_id"], file["last_id"]) == ("m-v-of-a-1", "m-v-of-a-2")


def test_each_manifest_names_the_one_before(cast: Cast) -> None:
    first, second = zip_of(cast), zip_of(cast)
    assert manifest_of(first)["previous_manifest_sha256"] == ""
    digest = hashlib.sha256(first.read("manifest.json")).hexdigest()
    assert manifest_of(second)["previous_manifest_sha256"] == digest
    assert Export.objects.order_by("pk").first().manifest_sha256 == digest  # type: ignore[union-attr]


def test_a_period_takes_what_went_on_in_its_days_in_the_tenants_zone(cast: Cast) -> None:
    today = cast.of_a.last_at.astimezone(ZoneInfo("America/Sao_Paulo")).date()
    old = converse(cast.a, "c2", "v2", [("user", "oi")])
    days_ago = old.last_at - timedelta(days=40)
    Conversation.objects.filter(pk=old.pk).update(started_at=days_ago, last_at=days_ago)
    archive = zip_of(cast, first_day=today, last_day=today)
    assert [row[0] for row in table(archive, "sessions/sessions.csv")[1:]] == ["c-of-a"]
    assert [row[0] for row in table(archive, "users/users.csv")[1:]] == ["v-of-a"]
    assert "conversations/conversation_c2.csv" not in archive.namelist()
    assert len(table(zip_of(cast, last_day=today - timedelta(days=1)), "sessions/sessions.csv")) == 2


def test_a_file_that_the_index_does_not_know_is_taken_along_by_its_own_times(cast: Cast) -> None:
    Conversation.objects.filter(pk=cast.of_a.pk).delete()
    archive = zip_of(cast)
    assert "conversations/conversation_c-of-a.csv" in archive.namelist()
    assert manifest_of(archive)["not_in_index"] == ["c-of-a"]
    assert not [name for name in zip_of(cast, last_day=date(2020, 1, 1)).namelist() if name.startswith("conv")]


@pytest.mark.parametrize("damage", [b"a,b\r\n" * 200, ",".join(COLUMNS[:10]).encode() + b"\r\n" + b"x," * 200])
def test_an_unreadable_file_is_copied_and_named_and_breaks_nothing(cast: Cast, settings: Any, damage: bytes) -> None:
    converse(cast.a, "c2", "v2", [("user", "oi")])
    (Path(settings.DATA_DIR) / "alfa/conversations/conversation_c2.csv").write_bytes(damage)
    archive = zip_of(cast)
    [bad] = manifest_of(archive)["unreadable"]
    assert (bad["conversation_id"], bad["copy"]) == ("c2", "unreadable/conversation_c2.csv")
    assert bad["reason"]
    assert archive.read(bad["copy"]) == damage
    assert "conversations/conversation_c-of-a.csv" in archive.namelist()


def test_a_conversation_without_a_file_is_named(cast: Cast, settings: Any) -> None:
    (Path(settings.DATA_DIR) / "alfa/conversations/conversation_c-of-a.csv").unlink()
    [bad] = manifest_of(zip_of(cast))["unreadable"]
    assert (bad["conversation_id"], bad["copy"]) == ("c-of-a", "")


def test_a_changed_row_is_named_in_the_manifest(cast: Cast, settings: Any) -> None:
    path = Path(settings.DATA_DIR) / "alfa/conversations/conversation_c-of-a.csv"
    path.write_bytes(path.read_bytes().replace(b"sou a Ana", b"sou a Eva"))
    assert manifest_of(zip_of(cast))["files"][0]["broken_links"] == [1]


def test_links_in_the_data_folder_are_not_followed(cast: Cast, settings: Any) -> None:
    folder = Path(settings.DATA_DIR)
    target = folder / "bravissima/conversations/conversation_c-of-b.csv"
    (folder / "alfa/conversations/conversation_c-link.csv").symlink_to(target)
    archive = zip_of(cast)
    assert not [name for name in archive.namelist() if "c-link" in name]
    everything = b"".join(archive.read(name) for name in archive.namelist()).decode()
    assert not [secret for secret in SECRETS if secret in everything]


def test_every_download_is_in_the_log(cast: Cast) -> None:
    zip_of(cast)
    cast.client("manager").get(reverse("admin:conversations_conversation_csv", args=[cast.of_a.pk]))
    kept = list(Export.objects.order_by("pk").values_list("asked_by__username", "conversation_id"))
    assert kept == [("auditor", ""), ("manager", "c-of-a")]
    assert LogEntry.objects.filter(object_id__in=[str(one.pk) for one in Export.objects.all()]).count() == 2


def test_a_period_that_ends_before_it_begins_is_refused(cast: Cast) -> None:
    form = {"tenant": cast.a.pk, "flavour": "audit", "first_day": "2026-02-02", "last_day": "2026-02-01"}
    answer = cast.client("auditor").post(reverse("admin:conversations_conversation_export"), form)
    assert "ends before it begins" in answer.content.decode()
    assert not Export.objects.exists()


def test_a_get_downloads_nothing(cast: Cast) -> None:
    address = reverse("admin:conversations_conversation_export") + f"?tenant={cast.a.pk}&flavour=audit"
    assert cast.client("auditor").get(address)["Content-Type"].startswith("text/html")
    assert not Export.objects.exists()


def test_a_post_without_the_forms_token_is_refused(cast: Cast) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.people["auditor"])
    form = {"tenant": cast.a.pk, "flavour": "audit"}
    assert client.post(reverse("admin:conversations_conversation_export"), form).status_code == 403


def test_the_dictionary_explains_every_column_in_three_languages(cast: Cast) -> None:
    text = zip_of(cast).read("LEIAME.txt").decode()
    assert [line for line in text.split("\r\n") if line.startswith("===")] == [
        "=== pt-br ===",
        "=== en ===",
        "=== es ===",
    ]
    for columns in schema.TABLES.values():
        for column in columns:
            assert text.count(f"\r\n{column.name} [") >= 3
            for language in ("pt-br", "en", "es"):
                assert column.meaning_in(language) in text


def test_it_is_made_piece_by_piece(cast: Cast) -> None:
    for number in range(4):
        converse(
            cast.a,
            f"big-{number}",
            f"bv{number}",
            [("user", f"{i}{hashlib.sha512(bytes([i, number])).hexdigest() * 20}") for i in range(60)],
        )
    form = {"tenant": cast.a.pk, "flavour": "audit"}
    answer = cast.client("auditor").post(reverse("admin:conversations_conversation_export"), form)
    answer_blocks = [len(block) for block in answer.streaming_content]
    assert len(answer_blocks) >= 1
    assert max(answer_blocks) < 400_000


@pytest.mark.django_db(transaction=True)
async def test_it_streams_under_asgi_without_a_warning(settings: Any, tmp_path: Path) -> None:
    from asgiref.sync import sync_to_async

    cast = await sync_to_async(make_cast)(settings, tmp_path)
    client = AsyncClient()
    await client.aforce_login(cast.people["auditor"])
    form = {"tenant": cast.a.pk, "flavour": "audit"}
    answer = await client.post(reverse("admin:conversations_conversation_export"), form)
    data = b"".join([block async for block in answer.streaming_content])
    assert zipfile.ZipFile(io.BytesIO(data)).testzip() is None
