"""The chat's sockets: naming theirs in any frame is like naming nobody, and theirs hear nothing of it."""

from typing import Any

from asgiref.sync import sync_to_async

from conversations import tokens
from tenants_app.access import forget_snapshots
from tenants_app.models import Tenant
from tests.isolation.canaries import GHOST, OURS, THEIRS
from tests.isolation.cast import CALLERS
from tests.isolation.houses import TWIN
from tests.isolation.stage import Stage, conversation_with, exchanged
from tests.isolation.state import state_of


async def their_state(stage: Stage) -> dict[str, Any]:
    await stage.flushed()
    return await sync_to_async(state_of)(stage.cast.theirs, stage.cast.folder)


async def test_whatever_of_theirs_a_frame_names_is_answered_like_what_is_not_there(stage: Stage) -> None:
    theirs = stage.cast.theirs
    listening = await stage.visitor(THEIRS.slug, visitor=theirs.token, conversation=theirs.conversation_id)
    before = await their_state(stage)
    stolen = {"visitor": theirs.token, "conversation": theirs.conversation_id}
    for hello in (
        {"visitor": None, "conversation": theirs.conversation_id},
        stolen,
        {"visitor": theirs.token, "conversation": None},
        {"visitor": tokens.issue(THEIRS.slug, OURS.id("user_id")), "conversation": OURS.id("session_id")},
        {"visitor": "ours", "conversation": theirs.conversation_id},
        {"visitor": "ours", "conversation": f"../../{THEIRS.slug}/conversations/{theirs.conversation_id}"},
    ):
        said, ghosts = [await talk(stage, hello, ghostly=ghostly) for ghostly in (False, True)]
        assert THEIRS.found_in(ghosts) == [], hello
        assert GHOST.said_of(THEIRS, said) == ghosts, hello
    assert await listening.settled() == []
    assert await their_state(stage) == before


async def talk(stage: Stage, hello: dict[str, Any], *, ghostly: bool) -> str:
    named = dict(hello)
    if named["visitor"] == "ours":
        named["visitor"] = (await stage.newcomer())["visitor"]
    if ghostly:
        named["conversation"] = GHOST.said_of(THEIRS, named["conversation"] or "") or None
        named["visitor"] = GHOST.said_of(THEIRS, named["visitor"] or "") or None
    return await conversation_with(await stage.tab_of(), named, ghostly=ghostly)


async def test_who_one_is_in_the_admin_changes_nothing_at_the_socket(stage: Stage) -> None:
    theirs, heard = stage.cast.theirs, {}
    for who in CALLERS:
        hello = {"visitor": None, "conversation": theirs.conversation_id, "last_seen": 0}
        heard[who] = await conversation_with(await stage.tab_of(who), hello, ghostly=False)
    assert set(heard.values()) == {heard["nobody"]}


async def test_a_slug_of_theirs_from_elsewhere_is_refused_like_one_of_nobody(stage: Stage) -> None:
    for origin in (None, OURS.origin, "null", f"{THEIRS.origin}.evil.example"):
        assert await stage.refused(THEIRS.slug, origin) == await stage.refused(GHOST.slug, origin), origin
    await sync_to_async(Tenant.objects.filter(slug=THEIRS.slug).update)(active=False)
    forget_snapshots()
    assert await stage.refused(THEIRS.slug, THEIRS.origin) == await stage.refused(GHOST.slug, THEIRS.origin)


async def test_another_visitors_conversation_of_ours_is_like_an_unknown_one(stage: Stage) -> None:
    others = stage.cast.ours.conversation_id
    heard = []
    for wanted in (others, OURS.id("closed"), others[::-1], "x" * len(others)):
        token = (await stage.newcomer())["visitor"]
        said = await conversation_with(await stage.tab_of(), {"visitor": token, "conversation": wanted}, ghostly=True)
        heard.append(said)
    assert len(set(heard)) == 1


async def test_the_same_conversation_id_in_two_businesses_is_two_conversations(stage: Stage) -> None:
    pair = [
        await stage.visitor(slug, visitor=tokens.issue(slug, TWIN), conversation=TWIN, last_seen=3)
        for slug in (OURS.slug, THEIRS.slug)
    ]
    ours, theirs = pair
    assert [tab.ready["conversation"] for tab in pair] == [TWIN, TWIN]
    assert THEIRS.found_in(ours.ready) == OURS.found_in(theirs.ready) == []
    secret = f"Só entre nós: {THEIRS.text('content')}"
    await theirs.write(secret, "same-client-id")
    heard = await ours.say("Oi", "same-client-id")
    assert THEIRS.found_in(heard) == []
    assert secret in str(await theirs.until("done"))
    assert await ours.settled() == []
    assert [row.content for row in stage.rows(ours, OURS.slug)].count("Oi") == 1


def test_every_frame_is_asked_about_a_ghost_too() -> None:
    assert THEIRS.found_in(exchanged({"a": THEIRS.id("x"), "b": [THEIRS.slug]})) == []
