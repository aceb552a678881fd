"""Answers through any server that speaks OpenAI's Chat Completions."""

import asyncio
import random
import weakref
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import ClassVar

import httpx2
import openai

from conversations.core.prompt import Prompt, json_text
from conversations.llm.base import (
    ChatModel,
    Cut,
    Invalid,
    ModelError,
    Outcome,
    RateLimited,
    Refused,
    TimedOut,
    Unreachable,
)
from conversations.llm.sse import EventDecoder, check_finish, whole_reply

ATTEMPTS = 3
CONNECT_SECONDS = 5.0
LONGEST_REPLY = 8000  # characters; a model that never ends is cut off here
LONGEST_BODY = 1_000_000  # bytes of an answer that comes in one piece
ELLIPSIS = "…"


class OpenAIChatModel(ChatModel):
    """The openai client does keys, addresses and error classes; its raw stream is decoded here (docs/performance.md).

    `first_token_seconds` bounds the time to the first word, retries included; `stall_seconds` a silence after it.
    """

    provider: ClassVar[str] = "openai"

    def __init__(
        self, *, model: str, api_key: str, base_url: str, first_token_seconds: float, stall_seconds: float
    ) -> None:
        self.model, self._api_key, self._base_url = model, api_key or "none", base_url or None
        self._first_token, self._stall = first_token_seconds, stall_seconds
        self._plain: set[str] = set()  # models whose servers refused the optional parameters
        self._clients: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, openai.AsyncOpenAI] = (
            weakref.WeakKeyDictionary()
        )

    async def stream(self, prompt: Prompt, outcome: Outcome) -> AsyncIterator[str]:
        outcome.model = prompt.documents.persona.model or self.model
        said = 0
        async with aclosing(self._timed(prompt, outcome)) as texts:
            async for text in texts:
                if said + len(text) > LONGEST_REPLY:
                    outcome.finish_reason = "length"
                    yield _up_to_a_word(text, LONGEST_REPLY - said) + ELLIPSIS
                    return
                said += len(text)
                yield text
        check_finish(outcome, said > 0)
        if outcome.finish_reason == "length":
            yield ELLIPSIS

    def get_ready(self) -> None:
        self._client()  # reads the system's certificates: a tenth of a second

    async def aclose(self) -> None:
        if client := self._clients.pop(asyncio.get_running_loop(), None):
            await client.close()

    async def _timed(self, prompt: Prompt, outcome: Outcome) -> AsyncGenerator[str]:
        """The reply's pieces, none empty. Raises TimedOut when no word comes in time; nothing else counts."""
        loop = asyncio.get_running_loop()
        first = until = loop.time() + self._first_token
        async with aclosing(self._texts(prompt, outcome, first)) as texts:
            while True:
                try:
                    async with asyncio.timeout_at(until):
                        text = await anext(texts, None)
                except TimeoutError as error:
                    raise TimedOut("no word from the model in time") from error
                if text is None:
                    return
                if text:
                    yield text
                    until = loop.time() + self._stall

    async def _texts(self, prompt: Prompt, outcome: Outcome, deadline: float) -> AsyncGenerator[str]:
        for attempt in range(1, ATTEMPTS + 1):
            said, optional = False, outcome.model not in self._plain
            try:
                async with aclosing(self._one_request(prompt, outcome, optional)) as texts:
                    async for text in texts:
                        said = said or bool(text)
                        yield text
                return
            except ModelError as error:
                if said or attempt == ATTEMPTS:
                    raise
                if optional and isinstance(error.__cause__, openai.BadRequestError | openai.UnprocessableEntityError):
                    self._plain.add(outcome.model)  # a server that does not know an optional parameter: ask plainly
                elif error.retry:
                    await _wait_before_retry(error, attempt, deadline)
                else:
                    raise

    async def _one_request(self, prompt: Prompt, outcome: Outcome, optional: bool) -> AsyncGenerator[str]:
        try:
            response = await self._client().post(
                "/chat/completions",
                cast_to=httpx2.Response,
                content=_body(prompt, outcome.model, optional),
                options={"headers": {"Content-Type": "application/json", "Accept": "text/event-stream"}},
                stream=True,
                stream_cls=openai.AsyncStream[object],
            )
        except openai.OpenAIError as error:
            raise _named(error) from error
        try:
            async for text in _read(response, outcome):  # type: ignore[arg-type]  # cast_to=Response: the raw one
                yield text
        except (httpx2.HTTPError, httpx2.StreamError) as error:
            if not outcome.finish_reason:  # else the reply was over, and only its last line is missing
                raise Cut(f"the connection broke: {type(error).__name__}") from error
        finally:
            await response.aclose()

    def _client(self) -> openai.AsyncOpenAI:
        loop = asyncio.get_running_loop()
        client = self._clients.get(loop)
        if client is None:
            timeout = httpx2.Timeout(self._first_token + self._stall, connect=CONNECT_SECONDS)
            client = self._clients[loop] = openai.AsyncOpenAI(
                api_key=self._api_key,
                base_url=self._base_url,
                timeout=timeout,
                max_retries=0,
                http_client=openai.DefaultAioHttpClient(timeout=timeout),
            )
        return client


async def _read(response: httpx2.Response, outcome: Outcome) -> AsyncIterator[str]:
    kind = response.headers.get("content-type", "")
    if "json" in kind:
        yield whole_reply(await _whole_body(response), outcome)
        return
    if "event-stream" not in kind:
        raise Invalid(f"the server answered {kind.split(';')[0] or 'without a content type'}")
    decoder = EventDecoder(outcome)
    async for data in response.aiter_raw():
        yield decoder.feed(data)
        if decoder.over:
            return
    yield decoder.close()


async def _whole_body(response: httpx2.Response) -> bytes:
    body = bytearray()
    async for data in response.aiter_bytes():
        body += data
        if len(body) > LONGEST_BODY:
            raise Invalid("the server's answer has no end")
    return bytes(body)


def _up_to_a_word(text: str, most: int) -> str:
    """The beginning of the text, not cut inside a word where that can be helped."""
    start = text[:most]
    words, space, _cut = start.rpartition(" ")
    return words if space else start


def _body(prompt: Prompt, model: str, optional: bool) -> bytes:
    persona = prompt.documents.persona
    parameters = {"temperature": persona.temperature, "max_tokens": persona.max_tokens} if optional else {}
    head = [f'"{key}":{value}' for key, value in parameters.items() if value is not None]
    head += ['"stream_options":{"include_usage":true}'] if optional else []
    start = ",".join([f'{{"model":{json_text(model)}', '"stream":true', *head, '"messages":['])
    return b"".join((start.encode(), *prompt.messages(), b"]}"))


def _named(error: openai.OpenAIError) -> ModelError:
    match error:
        # The transport calls every connection that does not come about a timeout, a refused one too.
        case openai.APITimeoutError() if not isinstance(error.__cause__, httpx2.ConnectTimeout):
            return TimedOut("the server did not answer in time")
        case openai.APIConnectionError():
            return Unreachable("no connection to the server")
        case openai.RateLimitError():
            return RateLimited("too many requests", _retry_after(error.response))
        case openai.AuthenticationError() | openai.PermissionDeniedError():
            return Refused(f"the server refused the key (HTTP {error.status_code})")
        case openai.InternalServerError():
            return Unreachable(f"the server is in trouble (HTTP {error.status_code})")
        case openai.APIStatusError():
            return Invalid(f"the server refused the request (HTTP {error.status_code})")
    return Invalid(type(error).__name__)


def _retry_after(response: httpx2.Response) -> float | None:
    try:
        return max(float(response.headers["retry-after"]), 0.0)
    except (KeyError, ValueError):
        return None


async def _wait_before_retry(error: ModelError, attempt: int, deadline: float) -> None:
    after = error.after if isinstance(error, RateLimited) else None
    seconds = after if after is not None else random.uniform(0, 0.5 * 2**attempt)
    if asyncio.get_running_loop().time() + seconds >= deadline:
        raise error  # waiting that long would leave the visitor in silence
    await asyncio.sleep(seconds)
