"""The documents say what the program does: settings, frames, links."""

import re
from pathlib import Path

import msgspec
import pytest

from conversations import protocol
from conversations.core.records import COLUMNS

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "bench").glob("*.md")])


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def settings_read() -> set[str]:
    return set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', read("timmy_site/settings.py")))


def test_every_setting_is_explained() -> None:
    explained = {
        name
        for line in read("docs/settings.md").splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`([A-Z][A-Z_]+)`", line.split("|")[1])
    }
    assert explained == settings_read()


def test_the_example_environment_lists_every_setting_and_no_other() -> None:
    assert set(re.findall(r"^#?([A-Z_]+)=", read(".env.example"), re.MULTILINE)) == settings_read()


def test_every_client_frame_and_its_fields_are_documented() -> None:
    rows = {
        cells[1].strip(" `"): cells[2]
        for line in read("docs/protocol.md").split("### From the server")[0].splitlines()
        if (cells := line.split("|"))[0] == "" and len(cells) > 3
    }
    frames = msgspec.json.schema_components([protocol.Frame])[1]
    missing = [
        (tag, field)
        for frame in frames.values()
        for tag in frame["properties"]["type"]["enum"]
        for field in frame["properties"]
        if field != "type" and f"`{field}`" not in rows.get(tag, "")
    ]
    assert missing == []


@pytest.mark.parametrize("frame", ["ready", "history", "ack", "typing", "delta", "message", "done", "status", "error"])
def test_every_server_frame_is_documented(frame: str) -> None:
    assert f"| `{frame}` |" in read("docs/protocol.md").split("### From the server")[1]


def test_every_error_and_close_code_is_documented() -> None:
    text = read("docs/protocol.md")
    codes = [*protocol.Errors.DETAIL, "4403", "4408", "4429", "1009", "1012"]
    assert [code for code in codes if code not in text] == []


def test_every_column_of_a_conversation_file_is_documented() -> None:
    text = read("docs/csv-format.md")
    assert [column for column in COLUMNS if f"`{column}`" not in text] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    text = re.sub(r"```.*?```", "", document.read_text(encoding="utf-8"), flags=re.DOTALL)
    links = [link.split("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    assert [link for link in links if link and not (document.parent / link).exists()] == []


@pytest.mark.parametrize("readme", ["README.md", "README.pt-BR.md"])
def test_the_readmes_commands_exist(readme: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):.*##", read("Makefile"), re.MULTILINE))
    used = set(re.findall(r"\bmake ([a-z-]+)", read(readme)))
    assert {"run", "test"} <= used <= targets
