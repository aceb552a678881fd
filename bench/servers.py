"""Starts and stops the servers of a run, each on its core, Timmy with a home of its own."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_BIN = Path(sys.executable).parent
_START = 60  # seconds a server may take to listen
_STOP = 10  # seconds it may take to end when asked to

# `manage.py migrate` and `manage.py create_tenant SLUG` for each, in one process: each costs seconds to start.
_PREPARE = """
import sys, django
from django.core.management import call_command
django.setup()
call_command("migrate", verbosity=0)
for slug in sys.argv[1:]:
    call_command("create_tenant", slug)
"""


class NotRunning(Exception):
    """A server or a command of the run failed; the message holds the end of what it wrote."""


@dataclass(frozen=True, slots=True)
class Cores:
    """The server's core and the one that model and client share; None where nothing is pinned."""

    server: int | None
    rest: int | None

    @classmethod
    def found(cls) -> "Cores":
        """The first two cores this process may use, where `taskset` can pin to them."""
        usable = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
        if len(usable) < 2 or not shutil.which("taskset"):
            return cls(None, None)
        return cls(usable[0], usable[1])

    def describe(self) -> str:
        """One sentence for the report."""
        if self.server is None:
            return "Nothing is pinned (one core, or no taskset): server, model and client disturb each other."
        return f"The server has core {self.server}; model and client share core {self.rest}."


def pinned(core: int | None, command: list[str]) -> list[str]:
    """A command that stays on a core."""
    return command if core is None else ["taskset", "-c", str(core), *command]


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on at the moment."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@dataclass(slots=True)
class Home:
    """A temporary folder that holds Timmy's data, its database and every server's log."""

    folder: Path
    tenants: int = 5
    started: int = field(default=0)

    def environment(self) -> dict[str, str]:
        """What Timmy reads; empty rate limits are lifted ones."""
        return {
            "SECRET_KEY": "bench-only-" + "x" * 50,
            "DATA_DIR": str(self.folder / "data"),
            "TENANT_FILES_DIR": str(self.folder / "tenant_files"),
            "DATABASE_URL": f"sqlite:///{self.folder / 'timmy.sqlite3'}",
            "RATE_LIMIT_VISITOR": "",
            "RATE_LIMIT_ADDRESS": "",
            "OPENAI_API_KEY": "x",
        }

    def prepare(self) -> None:
        """Makes Timmy's database and its tenants."""
        for name in ("data", "tenant_files"):
            (self.folder / name).mkdir(exist_ok=True)
        slugs = [f"bench{number}" for number in range(self.tenants)]
        command = [sys.executable, "-c", _PREPARE, *slugs]
        environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "timmy_site.settings", **self.environment()}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NotRunning(f"the database and the tenants could not be made:\n{done.stderr[-2000:]}")

    def log(self, name: str) -> Path:
        """A new log file."""
        self.started += 1
        return self.folder / f"{self.started:03}-{name}.log"


def _wait(port: int, process: subprocess.Popen, log: Path) -> None:
    end = time.monotonic() + _START
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise NotRunning(f"nothing listens on port {port}:\n{log.read_text()[-2000:]}")


def _end(process: subprocess.Popen) -> None:
    process.terminate()
    try:
        process.wait(_STOP)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def _running(
    name: str, command: list[str], port: int, home: Home, environment: dict[str, str]
) -> Iterator[subprocess.Popen]:
    log = home.log(name)
    with log.open("wb") as file:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **environment}, stdout=file, stderr=subprocess.STDOUT
        )
    try:
        _wait(port, process, log)
        yield process
    finally:
        _end(process)


@contextmanager
def fake_model(home: Home, cores: Cores) -> Iterator[str]:
    """The fake model while the context is open; yields its base URL."""
    port = free_port()
    command = [sys.executable, "-m", "bench.fake_model", "--port", str(port)]
    with _running("model", pinned(cores.rest, command), port, home, {}):
        yield f"http://127.0.0.1:{port}/v1"


APPLICATIONS = {"relay": "bench.relay:application", "timmy": "timmy_site.asgi:application"}


@contextmanager
def server(name: str, home: Home, cores: Cores, model_url: str, model: str) -> Iterator[tuple[str, int]]:
    """The relay or Timmy on Daphne while the context is open; yields its URL and process id."""
    port = free_port()
    command = [str(_BIN / "daphne"), "-v", "0", "-p", str(port), APPLICATIONS[name]]
    environment = {**home.environment(), "OPENAI_BASE_URL": model_url, "TIMMY_MODEL": model}
    with _running(name, pinned(cores.server, command), port, home, environment) as process:
        yield f"ws://127.0.0.1:{port}", process.pid
