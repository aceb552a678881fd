"""Answers through a Chat Completions server, real HTTP on loopback: the text as it comes, and every way to fail."""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.fake_model import FakeModel
from conversations.core.prompt import Prompt
from conversations.core.transcript import Transcript
from conversations.llm import openai_chat
from conversations.llm.base import Cut, Invalid, ModelError, Outcome, RateLimited, Refused, TimedOut, Unreachable
from conversations.llm.openai_chat import ELLIPSIS, OpenAIChatModel
from conversations.llm.sse import EventDecoder
from tenants_app.documents import parse_documents
from tests.chat_cast import eventually
from tests.conversation_rows import numbered, visitor

KEY = "sk-a-secret-of-the-tests"
TEXT = "Olá! Ação, coração e 👩‍👩‍👧 custam R$ 10,00. 😀 Até já."
FIRST, STALL = 0.5, 0.25  # seconds of patience in these tests
AT_MOST = 3.0


@pytest.fixture(autouse=True)
def _no_long_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai_chat.random, "uniform", lambda low, high: 0.01)


class Asked:
    """One request to the model through us: what was said, how it ended, how long it took."""

    def __init__(self) -> None:
        self.text, self.outcome = "", Outcome()
        self.error: ModelError | None = None
        self.seconds = 0.0


def model_at(url: str, **values: Any) -> OpenAIChatModel:
    """The model behind this address, with little patience."""
    options = {"model": "fake", "api_key": KEY, "first_token_seconds": FIRST, "stall_seconds": STALL} | values
    return OpenAIChatModel(base_url=url, **options)


def prompt(**config: Any) -> Prompt:
    """A visitor's one question."""
    settled = {"agent_name": "Clara", "business_name": "Alfa", "system_instructions": "Segredo da persona"}
    documents = parse_documents(settled | config, {}, [])
    return Prompt(documents, Transcript(numbered(visitor("Quanto custa?"))), "pt", "now", {}, False, 1, (1,))


async def ask(url: str, asked_prompt: Prompt | None = None, **values: Any) -> Asked:
    """Ask once, to the end."""
    asked, model, begun = Asked(), model_at(url, **values), time.monotonic()
    try:
        async for piece in model.stream(asked_prompt or prompt(), asked.outcome):
            asked.text += piece
    except ModelError as error:
        asked.error = error
    finally:
        asked.seconds = time.monotonic() - begun
        await model.aclose()
    return asked


@pytest.fixture
async def faulty() -> AsyncIterator[Any]:
    """Asks a server with this fault; the answer and the server, which holds no reply any more."""
    servers = []

    async def asked(fault: str = "", **settings: Any) -> tuple[Asked, FakeModel]:
        ours = {key: settings.pop(key) for key in ("first_token_seconds", "stall_seconds") if key in settings}
        server = await FakeModel(**{"fault": fault, "text": TEXT} | settings).__aenter__()
        servers.append(server)
        answer = await ask(server.url, **ours)
        await asyncio.wait_for(_all_closed(server), AT_MOST)
        assert answer.seconds < AT_MOST
        return answer, server

    yield asked
    for server in servers:
        await server.__aexit__(None, None, None)


async def _all_closed(server: FakeModel) -> None:
    while server.connections:
        await asyncio.wait([one.lost for one in server.connections])


class TestText:
    """What comes through."""

    @pytest.mark.parametrize("fault", ["", "null", "utf8", "surrogates", "comments", "crlf", "json", "badchunk"])
    async def test_the_text_comes_through_exactly(self, faulty: Any, fault: str) -> None:
        answer, server = await faulty(fault)
        assert (answer.text, answer.error, len(server.requests)) == (TEXT, None, 1)

    async def test_a_doubled_chunk_is_said_twice_as_sent(self, faulty: Any) -> None:
        answer, _server = await faulty("double", text="Sim.")
        assert (answer.text, answer.error) == ("Sim.Sim.", None)

    async def test_it_comes_in_pieces_while_it_is_said(self, faulty: Any) -> None:
        async with FakeModel(tokens=20, tps=200) as server:
            model, pieces = model_at(server.url), 0
            async for _piece in model.stream(prompt(), Outcome()):
                pieces += 1
            await model.aclose()
        assert pieces > 5

    async def test_tokens_are_counted(self, faulty: Any) -> None:
        outcome = (await faulty(""))[0].outcome
        assert (outcome.finish_reason, outcome.model) == ("stop", "fake")
        assert outcome.tokens_in > 0
        assert outcome.tokens_out > 0

    async def test_the_request_holds_the_prompt_the_key_and_the_personas_wishes(self) -> None:
        async with FakeModel(text=TEXT) as server:
            await ask(server.url, prompt(llm={"model": "other", "temperature": 0.2, "max_tokens": 50}))
        [request], [headers] = server.requests, server.headers
        assert request.pop("messages")[-1] == {"role": "user", "content": "Quanto custa?"}
        assert request.pop("stream_options") == {"include_usage": True}
        assert request == {"model": "other", "stream": True, "temperature": 0.2, "max_tokens": 50}
        assert headers["authorization"] == f"Bearer {KEY}"

    async def test_a_reply_cut_for_length_ends_with_an_ellipsis(self, faulty: Any) -> None:
        answer, _server = await faulty("length")
        assert answer.error is None
        assert answer.text.endswith(ELLIPSIS)
        assert answer.outcome.finish_reason == "length"

    async def test_a_reply_without_end_is_cut_between_words_and_its_connection_closed(
        self, faulty: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(openai_chat, "LONGEST_REPLY", 200)
        answer, server = await faulty("", text="palavra " * 5000)
        assert len(answer.text) <= 201
        assert answer.text.endswith(f"palavra{ELLIPSIS}")
        assert not server.connections

    async def test_one_client_serves_many_replies_at_once(self) -> None:
        async with FakeModel(tokens=30) as server:
            model = model_at(server.url)

            async def one() -> str:
                return "".join([piece async for piece in model.stream(prompt(), Outcome())])

            said = await asyncio.gather(*(one() for _ in range(20)))
            await model.aclose()
        assert len(set(said)) == 1
        assert said[0]


class TestRetries:
    """What is asked again, and what is not."""

    async def test_too_many_requests_are_waited_for_as_long_as_the_server_says(self, faulty: Any) -> None:
        answer, server = await faulty("429", times=2, retry_after=0.1)
        assert (answer.text, len(server.requests)) == (TEXT, 3)
        assert answer.seconds >= 0.2

    async def test_a_wait_beyond_our_patience_is_not_begun(self, faulty: Any) -> None:
        answer, server = await faulty("429", retry_after=30)
        assert isinstance(answer.error, RateLimited)
        assert (answer.error.after, len(server.requests)) == (30, 1)
        assert answer.seconds < FIRST

    @pytest.mark.parametrize("fault", ["500", "503", "429"])
    async def test_trouble_is_tried_three_times(self, faulty: Any, fault: str) -> None:
        answer, server = await faulty(fault, retry_after=0.01)
        assert isinstance(answer.error, RateLimited if fault == "429" else Unreachable)
        assert len(server.requests) == 3

    @pytest.mark.parametrize("fault", ["500", "503"])
    async def test_a_server_that_recovers_answers(self, faulty: Any, fault: str) -> None:
        answer, server = await faulty(fault, times=1)
        assert (answer.text, answer.error, len(server.requests)) == (TEXT, None, 2)

    @pytest.mark.parametrize(
        ("fault", "error"), [("401", Refused), ("403", Refused), ("404", Invalid), ("html", Invalid)]
    )
    async def test_what_asking_again_cannot_change_is_asked_once(self, faulty: Any, fault: str, error: type) -> None:
        answer, server = await faulty(fault)
        assert type(answer.error) is error
        assert len(server.requests) == 1

    async def test_a_server_that_leads_elsewhere_is_not_followed(self) -> None:
        async def lead(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            head = f"HTTP/1.1 307 Elsewhere\r\nLocation: {elsewhere.url}\r\nContent-Length: 0\r\n\r\n"
            writer.write(head.encode())
            await writer.drain()
            writer.close()

        async with FakeModel(text=TEXT) as elsewhere:
            leading = await asyncio.start_server(lead, "127.0.0.1", 0)
            async with leading:
                answer = await ask(f"http://127.0.0.1:{leading.sockets[0].getsockname()[1]}/v1")
            assert type(answer.error) is Invalid
            assert elsewhere.requests == []

    async def test_a_server_that_knows_no_optional_parameters_is_asked_plainly(self, faulty: Any) -> None:
        answer, server = await faulty("400", times=1)
        assert (answer.text, len(server.requests)) == (TEXT, 2)
        assert set(server.requests[1]) == {"model", "stream", "messages"}

    async def test_it_is_asked_plainly_at_once_the_next_time(self) -> None:
        async with FakeModel(fault="400", times=1, text=TEXT) as server:
            model = model_at(server.url)
            for _ in range(2):
                _ = [piece async for piece in model.stream(prompt(), Outcome())]
            await model.aclose()
        assert ["stream_options" in request for request in server.requests] == [True, False, False]

    async def test_a_plain_request_that_is_refused_too_is_invalid(self, faulty: Any) -> None:
        answer, server = await faulty("400")
        assert isinstance(answer.error, Invalid)
        assert len(server.requests) == 2


class TestSilence:
    """How long anything is waited for."""

    async def test_no_first_word_in_time(self, faulty: Any) -> None:
        answer, server = await faulty("", ttft=5.0)
        assert isinstance(answer.error, TimedOut)
        assert FIRST <= answer.seconds < FIRST + 0.5
        assert len(server.requests) == 1

    async def test_silence_in_the_middle(self, faulty: Any) -> None:
        answer, _server = await faulty("stall")
        assert isinstance(answer.error, TimedOut)
        assert TEXT.startswith(answer.text)
        assert answer.text
        assert answer.seconds < STALL + 0.5

    async def test_pings_are_no_sign_of_life(self) -> None:
        async with _serving(_PINGS) as url:
            answer = await ask(url)
        assert isinstance(answer.error, TimedOut)
        assert (answer.text, answer.seconds < 1.0) == ("Oi", True)

    async def test_nobody_listening(self, unused_tcp_port: int) -> None:
        answer = await ask(f"http://127.0.0.1:{unused_tcp_port}/v1")
        assert isinstance(answer.error, Unreachable)
        assert answer.seconds < AT_MOST


class TestBreaks:
    """Replies that end as they should not."""

    @pytest.mark.parametrize("fault", ["cut", "fin"])
    async def test_a_connection_that_ends_in_the_middle(self, faulty: Any, fault: str) -> None:
        answer, server = await faulty(fault, tps=200.0)
        assert type(answer.error) is Cut
        assert TEXT.startswith(answer.text)
        assert (bool(answer.text), len(server.requests)) == (True, 1)

    async def test_an_error_told_in_the_stream(self, faulty: Any) -> None:
        answer, _server = await faulty("error", tps=200.0)
        assert isinstance(answer.error, Unreachable)
        assert "overloaded" not in answer.text

    @pytest.mark.parametrize("fault", ["empty", "tools"])
    async def test_a_reply_without_a_word(self, faulty: Any, fault: str) -> None:
        answer, _server = await faulty(fault)
        assert (type(answer.error), answer.text) == (Invalid, "")

    async def test_a_filtered_reply(self, faulty: Any) -> None:
        answer, server = await faulty("content_filter")
        assert isinstance(answer.error, Refused)
        assert (answer.error.code, len(server.requests)) == ("refused", 1)

    @pytest.mark.parametrize(
        "body", [b"{}", b"[]", b"null", b"{", b'{"choices":[]}', b'{"choices":[{"message":{"content":""}}]}']
    )
    async def test_a_json_body_without_a_reply(self, body: bytes) -> None:
        async with _serving(_json(body)) as url:
            answer = await ask(url)
        assert (type(answer.error), answer.text) == (Invalid, "")

    async def test_a_line_without_end_is_not_collected(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("conversations.llm.sse.LONGEST_LINE", 10_000)
        async with _serving(_HEAD + b"data: " + b"x" * 200_000) as url:
            assert isinstance((await ask(url)).error, Invalid)

    async def test_who_stops_listening_frees_the_connection(self) -> None:
        async with FakeModel(tokens=500, tps=50) as server:
            model = model_at(server.url)
            async with aclosing(model.stream(prompt(), Outcome())) as pieces:  # type: ignore[type-var]
                async for _piece in pieces:
                    break
            await asyncio.wait_for(_all_closed(server), AT_MOST)
            await model.aclose()
        assert server.aborted == 1

    async def test_a_cancelled_reply_frees_the_connection(self) -> None:
        async with FakeModel(ttft=30.0) as server:
            asking = asyncio.create_task(ask(server.url, first_token_seconds=30.0))
            await eventually(lambda: bool(server.requests))
            asking.cancel()
            await asyncio.wait([asking])
            await asyncio.wait_for(_all_closed(server), AT_MOST)
        assert server.aborted == 1


@pytest.mark.parametrize("fault", sorted({"401", "429", "500", "503", "html", "cut", "stall", "empty", "400"}))
async def test_neither_key_nor_persona_nor_words_are_logged(
    faulty: Any, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answer, _server = await faulty(fault, retry_after=0.01)
    told = caplog.text + repr(answer.error)
    assert not any(secret in told for secret in (KEY, "Segredo da persona", "Quanto custa", "<html"))


class TestDecoder:
    """The event stream, whatever way its bytes are cut."""

    @given(st.text(min_size=1, max_size=60), st.integers(1, 9), st.sampled_from([b"\n\n", b"\r\n\r\n"]), st.booleans())
    def test_any_text_comes_through_any_cutting(self, text: str, size: int, end: bytes, ascii_only: bool) -> None:
        events = [_event(part, ascii_only) for part in (text[:7], text[7:])]
        stream = b": ping" + end + end.join([*events, b"data:[DONE]"]) + end
        decoder = EventDecoder(Outcome())
        said = "".join(decoder.feed(stream[at : at + size]) for at in range(0, len(stream), size)) + decoder.close()
        assert (said, decoder.over) == (text, True)

    @given(st.lists(st.characters(min_codepoint=0x10000, max_codepoint=0x10FFFF), min_size=1, max_size=5))
    def test_halves_of_pairs_in_events_of_their_own_are_joined(self, characters: list[str]) -> None:
        units = "".join(characters).encode("utf-16-be")
        halves = [units[at : at + 2].decode("utf-16-be", "surrogatepass") for at in range(0, len(units), 2)]
        decoder = EventDecoder(Outcome())
        assert "".join(decoder.feed(_event(half, True) + b"\n\n") for half in halves) == "".join(characters)

    @given(st.binary(max_size=200))
    def test_any_bytes_are_text_or_a_model_error(self, data: bytes) -> None:
        decoder = EventDecoder(Outcome())
        with suppress(ModelError):
            text = decoder.feed(b"data: " + data + b"\n") + decoder.close()
            assert text.encode().decode() == text

    @pytest.mark.parametrize(
        "chunk",
        [
            '{"choices":[{"delta":{"content":"Oi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1.5}}',
            '{"choices":[{"delta":{"content":"Oi","role":7},"finish_reason":"stop","index":"x"}],"usage":"none"}',
            '{"choices":[{"message":{"content":"Oi"},"finish_reason":"stop"}],"usage":[]}',
        ],
    )
    def test_strange_fields_beside_the_text_do_no_harm(self, chunk: str) -> None:
        decoder = EventDecoder(Outcome())
        assert decoder.feed(f"data: {chunk}\n\n".encode()) + decoder.close() == "Oi"

    def test_deep_nesting_is_passed_over(self) -> None:
        decoder = EventDecoder(Outcome())
        assert decoder.feed(b'data: {"choices":' + b"[" * 50_000 + b"\n\n") == ""


def _event(text: str, ascii_only: bool) -> bytes:
    chunk = {"choices": [{"delta": {"content": text}}]}
    return b"data: " + json.dumps(chunk, ensure_ascii=ascii_only).encode()


_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
_PINGS = _HEAD + b'data: {"choices":[{"delta":{"content":"Oi"}}]}\n\n'


def _json(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


class _serving:  # noqa: N801 - reads as what it does
    """A server that says these bytes, and behind a stream's begin pings for ever."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer

    async def __aenter__(self) -> str:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"

    async def __aexit__(self, *error: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"]}")
            writer.write(self._answer)
            while self._answer.startswith(_HEAD):
                await writer.drain()
                await asyncio.sleep(0.02)
                writer.write(b": ping\n\n")
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
