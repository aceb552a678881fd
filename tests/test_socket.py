"""The WebSocket door as a client sees it: frames in, frames out, and what is on disk meanwhile."""

import asyncio
import json
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from conversations import consumers, sockets, tokens
from conversations.core.records import Row
from conversations.storage.base import NotStored
from conversations.storage.csv_files import CsvFiles
from tenants_app.models import Tenant
from tenants_app.persona import Consent
from tests.chat_cast import Chat, Tab, parts


class TestHello:
    """What a client learns first, and what it may say before."""

    async def test_ready_tells_who_one_is_and_how_things_stand(self, chat: Chat) -> None:
        ready = (await chat.visitor()).ready
        assert set(ready) == {"type", "visitor", "conversation", "history", "more", "status", "busy", "consent"}
        assert (ready["type"], ready["history"], ready["more"], ready["busy"]) == ("ready", [], False, False)
        assert (ready["status"], ready["consent"]["required"]) == ("assistant", False)

    @pytest.mark.parametrize(
        "frame", [{"type": "message", "client_id": "x", "text": "Oi"}, {"type": "sync", "after": 0}]
    )
    async def test_a_frame_before_hello_is_bad_and_the_socket_lives(self, chat: Chat, frame: dict[str, Any]) -> None:
        tab = await chat.tab()
        await tab.send(**frame)
        answer = await tab.frame()
        assert (answer["code"], answer.get("client_id")) == ("bad_frame", frame.get("client_id"))
        assert (await tab.hello())["type"] == "ready"

    async def test_a_second_hello_is_bad_and_the_socket_lives(self, chat: Chat) -> None:
        tab = await chat.visitor()
        await tab.send(type="hello")
        assert (await tab.frame())["code"] == "bad_frame"
        assert parts(await tab.say("Oi")) == ["Certo."]

    @pytest.mark.parametrize(
        "text",
        ["", "{", "[]", "null", '"hello"', "{}", '{"type":"nothing"}', '{"type":7}', '{"type":"sync"}', "[" * 30_000],
    )
    async def test_garbage_is_a_bad_frame_and_the_socket_lives(self, chat: Chat, text: str) -> None:
        tab = await chat.visitor()
        await tab.raw(text)
        assert (await tab.frame())["code"] == "bad_frame"
        assert parts(await tab.say("Oi")) == ["Certo."]

    async def test_binary_is_a_bad_frame_and_the_socket_lives(self, chat: Chat) -> None:
        tab = await chat.visitor()
        await tab.raw(data=b'{"type":"typing"}')
        assert (await tab.frame())["code"] == "bad_frame"
        assert parts(await tab.say("Oi")) == ["Certo."]

    @pytest.mark.parametrize("text", ["x" * (64 * 1024 + 1), "ã" * (32 * 1024 + 1)])
    async def test_more_than_64_kib_closes_the_socket(self, chat: Chat, text: str) -> None:
        tab = await chat.visitor()
        await tab.raw(text)
        assert await tab.closed() == 1009

    async def test_64_kib_are_a_frame_like_any_other(self, chat: Chat) -> None:
        tab = await chat.visitor()
        await tab.raw(json.dumps({"type": "typing", "x": ""}).ljust(64 * 1024))
        assert parts(await tab.say("Oi")) == ["Certo."]

    @pytest.mark.parametrize("page", ["http://[", "https://shop.example/a?b", "x" * 2000, "//"])
    async def test_any_page_may_be_told(self, chat: Chat, page: str) -> None:
        assert (await chat.visitor(page=page, locale="pt-BR", version=1)).ready["type"] == "ready"

    async def test_who_never_says_hello_is_closed(self, chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sockets, "HELLO_SECONDS", 0.02)
        assert await (await chat.tab()).closed() == 4408

    async def test_a_failing_database_is_unavailable_and_the_socket_lives(
        self, chat: Chat, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        token = (await chat.visitor()).ready["visitor"]
        tab = await chat.tab()
        with monkeypatch.context() as broken:
            broken.setattr("conversations.actions._past", _broken)
            assert (await tab.hello(visitor=token))["code"] == "unavailable"
        assert (await tab.hello(visitor=token))["type"] == "ready"


class TestMessage:
    """A message on its way: stored, acknowledged, answered."""

    async def test_the_ack_comes_only_after_the_row_is_on_disk(
        self, chat: Chat, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        on_disk: list[int] = []
        ack = consumers.protocol.ack_frame

        def recorded(client_id: str, row: Row) -> str:
            on_disk.append(_files_hold(chat, row.message_id))
            return ack(client_id, row)

        monkeypatch.setattr(consumers.protocol, "ack_frame", recorded)
        await (await chat.visitor()).say("Oi")
        assert on_disk == [1]

    async def test_the_ack_holds_the_whole_row(self, chat: Chat) -> None:
        tab = await chat.visitor()
        await tab.write("Oi", "mine")
        ack, [row] = await tab.frame(), chat.rows(tab)[:1]
        message = {"id": row.message_id, "seq": 1, "role": "user", "content": "Oi", "timestamp": row.timestamp}
        assert ack == {
            "type": "ack", "client_id": "mine", "message": message | {"reply": None, "part": None, "author": "visitor"},
        }  # fmt: skip

    async def test_a_turn_is_ack_typing_parts_in_order_and_done(self, chat: Chat) -> None:
        chat.script([f"Esta é a frase número {number}, que enche uma parte sozinha. " * 2 for number in range(1, 5)])
        frames = await (await chat.visitor()).say("Oi")
        kinds = [frame["type"] for frame in frames]
        messages = [frame["message"] for frame in frames if frame["type"] == "message"]
        assert kinds[:2] == ["ack", "typing"]
        assert kinds[2:-2] == ["message"] * len(messages)
        assert [frames[1]["on"], frames[-2]["type"], frames[-2]["on"]] == [True, "typing", False]
        assert [(one["seq"], one["part"]) for one in messages] == [(n + 1, n) for n in range(1, len(messages) + 1)]
        assert (frames[-1]["seq"], frames[-1]["reply"]) == (messages[-1]["seq"], messages[-1]["reply"])
        assert len(messages) > 2

    @pytest.mark.parametrize("text", ["Oi", "outra coisa"])
    async def test_a_resend_gets_the_same_ack_and_nothing_else(self, chat: Chat, text: str) -> None:
        tab = await chat.visitor()
        first = (await tab.say("Oi", "same"))[0]
        await tab.write(text, "same")
        assert await tab.frame() == first
        assert await tab.settled() == []
        assert len(chat.rows(tab)) == 2

    @pytest.mark.parametrize(
        ("text", "code"), [("", "empty"), (" \n\t\u3000", "empty"), ("x" * 4001, "too_long"), ("x\0", "bad_frame")]
    )
    async def test_an_unfit_text_is_refused_by_its_client_id(self, chat: Chat, text: str, code: str) -> None:
        tab = await chat.visitor()
        await tab.write(text, "k1")
        error = await tab.frame()
        assert (error["type"], error["code"], error["client_id"]) == ("error", code, "k1")
        assert parts(await tab.say(f"  {'x' * 4000}  ")) == ["Certo."]

    @pytest.mark.parametrize("text", ['=1+1,"a"\r\n b', "\u200bñ ☂ 👩‍👩‍👧 e\u0301", "<b>&amp;</b>\tx", "-- ' ; DROP"])
    async def test_a_text_is_stored_exactly_as_sent_but_trimmed(self, chat: Chat, text: str) -> None:
        tab = await chat.visitor()
        ack = (await tab.say(f" \n{text}\u00a0 "))[0]
        assert ack["message"]["content"] == text == chat.rows(tab)[0].content

    @pytest.mark.parametrize("client_id", ["~" * 128, " ", 'a"b,c', "="])
    async def test_a_client_id_is_kept_byte_for_byte(self, chat: Chat, client_id: str) -> None:
        tab = await chat.visitor()
        assert (await tab.say("Oi", client_id))[0]["client_id"] == client_id
        assert chat.rows(tab)[0].client_id == client_id

    async def test_a_full_disk_refuses_by_client_id_and_works_again_after(
        self, chat: Chat, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tab = await chat.visitor()
        with monkeypatch.context() as full:
            full.setattr(CsvFiles, "append", _full)
            await tab.write("Oi", "k1")
            error = await tab.frame()
        assert (error["code"], error["client_id"]) == ("not_stored", "k1")
        assert await tab.settled() == []
        assert parts(await tab.say("Oi", "k1")) == ["Certo."]

    async def test_a_fault_of_ours_is_unavailable_by_client_id(
        self, chat: Chat, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tab = await chat.visitor()
        with monkeypatch.context() as broken:
            broken.setattr("conversations.actions.facts_told", _broken)
            await tab.write("Oi", "k1")
            error = await tab.frame()
        assert (error["code"], error["client_id"]) == ("unavailable", "k1")
        assert parts(await tab.say("Oi", "k1")) == ["Certo."]


class TestHistory:
    """Coming back and catching up."""

    @pytest.mark.parametrize(("seen", "seqs"), [(0, [1, 2, 3, 4]), (2, [3, 4]), (4, []), (10**20, [])])
    async def test_ready_holds_what_was_not_seen(self, chat: Chat, seen: int, seqs: list[int]) -> None:
        tab = await chat.visitor()
        await tab.say("Oi")
        await tab.say("E agora?")
        ready = (await chat.again(tab, conversation=tab.ready["conversation"], last_seen=seen)).ready
        assert [message["seq"] for message in ready["history"]] == seqs
        assert ready["more"] is False

    async def test_ready_holds_the_newest_200_and_says_that_there_are_more(self, chat: Chat) -> None:
        tab = await _long_conversation(chat, 205)
        ready = (await chat.again(tab)).ready
        assert [ready["history"][0]["seq"], ready["history"][-1]["seq"], ready["more"]] == [6, 205, True]

    @pytest.mark.parametrize(
        ("asked", "first", "last", "more"),
        [
            ({"after": 0}, 1, 200, True),
            ({"after": 5}, 6, 205, False),
            ({"before": 6}, 1, 5, False),
            ({"before": 205}, 5, 204, True),
        ],
    )
    async def test_sync_brings_at_most_200_in_order(
        self, chat: Chat, asked: dict[str, int], first: int, last: int, more: bool
    ) -> None:
        tab = await _long_conversation(chat, 205)
        await tab.send(type="sync", **asked)
        history = await tab.frame()
        assert [message["seq"] for message in history["messages"]] == list(range(first, last + 1))
        assert history["more"] is more

    @pytest.mark.parametrize("asked", [{"after": 0}, {"before": 9}, {"after": 10**30}])
    async def test_sync_of_an_empty_conversation_is_empty(self, chat: Chat, asked: dict[str, int]) -> None:
        tab = await chat.visitor()
        await tab.send(type="sync", **asked)
        assert await tab.frame() == {"type": "history", "messages": [], "more": False}


class TestRefusal:
    """What is not there and what is not for this page look the same."""

    async def test_unknown_inactive_and_refused_look_the_same(self, chat: Chat) -> None:
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
        self, chat: Chat, listed: list[str], origin: str | None, admitted: bool
    ) -> None:
        chat.settings.ALLOWED_HOSTS = ["testserver"]
        await sync_to_async(chat.dress)("alfa", origins=listed)
        tab = await chat.tab(origin=origin)
        await tab.send(type="hello")
        first = await tab.event()
        assert (first["type"], first.get("code")) == (
            ("websocket.send", None) if admitted else ("websocket.close", 4403)
        )

    async def test_a_business_closed_meanwhile_answers_no_more(self, chat: Chat) -> None:
        tab = await chat.visitor()
        await tab.say("Oi")
        await sync_to_async(_close_business)("alfa")
        await tab.write("Ainda aí?")
        assert await tab.closed() == 4403


class TestIdentity:
    """Whose conversation it is."""

    async def test_a_token_brings_back_visitor_and_conversation(self, chat: Chat) -> None:
        tab = await chat.visitor()
        await tab.say("Oi")
        ready = (await chat.again(tab)).ready
        assert ready["conversation"] == tab.ready["conversation"]
        assert _visitor_of(ready) == _visitor_of(tab.ready)

    @pytest.mark.parametrize("token", [None, "", "forged", "v1:x:y", "ç", "x" * 5000])
    async def test_a_token_that_is_none_makes_a_new_visitor(self, chat: Chat, token: str | None) -> None:
        old = await chat.visitor()
        await old.say("Oi")
        ready = (await chat.visitor(visitor=token, conversation=old.ready["conversation"])).ready
        assert ready["history"] == []
        assert ready["conversation"] != old.ready["conversation"]

    async def test_another_tenants_token_makes_a_new_visitor(self, chat: Chat) -> None:
        old = await chat.visitor("beta")
        await old.say("Segredo")
        ready = (await chat.again(old, conversation=old.ready["conversation"])).ready
        assert ready["history"] == []
        assert _visitor_of(ready) != _visitor_of(old.ready, "beta")

    async def test_an_expired_token_makes_a_new_visitor(self, chat: Chat) -> None:
        old = await chat.visitor()
        await old.say("Oi")
        chat.settings.VISITOR_TOKEN_DAYS = -1
        assert (await chat.again(old)).ready["history"] == []

    @pytest.mark.parametrize("wanted", ["other", "unknown", "../../etc", "", "x" * 3000])
    async def test_a_conversation_that_is_not_ones_own_looks_like_none(self, chat: Chat, wanted: str) -> None:
        stranger = await chat.visitor()
        await stranger.say("Meu segredo")
        tab = await chat.visitor()
        await tab.say("Oi")
        wanted = stranger.ready["conversation"] if wanted == "other" else wanted
        ready = (await chat.again(tab, conversation=wanted)).ready
        assert ready["conversation"] == tab.ready["conversation"]
        assert [message["content"] for message in ready["history"]] == ["Oi", "Certo."]

    async def test_a_file_that_cannot_be_read_starts_a_new_conversation(self, chat: Chat) -> None:
        tab = await chat.visitor()
        await tab.say("Oi")
        [path] = chat.settings.DATA_DIR.glob("alfa/conversations/*.csv")
        path.write_bytes(b"not,a,conversation\r\n" * 100)
        again = await chat.again(tab, conversation=tab.ready["conversation"])
        assert again.ready["conversation"] != tab.ready["conversation"]
        assert parts(await again.say("Oi")) == ["Certo."]


class TestTabs:
    """Several sockets of one visitor."""

    async def test_the_other_tab_gets_the_row_as_a_message_and_the_sender_only_the_ack(self, chat: Chat) -> None:
        first = await chat.visitor()
        second = await chat.again(first)
        mine = await first.say("Oi")
        theirs = await second.until("done")
        assert theirs == [{"type": "message", "message": mine[0]["message"]}, *mine[1:]]

    async def test_two_tabs_that_open_at_once_share_the_conversation(self, chat: Chat) -> None:
        first = await chat.visitor()
        second = await chat.again(first)
        assert first.ready["conversation"] == second.ready["conversation"]

    async def test_another_visitor_hears_nothing(self, chat: Chat) -> None:
        tab, stranger, foreigner = await chat.visitor(), await chat.visitor(), await chat.visitor("beta")
        await tab.say("Oi")
        assert (await stranger.settled(), await foreigner.settled()) == ([], [])

    async def test_who_comes_while_a_reply_is_made_is_told_so(self, chat: Chat) -> None:
        word = asyncio.Event()
        chat.script([word, "Certo."])
        tab = await chat.visitor()
        await tab.write("Oi")
        await tab.until("typing")
        second = await chat.again(tab)
        word.set()
        assert second.ready["busy"] is True
        assert parts(await second.until("done")) == ["Certo."]
        assert (await chat.again(tab)).ready["busy"] is False


class TestConsent:
    """A business that asks for an agreement first."""

    async def test_nothing_is_stored_before_the_visitor_agrees(self, asking: Chat) -> None:
        tab = await asking.visitor()
        assert tab.ready["consent"] == {"required": True, "version": "v2", "text": "Pode?"}
        await tab.write("Oi", "k1")
        error = await tab.frame()
        assert (error["code"], error["client_id"]) == ("consent_required", "k1")
        assert not list(asking.settings.DATA_DIR.glob("alfa/conversations/*.csv"))

    async def test_the_site_is_noted_though_a_consent_came_first(self, asking: Chat) -> None:
        tab = await asking.visitor()
        await _agree(tab)
        for text in ("Oi", "Tudo bem?"):
            await tab.say(text)
        receipts = [json.loads(row.receipt or "{}") for row in asking.rows(tab) if row.role == "user"]
        assert [receipt.get("origin") for receipt in receipts] == ["https://site.example", None]

    async def test_the_consent_becomes_a_row_and_opens_the_way(self, asking: Chat) -> None:
        tab = await asking.visitor()
        await _agree(tab)
        assert parts(await tab.say("Oi")) == ["Certo."]
        assert json.loads(asking.rows(tab)[0].receipt) == {"event": "consent", "granted": True, "version": "v2"}

    async def test_it_is_known_in_the_next_conversation(self, asking: Chat) -> None:
        tab = await asking.visitor()
        await _agree(tab)
        await tab.send(type="end")
        await tab.until("status")
        await asking.flushed()
        again = await asking.again(tab)
        assert again.ready["conversation"] != tab.ready["conversation"]
        assert again.ready["consent"]["required"] is False

    async def test_what_one_tab_agrees_to_counts_in_the_other(self, asking: Chat) -> None:
        first = await asking.visitor()
        second = await asking.again(first)
        await _agree(first)
        await second.frame()
        assert parts(await second.say("Oi")) == ["Certo."]
        await first.send(type="consent", version="v2", granted=False)
        await second.until("message")
        await second.write("E agora?")
        assert (await second.until("error"))[-1]["code"] == "consent_required"

    async def test_an_older_version_does_not_count(self, asking: Chat) -> None:
        tab = await asking.visitor()
        await _agree(tab, "v1")
        await tab.write("Oi")
        assert (await tab.frame())["code"] == "consent_required"


class TestEvents:
    """Rating, asking for a person, ending."""

    async def test_a_rating_becomes_a_row(self, chat: Chat) -> None:
        tab = await chat.visitor()
        await tab.send(type="rate", score=4, comment="bom {x}")
        assert (await tab.frame())["message"]["role"] == "system"
        assert json.loads(chat.rows(tab)[0].receipt) == {"comment": "bom {x}", "event": "rate", "score": 4}

    async def test_asking_for_a_person_makes_the_conversation_wait(self, chat: Chat) -> None:
        tab = await chat.visitor()
        await tab.send(type="handoff")
        assert [(await tab.frame())["type"], await tab.frame()] == ["message", {"type": "status", "status": "waiting"}]
        assert (await chat.again(tab)).ready["status"] == "waiting"
        assert parts(await tab.say("Oi")) == ["Certo."]

    async def test_an_ended_conversation_takes_no_more(self, chat: Chat) -> None:
        tab = await chat.visitor()
        await tab.say("Oi")
        await tab.send(type="end")
        assert (await tab.until("status"))[-1]["status"] == "closed"
        await tab.write("Mais uma", "k9")
        error = await tab.frame()
        assert (error["code"], error["client_id"]) == ("conversation_closed", "k9")

    async def test_after_the_end_hello_opens_a_new_conversation(self, chat: Chat) -> None:
        tab = await chat.visitor()
        await tab.say("Oi")
        await tab.send(type="end")
        await tab.until("status")
        again = await chat.again(tab, conversation=tab.ready["conversation"])
        assert (again.ready["status"], again.ready["history"]) == ("assistant", [])
        assert parts(await again.say("Oi de novo")) == ["Certo."]

    async def test_a_row_acknowledged_before_the_end_keeps_its_ack(self, chat: Chat) -> None:
        tab = await chat.visitor()
        ack = (await tab.say("Oi", "k1"))[0]
        await tab.send(type="end")
        await tab.until("status")
        await tab.write("Oi", "k1")
        assert await tab.frame() == ack


class TestLimits:
    """Too much, too long, too late."""

    async def test_who_writes_too_fast_is_told_when_to_write_again(self, chat: Chat) -> None:
        chat.settings.RATE_LIMIT_VISITOR = "2/h"
        tab = await chat.visitor()
        await tab.say("um")
        await tab.say("dois")
        await tab.write("três", "k3")
        error = await tab.frame()
        assert (error["code"], error["client_id"]) == ("rate_limited", "k3")
        assert 1700 < error["retry_after"] <= 1801

    async def test_a_flooder_spends_nobody_elses_allowance(self, chat: Chat) -> None:
        chat.settings.RATE_LIMIT_VISITOR, chat.settings.RATE_LIMIT_ADDRESS = "2/h", "4/h"
        flooder, neighbour = await chat.visitor(), await chat.visitor()
        for _ in range(20):
            await flooder.write("!")
        await flooder.settled()
        assert parts(await neighbour.say("Oi")) == ["Certo."]
        assert parts(await neighbour.say("Tudo bem?")) == ["Certo."]

    async def test_visitors_without_end_from_one_address_are_slowed_down(self, chat: Chat) -> None:
        chat.settings.RATE_LIMIT_VISITOR, chat.settings.RATE_LIMIT_ADDRESS = "2/h", "3/h"
        for _ in range(3):
            await (await chat.visitor()).say("Oi")
        late, elsewhere = await chat.visitor(), await chat.visitor(address="198.51.100.7")
        await late.write("Oi")
        assert (await late.frame())["code"] == "rate_limited"
        assert parts(await elsewhere.say("Oi")) == ["Certo."]

    async def test_who_goes_on_flooding_is_closed(self, chat: Chat) -> None:
        chat.settings.RATE_LIMIT_VISITOR = "1/h"
        tab = await chat.visitor()
        for number in range(60):
            await tab.write("!", f"k{number}")
        assert await tab.closed() == 4429

    async def test_frames_without_end_are_refused_and_named(self, chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sockets, "FRAMES_OF_ONE_SOCKET", sockets.Rate(2, 3600))
        chat.settings.RATE_LIMIT_VISITOR = "100/m"
        tab = await chat.visitor()
        await tab.send(type="typing")
        await tab.write("Oi", "k1")
        error = await tab.frame()
        assert (error["code"], error["client_id"], error["retry_after"]) == ("rate_limited", "k1", 2)

    async def test_garbage_without_end_is_closed(self, chat: Chat) -> None:
        tab = await chat.visitor()
        for _ in range(40):
            await tab.raw("{")
        assert await tab.closed() == 4429

    async def test_an_idle_socket_is_closed(self, chat: Chat) -> None:
        chat.settings.SOCKET_IDLE_SECONDS = 0.03
        tab = await chat.visitor()
        assert await tab.closed() == 4408

    async def test_a_clean_stop_closes_for_a_restart(self, chat: Chat) -> None:
        tabs = [await chat.visitor(), await chat.visitor("beta")]
        await consumers.close_all()
        assert [await tab.closed() for tab in tabs] == [1012, 1012]

    async def test_nothing_is_sent_behind_a_close(self, chat: Chat) -> None:
        tab = await chat.visitor()
        other = await chat.again(tab)
        await tab.raw("x" * 70_000)
        assert await tab.closed() == 1009
        await other.say("Oi")
        await consumers.close_all()
        assert await tab.wire.receive_nothing(0.01)


@pytest.fixture
async def asking(chat: Chat) -> Chat:
    """The stage, with a business that asks for consent."""
    await sync_to_async(chat.dress)("alfa", consent=Consent(required=True, version="v2", text="Pode?"))
    return chat


async def _agree(tab: Tab, version: str = "v2") -> None:
    await tab.send(type="consent", version=version, granted=True)
    await tab.until("message")


async def _long_conversation(chat: Chat, rows: int) -> Tab:
    tab = await chat.visitor()
    visitor, conversation = _visitor_of(tab.ready), tab.ready["conversation"]
    told = [
        Row(f"m{n}", "", visitor, role="system", content=str(n), author="visitor", status="sent") for n in range(rows)
    ]
    CsvFiles("alfa", root=chat.settings.DATA_DIR).append(conversation, told)
    return tab


def _visitor_of(ready: dict[str, Any], slug: str = "alfa") -> str | None:
    return tokens.read(slug, ready["visitor"])


def _files_hold(chat: Chat, text: str) -> int:
    return sum(path.read_text().count(text) for path in chat.settings.DATA_DIR.glob("alfa/conversations/*.csv"))


def _close_business(slug: str) -> None:
    tenant = Tenant.objects.get(slug=slug)
    tenant.active = False
    tenant.save()


def _full(*args: object) -> None:
    raise NotStored("no space left on device")


def _broken(*args: object, **kwargs: object) -> None:
    raise RuntimeError("broken")


async def test_a_socket_that_cannot_be_told_any_more_is_closed_to_come_back(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(self: object, event: object) -> None:
        raise RuntimeError("broken")

    tab = await chat.visitor()
    monkeypatch.setattr("conversations.consumers.ChatConsumer.chat_frames", broken)
    await tab.write("Oi")
    assert await tab.closed() == 1012
