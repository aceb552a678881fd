"""Decodes the event stream of a Chat Completions server, whatever way its bytes are cut."""

import json
from typing import Any

import msgspec

from conversations.llm.base import Cut, Invalid, Outcome, Refused, Unreachable


class _Delta(msgspec.Struct, gc=False):
    content: str | None = None


class _Choice(msgspec.Struct, gc=False):
    delta: _Delta | None = None
    message: _Delta | None = None
    finish_reason: str | None = None


class _Cached(msgspec.Struct, gc=False):
    cached_tokens: int | None = None


class _Usage(msgspec.Struct, gc=False):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _Cached | None = None


class _Chunk(msgspec.Struct, gc=False):
    choices: list[_Choice] = []
    usage: _Usage | None = None
    error: Any = None


_decoder = msgspec.json.Decoder(_Chunk)
LONGEST_LINE = 1_000_000  # bytes


class EventDecoder:
    """Turns received bytes into reply text. One instance per reply; keep its `outcome` beside the text."""

    def __init__(self, outcome: Outcome) -> None:
        self._outcome, self._rest, self._half, self._over = outcome, b"", "", False
        self._texts: list[str] = []

    def feed(self, data: bytes) -> str:
        """The text that these bytes complete; may be empty. Raises Unreachable when the server reports an error."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > LONGEST_LINE:
            raise Invalid("a line of the stream has no end")
        self._events([line[5:].strip() for line in lines if line.startswith(b"data:")])
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

    def _events(self, payloads: list[bytes]) -> None:
        if payloads and payloads[-1] == b"[DONE]":
            self._over = True
            payloads.pop()
        try:
            # Nearly always what came is whole events and nothing else: one call decodes them all.
            chunks = _decoder.decode_lines(b"\n".join(payloads))
        except (msgspec.MsgspecError, RecursionError):
            for payload in payloads:
                self._event(payload)
        else:
            for chunk in chunks:
                self._take(chunk)

    def _event(self, payload: bytes) -> None:
        if payload == b"[DONE]":
            self._over = True
        elif payload:
            try:
                self._take(_decoder.decode(payload))
            except (msgspec.MsgspecError, RecursionError):
                self._take_loosely(payload)

    def _take(self, chunk: _Chunk) -> None:
        if chunk.choices:
            choice = chunk.choices[0]
            said = choice.delta or choice.message
            if said is not None and said.content:
                self._texts.append(said.content)
            if choice.finish_reason:
                self._outcome.finish_reason = choice.finish_reason
        elif chunk.error:
            raise Unreachable("the server reported an error in its stream")
        if chunk.usage is not None:
            self._outcome.tokens_in = chunk.usage.prompt_tokens
            self._outcome.tokens_out = chunk.usage.completion_tokens
            cached = chunk.usage.prompt_tokens_details
            self._outcome.tokens_cached = cached.cached_tokens if cached else None

    def _take_loosely(self, payload: bytes) -> None:
        # Some servers cut an emoji into two escapes in two events: half a pair is no text for the strict decoder.
        # Others give a field beside the text a type of their own. What is no JSON at all is passed over, and the reply
        # goes on.
        try:
            choice = json.loads(payload)["choices"][0]
            said = choice.get("delta") or choice.get("message") or {}
            content, finish = said.get("content"), choice.get("finish_reason")
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            return
        if isinstance(content, str):
            self._texts.append(content)
        if isinstance(finish, str) and finish:
            self._outcome.finish_reason = finish

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
