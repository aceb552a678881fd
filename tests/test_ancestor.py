"""Conversations of the product's ancestor come in whole: order, times, and what was said."""

from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from conversations.ancestor import ImportFailed, convert
from conversations.core.records import from_json
from conversations.models import Conversation, Visitor
from conversations.storage import storage_for
from conversations.storage.verify import faults
from tenants_app.models import Tenant
from tests.conversation_rows import visitor

COLUMNS = "message_id,session_id,user_id,timestamp,role,content,intent,sentiment,extracted_info,response_time_ms"
LINES = [
    "m1,web_7f3a,,2024-05-02T23:59:58.120450,user,Bom dia,general,,,",
    'm2,web_7f3a,,2024-05-02T23:59:59,assistant,"Bom dia! Sou a Lia, da Padaria do Zé.",greeting,,,',
    "m3,web_7f3a,u-9,2024-05-03T00:00:10.5,user,=Sou a Rita 🥐,general,positive,\"{\"\"name\"\": \"\"Rita\"\"}\",",
    'm4,web_7f3a,u-9,2024-05-03T00:00:12+00:00,assistant,"Oi, Rita!\n""Pão"" às 7h.",general,,nome Rita,812.5',
    "m5,web_7f3a,u-9,2024-05-03 00:00:13,system,fim,,,[1],40",
]  # fmt: skip


def file_of(lines: Sequence[str] = LINES, end: str = "\r\n", header: str = COLUMNS) -> bytes:
    return end.join([header, *lines, ""]).encode()


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """The ancestor's file, in a folder of its own."""
    path = tmp_path / "old" / "conversations" / "conversation_web_7f3a.csv"
    path.parent.mkdir(parents=True)
    path.write_bytes(file_of())
    return path


def run_import(path: Path, tenant: str = "alfa") -> str:
    out = StringIO()
    call_command("import_conversations", str(path), tenant=tenant, stdout=out)
    return out.getvalue()


class TestConvert:
    @pytest.mark.parametrize("end", ["\r\n", "\n"])
    @pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
    def test_the_rows_keep_their_order_and_words(self, end: str, mark: bytes) -> None:
        rows = convert(mark + file_of(end=end), "America/Sao_Paulo")
        assert [row.message_id for row in rows] == ["m1", "m2", "m3", "m4", "m5"]
        assert (rows[2].content, rows[3].content) == ("=Sou a Rita 🥐", 'Oi, Rita!\n"Pão" às 7h.')

    def test_what_belongs_together_becomes_a_reply_with_what_it_answers(self) -> None:
        lines = [LINES[0], "m2,web_7f3a,,2024-05-02T23:59:59,user,Me chamo Rita,,,,", *(
            f"m{n},web_7f3a,,2024-05-03T00:00:0{n},assistant,Parte {n},,,," for n in (3, 4)
        )]  # fmt: skip
        rows = convert(file_of(lines), "UTC")
        assert [(row.reply_id, row.part, row.status) for row in rows[2:]] == [
            ("r_m3", "1", "part"), ("r_m3", "2", "complete"),
        ]  # fmt: skip
        assert from_json(rows[2].receipt)["answers"] == [1, 2]
        assert from_json(rows[1].extracted_info) == {"name": "Rita"}

    def test_local_times_become_utc(self) -> None:
        rows = convert(file_of(), "America/Sao_Paulo")
        assert [row.timestamp for row in rows] == [
            "2024-05-03T02:59:58.120Z", "2024-05-03T02:59:59.000Z", "2024-05-03T03:00:10.500Z",
            "2024-05-03T00:00:12.000Z", "2024-05-03T03:00:13.000Z",
        ]  # fmt: skip

    def test_the_business_has_its_own_clock(self) -> None:
        assert convert(file_of(), "Europe/Lisbon")[0].timestamp == "2024-05-02T22:59:58.120Z"

    def test_rows_before_the_visitor_was_known_are_his_too(self) -> None:
        assert {row.user_id for row in convert(file_of(), "UTC")} == {"u-9"}

    def test_a_visitor_who_was_never_known_is_named_after_the_conversation(self) -> None:
        assert {row.user_id for row in convert(file_of(LINES[:2]), "UTC")} == {"v_web_7f3a"}

    def test_the_receipt_keeps_what_was(self) -> None:
        was = [from_json(row.receipt)["ancestor"] for row in convert(file_of(), "UTC")]
        assert was[0] == {"timestamp": "2024-05-02T23:59:58.120450", "user_id": ""}
        assert [one.get("extracted_info") for one in was] == [None, None, '{"name": "Rita"}', "nome Rita", "[1]"]

    def test_json_is_compact_and_free_text_is_none(self) -> None:
        assert [row.extracted_info for row in convert(file_of(), "UTC")] == ["", "", '{"name":"Rita"}', "", ""]

    def test_an_escape_that_no_text_can_hold_stays_in_the_receipt(self) -> None:
        [row] = convert(file_of(['m1,c1,u1,2024-05-02T00:00:00,user,a,,,"{""name"":""\\ud83d""}",']), "UTC")
        assert row.extracted_info == ""
        assert from_json(row.receipt)["ancestor"]["extracted_info"] == '{"name":"\\ud83d"}'

    def test_authors_and_states_are_ours(self) -> None:
        rows = convert(file_of(), "UTC")
        assert [(row.author, row.status, row.channel) for row in rows[1:3]] == [
            ("assistant", "complete", "import"),
            ("visitor", "received", "import"),
        ]

    def test_long_cells_are_no_fault(self) -> None:
        [row] = convert(file_of([f"m1,c1,u1,2024-05-02T00:00:00,user,{'a' * 200_000},,,,"]), "UTC")
        assert len(row.content) == 200_000

    def test_blank_lines_are_passed_over(self) -> None:
        assert len(convert(file_of(["", *LINES, "", ""]), "UTC")) == 5

    @pytest.mark.parametrize(
        ("data", "message"),
        [
            (b"", "the first line must be message_id,session_id"),
            (b"a,b,c\n1,2,3\n", "the first line must be message_id,session_id"),
            (file_of(header=COLUMNS.replace(",", ";")), "the first line must be"),
            (file_of(header=f"{COLUMNS},more"), "the first line must be"),
            (file_of([]), "the file holds no rows"),
            (file_of(["m1,c1,u1"]), "row 2 has 3 columns, expected 10"),
            (file_of([*LINES, "m6,web_7f3a,u-9,,user,a,b,,,,"]), "row 7 has 11 columns, expected 10"),
            (file_of(["m1,c1,u1,2024-05-02T00:00:00,User,a,,,,"]), "row 2: the role 'User' is unknown"),
            (file_of(["m1,c1,u1,2024-05-02T00:00:00,operator,a,,,,"]), "row 2: the role 'operator' is unknown"),
            (file_of(["m1,c1,u1,ontem,user,a,,,,"]), "row 2: 'ontem' is no time"),
            (file_of(["m1,c1,u1,,user,a,,,,"]), "row 2: '' is no time"),
            (file_of(["m1,c1,u1,0001-01-01T00:00:00+14:00,user,a,,,,"]), "is no time"),
            (file_of(["m1,c1,u1,2024-05-02T00:00:00,user,a\0b,,,,"]), "row 2 holds a NUL character"),
            (file_of(["m1,../c1,u1,2024-05-02T00:00:00,user,a,,,,"]), "row 2: '../c1' cannot be a conversation's id"),
            (file_of(["m1,a/b,u1,2024-05-02T00:00:00,user,a,,,,"]), "row 2: 'a/b' cannot be a conversation's id"),
            (file_of(["m1,,u1,2024-05-02T00:00:00,user,a,,,,"]), "row 2: '' cannot be a conversation's id"),
            (file_of(["m1,5511999,u1,2024-05-02T00:00:00,user,a,,,,"]), "'5511999' cannot be a conversation's id"),
            (file_of([*LINES, "m6,other,u,2024-05-02T00:00:00,user,a,,,,"]), "rows of two conversations"),
            (file_of(['m1,c1,u1,2024-05-02T00:00:00,user,"a']), "the file is no whole CSV"),
            (file_of().decode().encode("utf-16"), "the file is not in UTF-8"),
            (file_of().replace("ã".encode(), b"\xe3"), "the file is not in UTF-8"),
        ],
    )
    def test_what_cannot_be_imported_is_told_plainly(self, data: bytes, message: str) -> None:
        with pytest.raises(ImportFailed) as failure:
            convert(data, "America/Sao_Paulo")
        assert message in str(failure.value)


class TestCommand:
    def test_an_imported_conversation_is_one_of_ours(self, tenants: tuple[Tenant, Tenant], old: Path) -> None:
        assert run_import(old) == "conversation_web_7f3a.csv: 5 rows imported as web_7f3a\n"
        storage = storage_for("alfa")
        rows = storage.read("web_7f3a").rows
        assert [(row.seq, row.tenant_id, row.message_id) for row in rows] == [
            (str(number), "alfa", f"m{number}") for number in range(1, 6)
        ]
        assert faults(storage.bytes_as_stored("web_7f3a")) == []

    def test_it_stands_in_the_index_and_waits_for_nobody(self, tenants: tuple[Tenant, Tenant], old: Path) -> None:
        run_import(old)
        one = Conversation.objects.get()
        assert (one.conversation_id, one.last_seq, one.unanswered, one.channel) == ("web_7f3a", 5, False, "import")
        assert (Visitor.objects.get().name, Visitor.objects.get().visitor_id) == ("Rita", "u-9")

    def test_importing_twice_changes_nothing(self, tenants: tuple[Tenant, Tenant], old: Path) -> None:
        run_import(old)
        before = storage_for("alfa").raw("web_7f3a")
        assert run_import(old.parent.parent) == f"{old.name}: web_7f3a is already here; left as it is\n"
        assert storage_for("alfa").raw("web_7f3a") == before

    def test_a_conversation_that_went_on_is_left_alone(self, tenants: tuple[Tenant, Tenant], old: Path) -> None:
        run_import(old)
        storage_for("alfa").append("web_7f3a", [visitor("Voltei")])
        assert "left as it is" in run_import(old)
        assert len(storage_for("alfa").read("web_7f3a").rows) == 6

    def test_an_import_that_a_crash_cut_off_is_finished(self, tenants: tuple[Tenant, Tenant], old: Path) -> None:
        storage_for("alfa").append("web_7f3a", [row._replace(session_id="web_7f3a") for row in imported()[:2]])
        assert "3 rows imported" in run_import(old)
        assert [row.message_id for row in storage_for("alfa").read("web_7f3a").rows] == ["m1", "m2", "m3", "m4", "m5"]

    def test_another_conversation_of_the_same_name_is_left_alone(
        self, tenants: tuple[Tenant, Tenant], old: Path
    ) -> None:
        storage_for("alfa").append("web_7f3a", [visitor("Oi")])
        assert "left as it is" in run_import(old)

    def test_a_file_that_lies_in_its_place_already_makes_room(
        self, tenants: tuple[Tenant, Tenant], installation: Path
    ) -> None:
        place = installation / "alfa" / "conversations" / "conversation_web_7f3a.csv"
        place.write_bytes(file_of())
        assert "5 rows imported" in run_import(installation / "alfa")
        assert (installation / "alfa" / "ancestor" / place.name).read_bytes() == file_of()
        assert len(storage_for("alfa").read("web_7f3a").rows) == 5
        assert "left as it is" in run_import(installation / "alfa" / "ancestor")

    def test_another_ancestors_file_in_its_place_stays(
        self, tenants: tuple[Tenant, Tenant], installation: Path, old: Path, capsys: Any
    ) -> None:
        place = installation / "alfa" / "conversations" / "conversation_web_7f3a.csv"
        place.write_bytes(file_of(LINES[:1]))
        with pytest.raises(SystemExit):
            run_import(old)
        assert "another file of the same conversation" in capsys.readouterr().err
        assert place.read_bytes() == file_of(LINES[:1])

    def test_a_bad_file_does_not_keep_the_others_out(
        self, tenants: tuple[Tenant, Tenant], old: Path, capsys: Any
    ) -> None:
        (old.parent / "conversation_bad.csv").write_bytes(b"a,b\n")
        with pytest.raises(SystemExit):
            run_import(old.parent)
        assert "conversation_bad.csv: the first line must be" in capsys.readouterr().err
        assert storage_for("alfa").exists("web_7f3a")

    def test_a_file_of_ours_is_told_its_place(self, tenants: tuple[Tenant, Tenant], old: Path, capsys: Any) -> None:
        run_import(old)
        with pytest.raises(SystemExit):
            run_import(storage_for("alfa").folder / old.name)  # type: ignore[attr-defined]
        assert "a conversation of ours already" in capsys.readouterr().err

    @pytest.mark.parametrize("tenant", ["alfa", "nobody"])
    def test_nothing_to_import_is_an_error(self, tenants: tuple[Tenant, Tenant], tmp_path: Path, tenant: str) -> None:
        with pytest.raises(CommandError, match="no conversation_|no tenant nobody"):
            run_import(tmp_path / "nothing", tenant)


def imported() -> list[Any]:
    return convert(file_of(), "America/Sao_Paulo")
