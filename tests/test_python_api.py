"""Timmy from Python: one call says something and returns the reply, whoever calls from wherever."""

import asyncio
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.core.exceptions import SynchronousOnlyOperation

from bench.fake_model import FakeModel
from conversations.llm.offline import OfflineModel
from conversations.models import Conversation
from conversations.python_api import Refusal, UnknownTenant, create_tenant_structure, get_data_stats, process_message
from conversations.storage import storage_for
from tenants_app.models import Tenant

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("tenants")]
ROOT = Path(__file__).resolve().parent.parent


def say(text: str, tenant: str = "alfa", **who: Any) -> str:
    """The whole reply, its white space as single spaces."""
    return " ".join(" ".join(process_message(text, tenant, **who)).split())


def files(slug: str = "alfa") -> int:
    """How many conversations are on disk."""
    return sum(1 for _ in storage_for(slug).entries())


def test_the_reply_comes_as_its_parts() -> None:
    parts = process_message("Oi, me chamo Maria", tenant_id="alfa")
    assert isinstance(parts, list)
    assert parts[0].startswith("Olá, Maria!")


def test_the_default_tenant_is_default() -> None:
    create_tenant_structure("default")
    assert process_message("Oi, me chamo Maria")[0].startswith("Olá, Maria!")


def test_the_conversation_goes_on_from_call_to_call() -> None:
    say("Oi, me chamo Maria")
    assert "Maria" in say("Você lembra meu nome?")
    assert files() == 1


def test_another_tenant_never_knows_what_one_was_told() -> None:
    say("Oi, me chamo Maria")
    assert "Maria" not in say("Você lembra meu nome?", "beta")


@pytest.mark.parametrize(
    "spelling", ["11 98765-4321", "+55 (11) 98765-4321", "011987654321", "5511987654321", "(11)8765-4321"]
)
def test_any_spelling_of_a_phone_is_one_person(spelling: str) -> None:
    say("Oi, me chamo Maria", phone_number="+5511987654321")
    assert "Maria" in say("Qual é o meu nome?", phone_number=spelling)
    assert files() == 1


def test_other_phones_and_session_keys_are_other_people() -> None:
    for who in ({"phone_number": "+5511987654321"}, {"phone_number": "+5511987654322"}, {"session_key": "a"}, {}):
        say("Oi", **who)
    assert files() == 4


def test_a_session_key_is_one_person() -> None:
    say("Oi, me chamo Maria", session_key="s1")
    assert "Maria" in say("Qual é o meu nome?", session_key="s1")
    assert "Maria" not in say("Qual é o meu nome?", session_key="s2")


@pytest.mark.parametrize("phone", ["", "123", "abc", "+55 11 1"])
def test_what_is_no_phone_is_refused_and_stores_nothing(phone: str) -> None:
    with pytest.raises(ValueError, match="not a phone number"):
        process_message("Oi", "alfa", phone_number=phone)
    assert files() == 0


@pytest.mark.parametrize(
    ("text", "code"),
    [("", "empty"), (" \n", "empty"), ("x" * 4001, "too_long"), ("a\0b", "bad_frame"), ("\ud83d", "bad_frame")],
)
def test_an_unfit_text_is_refused_and_stores_nothing(text: str, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        process_message(text, "alfa")
    assert (refused.value.code, files()) == (code, 0)


@pytest.mark.parametrize("slug", ["nobody", "", "../alfa", "ALFA", "a\0b"])
def test_an_unknown_tenant_is_unknown(slug: str) -> None:
    with pytest.raises(UnknownTenant):
        process_message("Oi", slug)
    with pytest.raises(UnknownTenant):
        get_data_stats(slug)


def test_an_inactive_tenant_looks_unknown() -> None:
    tenant = Tenant.objects.get(slug="alfa")
    tenant.active = False
    tenant.save()
    with pytest.raises(UnknownTenant):
        process_message("Oi", "alfa")


def test_a_closed_conversation_is_followed_by_a_new_one() -> None:
    say("Oi, me chamo Maria")
    [entry] = storage_for("alfa").entries()
    first = storage_for("alfa").read(entry.conversation_id).rows[0]
    storage_for("alfa").append(
        entry.conversation_id, [first._replace(role="system", client_id="", receipt='{"event":"end"}')]
    )
    say("Oi de novo")
    assert files() == 2


def test_the_stats_count_what_was_said() -> None:
    say("Oi", session_key="a")
    say("Tudo bem?", session_key="a")
    say("Oi", session_key="b")
    stats = get_data_stats("alfa")
    assert (stats["total_users"], stats["total_sessions"], stats["total_conversations"]) == (2, 2, 2)
    assert stats["total_messages"] == 6
    assert get_data_stats("beta")["total_messages"] == 0


def test_the_index_knows_the_conversation_when_the_call_returns() -> None:
    say("Oi, me chamo Maria")
    row = Conversation.objects.get()
    assert (row.channel, row.last_seq, row.visitor.name) == ("python", 2, "Maria")


def test_a_new_structure_is_a_tenant_with_folders(settings: Any) -> None:
    create_tenant_structure("minha_empresa")
    assert say("Oi", "minha_empresa").startswith("Olá!")
    assert (settings.TENANT_FILES_DIR / "minha_empresa" / "config.json").exists()
    assert (settings.DATA_DIR / "minha_empresa" / "conversations").is_dir()


def test_threads_may_call_at_once() -> None:
    said: dict[int, str] = {}

    def call(number: int) -> None:
        said[number] = say("Oi, me chamo Maria", session_key=str(number))

    threads = [threading.Thread(target=call, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {words[:11] for words in said.values()} == {"Olá, Maria!"}
    assert files() == 6


def test_two_threads_of_one_person_each_get_their_reply() -> None:
    said: list[list[str]] = []
    threads = [threading.Thread(target=lambda: said.append(process_message("Oi", "alfa"))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(said)
    [entry] = storage_for("alfa").entries()
    rows = storage_for("alfa").read(entry.conversation_id).rows
    assert [row.role for row in rows].count("user") == 2


async def test_sync_code_under_an_event_loop_may_call() -> None:
    assert (await sync_to_async(say)("Oi, me chamo Maria")).startswith("Olá, Maria!")


async def test_a_call_from_a_view_leaves_the_servers_own_connections_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[asyncio.AbstractEventLoop] = []

    async def aclose(self: OfflineModel) -> None:
        closed.append(asyncio.get_running_loop())

    monkeypatch.setattr(OfflineModel, "aclose", aclose)
    await sync_to_async(say)("Oi")
    assert (len(closed), asyncio.get_running_loop() in closed) == (1, False)


async def test_an_event_loop_itself_is_told_where_to_go() -> None:
    with pytest.raises(SynchronousOnlyOperation, match="thread"):
        process_message("Oi", "alfa")


async def test_a_model_behind_http_answers_and_leaves_no_connection(settings: Any) -> None:
    async with FakeModel(text="Custa R$ 10,00.") as server:
        settings.CHAT_MODEL = {
            "BACKEND": "conversations.llm.openai_chat.OpenAIChatModel",
            "OPTIONS": {
                "model": "fake",
                "api_key": "k",
                "base_url": server.url,
                "first_token_seconds": 5.0,
                "stall_seconds": 5.0,
            },
        }
        for _ in range(2):
            assert await sync_to_async(say)("Quanto custa?") == "Custa R$ 10,00."
        for connection in list(server.connections):
            await connection.lost
        assert len(server.requests) == 2


@pytest.mark.django_db(transaction=False)
def test_a_script_of_ones_own_needs_only_django_setup(tmp_path: Path) -> None:
    script = (
        "import django; django.setup()\n"
        "from django.core.management import call_command; call_command('migrate', verbosity=0)\n"
        "from conversations.python_api import create_tenant_structure, get_data_stats, process_message\n"
        "create_tenant_structure('minha_empresa')\n"
        "print(process_message('Oi, me chamo Maria', tenant_id='minha_empresa')[0])\n"
        "print(get_data_stats('minha_empresa')['total_messages'])\n"
    )
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "timmy_site.settings", "DATA_DIR": str(tmp_path / "data"), "ENV_FILE": os.devnull,
        "TENANT_FILES_DIR": str(tmp_path / "files"), "STATIC_ROOT": str(tmp_path / "static"),
        "PYTHONIOENCODING": "utf-8",
    }  # fmt: skip
    command = [sys.executable, "-W", "error::ResourceWarning", "-c", script]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Olá, Maria!")
    assert done.stdout.strip().endswith("2")
