"""What is not there and what is not for this page look the same."""

import pytest
from asgiref.sync import sync_to_async

from tenants_app.models import Tenant
from tests.chat_cast import Chat


async def test_unknown_inactive_and_refused_look_the_same(chat: Chat) -> None:
    await sync_to_async(Tenant.objects.filter(slug="beta").update)(active=False)
    await sync_to_async(chat.dress)("alfa", origins=["https://own.example"])
    doors = [await chat.tab(slug) for slug in ("nobody", "beta", "alfa", "ALFA", "a%00b")]
    events = [await door.event() for door in doors]
    assert events == [events[0]] * len(doors)
    assert events[0] == {"type": "websocket.close", "code": 4403}


@pytest.mark.parametrize(
    ("listed", "origin", "admitted"),
    [
        ([], None, True),
        ([], "https://any.example", True),
        ([], "null", True),
        (["https://own.example"], "https://own.example", True),
        (["https://own.example"], "https://testserver", True),
        (["https://own.example"], None, False),
        (["https://own.example"], "null", False),
        (["https://own.example"], "https://own.example.evil.example", False),
        (["https://own.example"], "http://own.example", False),
        (["https://*.own.example"], "https://shop.own.example", True),
        (["https://*.own.example"], "https://own.example", False),
        (["https://*.own.example"], "https://evilown.example", False),
    ],
)
async def test_the_list_decides_which_pages_may_chat(
    chat: Chat, listed: list[str], origin: str | None, admitted: bool
) -> None:
    chat.settings.ALLOWED_HOSTS = ["testserver"]
    await sync_to_async(chat.dress)("alfa", origins=listed)
    tab = await chat.tab(origin=origin)
    await tab.send(type="hello")
    first = await tab.event()
    assert (first["type"], first.get("code")) == (("websocket.send", None) if admitted else ("websocket.close", 4403))


async def test_a_business_closed_meanwhile_answers_no_more(chat: Chat) -> None:
    tab = await chat.visitor()
    await tab.say("Oi")
    await sync_to_async(_close_business)("alfa")
    await tab.write("Ainda aí?")
    assert await tab.closed() == 4403


def _close_business(slug: str) -> None:
    tenant = Tenant.objects.get(slug=slug)
    tenant.active = False
    tenant.save()
