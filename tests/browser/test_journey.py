"""The whole way: one command, a chat, its file, the reading room, the auditor's zip; and a model behind it."""

import contextlib
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.browser.conftest import ROOT, _free_port, _wait_for
from tests.browser.steps import answers, open_chat, ready, say, settled

pytestmark = pytest.mark.browser

LINES = [
    "Oi, tudo bem?",
    "Meu nome é Teresa, queria uma planta para o banheiro",
    "Ele quase não tem luz",
    "Quanto custa o frete para Campinas?",
    "Você lembra meu nome?",
    "Obrigada, era só isso!",
]


@dataclass
class Served:
    """An installation that `manage.py serve` made ready."""

    url: str
    folder: Path
    environment: dict[str, str]
    password: str

    def manage(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *command], cwd=ROOT, env=self.environment, capture_output=True, text=True
        )


@contextlib.contextmanager
def served(folder: Path, **more: str) -> Iterator[Served]:
    port = _free_port()
    own = {key: value for key, value in os.environ.items() if not re.match("OPENAI|DATABASE|TIMMY_|DJANGO_", key)}
    environment = own | {
        "ENV_FILE": os.devnull,
        "DEMO": "true",
        "DATA_DIR": str(folder / "data"),
        "TENANT_FILES_DIR": str(folder / "tenant_files"),
        "STATIC_ROOT": str(folder / "static"),
        **more,
    }
    log = folder / "serve.log"
    with log.open("w") as file:
        command = [sys.executable, "manage.py", "serve", "--port", str(port)]
        server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=file, stderr=subprocess.STDOUT)
        try:
            _wait_for(f"http://127.0.0.1:{port}/readyz", server, log)
            [password] = re.findall(r"password  (\S+)", log.read_text())
            yield Served(f"http://127.0.0.1:{port}", folder, environment, password)
        finally:
            server.terminate()
            server.wait(timeout=20)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("installed")) as installation:
        yield installation


def sign_in(page: Page, installation: Served) -> None:
    page.goto(f"{installation.url}/admin/")
    page.locator("#id_username").fill("admin")
    page.locator("#id_password").fill(installation.password)
    page.locator("button[type=submit]").click()
    page.wait_for_url("**/admin/")


def test_from_the_shop_to_the_auditors_zip(page: Page, tmp_path: Path) -> None:
    with served(tmp_path) as installation:
        open_chat(page, f"{installation.url}/demo/")
        for number, line in enumerate(LINES, 1):
            said = answers(page).count()
            say(page, line)
            settled(page, number)
            expect(answers(page).nth(said)).to_be_visible()
            expect(page.locator(".growing .msg:visible")).to_have_count(0)
        [file] = (tmp_path / "data/default/conversations").iterdir()
        verified = installation.manage("verify_conversations")
        assert (verified.returncode, verified.stdout) == (0, "1 conversations checked, 0 not sound\n")

        sign_in(page, installation)
        page.goto(f"{installation.url}/admin/conversations/conversation/1/change/")
        for line in LINES:
            expect(page.get_by_text(line, exact=True)).to_be_visible()
        expect(page.get_by_text("Teresa", exact=True).first).to_be_visible()
        with page.expect_download() as csv:
            page.get_by_role("link", name="Baixar CSV").click()
        assert Path(csv.value.path()).read_bytes() == file.read_bytes()

        page.goto(f"{installation.url}/admin/conversations/conversation/export/")
        page.locator("select[name=tenant]").select_option(label="Loja Aurora")
        with page.expect_download() as archive:
            page.locator("main form button[type=submit], #content form button[type=submit]").first.click()
        with zipfile.ZipFile(archive.value.path()) as unpacked:
            unpacked.extractall(tmp_path / "zip")
    checked = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=tmp_path / "zip", capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"conversations/{file.name}: OK" in checked.stdout


@pytest.mark.parametrize("size", [65_537, 70_000, 3_000_000])
def test_a_frame_past_the_limit_is_answered_by_a_close_code(installed: Served, size: int) -> None:
    with connect(f"ws{installed.url.removeprefix('http')}/ws/chat/default/") as socket:
        with contextlib.suppress(ConnectionClosed):
            socket.send("x" * size)
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=10)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009


def test_a_model_behind_a_base_url_streams_into_the_same_chat(page: Page, tmp_path: Path) -> None:
    port = _free_port()
    model = subprocess.Popen(
        [sys.executable, "-m", "bench.fake_model", "--port", str(port), "--ttft", "0.2", "--tps", "60"], cwd=ROOT
    )
    try:
        with served(tmp_path, OPENAI_BASE_URL=f"http://127.0.0.1:{port}/v1") as installation:
            page.goto(f"{installation.url}/c/timmy_vendas")
            ready(page)
            say(page, "Quais são os planos? #a1-1")
            expect(page.locator(".growing .msg:visible")).not_to_have_count(0)  # it grows before it is whole
            expect(page.locator(".growing .msg:visible")).to_have_count(0, timeout=20_000)
            settled(page, 1)
            expect(answers(page).first).to_contain_text("#a1-1")
            [file] = (tmp_path / "data/timmy_vendas/conversations").iterdir()
            assert ",openai," in file.read_text()
            assert installation.manage("verify_conversations").returncode == 0
    finally:
        model.terminate()
        model.wait(timeout=10)
