"""A real Chromium, and the two servers it talks to: a scripted one for faults, the product's own for the rest."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.browser.fake_server import FakeServer

ROOT = Path(__file__).parents[2]
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 800}


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests; without one the tests fail with a plain sentence, they are never skipped."""
    installed = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
    path = os.environ.get("CHROMIUM") or next(filter(None, installed), None)
    if not path:
        pytest.fail(
            "No Chromium found: install it (apt-get install chromium) or name it in the CHROMIUM variable.",
            pytrace=False,
        )
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A fresh visitor: own storage, Portuguese, a desk."""
    fresh = browser.new_context(viewport=DESK, locale="pt-BR")
    fresh.set_default_timeout(10_000)
    yield fresh
    fresh.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return watched(context.new_page())


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Pages of other kinds of visitors: visitor(viewport=…, color_scheme=…, locale=…)."""
    opened: list[BrowserContext] = []

    def make(**options: Any) -> Page:
        fresh = browser.new_context(**({"viewport": DESK, "locale": "pt-BR"} | options))
        fresh.set_default_timeout(10_000)
        opened.append(fresh)
        return watched(fresh.new_page())

    yield make
    for fresh in opened:
        fresh.close()


def watched(page: Page) -> Page:
    """Keep what the page complains about in `page.complaints`."""
    complaints: list[str] = []
    page.on(
        "console", lambda message: complaints.append(message.text) if message.type in {"warning", "error"} else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.complaints = complaints  # type: ignore[attr-defined]
    return page


@pytest.fixture
def fake() -> Iterator[FakeServer]:
    server = FakeServer()
    yield server
    server.close()


@pytest.fixture(scope="session")
def timmy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The product itself under daphne with its demo tenants, offline; yields its address."""
    folder = tmp_path_factory.mktemp("timmy")
    port = _free_port()
    environment = {key: value for key, value in os.environ.items() if not re.match("OPENAI|DATABASE|TIMMY_", key)} | {
        "ENV_FILE": os.devnull,
        "DJANGO_SETTINGS_MODULE": "timmy_site.settings",
        "DEMO": "true",
        "DATA_DIR": str(folder / "data"),
        "TENANT_FILES_DIR": str(folder / "tenant_files"),
        "STATIC_ROOT": str(folder / "static"),
        "ALLOWED_HOSTS": "127.0.0.1,localhost",
        "RATE_LIMIT_VISITOR": "",
        "RATE_LIMIT_ADDRESS": "",
        "LOG_LEVEL": "WARNING",
    }
    for command in (["migrate", "--verbosity", "0"], ["demo_tenants"]):
        subprocess.run(
            [sys.executable, "manage.py", *command], cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL
        )
    with (folder / "daphne.log").open("w") as log:
        command = [sys.executable, "-m", "daphne", "-b", "127.0.0.1", "-p", str(port), "timmy_site.asgi:application"]
        server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT)
        url = f"http://127.0.0.1:{port}"
        try:
            _wait_for(f"{url}/widget.js", server, folder / "daphne.log")
            yield url
        finally:
            server.terminate()
            server.wait(timeout=20)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own address
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"The server did not start:\n{log.read_text()[-3000:]}", pytrace=False)
