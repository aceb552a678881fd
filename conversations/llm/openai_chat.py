"""Answers through any server that speaks OpenAI's Chat Completions."""

import asyncio
import random
import weakref
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress
from typing import Any, ClassVar

import aiohttp
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
CONNECTIONS = 1000
LONG_REST_SECONDS = 0.005
REST_SECONDS = 1.0  # for the last bytes of an answer whose text is complete, so that its connection serves again
ELLIPSIS = "…"


class OpenAIChatModel(ChatModel):
    """The openai client knows keys, addresses and headers; the stream is asked for and decoded here, at a quarter of
    the cost (docs/performance.md).

    `first_token_seconds` bounds the time to the first word, retries included; `stall_seconds` a silence after it.
    """

    provider: ClassVar[str] = "openai"

    def __init__(
        self, *, model: str, api_key: str, base_url: str, first_token_seconds: float, stall_seconds: float
    ) -> None:
        self.model, self._api_key, self._base_url = model, api_key or "none", base_url or None
        self._first_token, self._stall = first_token_seconds, stall_seconds
        self._plain: set[str] = set()  # models whose servers refused the optional parameters
        self._doors: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Door] = weakref.WeakKeyDictionary()

    async def stream(self, prompt: Prompt, outcome: Outcome) -> AsyncIterator[str]:
        outcome.model = prompt.documents.persona.model or self.model
        said = 0
        async with aclosing(self._texts(prompt, outcome)) as texts:
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
        self._door()  # reads the system's certificates: a tenth of a second

    async def aclose(self) -> None:
        if door := self._doors.pop(asyncio.get_running_loop(), None):
            await door.close()

    async def _texts(self, prompt: Prompt, outcome: Outcome) -> AsyncGenerator[str]:
        """The reply's pieces, none empty; asked for again while none has come."""
        patience = _Patience(self._first_token, self._stall)
        for attempt in range(1, ATTEMPTS + 1):
            said, optional = False, outcome.model not in self._plain
            try:
                async with aclosing(self._one_request(prompt, outcome, optional, patience)) as texts:
                    async for text in texts:
                        said = True
                        yield text
                return
            except ModelError as error:
                if said or attempt == ATTEMPTS:
                    raise
                if optional and isinstance(error, _NotUnderstood):
                    self._plain.add(outcome.model)  # a server that does not know an optional parameter: ask plainly
                elif error.retry:
                    await _wait_before_retry(error, attempt, patience.until)
                else:
                    raise

    async def _one_request(
        self, prompt: Prompt, outcome: Outcome, optional: bool, patience: "_Patience"
    ) -> AsyncGenerator[str]:
        door, over = self._door(), False
        response = await door.ask(_body(prompt, outcome.model, optional), patience)
        try:
            patience.watch(response.content)
            async for text in _read(response, outcome):
                patience.rest(response)
                yield text
                patience.go_on(response)
            over = True
        except (aiohttp.ClientError, OSError) as error:
            if not outcome.finish_reason:  # else the reply was over, and only its last line is missing
                raise Cut(f"the connection broke: {type(error).__name__}") from error
        finally:
            patience.end()
            door.let_go(response, over)

    def _door(self) -> "_Door":
        loop = asyncio.get_running_loop()
        door = self._doors.get(loop)
        if door is None:
            client = openai.AsyncOpenAI(api_key=self._api_key, base_url=self._base_url)
            door = self._doors[loop] = _Door(client)
        return door


class _NotUnderstood(Invalid):
    """The server found fault with the request itself."""


class _Patience:
    """How long a reply's next word may take: once for the first one, then anew from each word that was taken in.

    One timer looks now and then, instead of one set and taken back for each word. And who rests for long between words,
    to take in several at once, is not woken for each: they wait in the system's buffer meanwhile.
    """

    def __init__(self, first: float, stall: float) -> None:
        self._loop, self._stall = asyncio.get_running_loop(), stall
        self.until = self._loop.time() + first
        self._timer: asyncio.TimerHandle | None = None
        self._stream: aiohttp.StreamReader | None = None
        self._waiting = self._long_rests = False
        self._rested = 0.0

    def watch(self, stream: aiohttp.StreamReader) -> None:
        """Break this stream off when its next word takes too long."""
        self._stream, self._waiting = stream, True
        self._timer = self._loop.call_at(self.until, self._look)

    def rest(self, response: aiohttp.ClientResponse) -> None:
        """A word came: what is done with it takes the time that it takes."""
        self._waiting, self._rested = False, self._loop.time()
        if self._long_rests and (protocol := _protocol(response)):
            protocol.pause_reading()

    def go_on(self, response: aiohttp.ClientResponse) -> None:
        """The next word is waited for."""
        now = self._loop.time()
        if self._long_rests and (protocol := _protocol(response)):
            protocol.resume_reading()
        self._long_rests = now - self._rested > LONG_REST_SECONDS
        self.until, self._waiting = now + self._stall, True

    def end(self) -> None:
        """Watch nothing any more."""
        if self._timer is not None:
            self._timer.cancel()

    def _look(self) -> None:
        assert self._stream is not None  # noqa: S101 - the timer is set for a stream
        now = self._loop.time()
        if self._waiting and now >= self.until:
            self._stream.set_exception(TimedOut("no word from the model in time"))
        else:
            self._timer = self._loop.call_at(self.until if self._waiting else now + self._stall, self._look)


def _protocol(response: aiohttp.ClientResponse) -> Any:
    return response.connection.protocol if response.connection else None


class _Door:
    """The way to one server, from one event loop."""

    def __init__(self, client: openai.AsyncOpenAI) -> None:
        self._address = f"{client.base_url}chat/completions"
        headers = {**client.default_headers, **client.auth_headers, "Accept": "text/event-stream"}

        self.session = aiohttp.ClientSession(
            headers={name: value for name, value in headers.items() if isinstance(value, str)},
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
            connector=aiohttp.TCPConnector(limit=CONNECTIONS),
            trust_env=True,
        )
        self._leaving: set[asyncio.Task[None]] = set()

    async def ask(self, body: bytes, patience: _Patience) -> aiohttp.ClientResponse:
        """The server's answer, its text still to come. Raises ModelError."""
        try:
            async with asyncio.timeout_at(patience.until):
                response = await self.session.post(self._address, data=body, allow_redirects=False)
        except aiohttp.ConnectionTimeoutError as error:
            raise Unreachable("no connection to the server") from error
        except TimeoutError as error:
            raise TimedOut("the server did not answer in time") from error
        except (aiohttp.ClientError, OSError) as error:
            raise Unreachable("no connection to the server") from error
        if response.status >= 300:
            response.close()
            raise _named(response)
        return response

    def let_go(self, response: aiohttp.ClientResponse, over: bool) -> None:
        """Give the connection back; close it when the answer is not `over`, so that the server stops writing it."""
        if not over:
            response.close()
        elif not response.content.is_eof():
            task = asyncio.create_task(_rest(response))
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)

    async def close(self) -> None:
        """Close every connection."""
        await self.session.close()
        await asyncio.gather(*self._leaving)


async def _rest(response: aiohttp.ClientResponse) -> None:
    with suppress(aiohttp.ClientError, OSError):
        async with asyncio.timeout(REST_SECONDS):
            await response.content.readany()  # the end of the last chunk; more than that is not worth waiting for
    response.release()


async def _read(response: aiohttp.ClientResponse, outcome: Outcome) -> AsyncIterator[str]:
    """The answer's text in pieces as they come, none empty."""
    kind = response.content_type if "Content-Type" in response.headers else ""
    if "json" in kind:
        yield whole_reply(await _whole_body(response.content), outcome)
        return
    if "event-stream" not in kind:
        raise Invalid(f"the server answered {kind or 'without a content type'}")
    decoder = EventDecoder(outcome)
    while data := await response.content.readany():
        if text := decoder.feed(data):
            yield text
        if decoder.over:
            return
    if text := decoder.close():
        yield text


async def _whole_body(content: aiohttp.StreamReader) -> bytes:
    body = bytearray()
    while data := await content.readany():
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


def _named(response: aiohttp.ClientResponse) -> ModelError:
    status = response.status
    if status == 429:
        return RateLimited("too many requests", _retry_after(response))
    if status in {401, 403}:
        return Refused(f"the server refused the key (HTTP {status})")
    if status >= 500:
        return Unreachable(f"the server is in trouble (HTTP {status})")
    if status in {400, 422}:
        return _NotUnderstood(f"the server refused the request (HTTP {status})")
    if status < 400:
        return Invalid(f"the server sent us elsewhere (HTTP {status}): OPENAI_BASE_URL has to be the place itself")
    return Invalid(f"the server refused the request (HTTP {status})")


def _retry_after(response: aiohttp.ClientResponse) -> float | None:
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
