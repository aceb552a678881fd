"""The installation every test starts from, and its two businesses."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils.translation import override
from hypothesis import settings as hypothesis_settings

from conversations import index
from conversations.storage import storage_for
from conversations.storage.memory import forget_everything
from tenants_app.access import forget_snapshots
from tenants_app.models import Tenant
from tenants_app.structure import create_tenant_structure
from tests.chat_cast import chat

__all__ = ["chat", "installation", "tenants"]

hypothesis_settings.register_profile("patient", deadline=None)  # a busy machine is no fault of the code
hypothesis_settings.load_profile("patient")


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Every test starts in English, whatever the one before left in this thread."""
    with override("en"):
        yield


@pytest.fixture
def installation(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty installation; its data folder. The index is written when a test says so (`writer.flush()`)."""
    settings.DATA_DIR = tmp_path / "data"
    settings.TENANT_FILES_DIR = tmp_path / "tenant_files"
    settings.CONVERSATION_STORAGE = {
        "BACKEND": "conversations.storage.csv_files.CsvFiles",
        "OPTIONS": {"root": settings.DATA_DIR},
    }
    monkeypatch.setattr(index.IndexWriter, "_write_behind", lambda self: None)
    monkeypatch.setattr(index.writer, "_noted", {})
    monkeypatch.setattr(index.writer, "_changed", set())
    _forget()
    yield settings.DATA_DIR
    _forget()


@pytest.fixture
def tenants(installation: Path, db: None) -> tuple[Tenant, Tenant]:
    """Two businesses that must never see anything of each other."""
    return create_tenant_structure("alfa", "Alfa"), create_tenant_structure("beta", "Beta")


def _forget() -> None:
    storage_for.cache_clear()
    forget_snapshots()
    forget_everything()
