"""Decodes the event stream of a Chat Completions server, whatever way its bytes are cut."""

import json
from typing import Any

import msgspec

from conversations.llm.base import Cut, Invalid, Outcome, Refused, Unreachable


class _Delta(msgspec.Struct):
    content: str | None = None


class _Choice(msgspec.Struct):
    delta: _Delta | None = None
    message: _Delta | None = None
    finish_reason: str | None = None


class _Cached(msgspec.Struct):
    cached_tokens: int | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _Cached | None = None


class _Chunk(msgspec.Struct):
    choices: list[_Choice] = []
    usage: _Usage | None = None
    error: Any = None


_decoder = msgspec.json.Decoder(_Chunk)


class EventDecoder:
    """Turns received bytes into reply text. One instance per reply; keep its `outcome` beside the text."""

    def __init__(self, outcome: Outcome) -> None:
        self._outcome, self._rest, self._half, self._over = outcome, b"", "", False
        self._texts: list[str] = []

    def feed(self, data: bytes) -> str:
        """The text that these bytes complete; may be empty. Raises Unreachable when the server reports an error."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if line.startswith(b"data:"):
                self._event(line[5:].strip())
        text = "".join(self._texts)
        self._texts.clear()
        return self._joined(text) if text or self._half else ""

    def close(self) -> str:
        """The text left when the connection ended. Raises Cut when the reply had not come to its end."""
        text = self.feed(b"\n")
        if not self._over and not self._outcome.finish_reason:
            raise Cut("the stream ended before the reply did")
        return text

    @property
    def over(self) -> bool:
        """Whether the server said that the reply is complete."""
        return self._over

    def _event(self, payload: bytes) -> None:
        if payload == b"[DONE]":
            self._over = True
        elif payload:
            try:
                self._take(_decoder.decode(payload))
            except msgspec.MsgspecError:
                self._take_loosely(payload)

    def _take(self, chunk: _Chunk) -> None:
        if chunk.error:
            raise Unreachable("the server reported an error in its stream")
        for choice in chunk.choices[:1]:
            said = choice.delta or choice.message
            if said is not None and said.content:
                self._texts.append(said.content)
            if choice.finish_reason:
                self._outcome.finish_reason = choice.finish_reason
        if chunk.usage is not None:
            self._outcome.tokens_in = chunk.usage.prompt_tokens
            self._outcome.tokens_out = chunk.usage.completion_tokens
            cached = chunk.usage.prompt_tokens_details
            self._outcome.tokens_cached = cached.cached_tokens if cached else None

    def _take_loosely(self, payload: bytes) -> None:
        # Some servers cut an emoji into two escapes in two events: half a pair is no text for the strict decoder.
        # What is no JSON at all is passed over, and the reply goes on.
        try:
            content = json.loads(payload)["choices"][0]["delta"]["content"]
        except (ValueError, LookupError, TypeError):
            return
        if isinstance(content, str):
            self._texts.append(content)

    def _joined(self, text: str) -> str:
        text = self._half + text
        self._half = ""
        if text and "\ud800" <= text[-1] <= "\udbff":
            text, self._half = text[:-1], text[-1]
        try:
            text.encode()
        except UnicodeEncodeError:
            text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        return text


def whole_reply(body: bytes, outcome: Outcome) -> str:
    """The text of an answer that came in one piece. Raises Invalid for anything else."""
    decoder = EventDecoder(outcome)
    text = decoder.feed(b"data: " + body.replace(b"\n", b" ") + b"\n")
    if not text:
        raise Invalid("the server's answer holds no reply")
    return text


def check_finish(outcome: Outcome, said: bool) -> None:
    """Raises Refused for filtered content and Invalid for a reply without a word."""
    if outcome.finish_reason == "content_filter":
        raise Refused("the server filtered the reply")
    if not said:
        raise Invalid("the reply holds no text")
