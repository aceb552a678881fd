"""The casts of these tests, and what holds for each of them: the log never tells what people said."""

import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.isolation.canaries import THEIRS
from tests.isolation.cast import Cast, everybody, rolled_back
from tests.isolation.stage import Stage


@pytest.fixture(scope="module")
def houses(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cast]:
    """The cast as it was made, once for each file of tests."""
    with django_db_blocker.unblock(), rolled_back(tmp_path_factory.mktemp("houses")) as cast:
        yield cast


@pytest.fixture
def cast(houses: Cast, db: None) -> Cast:
    """The cast, for a test that may change its database rows: they are rolled back behind it."""
    return houses


@pytest.fixture
def inhabited(installation: Path, transactional_db: None, tmp_path: Path) -> Iterator[Cast]:
    """A cast of one test's own, which the threads behind sockets see too."""
    with everybody(tmp_path / "houses") as cast:
        yield cast


@pytest.fixture
async def stage(inhabited: Cast, settings: Any, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    """The chat's door, with that cast before it."""
    settings.RATE_LIMIT_VISITOR = settings.RATE_LIMIT_ADDRESS = settings.RATE_LIMIT_TENANT = ""
    monkeypatch.setattr("conversations.agent.GATHER_SECONDS", 0.0)
    stage = Stage(settings, inhabited)
    stage.script()
    yield stage
    await stage.end()


class _Lines(logging.Handler):
    """Keeps every line, tracebacks included."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture(autouse=True)
def log() -> Iterator[list[str]]:
    """The lines of the log at its most talkative: whatever a test does, they hold no word of theirs.

    Slugs and keys of rows may stand there: they are in addresses.
    """
    root, kept = logging.getLogger(), _Lines()
    level = root.level
    root.addHandler(kept)
    root.setLevel(logging.DEBUG)
    yield kept.lines
    root.removeHandler(kept)
    root.setLevel(level)
    assert [line for line in kept.lines if THEIRS.private_in(line)] == []
