"""Names that look like paths open nothing outside the data folder, at any door; links inside it are not followed."""

import mimetypes
import os
import sys
import sysconfig
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from functools import partial
from io import StringIO
from pathlib import Path
from shutil import rmtree
from typing import Any

import pytest
from django.conf import settings as site
from django.core.management import CommandError, call_command
from django.urls import reverse

from conversations import reports, tokens
from conversations.core.records import ANCESTOR_COLUMNS, Row
from conversations.models import Conversation
from conversations.python_api import get_data_stats, process_message
from conversations.storage import storage_for
from conversations.storage.base import StorageError
from conversations.storage.csv_files import READINGS
from tenants_app.access import UnknownTenant
from tenants_app.structure import create_tenant_structure
from tenants_app.versions import publish
from tests.isolation.addresses import path_of, zip_form
from tests.isolation.answers import Ask, answer
from tests.isolation.canaries import OURS, THEIRS
from tests.isolation.cast import Cast, everybody, rolled_back
from tests.isolation.stage import Stage
from tests.opened import Touched, below, listening

NAMES = (
    "..", ".", "../bait", "../../bait/secret", "../../../bait/secret", "/etc/passwd", "//etc/passwd", "bait/../../bait",
    "armazem/../bottega", "../bottega/conversations/conversation_session_id-kanarie", "..\\..\\bait\\secret",
    "%2e%2e%2fbait%2fsecret", "..%2fbait", "....//bait", "~root", ".hidden", "-rf", "a" * 300, "é", "．．/bait",
    "$(id)", "bait\n", "bait\0", "session_id-zaratan/../../../../bait/secret", "pyproject.toml", "../../pyproject.toml",
)  # fmt: skip
BY_KEY = [
    f"admin/{place}/<path:object_id>/{page}/"
    for place, page in (
        ("conversations/conversation", "csv"),
        ("tenants_app/tenant", "content"),
        ("auth/user", "change"),
    )
]
ZIP = "/admin/conversations/conversation/export/"
REFUSALS = (StorageError, OSError, ValueError, UnknownTenant, CommandError, SystemExit)
OF_THE_PROGRAM = {".py", ".pyc", ".html", ".mo", ".js", ".css", ".svg", ".json", ".jsonl"}


@pytest.fixture(scope="module")
def houses(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cast]:
    with django_db_blocker.unblock(), rolled_back(tmp_path_factory.mktemp("houses")) as cast:
        bait(cast)
        yield cast


@pytest.fixture
def cast(houses: Cast, db: None) -> Cast:
    return houses


@pytest.fixture
def inhabited(installation: Path, transactional_db: None, tmp_path: Path) -> Iterator[Cast]:
    with everybody(tmp_path / "houses") as cast:
        bait(cast)
        yield cast


@pytest.fixture
async def stage(inhabited: Cast, settings: Any) -> AsyncIterator[Stage]:
    settings.RATE_LIMIT_VISITOR = settings.RATE_LIMIT_ADDRESS = settings.RATE_LIMIT_TENANT = ""
    stage = Stage(settings, inhabited)
    stage.script()
    yield stage
    await stage.end()


def bait(cast: Cast) -> None:
    """Files where the names above would lead, from each folder that something is kept in."""
    mimetypes.init()  # reads the system's tables on first use
    for root in (cast.folder, cast.folder / "data", cast.folder / "tenant_files", cast.folder.parent):
        for place in ("secret", "conversations/conversation_secret.csv", "config.json", "knowledge.json"):
            (root / "bait" / place).parent.mkdir(parents=True, exist_ok=True)
            (root / "bait" / place).write_text("{}")


def astray(cast: Cast, heard: list[Touched]) -> list[Touched]:
    """What led out of the folders of ours: into the bait, to theirs, or to anything that is no part of the program."""
    own = [cast.folder / root / OURS.slug for root in ("data", "tenant_files")]
    program = [sys.prefix, sys.base_prefix, sysconfig.get_path("purelib"), "/usr/share/zoneinfo", site.STATIC_ROOT]
    roots = tuple(os.path.realpath(folder) + os.sep for folder in (*own, *program))
    shared = ("data", "data/turns.lock", "tenant_files")  # locked, synced and listed for everybody
    single = {os.devnull, *(os.path.realpath(cast.folder / place) for place in shared)}

    def at_home(one: Touched) -> bool:
        return one.place in single or f"{one.place}{os.sep}".startswith(roots) or _is_code(one)

    return [one for one in heard if not at_home(one)]


def _is_code(one: Touched) -> bool:
    listed = one.event in {"os.scandir", "os.listdir"}
    return bool(below(site.BASE_DIR, [one])) and (listed or Path(one.place).suffix in OF_THE_PROGRAM)


def tried(doors: list[Callable[[], Any]]) -> list[Touched]:
    """What is touched while each is tried; that they refuse is fine."""
    with listening() as heard:
        for door in doors:
            with suppress(*REFUSALS):
                door()
    return heard


def asking(cast: Cast, asks: list[Ask]) -> list[Callable[[], Any]]:
    return [partial(answer, cast.clients["manager"], ask) for ask in asks]


def command(*words: str, **options: Any) -> Callable[[], Any]:
    return partial(call_command, *words, stdout=StringIO(), stderr=StringIO(), **options)


def test_the_listener_hears_whoever_leaves_the_folder(cast: Cast) -> None:
    folder = cast.folder / "data" / OURS.slug
    with linked(folder / "link", cast.folder / "bait" / "secret"), listening() as heard:
        (folder / ".." / ".." / "bait" / "secret").read_bytes()
        (folder / "link").read_bytes()
        with suppress(OSError):
            os.open(folder / "link", os.O_RDONLY | os.O_NOFOLLOW)
        (folder / "sessions" / "sessions.csv").read_bytes()
    assert [one.path.endswith(("secret", "link")) for one in astray(cast, heard)] == [True, True]


def test_no_address_opens_a_path(cast: Cast) -> None:
    plain = ("/c/{}", "/widget/{}.json", "/widget/x/{}", "/demo/{}/", "/static/{}", "/{}")
    paths = [pattern.format(name) for name in NAMES for pattern in plain]
    paths += [path_of(pattern, name) for name in NAMES for pattern in BY_KEY]
    room = reverse("admin:conversations_conversation_change", args=[cast.ours.keys["conversation"]])
    asks = [Ask(path) for path in paths] + [Ask(f"{room}?before={name}") for name in NAMES[:3]]
    asks += [Ask(ZIP, zip_form(cast.ours) | {"tenant": name}, "post") for name in NAMES[:3]]
    heard = tried(asking(cast, asks))
    assert len(heard) > 8  # the conversation that was opened as it should
    assert astray(cast, heard) == []


def test_an_index_row_with_a_path_for_an_id_opens_nothing(cast: Cast) -> None:
    # No door makes one; the pages must not believe the index all the same.
    pages = [reverse(f"admin:conversations_conversation_{page}", args=[cast.ours.keys["conversation"]])
             for page in ("change", "csv")]  # fmt: skip
    (cast.folder / "data" / OURS.slug / "conversations" / "conversation_session_id-zaratan").mkdir(exist_ok=True)
    for name in NAMES[:6] + NAMES[-5:]:
        Conversation.objects.filter(pk=cast.ours.keys["conversation"]).update(conversation_id=name)
        asks = [Ask(page) for page in pages] + [Ask(ZIP, zip_form(cast.ours), "post")]
        heard = tried(asking(cast, asks))
        assert astray(cast, heard) == [], name


def test_nothing_of_the_python_api_and_the_storage_opens_a_path(cast: Cast) -> None:
    ours = storage_for(OURS.slug)
    takers = (
        storage_for, create_tenant_structure, get_data_stats, partial(process_message, "Oi"), reports.write_reports,
        ours.read, ours.raw, ours.exists, ours.bytes_as_stored, ours.lease, ours.set_aside, ours.kept_aside,
    )  # fmt: skip
    doors = [partial(taker, name) for name in NAMES for taker in takers]
    rows = [Row("m1", "", "v1", role="user", content="Oi")]
    doors += [partial(ours.append, name, rows) for name in NAMES]
    doors += [lambda name=name: storage_for(name).append("new", rows) for name in NAMES]  # type: ignore[misc]
    assert astray(cast, tried(doors)) == []
    read = {tokens.read(OURS.slug, tokens.issue(OURS.slug, name)) for name in NAMES}
    assert read == {None}  # even signed, such a name is no visitor


def test_no_command_opens_a_path_that_a_name_spells(cast: Cast) -> None:
    doors: list[Callable[[], Any]] = []
    for name in NAMES:
        doors += [command(one, name) for one in ("create_tenant", "reindex", "verify_conversations", "write_reports")]
        doors += [command("tenant_files", action, slug_option=name) for action in ("import", "export", "check")]
        doors += [command("import_conversations", str(cast.folder / "data" / OURS.slug), tenant=name)]
    assert astray(cast, tried(doors)) == []


def test_an_imported_file_is_stored_under_no_path(cast: Cast) -> None:
    place = cast.folder / "data" / OURS.slug / "conversation_old.csv"
    for name in NAMES:
        cells = dict.fromkeys(ANCESTOR_COLUMNS, "") | {
            "message_id": name, "session_id": name, "user_id": name, "timestamp": "2024-01-01T10:00:00", "role": "user",
            "content": "Oi",
        }  # fmt: skip
        quoted = ['"' + value.replace('"', '""') + '"' for value in cells.values()]
        place.write_text(f"{','.join(ANCESTOR_COLUMNS)}\r\n{','.join(quoted)}\r\n")
        heard = tried([command("import_conversations", str(place), tenant=OURS.slug)])
        assert astray(cast, heard) == [], name


async def test_no_frame_opens_a_path(stage: Stage) -> None:
    with listening() as heard:
        for name in (name for name in NAMES if "\0" not in name):  # such a frame is a bad one
            tab = await stage.visitor(visitor=tokens.issue(OURS.slug, OURS.id("user_id")), conversation=name, page=name)
            await tab.send(type="message", client_id=name[:128], text=name)
            await tab.send(type="consent", version=name[:100], granted=True)
            await tab.send(type="rate", score=1, comment=name)
            await tab.settled()
            for slug in (name, name.replace("/", "%2f")):
                assert (await stage.refused(slug))["type"] == "websocket.close"
    await stage.flushed()
    assert below(stage.cast.folder / "data" / OURS.slug, heard)
    assert astray(stage.cast, heard) == []


LINKED = (
    "data/{slug}", "data/{slug}/conversations", "data/{slug}/conversations/conversation_session_id-{stem}.csv",
    "data/{slug}/sessions", "data/{slug}/sessions/sessions.csv", "data/{slug}/users", "data/{slug}/quarantine",
    "data/{slug}/ancestor", "tenant_files/{slug}", "tenant_files/{slug}/config.json",
    "tenant_files/{slug}/knowledge.json",
)  # fmt: skip


def test_a_link_inside_is_not_followed(cast: Cast) -> None:
    for pattern in LINKED:
        ours, theirs = (cast.folder / pattern.format(slug=words.slug, stem=words.stem) for words in (OURS, THEIRS))
        with linked(ours, theirs):
            heard = tried(everything_on_disk(cast))
        assert heard
        assert astray(cast, heard) == [], pattern


class linked:  # noqa: N801 - reads as a sentence
    """A link in the place of a file or folder, for a while."""

    def __init__(self, place: Path, target: Path) -> None:
        self.place, self.target, self.aside = place, target, place.with_name(f"{place.name}.aside")

    def __enter__(self) -> None:
        if self.place.exists():
            self.place.rename(self.aside)
        self.place.symlink_to(self.target)
        READINGS.forget(str(self.place))

    def __exit__(self, *args: object) -> None:
        self.place.unlink(missing_ok=True)
        if self.aside.exists():
            self.aside.rename(self.place)


def everything_on_disk(cast: Cast) -> list[Callable[[], Any]]:
    """Whatever reads or writes files of ours."""
    key, slug = cast.ours.keys["conversation"], OURS.slug
    rows = [Row("m-new", "", "v1", role="user", content="Oi", client_id="new")]
    pages = [Ask(reverse(f"admin:conversations_conversation_{page}", args=[key])) for page in ("change", "csv")]
    zips = [Ask(ZIP, zip_form(cast.ours) | {"flavour": flavour}, "post")
            for flavour in ("audit", "excel-br")]  # fmt: skip
    return [
        *asking(cast, pages + zips),
        lambda: storage_for(slug).append(cast.ours.conversation_id, rows),
        lambda: storage_for(slug).append("new", rows),
        lambda: storage_for(slug).set_aside(cast.ours.conversation_id),
        lambda: list(storage_for(slug).entries()),
        lambda: reports.write_reports(slug),
        lambda: publish(cast.ours.tenant),
        *(command(one, slug) for one in ("reindex", "write_reports", "verify_conversations")),
        command("verify_conversations", slug, repair=True),
        *(command("tenant_files", action, slug) for action in ("check", "import", "export")),
    ]  # fmt: skip


def test_no_business_is_made_where_a_link_lies(cast: Cast) -> None:
    before = sorted((cast.folder / "bait").rglob("*"))
    for place in ("data/gamma", "data/gamma/conversations", "data/gamma/users", "tenant_files/gamma"):
        (cast.folder / place).parent.mkdir(parents=True, exist_ok=True)
        with linked(cast.folder / place, cast.folder / "bait"):
            with pytest.raises(ValueError, match="symbolic link"):
                create_tenant_structure("gamma", language="en")
            assert sorted((cast.folder / "bait").rglob("*")) == before, place
        rmtree(cast.folder / "data/gamma", ignore_errors=True)
        rmtree(cast.folder / "tenant_files/gamma", ignore_errors=True)
