"""The bytes of an OpenAI-compatible server's answers: events, HTTP chunks and whole responses."""

import json
from http import HTTPStatus

import orjson

_COMMON = {
    "id": "chatcmpl-fake",
    "object": "chat.completion.chunk",
    "created": 1_750_000_000,
    "model": "fake",
    "system_fingerprint": None,
}

STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\n"
    b"content-type: text/event-stream; charset=utf-8\r\n"
    b"cache-control: no-cache\r\n"
    b"x-request-id: req-fake\r\n"
    b"transfer-encoding: chunked\r\n\r\n"
)
DONE = b"data: [DONE]\n\n"
LAST_CHUNK = b"0\r\n\r\n"
HTML = b"<!DOCTYPE html><html><head><title>Proxy</title></head><body><h1>Sign in</h1></body></html>"


def event(delta: dict | None, finish: str | None = None, **more: object) -> bytes:
    """One server-sent event; `delta` None leaves `choices` empty."""
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
    return b"data: " + orjson.dumps({**_COMMON, "choices": choices, **more}) + b"\n\n"


def event_escaped(content: str) -> bytes:
    """An event in pure ASCII, which may hold half of a surrogate pair; orjson refuses to write those."""
    choices = [{"index": 0, "delta": {"content": content}, "finish_reason": None}]
    return b"data: " + json.dumps({**_COMMON, "choices": choices}).encode() + b"\n\n"


def chunk(data: bytes) -> bytes:
    """Data as one piece of HTTP/1.1's chunked transfer coding (RFC 9112, 7.1)."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def response(status: int, body: bytes, kind: str = "application/json", **headers: object) -> bytes:
    """A whole response; a header's name may be written with underscores."""
    lines = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        f"content-type: {kind}",
        f"content-length: {len(body)}",
    ]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def error(status: int, message: str, code: str | None = None, **headers: object) -> bytes:
    """A refusal with a JSON body of the API's shape."""
    body = {"error": {"message": message, "type": "fake_error", "param": None, "code": code}}
    return response(status, orjson.dumps(body), **headers)


def completion(content: str, usage: dict) -> bytes:
    """The answer to a request that did not ask for a stream."""
    message = {"role": "assistant", "content": content, "refusal": None}
    choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
    whole = {**_COMMON, "object": "chat.completion", "choices": choices, "usage": usage}
    return response(200, orjson.dumps(whole))
