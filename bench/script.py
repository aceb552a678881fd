"""What the fake model sends: a request and its settings become timed writes of bytes."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Literal, Self
from urllib.parse import parse_qsl

from bench import reply, sse

Ending = Literal["keep", "close", "reset", "hang"]
_FLUSH = 0.02  # seconds that the last bytes of a broken stream get before the connection goes
_APART = 0.001  # seconds between writes that must not be sent together

_STATUS = {
    "400": "Invalid value for 'messages'",
    "401": "Incorrect API key provided",
    "403": "Your key may not use this model",
    "404": "The model 'fake' does not exist",
    "429": "Rate limit reached for requests",
    "500": "The server had an error while processing your request",
}


@dataclass(frozen=True, slots=True)
class Settings:
    """How the model answers; each may also stand in the model's name ("fake?ttft=0.4&fault=cut")."""

    ttft: float = 0.0  # seconds to the first token
    tps: float = 0.0  # tokens a second; 0: the whole stream in one write
    tokens: int = 120
    fault: str = ""  # one of FAULTS
    times: int = 0  # only so many requests of each tag are hit; 0: all
    retry_after: float = 1.0  # seconds, with fault 429
    text: str = ""  # says exactly this, in place of the tag and the prepared text

    def __post_init__(self) -> None:
        if self.fault and self.fault not in FAULTS:
            raise ValueError(f"no such fault: {self.fault}")

    def named(self, model: str) -> Self:
        """These settings with what a model's name asks for after '?'; ValueError for what it cannot ask."""
        return _named(self, model) if "?" in model else self

    def reply(self, tag: str) -> tuple[str, ...]:
        """The tokens of the reply to a message with this tag."""
        return reply.split_tokens(self.text) if self.text else reply.tokens(tag, self.tokens)


@functools.lru_cache(maxsize=256)
def _named(settings: Settings, model: str) -> Settings:
    kinds = {field.name: type(getattr(settings, field.name)) for field in fields(settings)}
    asked = dict(parse_qsl(model.split("?", 1)[1], strict_parsing=True))
    if unknown := asked.keys() - kinds:
        raise ValueError(f"no such setting: {', '.join(sorted(unknown))}")
    return replace(settings, **{name: kinds[name](value) for name, value in asked.items()})


@dataclass(frozen=True, slots=True)
class Script:
    """Bytes and the seconds after the request at which each is due; how the connection fares after them."""

    writes: tuple[tuple[float, bytes], ...]
    ending: Ending = "keep"
    apart: bool = False  # no two writes together


def script_for(request: dict, settings: Settings, tag: str) -> Script:
    """The answer to one request."""
    fault = settings.fault
    if fault in _STATUS:
        extra = {"retry_after": f"{settings.retry_after:g}"} if fault == "429" else {}
        return Script(((0.0, sse.error(int(fault), _STATUS[fault], **extra)),))
    if fault == "503":
        return Script(((0.0, sse.response(503, sse.HTML, "text/html")),))
    if fault == "html":
        return Script(((settings.ttft, sse.response(200, sse.HTML, "text/html")),))
    usage = _usage(request, settings, tag)
    if fault == "json" or not request.get("stream"):
        wait = settings.ttft + (usage["completion_tokens"] / settings.tps if settings.tps else 0)
        return Script(((wait, sse.completion("".join(settings.reply(tag)), usage)),))
    wants_usage = (request.get("stream_options") or {}).get("include_usage")
    end = (sse.event(None, usage=usage) if wants_usage else b"") + sse.DONE
    if not fault and not settings.tps and not settings.text:
        return _at_once(settings, tag, end)
    return _streamed(settings, tag, end)


def _usage(request: dict, settings: Settings, tag: str) -> dict:
    prompt = sum(len(text_of(message)) for message in request.get("messages", ())) // 4
    count = len(settings.reply(tag)) if settings.text else settings.tokens
    return {"prompt_tokens": prompt, "completion_tokens": count, "total_tokens": prompt + count}


def text_of(message: dict) -> str:
    """A message's text; its content may also be a list of parts, or null."""
    content = message.get("content") or ""
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


_ROLE = sse.event({"role": "assistant", "content": ""})


@functools.lru_cache(maxsize=256)
def _joined(tokens: tuple[str, ...]) -> bytes:
    return b"".join(sse.chunk(_content(token)) for token in tokens) + sse.chunk(sse.event({}, "stop"))


@functools.lru_cache(maxsize=4096)
def _content(token: str) -> bytes:
    return sse.event({"content": token})


def _at_once(settings: Settings, tag: str, end: bytes) -> Script:
    """The whole stream in one write; all but the tag is ready-made, so that it costs next to nothing."""
    first = sse.chunk(_ROLE) + (sse.chunk(sse.event({"content": tag})) if tag else b"")
    body = _joined(settings.reply(tag)[bool(tag) :])
    whole = b"".join((first, body, sse.chunk(end), sse.LAST_CHUNK))
    if settings.ttft:
        return Script(((0.0, sse.STREAM_HEAD), (settings.ttft, whole)))
    return Script(((0.0, sse.STREAM_HEAD + whole),))


@dataclass(slots=True)
class _Stream:
    """A stream on its way to being spoiled: its events, what closes it and what becomes of the connection."""

    events: list[bytes]
    role: bytes
    finish: bytes
    end: bytes
    ending: Ending = "keep"
    apart: bool = False


def _streamed(settings: Settings, tag: str, end: bytes) -> Script:
    tokens = settings.reply(tag)
    stream = _Stream([_content(token) for token in tokens], _ROLE, sse.event({}, "stop"), end)
    if settings.fault:
        _SPOILERS[settings.fault](stream, tokens)
    step = 1 / settings.tps if settings.tps else _APART if stream.apart else 0.0
    writes = [(0.0, sse.STREAM_HEAD), (settings.ttft, sse.chunk(stream.role))]
    writes += [(settings.ttft + step * i, sse.chunk(data)) for i, data in enumerate(stream.events)]
    after = writes[-1][0]
    tail = stream.finish + stream.end
    if stream.ending == "keep":
        writes.append((after, (sse.chunk(tail) if tail else b"") + sse.LAST_CHUNK))
    else:
        writes.append((after + _FLUSH, sse.chunk(tail) if tail else b""))
    return Script(tuple(writes), stream.ending, stream.apart)


def _half(ending: Ending) -> Callable[[_Stream, tuple[str, ...]], None]:
    def spoil(stream: _Stream, tokens: tuple[str, ...]) -> None:
        del stream.events[len(tokens) // 2 :]
        stream.finish = stream.end = b""
        stream.ending = ending

    return spoil


def _finish(reason: str) -> Callable[[_Stream, tuple[str, ...]], None]:
    def spoil(stream: _Stream, tokens: tuple[str, ...]) -> None:
        del stream.events[len(tokens) // 2 :]
        stream.finish = sse.event({}, reason)

    return spoil


def _error(stream: _Stream, tokens: tuple[str, ...]) -> None:
    _half("close")(stream, tokens)
    stream.finish = b'data: {"error": {"message": "The server is overloaded", "type": "server_error"}}\n\n'


def _bad_chunk(stream: _Stream, tokens: tuple[str, ...]) -> None:
    stream.events.insert(len(tokens) // 2, b'data: {"choices":[{"delta"\n\n')


def _empty(stream: _Stream, tokens: tuple[str, ...]) -> None:
    stream.events = [sse.event(None)] * 3
    stream.role = stream.finish = sse.event(None)


def _null(stream: _Stream, tokens: tuple[str, ...]) -> None:
    nothing = sse.event({"content": None})
    stream.role = sse.event({"role": "assistant", "content": None})
    stream.events = [nothing + data for data in stream.events]


def _utf8(stream: _Stream, tokens: tuple[str, ...]) -> None:
    stream.events = [half for data in stream.events for half in _split_inside(data)]
    stream.apart = True


def _split_inside(data: bytes) -> tuple[bytes, bytes]:
    """Bytes in two, inside the first character of several bytes if there is one, else in the middle."""
    at = next((i for i, byte in enumerate(data) if byte & 0xC0 == 0x80), len(data) // 2)
    return data[:at], data[at:]


def _surrogates(stream: _Stream, tokens: tuple[str, ...]) -> None:
    """Characters outside the basic plane as two escapes in two events, as some gateways cut them."""
    stream.events = [sse.event_escaped(half) for token in tokens for half in _split_pair(token)]


def _split_pair(token: str) -> list[str]:
    """A token in two, inside its first surrogate pair if it has one."""
    units = token.encode("utf-16-be")
    at = next((i + 2 for i in range(0, len(units), 2) if units[i] & 0xFC == 0xD8), len(units))
    return [half.decode("utf-16-be", "surrogatepass") for half in (units[:at], units[at:]) if half]


def _tools(stream: _Stream, tokens: tuple[str, ...]) -> None:
    first = {"id": "call_fake", "type": "function", "function": {"name": "lookup", "arguments": ""}}
    more = [{"function": {"arguments": part}} for part in ('{"id"', ":1}")]
    stream.events = [sse.event({"tool_calls": [{"index": 0, **one}]}) for one in (first, *more)]
    stream.role = sse.event({"role": "assistant", "content": None})
    stream.finish = sse.event({}, "tool_calls")


def _comments(stream: _Stream, tokens: tuple[str, ...]) -> None:
    stream.events = [b": ping\n\n" + data for data in stream.events]


def _crlf(stream: _Stream, tokens: tuple[str, ...]) -> None:
    """Line ends and a missing space that the event-stream format allows and few servers use."""
    stream.events = [data.replace(b"\n", b"\r\n").replace(b"data: ", b"data:", 1) for data in stream.events]


def _double(stream: _Stream, tokens: tuple[str, ...]) -> None:
    stream.events = [data for data in stream.events for _ in range(2)]


_SPOILERS: dict[str, Callable[[_Stream, tuple[str, ...]], None]] = {
    "stall": _half("hang"),
    "cut": _half("reset"),
    "fin": _half("close"),
    "error": _error,
    "length": _finish("length"),
    "content_filter": _finish("content_filter"),
    "badchunk": _bad_chunk,
    "empty": _empty,
    "null": _null,
    "utf8": _utf8,
    "surrogates": _surrogates,
    "tools": _tools,
    "comments": _comments,
    "crlf": _crlf,
    "double": _double,
}

FAULTS = frozenset({*_STATUS, "503", "html", "json", *_SPOILERS})
HARMLESS = frozenset({"null", "utf8", "surrogates", "comments", "crlf"})  # the exact text comes through
