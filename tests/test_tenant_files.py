"""A tenant's folder is read in both spellings, written back whole and documented key by key."""

import json
import re
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tenants_app.examples import Example
from tenants_app.files import RawDocuments, read, render, write, write_folder
from tenants_app.knowledge import SECTIONS, Document, Item, Plan, Question
from tenants_app.models import Tenant
from tenants_app.persona import known_keys
from tenants_app.problems import DocumentError

DATA = Path(__file__).parent / "data"
GUIDE = Path(__file__).parents[1] / "docs" / "tenant-files.md"
RAW = RawDocuments({"agent_name": "Nina", "business_name": "Padaria"}, {"faq": []}, [{"role": "user", "content": "oi"}])


@pytest.fixture(autouse=True)
def folders(settings, tmp_path):
    settings.TENANT_FILES_DIR = tmp_path / "tenant_files"
    settings.DATA_DIR = tmp_path / "data"


def folder_with(place, **files):
    place.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        data = content if isinstance(content, bytes) else content.encode()
        (place / name.replace("_json", ".json").replace("_txt", ".jsonl")).write_bytes(data)
    return place


def problems(place):
    with pytest.raises(DocumentError) as caught:
        read(place).parse()
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize("spelling", ["older", "newer"])
def test_both_spellings_are_read(spelling):
    raw = read(DATA / spelling)
    documents = raw.parse()
    assert documents.persona.agent_name in ("Nina", "Beto")
    assert len(documents.examples) == len(raw.examples) > 2


def test_several_lines_of_the_assistant_in_a_row_are_kept():
    assert read(DATA / "older").parse().examples[-2:] == (
        Example(role="assistant", content="Bolo só por encomenda."),
        Example(role="assistant", content="Para que dia seria?"),
    )


@pytest.mark.parametrize("spelling", ["older", "newer"])
def test_what_was_read_is_written_back_whole_and_in_order(spelling):
    raw = read(DATA / spelling)
    again = read(write("padaria", raw))
    assert render(again) == render(raw)
    assert json.dumps(again.config) == json.dumps(raw.config)


def test_broken_json_is_reported_with_line_column_and_what_was_expected(tmp_path):
    place = folder_with(tmp_path / "x", config_json='{\n  "agent_name": "Nina"\n  "a": 1}')
    assert problems(place) == ["config.json: line 3, column 3: expected a comma or the end of the object or list"]


def test_a_bad_example_is_reported_with_its_line(tmp_path):
    lines = '{"role": "user", "content": "oi"}\n\n{"role": "robot", "content": "oi"}\n'
    place = folder_with(tmp_path / "x", config_json=json.dumps(RAW.config), examples_txt=lines)
    assert problems(place) == ['examples.jsonl: line 3: expected "role": "user" or "assistant"']


def test_problems_of_all_three_files_come_together(tmp_path):
    place = folder_with(tmp_path / "x", config_json="{}", knowledge_json='{"faq": [{}]}', examples_txt="[]\n")
    assert {line.partition(":")[0] for line in problems(place)} == {"config.json", "knowledge.json", "examples.jsonl"}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b'{\n"a": "\xe7"}', "line 2: expected a text in UTF-8"),
        (b"[]", "expected one JSON object"),
        (b'{"a": NaN}', "expected JSON with plain numbers"),
        (b"[" * 100_000, "expected JSON with plain numbers and moderate depth"),
        (b'{"agent_name": "a\\u0000"}', "agent_name: expected a text without NUL"),
        (b'{"agent_name": "a\\ud800"}', "agent_name: expected a text without NUL and half"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, "expected at most 30 objects"),
    ],
)
def test_a_file_that_is_no_plain_json_object_is_refused(tmp_path, data, expected):
    assert expected in problems(folder_with(tmp_path / "x", config_json=data))[0]


def test_a_byte_order_mark_is_tolerated(tmp_path):
    place = folder_with(tmp_path / "x", config_json=b"\xef\xbb\xbf" + json.dumps(RAW.config).encode())
    assert read(place).config == RAW.config


def test_a_key_written_twice_is_warned_about(tmp_path):
    place = folder_with(tmp_path / "x", config_json='{"agent_name": "A", "agent_name": "B"}')
    assert "config.json: agent_name is written twice in one object; the last one counts" in read(place).warnings


def test_the_newer_spelling_wins_over_the_older_one_in_the_same_folder(tmp_path):
    place = folder_with(tmp_path / "x", config_json=json.dumps(RAW.config), tenant_x_json="{}")
    raw = read(place)
    assert raw.config == RAW.config
    assert any(warning.startswith("tenant_x.json: not read") for warning in raw.warnings)


def test_links_are_not_followed(tmp_path, settings):
    secret = tmp_path / "secret.json"
    secret.write_text(json.dumps(RAW.config))
    place = folder_with(tmp_path / "x")
    (place / "config.json").symlink_to(secret)
    assert "not a link" in problems(place)[0]
    settings.TENANT_FILES_DIR.mkdir()
    (settings.TENANT_FILES_DIR / "linked").symlink_to(place)
    with pytest.raises(ValueError, match="symbolic link"):
        write("linked", RAW)


@pytest.mark.parametrize("slug", ["..", "a/b", "", "A", "a\n", "x" * 64])
def test_a_name_outside_the_folder_is_refused(slug):
    with pytest.raises(ValueError, match="not a valid short name"):
        write(slug, RAW)


def test_writing_leaves_no_temporary_file_and_keeps_what_was_changed_by_hand(tmp_path):
    place = write_folder(tmp_path / "x", RAW)
    (place / "config.json").write_text('{"by": "hand"}')
    write_folder(place, RAW, before=RAW)
    assert sorted(path.name for path in place.iterdir()) == [
        "config.json",
        "config.json.kept-1",
        "examples.jsonl",
        "knowledge.json",
    ]


def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    place = write_folder(tmp_path / "x", RAW)
    monkeypatch.setattr("tenants_app.files.os.fsync", lambda _descriptor: (_ for _ in ()).throw(OSError("disk")))
    with pytest.raises(OSError, match="disk"):
        write_folder(place, RawDocuments({"agent_name": "Other", "business_name": "B"}))
    assert read(place).config == RAW.config
    assert not list(place.glob(".*"))


@pytest.mark.django_db
def test_the_command_imports_a_folder_as_a_draft_and_creates_the_tenant(capsys):
    call_command("tenant_files", "import", "padaria", folder=DATA / "older")
    tenant = Tenant.objects.get(slug="padaria")
    assert (tenant.name, tenant.time_zone, tenant.published) == ("Padaria do Largo", "America/Recife", None)
    assert tenant.bundles.get(number=None).config == read(DATA / "older").config
    assert "features.warm_welcome: kept" in capsys.readouterr().out


@pytest.mark.django_db
def test_the_command_publishes_when_asked_and_exports_equal_content(tmp_path):
    call_command("tenant_files", "import", "--slug", "academia", "--folder", str(DATA / "newer"), "--publish")
    call_command("tenant_files", "export", "academia", folder=tmp_path / "out")
    assert render(read(tmp_path / "out")) == render(read(DATA / "newer"))


@pytest.mark.django_db
def test_an_import_with_problems_changes_nothing(tmp_path, capsys):
    call_command("tenant_files", "import", "padaria", folder=DATA / "older", publish=True)
    bad = folder_with(tmp_path / "bad", config_json='{"agent_name": 5}')
    with pytest.raises(CommandError):
        call_command("tenant_files", "import", "padaria", folder=bad, publish=True)
    assert Tenant.objects.get(slug="padaria").published.config["agent_name"] == "Nina"
    assert "agent_name" in capsys.readouterr().err


@pytest.mark.django_db
def test_one_bad_folder_of_many_keeps_all_of_them_out(settings):
    write("good", RAW)
    folder_with(settings.TENANT_FILES_DIR / "wrong", config_json="{}")
    with pytest.raises(CommandError):
        call_command("tenant_files", "import", all=True)
    assert not Tenant.objects.exists()


def test_warnings_of_a_file_can_be_said_in_another_language():
    [warning] = [one for one in read(DATA / "older").parse().warnings if "warm_welcome" in one]
    assert warning.text({"%(key)s: kept, but not used": "%(key)s: sem uso"}.__getitem__) == (
        "tenant_padaria.json: features.warm_welcome: sem uso"
    )


def test_a_check_only_reports(capsys):
    call_command("tenant_files", "check", folder=DATA / "older")
    assert "features.warm_welcome" in capsys.readouterr().out


def documented():
    return set(re.findall(r"`([a-z_.]+)`", GUIDE.read_text()))


def test_every_key_is_documented():
    parts = {name for part in (Item, Plan, Question, Document, Example) for name in part.model_fields}
    assert sorted({*known_keys(), *SECTIONS, *parts} - documented()) == []


def test_every_documented_key_exists():
    rows = re.findall(r"^\| `([a-z_.]+)` \|", GUIDE.read_text(), re.MULTILINE)
    parts = {name for part in (Item, Plan, Question, Document, Example) for name in part.model_fields}
    assert sorted(set(rows) - {*known_keys(), *SECTIONS, *parts}) == []


def test_the_guides_examples_are_accepted():
    text = GUIDE.read_text()
    config, knowledge = (json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL))
    [examples] = re.findall(r"```jsonl\n(.*?)```", text, re.DOTALL)
    raw = RawDocuments(config, knowledge, [json.loads(line) for line in examples.splitlines()])
    assert raw.parse().warnings == ()
