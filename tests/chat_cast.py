"""The cast of the chat's tests: two businesses, visitors at real sockets, and a model that says what a test wrote."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator

from conversations import index
from conversations.core.records import Role, Row
from conversations.llm.scripted import Script, ScriptedModel
from conversations.storage import storage_for
from conversations.turns import turns
from tenants_app import access
from tenants_app.models import Tenant
from timmy_site.asgi import _router

SECONDS = 10.0  # far more than anything takes: only a fault waits so long
_current = ScriptedModel()
_numbers = count(1)


def the_model() -> ScriptedModel:
    """The model of the running test, where settings.CHAT_MODEL asks for a backend."""
    return _current


class Tab:
    """One visitor's socket: what it sends, and the frames that come."""

    def __init__(self, path: str, origin: str | None, address: str) -> None:
        headers = [(b"host", b"testserver")] + ([(b"origin", origin.encode())] if origin else [])
        self.wire = WebsocketCommunicator(_router, path, headers)
        self.wire.scope["client"] = (address, 4000)
        self.ready: dict[str, Any] = {}

    async def hello(self, **fields: Any) -> dict[str, Any]:
        """Say hello; the answer, which also stays as `ready`."""
        await self.send(type="hello", **fields)
        self.ready = await self.frame()
        return self.ready

    async def send(self, **frame: Any) -> None:
        """Send one frame."""
        await self.wire.send_to(text_data=json.dumps(frame))

    async def raw(self, text: str = "", data: bytes | None = None) -> None:
        """Send text or bytes that need be no frame."""
        event = {"text": text} if data is None else {"bytes": data}
        await self.wire.send_input({"type": "websocket.receive", **event})

    async def write(self, text: str, client_id: str | None = None) -> str:
        """Send a message; its client id."""
        client_id = client_id or f"c{next(_numbers)}"
        await self.send(type="message", client_id=client_id, text=text)
        return client_id

    async def say(self, text: str, client_id: str | None = None) -> list[dict[str, Any]]:
        """Send a message; every frame up to the turn's end."""
        await self.write(text, client_id)
        return await self.until("done")

    async def event(self) -> dict[str, Any]:
        """The next thing the server does: a frame as text, or a close."""
        sent: dict[str, Any] = await self.wire.receive_output(SECONDS)
        return sent

    async def frame(self) -> dict[str, Any]:
        """The next frame."""
        sent = await self.event()
        assert sent["type"] == "websocket.send", sent
        frame: dict[str, Any] = json.loads(sent["text"])
        return frame

    async def until(self, kind: str) -> list[dict[str, Any]]:
        """The frames up to and including the next of this type."""
        frames = [await self.frame()]
        while frames[-1]["type"] != kind:
            frames.append(await self.frame())
        return frames

    async def closed(self) -> int:
        """The code with which the server closes; frames before it are passed over."""
        while (sent := await self.event())["type"] != "websocket.close":
            pass
        code: int = sent["code"]
        return code

    async def settled(self) -> list[dict[str, Any]]:
        """The frames that the answer to a `sync` comes behind: whatever the server had to say before it."""
        await self.send(type="sync", after=10**6)
        return (await self.until("history"))[:-1]

    async def leave(self) -> None:
        """Close the socket."""
        await self.wire.disconnect(timeout=SECONDS)


class Chat:
    """An installation with the businesses `alfa` and `beta`, its visitors and its model."""

    def __init__(self, settings: Any) -> None:
        self.settings = settings
        self.tabs: list[Tab] = []

    @property
    def model(self) -> ScriptedModel:
        """The model that answers now."""
        return _current

    def script(self, *scripts: Script) -> ScriptedModel:
        """Let the model say this from now on, a script per request."""
        global _current  # noqa: PLW0603 - settings name a backend by its place in a module
        _current = ScriptedModel(*scripts)
        self.settings.CHAT_MODEL = {"BACKEND": "tests.chat_cast.the_model"}
        return _current

    def dress(self, slug: str, **changes: Any) -> None:
        """Let the tenant be as it is but for these: `origins`, or parts of its persona."""
        snapshot = access.active_tenant(slug)
        if "origins" in changes:
            snapshot = replace(snapshot, allowed_origins=tuple(changes.pop("origins")))
        persona = snapshot.documents.persona.model_copy(update=changes)
        snapshot = replace(snapshot, documents=replace(snapshot.documents, persona=persona))
        access._snapshots[slug] = (float("inf"), snapshot)

    async def tab(
        self, slug: str = "alfa", *, origin: str | None = "https://site.example", address: str = "192.0.2.1"
    ) -> Tab:
        """A new socket, connected."""
        tab = Tab(f"/ws/chat/{slug}/", origin, address)
        self.tabs.append(tab)
        connected, _protocol = await tab.wire.connect(SECONDS)
        assert connected
        return tab

    async def visitor(self, slug: str = "alfa", address: str = "192.0.2.1", **hello: Any) -> Tab:
        """A new socket that has said hello."""
        tab = await self.tab(slug, address=address)
        await tab.hello(**hello)
        return tab

    async def again(self, tab: Tab, slug: str = "alfa", **hello: Any) -> Tab:
        """Another socket of the same visitor."""
        return await self.visitor(slug, visitor=tab.ready["visitor"], **hello)

    def rows(self, tab: Tab, slug: str = "alfa") -> list[Row]:
        """What is on disk of the tab's conversation."""
        storage_for.cache_clear()
        return storage_for(slug).read(tab.ready["conversation"]).rows

    def said(self, tab: Tab) -> list[str]:
        """What the assistant said in the tab's conversation, as it is on disk."""
        return [row.content for row in self.rows(tab) if row.role == Role.ASSISTANT]

    async def flushed(self) -> None:
        """Write the index."""
        await sync_to_async(index.writer.flush)()

    async def end(self) -> None:
        """Close what is open."""
        for tab in self.tabs:
            tab.wire.stop(exceptions=False)
        await asyncio.sleep(0)
        await turns.stop()


@pytest.fixture
async def chat(
    transactional_db: None, tenants: tuple[Tenant, Tenant], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Chat]:
    """The stage of a chat; the model says "Certo." unless a test scripts it."""
    settings.RATE_LIMIT_VISITOR = settings.RATE_LIMIT_ADDRESS = ""
    monkeypatch.setattr("conversations.turns.FIRST_STORE_PAUSE", 0.001)
    monkeypatch.setattr("conversations.agent.GATHER_SECONDS", 0.0, raising=False)
    stage = Chat(settings)
    stage.script()
    yield stage
    await stage.end()


def parts(frames: list[dict[str, Any]]) -> list[str]:
    """What the assistant said in these frames."""
    return [frame["message"]["content"] for frame in frames if _speaks(frame)]


def _speaks(frame: dict[str, Any]) -> bool:
    return bool(frame["type"] == "message" and frame["message"]["role"] == Role.ASSISTANT)


async def eventually(holds: Callable[[], bool]) -> None:
    """Let the loop run until this holds."""
    async with asyncio.timeout(SECONDS):
        while not holds():  # noqa: ASYNC110 - what is watched knows no events
            await asyncio.sleep(0.002)
