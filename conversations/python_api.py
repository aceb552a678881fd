"""Timmy from Python, after django.setup(): talk to a tenant's assistant, count, create tenants."""

import hashlib
import secrets
from collections.abc import Sequence
from typing import Any

from asgiref.sync import async_to_sync
from channels.db import database_sync_to_async

from conversations import actions
from conversations.core.phones import normalise
from conversations.core.records import Role, Row, from_json
from conversations.index import writer
from conversations.llm import chat_model
from conversations.protocol import Refusal, message_frame
from conversations.push import push
from conversations.stats import data_stats
from conversations.storage import storage_for
from conversations.threads import in_file_thread
from conversations.turns import Turns
from tenants_app.access import UnknownTenant, active_tenant
from tenants_app.structure import create_tenant_structure

__all__ = ["Refusal", "UnknownTenant", "create_tenant_structure", "get_data_stats", "process_message"]

CHANNEL = "python"


def process_message(
    text: str, tenant_id: str = "default", phone_number: str | None = None, session_key: str | None = None
) -> list[str]:
    """Say something to a tenant's assistant; returns the parts of its reply, in order.

    The visitor is who has this phone number (any Brazilian spelling of it), else who has this session key, else one
    visitor for all calls without either. The conversation goes on over calls and processes; one that was closed is
    followed by a new one.
    Raises UnknownTenant, ValueError for a phone number that is none, and Refusal (`empty`, `too_long`,
    `consent_required`, `not_stored` …). Not for use inside a running event loop: there, use conversations.actions.
    """
    visitor_id = _visitor_id(tenant_id, phone_number, session_key)
    tenant = active_tenant(tenant_id)
    # A loop of its own even when called from a server's view: its connections to the model are closed at the end.
    return async_to_sync(_say, force_new_loop=True)(tenant, visitor_id, text)


def get_data_stats(tenant_id: str = "default") -> dict[str, Any]:
    """The tenant's numbers (see conversations.stats.data_stats). Raises UnknownTenant."""
    active_tenant(tenant_id)
    writer.flush()
    return data_stats(tenant_id)


def _visitor_id(tenant_id: str, phone_number: str | None, session_key: str | None) -> str:
    if phone_number is not None:
        phone = normalise(phone_number)
        if phone is None:
            raise ValueError(f"{phone_number!r} is not a phone number")
        identity = f"phone:{phone}"
    else:
        identity = f"session:{session_key or ''}"
    name = f"{tenant_id}/{CHANNEL}/{identity}".encode()
    return f"v{hashlib.blake2s(name, digest_size=12, person=b'timmy').hexdigest()}"


async def _say(tenant: Any, visitor_id: str, text: str) -> list[str]:
    conversation_id, transcript, consented = await actions.find_conversation(
        tenant, visitor_id, known=True, wanted=None
    )
    visit = actions.Visit(
        tenant, visitor_id, conversation_id, CHANNEL, _language(tenant, transcript), consented=consented
    )
    turns = Turns()
    done = await actions.write(visit, text, f"python-{secrets.token_hex(12)}")
    await push(tenant.slug, conversation_id, [message_frame(done.rows[0])])
    try:
        turns.start(tenant, conversation_id, added=int(done.rows[0].seq))
        await turns.answered(tenant.slug, conversation_id)
    finally:
        await chat_model().aclose()  # its connections belong to this call's event loop
    rows = await in_file_thread(lambda: storage_for(tenant.slug).read(conversation_id).rows)
    await database_sync_to_async(writer.flush)()
    return _reply_to(done.rows[0], rows)


def _reply_to(asked: Row, rows: Sequence[Row]) -> list[str]:
    """The parts of the reply whose first part names the row."""
    later = [row for row in rows[int(asked.seq) :] if row.role == Role.ASSISTANT]
    seq = int(asked.seq)
    reply = next((row.reply_id for row in later if seq in from_json(row.receipt).get("answers", [])), None)
    return [row.content for row in later if row.reply_id == reply]


def _language(tenant: Any, transcript: Any) -> str:
    return (transcript.summary.language if transcript else "") or tenant.language
