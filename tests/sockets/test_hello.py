"""What a client learns first, whose conversation it gets, and what it may say before."""

import json
from typing import Any

import pytest

from conversations import sockets
from tests.chat_cast import Chat, parts
from tests.sockets.cast import visitor_of


async def test_ready_tells_who_one_is_and_how_things_stand(chat: Chat) -> None:
    ready = (await chat.visitor()).ready
    assert set(ready) == {"type", "visitor", "conversation", "history", "more", "status", "busy", "consent"}
    assert (ready["type"], ready["history"], ready["more"], ready["busy"]) == ("ready", [], False, False)
    assert (ready["status"], ready["consent"]["required"]) == ("assistant", False)


@pytest.mark.parametrize("frame", [{"type": "message", "client_id": "x", "text": "Oi"}, {"type": "sync", "after": 0}])
async def test_a_frame_before_hello_is_bad_and_the_socket_lives(chat: Chat, frame: dict[str, Any]) -> None:
    tab = await chat.tab()
    await tab.send(**frame)
    answer = await tab.frame()
    assert (answer["code"], answer.get("client_id")) == ("bad_frame", frame.get("client_id"))
    assert (await tab.hello())["type"] == "ready"


async def test_a_second_hello_is_bad_and_the_socket_lives(chat: Chat) -> None:
    tab = await chat.visitor()
    await tab.send(type="hello")
    assert (await tab.frame())["code"] == "bad_frame"
    assert parts(await tab.say("Oi")) == ["Certo."]


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '"hello"', "{}", '{"type":"nothing"}', '{"type":7}', '{"type":"sync"}', "[" * 30_000],
)
async def test_garbage_is_a_bad_frame_and_the_socket_lives(chat: Chat, text: str) -> None:
    tab = await chat.visitor()
    await tab.raw(text)
    assert (await tab.frame())["code"] == "bad_frame"
    assert parts(await tab.say("Oi")) == ["Certo."]


async def test_binary_is_a_bad_frame_and_the_socket_lives(chat: Chat) -> None:
    tab = await chat.visitor()
    await tab.raw(data=b'{"type":"typing"}')
    assert (await tab.frame())["code"] == "bad_frame"
    assert parts(await tab.say("Oi")) == ["Certo."]


@pytest.mark.parametrize("text", ["x" * (64 * 1024 + 1), "ã" * (32 * 1024 + 1)])
async def test_more_than_64_kib_closes_the_socket(chat: Chat, text: str) -> None:
    tab = await chat.visitor()
    await tab.raw(text)
    assert await tab.closed() == 1009


async def test_64_kib_are_a_frame_like_any_other(chat: Chat) -> None:
    tab = await chat.visitor()
    await tab.raw(json.dumps({"type": "typing", "x": ""}).ljust(64 * 1024))
    assert parts(await tab.say("Oi")) == ["Certo."]


@pytest.mark.parametrize("page", ["http://[", "https://shop.example/a?b", "x" * 2000, "//"])
async def test_any_page_may_be_told(chat: Chat, page: str) -> None:
    assert (await chat.visitor(page=page, locale="pt-BR", version=1)).ready["type"] == "ready"


async def test_who_never_says_hello_is_closed(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "HELLO_SECONDS", 0.02)
    assert await (await chat.tab()).closed() == 4408


async def test_a_failing_database_is_unavailable_and_the_socket_lives(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = (await chat.visitor()).ready["visitor"]
    tab = await chat.tab()
    with monkeypatch.context() as broken:
        broken.setattr("conversations.actions._past", broken)
        assert (await tab.hello(visitor=token))["code"] == "unavailable"
    assert (await tab.hello(visitor=token))["type"] == "ready"


async def test_a_token_brings_back_visitor_and_conversation(chat: Chat) -> None:
    tab = await chat.visitor()
    await tab.say("Oi")
    ready = (await chat.again(tab)).ready
    assert ready["conversation"] == tab.ready["conversation"]
    assert visitor_of(ready) == visitor_of(tab.ready)


@pytest.mark.parametrize("token", [None, "", "forged", "v1:x:y", "ç", "x" * 5000])
async def test_a_token_that_is_none_makes_a_new_visitor(chat: Chat, token: str | None) -> None:
    old = await chat.visitor()
    await old.say("Oi")
    ready = (await chat.visitor(visitor=token, conversation=old.ready["conversation"])).ready
    assert ready["history"] == []
    assert ready["conversation"] != old.ready["conversation"]


async def test_another_tenants_token_makes_a_new_visitor(chat: Chat) -> None:
    old = await chat.visitor("beta")
    await old.say("Segredo")
    ready = (await chat.again(old, conversation=old.ready["conversation"])).ready
    assert ready["history"] == []
    assert visitor_of(ready) != visitor_of(old.ready, "beta")


async def test_an_expired_token_makes_a_new_visitor(chat: Chat) -> None:
    old = await chat.visitor()
    await old.say("Oi")
    chat.settings.VISITOR_TOKEN_DAYS = -1
    assert (await chat.again(old)).ready["history"] == []


@pytest.mark.parametrize("wanted", ["other", "unknown", "../../etc", "", "x" * 3000])
async def test_a_conversation_that_is_not_ones_own_looks_like_none(chat: Chat, wanted: str) -> None:
    stranger = await chat.visitor()
    await stranger.say("Meu segredo")
    tab = await chat.visitor()
    await tab.say("Oi")
    wanted = stranger.ready["conversation"] if wanted == "other" else wanted
    ready = (await chat.again(tab, conversation=wanted)).ready
    assert ready["conversation"] == tab.ready["conversation"]
    assert [message["content"] for message in ready["history"]] == ["Oi", "Certo."]


async def test_a_file_that_cannot_be_read_starts_a_new_conversation(chat: Chat) -> None:
    tab = await chat.visitor()
    await tab.say("Oi")
    [path] = chat.settings.DATA_DIR.glob("alfa/conversations/*.csv")
    path.write_bytes(b"not,a,conversation\r\n" * 100)
    again = await chat.again(tab, conversation=tab.ready["conversation"])
    assert again.ready["conversation"] != tab.ready["conversation"]
    assert parts(await again.say("Oi")) == ["Certo."]
