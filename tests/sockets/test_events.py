"""Agreeing, rating, asking for a person, ending."""

import json

import pytest
from asgiref.sync import sync_to_async

from tenants_app.persona import Consent
from tests.chat_cast import Chat, Tab, parts


@pytest.fixture
async def asking(chat: Chat) -> Chat:
    """The stage, with a business that asks for consent."""
    await sync_to_async(chat.dress)("alfa", consent=Consent(required=True, version="v2", text="Pode?"))
    return chat


async def test_nothing_is_stored_before_the_visitor_agrees(asking: Chat) -> None:
    tab = await asking.visitor()
    assert tab.ready["consent"] == {"required": True, "version": "v2", "text": "Pode?"}
    await tab.write("Oi", "k1")
    error = await tab.frame()
    assert (error["code"], error["client_id"]) == ("consent_required", "k1")
    assert not list(asking.settings.DATA_DIR.glob("alfa/conversations/*.csv"))


async def test_the_site_is_noted_though_a_consent_came_first(asking: Chat) -> None:
    tab = await asking.visitor()
    await _agree(tab)
    for text in ("Oi", "Tudo bem?"):
        await tab.say(text)
    receipts = [json.loads(row.receipt or "{}") for row in asking.rows(tab) if row.role == "user"]
    assert [receipt.get("origin") for receipt in receipts] == ["https://site.example", None]


async def test_the_consent_becomes_a_row_and_opens_the_way(asking: Chat) -> None:
    tab = await asking.visitor()
    await _agree(tab)
    assert parts(await tab.say("Oi")) == ["Certo."]
    assert json.loads(asking.rows(tab)[0].receipt) == {"event": "consent", "granted": True, "version": "v2"}


async def test_it_is_known_in_the_next_conversation(asking: Chat) -> None:
    tab = await asking.visitor()
    await _agree(tab)
    await tab.send(type="end")
    await tab.until("status")
    await asking.flushed()
    again = await asking.again(tab)
    assert again.ready["conversation"] != tab.ready["conversation"]
    assert again.ready["consent"]["required"] is False


async def test_what_one_tab_agrees_to_counts_in_the_other(asking: Chat) -> None:
    first = await asking.visitor()
    second = await asking.again(first)
    await _agree(first)
    await second.frame()
    assert parts(await second.say("Oi")) == ["Certo."]
    await first.send(type="consent", version="v2", granted=False)
    await second.until("message")
    await second.write("E agora?")
    assert (await second.until("error"))[-1]["code"] == "consent_required"


async def test_an_older_version_does_not_count(asking: Chat) -> None:
    tab = await asking.visitor()
    await _agree(tab, "v1")
    await tab.write("Oi")
    assert (await tab.frame())["code"] == "consent_required"


async def test_a_rating_becomes_a_row(chat: Chat) -> None:
    tab = await chat.visitor()
    await tab.send(type="rate", score=4, comment="bom {x}")
    assert (await tab.frame())["message"]["role"] == "system"
    assert json.loads(chat.rows(tab)[0].receipt) == {"comment": "bom {x}", "event": "rate", "score": 4}


async def test_asking_for_a_person_makes_the_conversation_wait(chat: Chat) -> None:
    tab = await chat.visitor()
    await tab.send(type="handoff")
    assert [(await tab.frame())["type"], await tab.frame()] == ["message", {"type": "status", "status": "waiting"}]
    assert (await chat.again(tab)).ready["status"] == "waiting"
    assert parts(await tab.say("Oi")) == ["Certo."]


async def test_an_ended_conversation_takes_no_more(chat: Chat) -> None:
    tab = await chat.visitor()
    await tab.say("Oi")
    await tab.send(type="end")
    assert (await tab.until("status"))[-1]["status"] == "closed"
    await tab.write("Mais uma", "k9")
    error = await tab.frame()
    assert (error["code"], error["client_id"]) == ("conversation_closed", "k9")


async def test_after_the_end_hello_opens_a_new_conversation(chat: Chat) -> None:
    tab = await chat.visitor()
    await tab.say("Oi")
    await tab.send(type="end")
    await tab.until("status")
    again = await chat.again(tab, conversation=tab.ready["conversation"])
    assert (again.ready["status"], again.ready["history"]) == ("assistant", [])
    assert parts(await again.say("Oi de novo")) == ["Certo."]


async def test_a_row_acknowledged_before_the_end_keeps_its_ack(chat: Chat) -> None:
    tab = await chat.visitor()
    ack = (await tab.say("Oi", "k1"))[0]
    await tab.send(type="end")
    await tab.until("status")
    await tab.write("Oi", "k1")
    assert await tab.frame() == ack


async def _agree(tab: Tab, version: str = "v2") -> None:
    await tab.send(type="consent", version=version, granted=True)
    await tab.until("message")
