"""Nothing doubled, order kept: whatever is sent again, from wherever, is stored once, answered once, seen once."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from hypothesis import settings as effort
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule
from hypothesis.stateful import run_state_machine_as_test as try_to_break

from conversations import tokens
from conversations.core.records import Role, Row, from_json
from conversations.index import writer
from conversations.models import Conversation
from conversations.neighbours import neighbours
from conversations.python_api import process_message
from conversations.storage import storage_for, verify
from conversations.storage.csv_files import READINGS
from conversations.turns import turns
from tests.chat_cast import Chat, Tab, parts

T = TypeVar("T")
TEXTS = st.sampled_from(["Oi", "Quanto custa?", '=1+1,"a"\r\nb', "ñ ☂", "Oi de novo"])


class Conversations(RuleBasedStateMachine):
    """One visitor's conversation: tabs, scripts and another process write into it; the server starts anew at times."""

    settings: Any
    examples = 0
    sent = Bundle("sent")

    @initialize()
    def begin(self) -> None:
        Conversations.examples += 1
        self.loop, self.stage = asyncio.Runner(), Chat(self.settings)
        self.stage.script()
        self.who = f"visitor {Conversations.examples}"
        process_message("Oi", "alfa", session_key=self.who)  # a visitor whom scripts and sockets know
        writer.flush()
        self.conversation_id = Conversation.objects.latest("pk").conversation_id
        self.said, self.acks = ["Oi"], dict[str, Any]()
        self.tabs: list[Tab] = []
        self.screens: list[dict[int, Any]] = []
        self.open_a_tab()

    def teardown(self) -> None:
        if hasattr(self, "loop"):
            self.run(self.stage.end())
            self.run(get_channel_layer().flush())  # names of channels are random, and hypothesis repeats chance
            self.loop.close()

    @rule()
    def open_a_tab(self) -> None:
        if len(self.tabs) < 4:
            token = tokens.issue("alfa", self.rows()[0].user_id)
            self.tabs.append(self.run(self.stage.visitor(visitor=token)))
            self.screens.append({})
            self.watch(len(self.tabs) - 1, [self.tabs[-1].ready])
            assert self.tabs[-1].ready["conversation"] == self.conversation_id

    @rule(target=sent, text=TEXTS, tab=st.integers(0, 3))
    def say(self, text: str, tab: int) -> str:
        client_id = f"{self.who} {len(self.acks)}"
        [ack] = self.write([(tab, client_id, text)])
        self.acks[client_id] = ack
        self.said.append(text)
        return client_id

    @rule(target=sent, texts=st.lists(TEXTS, min_size=2, max_size=5))
    def say_at_once_in_every_tab(self, texts: list[str]) -> str:
        client_id = f"{self.who} {len(self.acks)}"
        acks = self.write([(tab, client_id, text) for tab, text in enumerate(texts)])
        self.acks[client_id] = acks[0]
        self.said.append(acks[0]["content"])
        assert acks == [acks[0]] * len(texts)
        assert acks[0]["content"] in texts
        return client_id

    @rule(client_id=sent, texts=st.lists(TEXTS, min_size=1, max_size=4), tab=st.integers(0, 3))
    def say_again(self, client_id: str, texts: list[str], tab: int) -> None:
        before = len(self.rows())
        acks = self.write([(tab + number, client_id, text) for number, text in enumerate(texts)])
        assert (acks, len(self.rows())) == ([self.acks[client_id]] * len(texts), before)

    @rule(text=TEXTS)
    def a_script_writes(self, text: str) -> None:
        assert process_message(text, "alfa", session_key=self.who) == ["Certo."]
        self.said.append(text)

    @rule(text=TEXTS)
    def another_process_writes(self, text: str) -> None:
        row = Row(tokens.new_id("m"), "", self.rows()[0].user_id, role=Role.USER, content=text, status="answered")
        done = storage_for("alfa").append(self.conversation_id, [row])
        writer.note("alfa", self.conversation_id, *done.transcript.summed_up())
        READINGS.forget_all()
        self.said.append(text)
        self.run(neighbours.look())

    @rule()
    def the_server_starts_anew(self) -> None:
        self.run(self.stage.end())
        self.tabs, self.screens, self.stage.tabs = [], [], []
        storage_for.cache_clear()
        READINGS.forget_all()
        self.open_a_tab()

    @invariant()
    def everything_is_stored_once_answered_once_and_seen(self) -> None:
        rows = self.rows()
        theirs = [row for row in rows if row.role == Role.USER]
        answered = [seq for row in rows if row.part == "1" for seq in from_json(row.receipt)["answers"]]
        asked = [int(row.seq) for row in theirs if row.status == "received"]
        assert [row.content for row in theirs] == [text.strip() for text in self.said]
        assert [row.seq for row in rows] == [str(number) for number in range(1, len(rows) + 1)]
        assert sorted(answered) == asked
        assert verify.faults(storage_for("alfa").raw(self.conversation_id)) == []
        for number in range(len(self.tabs)):
            self.run(self._hear(number, len(rows)))
            assert sorted(self.screens[number].items()) == [(int(row.seq), row.message_id) for row in rows]
        writer.flush()
        index = Conversation.objects.get(conversation_id=self.conversation_id)
        assert (index.last_seq, index.visitor_messages) == (len(rows), len(theirs))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run(work)

    def rows(self) -> list[Row]:
        return storage_for("alfa").read(self.conversation_id).rows

    def write(self, messages: list[tuple[int, str, str]]) -> list[dict[str, Any]]:
        """Send all at once, a tab, client id and text each; their acks."""
        return self.run(self._write([(number % len(self.tabs), *message) for number, *message in messages]))

    async def _write(self, messages: list[tuple[int, str, str]]) -> list[dict[str, Any]]:
        for tab, client_id, text in messages:
            await self.tabs[tab].write(text, client_id)
        acks = []
        for tab, _, _ in messages:
            frames = await self.tabs[tab].until("ack")
            self.watch(tab, frames)
            acks.append(frames[-1]["message"])
        await turns.answered("alfa", self.conversation_id)
        return acks

    async def _hear(self, number: int, rows: int) -> None:
        # What a script pushed while the loop stood still comes in between the next answers.
        self.watch(number, await self.tabs[number].settled())
        for _ in range(20):
            if len(self.screens[number]) < rows:
                self.watch(number, await self.tabs[number].settled())

    def watch(self, number: int, frames: list[dict[str, Any]]) -> None:
        """Put on the tab's screen what these frames show."""
        for frame in frames:
            shown = [frame["message"]] if "message" in frame else frame.get("history", [])
            self.screens[number].update({message["seq"]: message["id"] for message in shown})


@pytest.mark.usefixtures("transactional_db", "tenants")
def test_whatever_is_sent_again_is_stored_once_answered_once_and_seen(settings: Any) -> None:
    settings.RATE_LIMIT_VISITOR = settings.RATE_LIMIT_ADDRESS = ""
    Conversations.settings = settings
    try_to_break(Conversations, settings=effort(max_examples=12, stateful_step_count=12, deadline=None))


BAD_IDS = [
    "", "x" * 129, "a\tb", "a\nb", "\r", "\0", "a\0", "\x1b", "\x7f", "é", "٣", "\u200b", "\ud83d", "\u00a0", 7, None,
    ["a"], True,
]  # fmt: skip


@pytest.mark.parametrize("client_id", BAD_IDS)
async def test_a_bad_client_id_is_refused_and_stores_nothing(chat: Chat, client_id: object) -> None:
    tab = await chat.visitor()
    await tab.send(type="message", client_id=client_id, text="Oi")
    answer = await tab.frame()
    assert (answer["type"], answer["code"]) == ("error", "bad_frame")
    assert not list(chat.settings.DATA_DIR.glob("alfa/conversations/*.csv"))
    assert (await tab.say("Oi", "~" * 128))[0]["message"]["seq"] == 1


async def test_a_message_without_a_client_id_is_refused_and_stores_nothing(chat: Chat) -> None:
    tab = await chat.visitor()
    await tab.send(type="message", text="Oi")
    assert (await tab.frame())["code"] == "bad_frame"
    assert not list(chat.settings.DATA_DIR.glob("alfa/conversations/*.csv"))


async def test_a_resend_to_a_closed_conversation_gets_the_ack_of_then(chat: Chat) -> None:
    tab = await chat.visitor()
    first = (await tab.say("Oi", "same"))[0]
    await tab.send(type="end")
    await tab.until("status")
    await tab.write("Outra coisa", "same")
    assert await tab.frame() == first
    await tab.write("Oi", "another")
    assert (await tab.frame())["code"] == "conversation_closed"


async def test_one_client_id_may_be_two_visitors_own(chat: Chat) -> None:
    tabs = [await chat.visitor(), await chat.visitor(), await chat.visitor("beta")]
    assert [(await tab.say("Oi", "same"))[0]["message"]["seq"] for tab in tabs] == [1, 1, 1]


async def test_a_resend_asks_for_the_answer_that_a_crash_left_out(chat: Chat) -> None:
    tab = await chat.visitor()
    row = Row("m1", "", "v1", role=Role.USER, content="Oi", client_id="same", status="received", author="visitor")
    storage_for("alfa").append(tab.ready["conversation"], [row])
    assert parts(await tab.say("Oi", "same")) == ["Certo."]
    assert [row.role for row in chat.rows(tab)] == [Role.USER, Role.ASSISTANT]


async def test_who_comes_back_to_a_message_of_a_dead_process_gets_the_answer(chat: Chat) -> None:
    tab = await chat.visitor()
    visitor = tokens.read("alfa", tab.ready["visitor"]) or ""
    row = Row("m1", "", visitor, role=Role.USER, content="Oi", client_id="k", status="received", author="visitor")
    storage_for("alfa").append(tab.ready["conversation"], [row])
    again = await chat.again(tab)
    assert ([one["seq"] for one in again.ready["history"]], again.ready["busy"]) == ([1], False)
    assert parts(await again.until("done")) == ["Certo."]


async def test_what_a_script_says_and_hears_is_seen_in_the_open_tabs(chat: Chat) -> None:
    await sync_to_async(process_message)("Oi", "alfa", session_key="s")
    [entry] = storage_for("alfa").entries()
    visitor = storage_for("alfa").read(entry.conversation_id).rows[0].user_id
    tab = await chat.visitor(visitor=tokens.issue("alfa", visitor))
    await sync_to_async(process_message)("Quanto custa?", "alfa", session_key="s")
    frames = await tab.until("done")
    seen = [(one["message"]["seq"], one["message"]["content"]) for one in frames if "message" in one]
    assert seen == [(3, "Quanto custa?"), (4, "Certo.")]
