"""The cast at the chat's door: sockets of visitors and strangers, and what comes out of them."""

import json
import re
from typing import Any, Final

from django.test import Client

from tests.chat_cast import Chat, Tab
from tests.isolation.canaries import GHOST, OURS, THEIRS
from tests.isolation.cast import Cast
from tests.isolation.frames import FORGED, FRAMES

BEFORE: Final = "Oi, eu sou nova aqui"
# Ids, tokens and times are made anew for everybody; each is replaced by as many dots.
_CHANCE = re.compile(
    r"\b[cmrv][0-9a-f]{24,28}(:\w{6}:[\w-]{43})?\b|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z|(?<=\"retry_after\":)[\d.]+"
)
_OWN_TIME = re.compile(r"delta|typing")  # how often these come depends on the clock


class Stage(Chat):
    """An installation with our business and theirs."""

    def __init__(self, settings: Any, cast: Cast) -> None:
        super().__init__(settings)
        self.cast = cast

    async def tab_of(self, who: str = "nobody", slug: str = OURS.slug, origin: str | None = OURS.origin) -> Tab:
        """A socket opened by one of the callers, with whatever identifies them in its headers."""
        tab = Tab(f"/ws/chat/{slug}/", origin, "192.0.2.1")
        tab.wire.scope["headers"] += headers_of(self.cast.clients[who])
        self.tabs.append(tab)
        connected, _protocol = await tab.wire.connect(10.0)
        assert connected
        return tab

    async def refused(self, slug: str, origin: str | None = OURS.origin) -> dict[str, Any]:
        """The only thing that a refused handshake brings: the close."""
        tab = Tab(f"/ws/chat/{slug}/", origin, "192.0.2.1")
        self.tabs.append(tab)
        await tab.wire.send_input({"type": "websocket.connect"})
        event = await tab.event()
        event = await tab.event() if event["type"] == "websocket.accept" else event
        assert event["type"] == "websocket.close"
        return event

    async def newcomer(self) -> dict[str, Any]:
        """What a visitor of ours holds who has talked a little: token and conversation."""
        tab = await self.visitor(OURS.slug)
        await tab.say(BEFORE)
        await tab.leave()
        return {"visitor": tab.ready["visitor"], "conversation": tab.ready["conversation"]}

    async def visitor(self, slug: str = OURS.slug, address: str = "192.0.2.1", **hello: Any) -> Tab:
        """A visitor on the site of the business that has said hello."""
        tab = await self.tab_of("nobody", slug, (THEIRS if slug == THEIRS.slug else OURS).origin)
        await tab.hello(**hello)
        return tab


def headers_of(client: Client) -> list[tuple[bytes, bytes]]:
    """The client's cookies and headers as a browser's handshake carries them."""
    cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
    extra = {name.removeprefix("HTTP_").lower().replace("_", "-"): value for name, value in client.defaults.items()
             if name.startswith("HTTP_")}  # fmt: skip
    return [(name.encode(), value.encode()) for name, value in ({"cookie": cookies} | extra).items() if value]


async def conversation_with(tab: Tab, hello: dict[str, Any], *, ghostly: bool) -> str:
    """Say hello and then every frame there is, naming things of theirs or a ghost's; all that comes, but for chance."""
    frames = [await said_by(tab, {"type": "hello", **hello})]
    for kind, examples in FRAMES.items():
        for example in examples if kind != "hello" else ():
            frame = {**FORGED, **example, "type": kind}
            frames.append(await said_by(tab, json.loads(exchanged(frame)) if ghostly else frame))
    text = "\n".join(line for part in frames for line in part if not _OWN_TIME.search(line[:16]))
    return _CHANCE.sub(lambda found: "." * len(found[0]), text)


async def said_by(tab: Tab, frame: dict[str, Any]) -> list[str]:
    """Send a frame; what the server says until it has nothing left to say."""
    await tab.send(**frame)
    until = {"hello": "ready", "message": "done"}.get(frame["type"])
    frames = await tab.until(until) if until else await tab.settled()
    return [json.dumps(one) for one in frames]


def exchanged(value: Any) -> str:
    """The value as JSON, with the ghost's words in the place of theirs."""
    return GHOST.said_of(THEIRS, json.dumps(value))
