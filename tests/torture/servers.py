"""The product's own server in a folder of its own: started as its user starts it, killed as nobody would."""

import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
START_SECONDS = 60
STOP_SECONDS = 20
OUR_PORTS = (20_000, 32_000)  # below those that Linux, macOS and the BSDs give to outgoing connections


class NotRunning(Exception):
    """A server or command of the suite failed; the message holds the end of what it wrote."""


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on, and that no connection from here is given as its own.

    While a server is down its visitors try again and again: with a port of the usual range one of them would in the
    end be connected to itself, and the port be taken for a minute.
    """
    while True:
        port = random.randrange(*OUR_PORTS)
        if _can_be_bound(port):
            return port


def _can_be_bound(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@dataclass(slots=True)
class Home:
    """A folder with an installation's data, tenant files, database and logs, and the settings on top of it."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def data(self) -> Path:
        """The data folder: a folder for each tenant below it."""
        return self.folder / "data"

    @property
    def environment(self) -> dict[str, str]:
        """What a server or a command of this home runs with; nothing of the caller's own installation."""
        ours = "OPENAI|DATABASE|TIMMY_|DATA_DIR|TENANT_FILES|SECRET_KEY|RATE_LIMIT|STATIC_ROOT|DEMO|PORT|HOST"
        return {key: value for key, value in os.environ.items() if not re.match(ours, key)} | {
            "ENV_FILE": os.devnull,
            "DJANGO_SETTINGS_MODULE": "timmy_site.settings",
            "SECRET_KEY": "torture-only-" + "x" * 50,
            "DATA_DIR": str(self.data),
            "TENANT_FILES_DIR": str(self.folder / "tenant_files"),
            "STATIC_ROOT": str(self.folder / "static"),
            "DATABASE_URL": f"sqlite:///{self.folder / 'timmy.sqlite3'}",
            "RATE_LIMIT_VISITOR": "",
            "RATE_LIMIT_ADDRESS": "",
            "LOG_LEVEL": "WARNING",
            "PYTHONFAULTHANDLER": "1",
            **self.settings,
        }

    def manage(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a management command to its end. Raises NotRunning when it fails and `check`."""
        done = subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if check and done.returncode:
            raise NotRunning(f"{' '.join(command)} failed:\n{done.stderr[-3000:]}")
        return done

    def logs(self) -> str:
        """Everything that servers of this home wrote."""
        return "".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("*.log")))


@contextmanager
def home(slugs: Sequence[str] = ("alfa", "beta"), **settings: str) -> Iterator[Home]:
    """An installation with these tenants, removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="timmy-torture-"))
    made = Home(folder, settings)
    try:
        made.manage("serve", "--prepare-only")
        for slug in slugs:
            made.manage("create_tenant", slug)
        yield made
    finally:
        shutil.rmtree(folder)


class Server:
    """One server process on a home; `restart` keeps its port."""

    def __init__(self, of: Home, *, wrap: Sequence[str] = ()) -> None:
        self._home, self._wrap = of, list(wrap)
        self.port = free_port()
        self._log = of.folder / f"server-{self.port}.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def ws(self) -> str:
        """The address of its sockets, without a path."""
        return f"ws://127.0.0.1:{self.port}"

    @property
    def http(self) -> str:
        """The address of its pages, without a path."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The process that serves. Raises NotRunning."""
        if self._process is None:
            raise NotRunning("the server was not started")
        return self._process.pid

    def start(self, *, wait: bool = True) -> None:
        """Start it; on return it answers. Raises NotRunning."""
        command = [*self._wrap, sys.executable, "manage.py", "serve", "--port", str(self.port)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=self._home.environment, stdout=log, stderr=subprocess.STDOUT
            )
        if wait:
            self.wait_until_up()

    def wait_until_up(self) -> None:
        """Wait until it answers. Raises NotRunning."""
        assert self._process is not None
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self._process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.http}/healthz", timeout=2):  # noqa: S310 - our own address
                    return
            except OSError:
                time.sleep(0.02)
        raise NotRunning(f"the server did not start: {self._last_words()}")

    def _last_words(self) -> str:
        """How the process ended, or where its threads stand (it is ended for that), and the end of its log."""
        assert self._process is not None
        ended = self._process.poll()
        if ended is None:
            self._process.send_signal(signal.SIGABRT)  # PYTHONFAULTHANDLER writes the stacks
            self._process.wait(STOP_SECONDS)
        told = f"it ended with {ended}" if ended is not None else f"no answer for {START_SECONDS} s"
        return f"{told}\n{self._log.read_text(errors='replace')[-6000:]}"

    def kill(self) -> None:
        """kill -9: the process gets no word in."""
        self._signal(signal.SIGKILL)

    def pause(self) -> None:
        """Hang it where it stands (SIGSTOP); its locks and sockets stay."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let a paused server go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """Stop it as an operator does (SIGTERM); one that does not end in time is an error."""
        self._signal(signal.SIGTERM)

    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def _signal(self, number: int) -> None:
        if self._process is None:
            return
        process, self._process = self._process, None
        if process.poll() is None:
            process.send_signal(number)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise NotRunning(f"the server did not end within {STOP_SECONDS} s of signal {number}") from None


@contextmanager
def serving(of: Home, *, wrap: Sequence[str] = ()) -> Iterator[Server]:
    """A server of this home while the context is open."""
    server = Server(of, wrap=wrap)
    server.start()
    try:
        yield server
    finally:
        server.kill()
