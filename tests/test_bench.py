"""The benchmark's own instruments: what the fake model says, how it fails, and what the ledger notices."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict

import aiohttp
import pytest

from bench import figures, websocket
from bench.fake_model import FakeModel
from bench.ledger import Counts, Ledger
from bench.reply import Expected, squash, tokens
from bench.script import FAULTS, HARMLESS

TAG = "#v12-3"


def asked(**more: object) -> dict:
    messages = [
        {"role": "system", "content": "Responda em português."},
        {"role": "user", "content": "Uma pergunta antiga #v12-2"},
        {"role": "assistant", "content": "#v12-2 Uma resposta antiga."},
        {"role": "user", "content": f"Como cuido de samambaias? {TAG}"},
    ]
    return {"model": "fake", "stream": True, "messages": messages, **more}


@asynccontextmanager
async def answer(model: FakeModel, /, **more: object) -> AsyncIterator[aiohttp.ClientResponse]:
    url = f"{model.url}/chat/completions"
    async with aiohttp.ClientSession() as session, session.post(url, json=asked(**more)) as response:
        yield response


async def read(model: FakeModel, /, **more: object) -> list[dict]:
    """The events of a whole stream, read by the book: any line end, comments, a space or none."""
    async with answer(model, **more) as response:
        lines = (await response.read()).decode().splitlines()
    data = [line.removeprefix("data:").strip() for line in lines if line.startswith("data:")]
    assert data[-1] == "[DONE]"
    return [json.loads(one) for one in data[:-1]]


def said(events: list[dict]) -> str:
    pieces = [choice["delta"].get("content") or "" for event in events for choice in event["choices"]]
    return "".join(pieces).encode("utf-16", "surrogatepass").decode("utf-16")


def finishes(events: list[dict]) -> list[str]:
    return [c["finish_reason"] for event in events for c in event["choices"] if c["finish_reason"]]


@pytest.mark.parametrize("settings", [{}, {"ttft": 0.01}, {"ttft": 0.01, "tps": 4000}, {"tokens": 1}])
async def test_a_stream_says_exactly_the_expected_text(settings: dict) -> None:
    async with FakeModel(**settings) as model:
        events = await read(model)
    assert said(events) == "".join(tokens(TAG, settings.get("tokens", 120)))
    assert finishes(events) == ["stop"]


@pytest.mark.parametrize("fault", sorted(HARMLESS))
@pytest.mark.parametrize("tps", [0, 2000])
async def test_a_harmless_fault_leaves_the_text_whole(fault: str, tps: float) -> None:
    async with FakeModel(fault=fault, tps=tps, tokens=60) as model:
        assert said(await read(model)) == "".join(tokens(TAG, 60))


async def test_a_models_name_sets_one_requests_answer() -> None:
    async with FakeModel(tokens=7) as model:
        assert said(await read(model, model="fake?tokens=9&ttft=0.01")) == "".join(tokens(TAG, 9))
        assert said(await read(model, model="fake?text=Muito+bem.")) == "Muito bem."
        async with answer(model, model="fake?fault=nonsense") as response:
            assert response.status == 400


async def test_usage_comes_only_when_asked_for() -> None:
    async with FakeModel(tokens=9) as model:
        events = await read(model, stream_options={"include_usage": True})
        assert not any("usage" in event for event in await read(model))
    assert events[-1]["choices"] == []
    assert events[-1]["usage"]["completion_tokens"] == 9


async def test_a_request_without_stream_gets_the_whole_text() -> None:
    async with FakeModel() as model, answer(model, stream=False) as response:
        body = await response.json()
    assert body["choices"][0]["message"]["content"] == "".join(tokens(TAG, 120))


async def test_requests_and_their_headers_are_recorded() -> None:
    async with FakeModel(fault="500") as model, answer(model, temperature=0.5):
        pass
    assert [request["temperature"] for request in model.requests] == [0.5]
    assert model.headers[0]["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("fault", "status", "kind"),
    [
        ("401", 401, "application/json"),
        ("404", 404, "application/json"),
        ("429", 429, "application/json"),
        ("500", 500, "application/json"),
        ("503", 503, "text/html"),
        ("html", 200, "text/html"),
        ("json", 200, "application/json"),
    ],
)
async def test_a_refusal_has_its_status_and_kind(fault: str, status: int, kind: str) -> None:
    async with FakeModel(fault=fault, retry_after=2) as model, answer(model) as response:
        assert (response.status, response.content_type) == (status, kind)
        assert response.headers.get("Retry-After") == ("2" if fault == "429" else None)
        assert (await response.text()).startswith("<!DOCTYPE" if kind == "text/html" else "{")


async def read_broken(response: aiohttp.ClientResponse) -> tuple[bytes, str]:
    """What came before a stream broke, and how it broke."""
    got = b""
    try:
        async for data in response.content.iter_any():
            got += data
    except aiohttp.ClientPayloadError as error:
        return got, str(error)
    return got, ""


@pytest.mark.parametrize("fault", ["cut", "fin", "error"])
async def test_a_broken_stream_ends_half_way(fault: str) -> None:
    async with FakeModel(fault=fault) as model, answer(model) as response:
        got, how = await read_broken(response)
    assert got.count(b'"content":') == 1 + 60  # the role's event, then half of the tokens
    assert b"[DONE]" not in got
    assert (b'"error"' in got) == (fault == "error")
    assert ("reset by peer" in how) == (fault == "cut")
    assert how


async def test_a_stall_leaves_the_connection_open() -> None:
    async with FakeModel(fault="stall", tokens=4) as model, answer(model) as response:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await response.read()
        assert model.aborted == 0
    assert model.aborted == 1


@pytest.mark.parametrize("fault", ["length", "content_filter"])
async def test_an_early_finish_names_its_reason(fault: str) -> None:
    async with FakeModel(fault=fault) as model:
        events = await read(model)
    assert finishes(events) == [fault]
    assert said(events) == "".join(tokens(TAG, 120)[:60])


async def test_tool_calls_come_without_text() -> None:
    async with FakeModel(fault="tools") as model:
        events = await read(model)
    assert (said(events), finishes(events)) == ("", ["tool_calls"])
    assert sum("tool_calls" in event["choices"][0]["delta"] for event in events) == 3


async def test_an_empty_stream_has_no_choices_at_all() -> None:
    async with FakeModel(fault="empty") as model:
        assert not any(event["choices"] for event in await read(model))


async def test_a_bad_chunk_is_one_line_that_is_not_json() -> None:
    async with FakeModel(fault="badchunk") as model, answer(model) as response:
        lines = (await response.text()).split("\n\n")
    assert lines.count('data: {"choices":[{"delta"') == 1
    assert lines[-2:] == ["data: [DONE]", ""]


async def test_utf8_is_cut_inside_characters() -> None:
    async with FakeModel(fault="utf8") as model, answer(model) as response:
        chunks = [data async for data, _ in response.content.iter_chunks()]
    assert any(data and data[0] & 0xC0 == 0x80 for data in chunks)


async def test_null_and_doubled_contents_are_there() -> None:
    async with FakeModel(fault="null") as model, FakeModel(fault="double", tokens=5) as other:
        contents = [event["choices"][0]["delta"].get("content", "") for event in await read(model)]
        doubled = said(await read(other))
    assert contents.count(None) == 121
    assert doubled == "".join(token * 2 for token in tokens(TAG, 5))


async def test_a_counted_fault_passes_after_its_times() -> None:
    async with FakeModel(fault="429", times=2) as model:
        statuses = []
        for _ in range(3):
            async with answer(model) as response:
                statuses.append(response.status)
    assert statuses == [429, 429, 200]


def test_every_fault_is_named_once() -> None:
    assert HARMLESS < FAULTS
    with pytest.raises(ValueError, match="no such fault"):
        FakeModel(fault="nonsense")


def test_the_token_that_completes_a_length_is_known() -> None:
    expected, said_by_token = Expected(TAG, 30), [squash(token) for token in tokens(TAG, 30)]
    for index in range(30):
        length = len("".join(said_by_token[: index + 1]))
        assert expected.token_at(length) == index
        assert expected.token_at(length - len(said_by_token[index]) + 1) == index


def row(seq: int, content: str, part: int | None = None) -> dict:
    role = "assistant" if part else "user"
    return {"id": f"m{seq}", "seq": seq, "role": role, "content": content, "reply": "r1", "part": part}


PARTS = ("".join(tokens(TAG, 30)[:20]), "".join(tokens(TAG, 30)[20:]))
GOOD = [
    ("ack", "c1", row(1, "Oi?")),
    ("part", row(2, PARTS[0], 1)),
    ("part", row(3, PARTS[1], 2)),
    ("done", {"seq": 3}),
]
OTHERS = ("part", row(2, "#v99-1 É de outra pessoa.", 1))
LATE = ("part", row(2, "#v12-2 É de antes.", 1))


def judged(steps: list[tuple]) -> dict[str, int]:
    """What a ledger counts, without the zeros."""
    ledger = Ledger(Counts(), Counter())
    ledger.ask(TAG, "c1", "Oi?", Expected(TAG, 30))
    for name, *arguments in steps:
        getattr(ledger, name)(*arguments)
    ledger.gave_up()
    return {kind: count for kind, count in asdict(ledger.counts).items() if count}


@pytest.mark.parametrize(
    ("steps", "found"),
    [
        (GOOD, {}),
        (GOOD[:3], {"lost": 1}),
        (GOOD[1:], {"lost": 1, "disorder": 3}),
        ([*GOOD[:2], ("done", {"seq": 2})], {"lost": 1}),
        ([*GOOD[:3], GOOD[2], GOOD[3]], {"doubled": 1}),
        ([*GOOD, GOOD[3]], {"doubled": 1}),
        ([GOOD[0], GOOD[0], *GOOD[1:]], {"doubled": 1}),
        ([GOOD[0], GOOD[2], GOOD[1], GOOD[3]], {"changed": 1, "disorder": 3}),
        ([*GOOD[:2], ("part", row(3, PARTS[1] + "!", 2)), GOOD[3]], {"changed": 1}),
        ([("ack", "c1", row(1, "Ola?")), *GOOD[1:]], {"changed": 1}),
        ([GOOD[0], OTHERS, ("done", {"seq": 2})], {"foreign": 1, "lost": 1}),
        ([GOOD[0], LATE, ("done", {"seq": 2})], {"disorder": 1, "lost": 1}),
        ([("ack", "c2", row(1, "Oi?")), *GOOD], {"foreign": 1}),
        ([*GOOD, ("resumed", [row(3, PARTS[1], 2)])], {}),
        ([*GOOD, ("resumed", [])], {"lost": 1}),
        ([*GOOD, ("resumed", [row(2, PARTS[0], 1), row(3, PARTS[1], 2)])], {"doubled": 1}),
    ],
)
def test_the_ledger_counts_what_went_wrong(steps: list[tuple], found: dict[str, int]) -> None:
    assert judged(steps) == found


def test_frames_are_masked_and_parsed() -> None:
    sent = websocket.frame(websocket.TEXT, b"x" * 300, b"\x01\x02\x03\x04")
    assert websocket.mask(sent[8:], b"\x01\x02\x03\x04") == b"x" * 300
    assert websocket.parse(b"\x81\x02oi\x81", 0) == (websocket.TEXT, b"oi", 4)
    assert websocket.parse(b"\x81\x7e\x01\x00" + b"y" * 255, 0) is None


def test_percentiles_and_ratios_are_of_what_was_measured() -> None:
    assert figures.percentile(range(1, 101), 95) == 95
    assert figures.percentile([7.0], 50) == 7.0
    assert figures.spread(figures.ratios([2.0, 3.0, 8.0], [1.0, 2.0, 2.0]), 1) == "2.0 [1.5..4.0]"
