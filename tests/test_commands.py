"""The commands that look after the files and their index."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from conversations.models import Conversation
from conversations.storage import storage_for
from conversations.storage.csv_files import READINGS
from tenants_app.models import Tenant
from tests.conversation_rows import visitor


@pytest.fixture
def file(tenants: tuple[Tenant, Tenant]) -> Path:
    """The file of a conversation of five rows at the first business; the second one has a conversation too."""
    storage_for("alfa").append("c1", [visitor(text, f"k{text}") for text in "abcde"])
    storage_for("beta").append("c1", [visitor("z")])
    call_command("reindex", stdout=StringIO())
    READINGS.forget_all()
    path: Path = storage_for("alfa").folder / "conversation_c1.csv"  # type: ignore[attr-defined]
    return path


def verify(*args: str) -> str:
    out = StringIO()
    call_command("verify_conversations", *args, stdout=out)
    return out.getvalue()


def refused(capsys: Any, *args: str) -> str:
    """What the command says against the files."""
    with pytest.raises(SystemExit) as end:
        verify(*args)
    assert end.value.code == 1
    return str(capsys.readouterr().err)


def without_row(data: bytes, name: str) -> bytes:
    start = data.index(f"m-{name},".encode())
    return data[:start] + data[data.index(b"\r\n", start) + 2 :]


class TestVerify:
    def test_sound_files_are_counted(self, file: Path) -> None:
        assert verify() == "2 conversations checked, 0 not sound\n"
        assert verify("beta") == "1 conversations checked, 0 not sound\n"

    def test_a_changed_byte_names_the_row(self, file: Path, capsys: Any) -> None:
        file.write_bytes(file.read_bytes().replace(b",c,", b",C,"))
        assert "alfa: c1: row 3 was changed" in refused(capsys)
        assert verify("beta")

    @pytest.mark.parametrize(("gone", "named"), [("ka", "row 1"), ("kc", "row 3"), ("kd", "row 4")])
    def test_a_removed_row_is_named(self, file: Path, capsys: Any, gone: str, named: str) -> None:
        file.write_bytes(without_row(file.read_bytes(), gone))
        assert f"alfa: c1: {named} was changed, removed or moved" in refused(capsys)

    def test_rows_removed_at_the_end_are_missed(self, file: Path, capsys: Any) -> None:
        file.write_bytes(without_row(without_row(file.read_bytes(), "ke"), "kd"))
        assert "alfa: c1: 2 rows at its end are gone: the index knows 5" in refused(capsys)

    def test_a_removed_file_is_missed(self, file: Path, capsys: Any) -> None:
        file.unlink()
        assert "alfa: c1: 5 rows at its end are gone" in refused(capsys)

    def test_a_torn_tail_is_told_and_left(self, file: Path, capsys: Any) -> None:
        whole = file.read_bytes()
        file.write_bytes(whole + b"m-9,c1")
        assert "alfa: c1: 6 bytes after row 5 are no whole record" in refused(capsys)
        assert file.read_bytes() == whole + b"m-9,c1"

    @pytest.mark.parametrize("tail", [b"m-9,c1", b'm-9,"\r\n', b"\0" * 512])
    def test_repair_cuts_a_torn_tail(self, file: Path, tail: bytes) -> None:
        whole = file.read_bytes()
        file.write_bytes(whole + tail)
        assert verify("--repair") == "2 conversations checked, 0 not sound\n"
        assert file.read_bytes() == whole

    def test_repair_clears_a_first_write_that_never_finished(self, file: Path) -> None:
        for name, data in (("c8", b"message_id,ses"), ("c9", file.read_bytes()[:400])):
            (file.parent / f"conversation_{name}.csv").write_bytes(data)
        verify("--repair")
        assert verify() == "3 conversations checked, 0 not sound\n"

    def test_repair_never_hides_a_removed_row(self, file: Path, capsys: Any) -> None:
        damaged = without_row(file.read_bytes(), "kc")
        file.write_bytes(damaged)
        assert "row 3 was changed, removed or moved" in refused(capsys, "--repair")
        assert file.read_bytes() == damaged

    def test_a_conversation_with_a_removed_row_is_told_by_reindex_too(self, file: Path, capsys: Any) -> None:
        file.write_bytes(without_row(file.read_bytes(), "kc"))
        with pytest.raises(SystemExit):
            call_command("reindex", stdout=StringIO())
        assert "row 3 was changed, removed or moved" in capsys.readouterr().err
        assert Conversation.objects.count() == 2

    def test_what_the_server_cut_off_is_not_forgotten(self, file: Path, capsys: Any) -> None:
        whole = file.read_bytes()
        file.write_bytes(whole + bytes(40) + whole[-100:])  # the end of a write whose beginning was lost
        storage_for("alfa").read("c1")
        assert file.read_bytes() == whole
        [kept] = storage_for("alfa").kept_aside("c1")
        assert f"a damaged part was cut off and is kept in {kept}" in refused(capsys)
        Path(kept).unlink()
        assert verify() == "2 conversations checked, 0 not sound\n"

    def test_a_file_of_something_else_is_told(self, file: Path, capsys: Any) -> None:
        (file.parent / "conversation_x1.csv").write_bytes(b"a,b\r\n")
        assert "alfa: x1: the first line is not the header" in refused(capsys)

    def test_a_linked_folder_is_told(self, file: Path, capsys: Any, tmp_path: Path) -> None:
        file.parent.rename(tmp_path / "elsewhere")
        file.parent.symlink_to(tmp_path / "elsewhere")
        assert "symbolic link" in refused(capsys)

    def test_an_unknown_business_is_told(self, file: Path) -> None:
        with pytest.raises(CommandError, match="no tenant nobody"):
            verify("nobody", "alfa")


class TestReindex:
    def test_it_says_what_it_made(self, file: Path, capsys: Any) -> None:
        Conversation.objects.all().delete()
        call_command("reindex")
        assert capsys.readouterr().out == "alfa: 1 conversations, 1 visitors\nbeta: 1 conversations, 1 visitors\n"
        assert Conversation.objects.count() == 2

    def test_it_may_be_about_one_business(self, file: Path) -> None:
        Conversation.objects.all().delete()
        call_command("reindex", "beta", stdout=StringIO())
        assert [one.tenant.slug for one in Conversation.objects.all()] == ["beta"]

    def test_what_cannot_be_read_is_told_and_the_rest_made(self, file: Path, capsys: Any) -> None:
        (file.parent / "conversation_x1.csv").write_bytes(b"a,b\r\n")
        with pytest.raises(SystemExit):
            call_command("reindex")
        assert "alfa: x1: conversation_x1.csv: the first line is not the header" in capsys.readouterr().err
        assert Conversation.objects.count() == 2

    def test_an_unknown_business_is_told(self, file: Path) -> None:
        with pytest.raises(CommandError, match="no tenant nobody"):
            call_command("reindex", "nobody")
