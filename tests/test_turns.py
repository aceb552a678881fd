"""The turns: who is answered when, by one reply at a time, whatever happens meanwhile."""

import asyncio
import json
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer

from conversations.core.records import Row, from_json
from conversations.core.wording import say
from conversations.llm.base import Cut, ModelError, RateLimited, Refused, TimedOut
from conversations.llm.scripted import ScriptedModel
from conversations.recovery import catch_up, changed
from conversations.storage import storage_for
from conversations.storage.base import NotStored
from conversations.storage.csv_files import CsvFiles
from conversations.turns import Turns, turns
from tenants_app.access import active_tenant
from tests.chat_cast import Chat, Tab, eventually, parts

LONG = "Esta frase enche sozinha uma parte inteira da resposta, para que ela saia antes de a próxima ser conhecida. "


class TestOneAtATime:
    """A conversation has one reply at a time."""

    async def test_who_writes_on_before_a_part_is_out_gets_one_reply_to_both(self, chat: Chat) -> None:
        model = chat.script([asyncio.Event()], ["Certo."])
        tab = await chat.visitor()
        await tab.write("Oi")
        await eventually(lambda: len(model.prompts) == 1)
        frames = await tab.say("E mais isto")
        frames += await tab.until("done")
        assert parts(frames) == ["Certo."]
        assert [row.role for row in chat.rows(tab)] == ["user", "user", "assistant"]
        assert from_json(chat.rows(tab)[2].receipt)["answers"] == [1, 2]

    async def test_the_overtaken_turn_is_done_before_the_next_begins(self, chat: Chat) -> None:
        model = chat.script([asyncio.Event()], ["Certo."])
        tab = await chat.visitor()
        await tab.write("Oi")
        await eventually(lambda: len(model.prompts) == 1)
        first, second = await tab.say("E mais isto"), await tab.until("done")
        assert first[-1]["reply"] != second[-1]["reply"]
        assert (parts(first), first[-1]["seq"], second[-1]["seq"]) == ([], 2, 3)

    async def test_what_comes_when_parts_are_out_is_answered_after_that_reply(self, chat: Chat) -> None:
        rest = asyncio.Event()
        model = chat.script([LONG, LONG, rest, "Fim."], ["Segunda."])
        tab = await chat.visitor()
        await tab.write("Oi")
        await tab.until("message")
        await tab.write("Mais uma")
        await tab.until("ack")
        rest.set()
        assert parts(await tab.until("done"))[-1].endswith("Fim.")
        assert parts(await tab.until("done")) == ["Segunda."]
        assert [from_json(row.receipt).get("answers") for row in chat.rows(tab) if row.part == "1"] == [[1], [3]]
        assert len(model.prompts) == 2

    async def test_delays_count_from_the_row_that_waited(self, chat: Chat) -> None:
        rest = asyncio.Event()
        chat.script([LONG, LONG, rest, "Fim."], ["Segunda."])
        tab = await chat.visitor()
        await tab.write("Oi")
        await tab.until("message")
        await tab.write("Mais uma")
        await tab.until("ack")
        await asyncio.sleep(0.05)
        rest.set()
        await tab.until("done")
        await tab.until("done")
        assert int(chat.rows(tab)[-1].response_time_ms) >= 50

    async def test_two_processes_that_share_a_folder_never_answer_twice(self, chat: Chat) -> None:
        tab, tenant = await chat.visitor(), await sync_to_async(active_tenant)("alfa")
        conversation = tab.ready["conversation"]
        one, other = Turns(ScriptedModel([LONG, LONG, "Fim."])), Turns(ScriptedModel([LONG, LONG, "Fim."]))
        storage_for("alfa").append(conversation, [_visitors_row("Oi")])
        one.start(tenant, conversation, added=1)
        other.start(tenant, conversation, added=1)
        await asyncio.gather(one.answered("alfa", conversation), other.answered("alfa", conversation))
        assert len({row.reply_id for row in chat.rows(tab) if row.role == "assistant"}) == 1

    async def test_a_process_that_waits_takes_over_what_the_other_left(self, chat: Chat) -> None:
        tab, tenant = await chat.visitor(), await sync_to_async(active_tenant)("alfa")
        conversation = tab.ready["conversation"]
        dying, other = Turns(ScriptedModel([asyncio.Event()])), Turns(ScriptedModel(["Certo."]))
        storage_for("alfa").append(conversation, [_visitors_row("Oi")])
        dying.start(tenant, conversation, added=1)
        await eventually(lambda: dying.busy("alfa", conversation))
        other.start(tenant, conversation, added=1)
        await dying.stop()
        await other.answered("alfa", conversation)
        assert chat.said(tab) == ["Certo."]

    async def test_many_conversations_are_answered_at_once(self, chat: Chat) -> None:
        word = asyncio.Event()
        model = chat.script([word, "Certo."])
        tabs = [await chat.visitor() for _ in range(10)]
        for tab in tabs:
            await tab.write("Oi")
        await eventually(lambda: len(model.prompts) == 10)
        word.set()
        assert [parts(await tab.until("done")) for tab in tabs] == [["Certo."]] * 10


class TestRows:
    """What a reply leaves in the file."""

    async def test_parts_are_numbered_and_only_the_last_is_complete(self, chat: Chat) -> None:
        chat.script([LONG * 4])
        tab = await chat.visitor()
        await tab.say("Oi")
        [_, *told] = chat.rows(tab)
        assert [row.part for row in told] == [str(number) for number in range(1, len(told) + 1)]
        assert [row.status for row in told] == ["part"] * (len(told) - 1) + ["complete"]
        assert len(told) > 2

    async def test_the_receipt_tells_answers_first_and_the_rest_last(self, chat: Chat) -> None:
        chat.script([LONG * 4])
        tab = await chat.visitor()
        await tab.say("Oi")
        [_, first, *_, last] = chat.rows(tab)
        assert json.loads(first.receipt) == {"answers": [1]}
        assert set(json.loads(last.receipt)) == {"delay", "finish", "guardrails", "knowledge"}
        assert set(json.loads(last.receipt)["delay"]) == {"queue", "first_token", "total"}

    async def test_every_part_names_its_maker(self, chat: Chat) -> None:
        tab = await chat.visitor()
        await tab.say("Oi")
        row = chat.rows(tab)[1]
        assert (row.provider, row.model, row.version, row.author) == ("scripted", "scripted", "1", "assistant")
        assert (row.error_code, row.channel, row.tenant_id) == ("", "web", "alfa")

    async def test_a_nul_that_a_model_says_never_reaches_the_file(self, chat: Chat) -> None:
        chat.script(["Cer\0to."])
        tab = await chat.visitor()
        await tab.say("Oi")
        assert chat.said(tab) == ["Certo."]

    async def test_a_model_without_words_is_at_a_loss_for_them(self, chat: Chat) -> None:
        chat.script([" \n", ""])
        assert parts(await (await chat.visitor()).say("Oi")) == [say("lost_words", "pt")]

    async def test_a_second_greeting_is_taken_off_and_noted(self, chat: Chat) -> None:
        chat.script(["Olá, Ana! Como vai?"], ["O", "lá, A", "na! O pre", "ço é R$ 10."])
        tab = await chat.visitor()
        await tab.say("Oi")
        assert parts(await tab.say("Quanto custa?")) == ["O preço é R$ 10."]
        assert json.loads(chat.rows(tab)[-1].receipt)["guardrails"] == ["second_greeting"]


class TestFailures:
    """What the visitor gets when something breaks."""

    @pytest.mark.parametrize(
        ("error", "code"),
        [
            (TimedOut("slow"), "timeout"),
            (RateLimited("much"), "rate_limited"),
            (Refused("key"), "refused"),
            (Cut("x"), "cut"),
        ],
    )
    async def test_a_model_that_fails_before_a_word_leaves_the_answer_to_the_offline_one(
        self, chat: Chat, error: ModelError, code: str
    ) -> None:
        chat.script([error])
        tab = await chat.visitor()
        said = parts(await tab.say("Oi, me chamo Ana"))
        assert say("model_failed", "pt") in " ".join(" ".join(said).split())
        assert "Ana" in said[0]
        assert {(row.provider, row.error_code) for row in chat.rows(tab)[1:]} == {("offline", code)}

    async def test_what_was_said_but_not_shown_before_a_failure_is_forgotten(self, chat: Chat) -> None:
        chat.script(["Meia pala", Cut("gone")])
        tab = await chat.visitor()
        assert "Meia pala" not in " ".join(parts(await tab.say("Oi")))
        assert chat.rows(tab)[-1].provider == "offline"

    async def test_a_reply_that_breaks_in_the_middle_says_so_and_holds_what_was_shown(self, chat: Chat) -> None:
        chat.script([LONG, LONG, "E ent", Cut("gone")])
        tab = await chat.visitor()
        said = parts(await tab.say("Oi"))
        assert said[-1].endswith(say("interrupted", "pt"))
        assert said == chat.said(tab)
        assert (chat.rows(tab)[-1].error_code, chat.rows(tab)[-1].status) == ("cut", "complete")

    async def test_a_fault_inside_a_backend_is_its_failure(self, chat: Chat, caplog: pytest.LogCaptureFixture) -> None:
        chat.script(_faulty)
        tab = await chat.visitor()
        assert say("model_failed", "pt") in " ".join(parts(await tab.say("Oi")))
        assert (chat.rows(tab)[-1].provider, chat.rows(tab)[-1].error_code) == ("offline", "invalid")
        assert "unforeseen" in caplog.text

    async def test_when_all_fails_the_visitor_is_told_and_the_next_message_works(
        self, chat: Chat, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tab = await chat.visitor()
        with monkeypatch.context() as broken:
            broken.setattr("conversations.agent.prompt_for", _faulty)
            frames = await _until_error(tab, "Oi")
        assert frames[-1]["code"] == "unavailable"
        await tab.say("E agora?")
        assert from_json(chat.rows(tab)[2].receipt)["answers"] == [1, 2]

    async def test_what_comes_while_a_turn_fails_is_tried_on_its_own(self, chat: Chat) -> None:
        tab, reading = await chat.visitor(), asyncio.Event()
        with pytest.MonkeyPatch.context() as broken:

            async def slow(running: Any) -> None:
                broken.undo()
                await reading.wait()
                raise RuntimeError("broken")

            broken.setattr("conversations.turns._Running.read", slow)
            await tab.write("Oi")
            await tab.write("Olá?")
            await tab.until("ack")
            await tab.until("ack")
            reading.set()
            assert parts(await tab.until("done")) == ["Certo."]

    async def test_a_full_disk_holds_the_reply_until_there_is_room(
        self, chat: Chat, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        append, failures = CsvFiles.append, iter(range(3))

        def scarce(self: CsvFiles, conversation: str, rows: list[Row], *more: Any) -> Any:
            if rows[0].role == "assistant" and next(failures, None) is not None:
                raise NotStored("no space left on device")
            return append(self, conversation, rows, *more)

        monkeypatch.setattr(CsvFiles, "append", scarce)
        monkeypatch.setattr(CsvFiles, "begin", lambda *rows: None)
        tab = await chat.visitor()
        frames = await tab.say("Oi")
        assert next(failures, None) is None
        assert [frame["type"] for frame in frames] == ["ack", "typing", "message", "typing", "done"]
        assert chat.said(tab) == parts(frames) == ["Certo."]

    async def test_a_disk_without_room_for_a_lock_is_waited_for(
        self, chat: Chat, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lease, failures = CsvFiles.lease, iter(range(3))

        def scarce(self: CsvFiles, conversation: str) -> Any:
            if next(failures, None) is not None:
                raise NotStored("no space left on device")
            return lease(self, conversation)

        monkeypatch.setattr(CsvFiles, "lease", scarce)
        assert parts(await (await chat.visitor()).say("Oi")) == ["Certo."]

    async def test_a_broken_channel_layer_stops_no_reply(self, chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
        tab = await chat.visitor()
        with monkeypatch.context() as broken:
            broken.setattr(get_channel_layer(), "group_send", _broken_push)
            await tab.write("Oi")
            await tab.until("ack")
            await turns.answered("alfa", tab.ready["conversation"])
        await tab.send(type="sync", after=0)
        assert [m["content"] for m in (await tab.until("history"))[-1]["messages"]] == ["Oi", "Certo."]


class TestOutliving:
    """A reply needs neither its socket nor its process."""

    async def test_a_reply_outlives_the_socket(self, chat: Chat) -> None:
        word = asyncio.Event()
        chat.script([word, "Certo."])
        tab = await chat.visitor()
        await tab.write("Oi")
        await tab.until("typing")
        await tab.leave()
        word.set()
        await turns.answered("alfa", tab.ready["conversation"])
        again = await chat.again(tab, last_seen=1)
        assert [message["content"] for message in again.ready["history"]] == ["Certo."]

    async def test_what_a_stop_left_unanswered_is_answered_after_the_start(self, chat: Chat) -> None:
        chat.script([asyncio.Event()], ["Certo."])
        tab = await chat.visitor()
        await tab.write("Oi")
        await tab.until("typing")
        await turns.stop()
        await _start(chat)
        await turns.answered("alfa", tab.ready["conversation"])
        assert chat.said(tab) == ["Certo."]

    async def test_a_reply_that_a_stop_cut_off_is_closed_under_its_own_id(self, chat: Chat) -> None:
        chat.script([LONG, LONG, asyncio.Event()])
        tab = await chat.visitor()
        await tab.write("Oi")
        first = (await tab.until("message"))[-1]["message"]
        await turns.stop()
        await _start(chat)
        end = await tab.until("done")
        [*_, last] = chat.rows(tab)
        assert (last.reply_id, last.status, last.error_code) == (first["reply"], "complete", "cut")
        assert (parts(end), end[-1]["reply"]) == ([say("interrupted", "pt")], first["reply"])

    async def test_a_cut_reply_that_the_visitor_overtakes_is_named_by_the_next(self, chat: Chat) -> None:
        chat.script([LONG, LONG, asyncio.Event()], ["Certo."])
        tab = await chat.visitor()
        await tab.write("Oi")
        cut = (await tab.until("message"))[-1]["message"]["reply"]
        await turns.stop()
        await tab.say("Ainda aí?")
        assert from_json(chat.rows(tab)[-1].receipt)["supersedes"] == cut

    async def test_the_delay_after_a_restart_counts_from_the_visitors_row(self, chat: Chat) -> None:
        tab, tenant = await chat.visitor(), await sync_to_async(active_tenant)("alfa")
        old = _visitors_row("Oi")._replace(timestamp="2026-01-01T00:00:00.000Z")
        storage_for("alfa").append(tab.ready["conversation"], [old])
        turns.start(tenant, tab.ready["conversation"])
        await turns.answered("alfa", tab.ready["conversation"])
        assert int(chat.rows(tab)[-1].response_time_ms) > 86_400_000


def _visitors_row(text: str) -> Row:
    return Row(
        "m1", "", "v1", role="user", content=text, author="visitor", status="received", channel="web", language="pt"
    )


async def _start(chat: Chat) -> None:
    await chat.flushed()
    tenant = await sync_to_async(active_tenant)("alfa")
    for conversation in await sync_to_async(catch_up)("alfa", changed("alfa")):
        turns.start(tenant, conversation)


async def _until_error(tab: Tab, text: str) -> list[dict[str, Any]]:
    await tab.write(text)
    return await tab.until("error")


def _faulty(*args: object) -> Any:
    raise RuntimeError("broken")


async def _broken_push(*args: object) -> None:
    raise ConnectionError("the layer is down")
