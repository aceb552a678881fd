"""Whatever visitors, models, managers and colleagues write: nothing of it runs, fetches or misleads, anywhere."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from websockets.sync.client import connect

from tests.browser.conftest import ROOT, _free_port, _wait_for
from tests.browser.evil_server import EvilServer
from tests.browser.eyes import Eyes
from tests.browser.fake_server import FakeServer
from tests.browser.hostile_installation import PASSWORD, SLUG
from tests.browser.hostile_texts import SHORT, everything, markup
from tests.browser.steps import answers, box, mine, open_chat, settled

pytestmark = pytest.mark.browser

STRICT = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'self'"
MODELS = [
    "auth/user", "auth/group", "tenants_app/tenant", "tenants_app/membership", "tenants_app/bundle",
    "conversations/conversation", "conversations/visitor", "conversations/export",
]  # fmt: skip


@dataclass
class Attacked:
    """An installation whose every field holds something hostile, and the foreign host."""

    url: str
    evil: EvilServer

    @property
    def host(self) -> str:
        return self.url.removeprefix("http://")

    def eyes(self) -> Eyes:
        return Eyes([self.host, self.evil.url.removeprefix("http://")])


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    evil, folder, port = EvilServer(), tmp_path_factory.mktemp("attacked"), _free_port()
    own = {key: value for key, value in os.environ.items() if not re.match("OPENAI|DATABASE|TIMMY_", key)}
    environment = own | {
        "ENV_FILE": os.devnull,
        "DJANGO_SETTINGS_MODULE": "timmy_site.settings",
        "DATA_DIR": f"{folder}/data",
        "TENANT_FILES_DIR": f"{folder}/tenant_files",
        "STATIC_ROOT": f"{folder}/static",
        "ALLOWED_HOSTS": "127.0.0.1",
        "DEMO": "false",
        "OPENAI_BASE_URL": f"{evil.url}/v1",
        "RATE_LIMIT_VISITOR": "",
        "RATE_LIMIT_ADDRESS": "",
        "EVIL": evil.evil,
    }
    subprocess.run([sys.executable, "-m", "tests.browser.hostile_installation"], cwd=ROOT, env=environment, check=True)
    with (folder / "daphne.log").open("w") as log:
        command = [sys.executable, "-m", "daphne", "-b", "127.0.0.1", "-p", str(port), "timmy_site.asgi:application"]
        server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            _wait_for(f"http://127.0.0.1:{port}/widget.js", server, folder / "daphne.log")
            yield Attacked(f"http://127.0.0.1:{port}", evil)
        finally:
            server.terminate()
            server.wait(timeout=20)
            evil.close()


def test_these_eyes_see(context: BrowserContext, attacked: Attacked) -> None:
    # Nothing below would mean anything if the texts were harmless or nobody looked.
    eyes, evil = attacked.eyes(), attacked.evil
    body = "".join(f"<div>{text}</div>" for text in markup(evil.evil) if "<base" not in text)
    link = '<a href="javascript:__ran()">x</a>'
    evil.pages["/open"] = f"<!doctype html><body>{link}{body}<script>alert(1)</script>", {}
    evil.pages["/strict"] = f"<!doctype html><body>{body}", {"Content-Security-Policy": STRICT}
    page = eyes.on(context)
    page.goto(f"{evil.url}/open")
    page.wait_for_load_state("networkidle")
    assert len(eyes.ran) > 5
    assert eyes.dialogs == ["1"]
    assert len({re.sub(r".*/", "", url) for url in eyes.foreign}) > 5
    assert len(evil.reached) > 5
    assert len(eyes.on_page(page)) > 20
    assert eyes.violations == []
    ran = len(eyes.ran)
    page.goto(f"{evil.url}/strict")
    page.wait_for_load_state("networkidle")
    assert len(eyes.ran) == ran
    assert len(eyes.violations) > 5
    assert len(eyes.on_page(page)) > 20
    evil.reached.clear()


def sign_in(page: Page, attacked: Attacked) -> None:
    page.goto(f"{attacked.url}/admin/")
    page.locator("#id_username").fill(SHORT)
    page.locator("#id_password").fill(PASSWORD)
    page.locator("#login-form button[type=submit]").click()
    page.wait_for_url("**/admin/")


def talk(page: Page) -> None:
    """Agree to what is asked, say everything, and hear the model say it back to the end."""
    page.locator(".consent .primary").click()
    box(page).fill(everything("http://evil.localhost:9")[:4000])
    box(page).press("Enter")
    settled(page, 1)
    expect(answers(page).last).to_contain_text("|---|", timeout=30_000)
    expect(page.locator(".growing .msg:visible")).to_have_count(0, timeout=30_000)


@pytest.mark.parametrize("where", ["hosted", "customer"])
def test_nothing_runs_in_the_chat(context: BrowserContext, attacked: Attacked, where: str) -> None:
    eyes, evil = attacked.eyes(), attacked.evil
    # A customer's page has no policy that would hide a fault of ours.
    tag = f'<script async src="{attacked.url}/widget.js" data-tenant="{SLUG}" data-open></script>'
    evil.pages["/customer"] = f'<!doctype html><html lang="pt-BR"><link rel=icon href="data:,"><body>{tag}', {}
    page = eyes.on(context)
    page.goto(f"{attacked.url}/c/{SLUG}" if where == "hosted" else f"{evil.url}/customer")
    page.locator(".panel[data-connection=ready]").wait_for()
    assert eyes.on_page(page) == []
    talk(page)
    assert eyes.on_page(page) == []
    for name in (SHORT, "{{7*7}}", "&lt;img", "<script>"):
        expect(page.get_by_role("log")).to_contain_text(name)
    page.reload()  # and again as history
    page.locator(".panel[data-connection=ready]").wait_for()
    expect(mine(page)).to_have_count(1)
    assert eyes.on_page(page) == []
    assert eyes.seen() == {}
    assert evil.reached == []


def admin_pages() -> Iterator[str]:
    """Every page of the admin, with what is found by a search for something hostile."""
    for model in MODELS:
        key = 2 if model == "auth/user" else 1
        yield from (
            f"{model}/",
            f"{model}/?q={quote(SHORT)}",
            f"{model}/?{quote(SHORT)}={quote(SHORT)}",
            f"{model}/add/",
        )
        yield from (f"{model}/{key}/{page}/" for page in ("change", "history", "delete"))
    yield from ("", "conversations/", "password_change/", "tenants_app/tenant/1/content/")
    yield f"conversations/conversation/?channel={quote(SHORT[:20])}&tenant={quote(SHORT)}"
    yield f"conversations/conversation/1/change/?before={quote(SHORT)}"
    yield f"conversations/conversation/export/?tenant={quote(SHORT)}"
    yield f"search/?s={quote(SHORT)}&extended=1"
    yield f"{quote(SHORT)}/"
    yield f"tenants_app/tenant/{quote(SHORT, safe='')}/change/"


def test_nothing_runs_in_the_admin(context: BrowserContext, attacked: Attacked) -> None:
    eyes = attacked.eyes()
    page = eyes.on(context)
    sign_in(page, attacked)
    shown, wrong = 0, {}
    for place in admin_pages():
        page.goto(f"{attacked.url}/admin/{place}")
        shown += "onerror=__ran()" in page.locator("body").inner_text()
        if found := eyes.on_page(page):
            wrong[place] = found
    assert wrong == {}
    assert eyes.seen() == {}
    assert attacked.evil.reached == []
    assert shown > 25  # the texts were there to be seen


def test_nothing_runs_in_what_is_said_about_changes(context: BrowserContext, attacked: Attacked) -> None:
    eyes = attacked.eyes()
    page = eyes.on(context)
    sign_in(page, attacked)
    page.goto(f"{attacked.url}/admin/tenants_app/tenant/1/change/")
    page.locator("#id_name").fill(f"{SHORT}{SHORT}")
    page.locator("#id_greeting").fill(f"{SHORT} [a](javascript:__ran`1`)")
    page.locator("[name=_save]").click()
    expect(page.get_by_text(f"Empresa “{SHORT}{SHORT}”")).to_be_visible()  # said by a message of the admin
    found = eyes.on_page(page)
    page.goto(f"{attacked.url}/admin/auth/group/1/delete/")
    page.locator("#content [type=submit], main [type=submit]").first.click()
    page.wait_for_url("**/admin/auth/group/")
    found += eyes.on_page(page)
    page.goto(f"{attacked.url}/admin/tenants_app/tenant/add/")
    for name in ("slug", "name"):
        page.locator(f"#id_{name}").fill(SHORT)
    page.locator("[name=_save]").click()
    expect(page.locator(".errorlist, .errornote").first).to_be_visible()  # the form comes back as it was written
    found += eyes.on_page(page)
    page.goto(f"{attacked.url}/admin/tenants_app/tenant/1/history/")
    assert found + eyes.on_page(page) == []
    assert eyes.seen() == {}
    assert attacked.evil.reached == []


def test_nothing_runs_where_nobody_is_signed_in(context: BrowserContext, attacked: Attacked) -> None:
    eyes = attacked.eyes()
    page = eyes.on(context)
    wrong = {}
    for place in ("", "c/", "demo/", "widget/x/", "static/", "admin/", "admin/login/?next=", "?x="):
        for text in (
            SHORT,
            "javascript:__ran`1`",
            "//evil.localhost/",
            "%3Cscript%3E__ran()%3C/script%3E%00%0d%0aX: y",
        ):
            page.goto(f"{attacked.url}/{place}{quote(text)}")
            if found := eyes.on_page(page):
                wrong[place + text] = found
    page.goto(f"{attacked.url}/admin/login/?next=javascript:__ran`1`")
    for name in ("username", "password"):
        page.locator(f"#id_{name}").fill(SHORT)
    page.locator("#login-form button[type=submit]").click()
    expect(page.locator(".errornote").first).to_be_visible()
    found = eyes.on_page(page)
    page.locator("#id_password").fill(PASSWORD)
    page.locator("#login-form button[type=submit]").click()
    page.wait_for_url(f"{attacked.url}/admin/")  # not where `next` said
    assert wrong | {"sign-in": found} == {"sign-in": []}
    assert eyes.seen() == {}
    assert attacked.evil.reached == []


def test_what_a_visitor_sends_through_the_socket_is_shown_and_no_more(
    context: BrowserContext, attacked: Attacked
) -> None:
    page_of_theirs = f"https://shop.example{SHORT}/x?{SHORT}"
    hello = {"type": "hello", "visitor": None, "conversation": None, "locale": SHORT, "page": page_of_theirs}
    text = f"Oi, me chamo {SHORT}, meu e-mail é {SHORT}@x.example"
    frames = [
        hello,
        {"type": "consent", "version": SHORT, "granted": True},
        {"type": "message", "client_id": SHORT, "text": text},
        {"type": "rate", "score": 1, "comment": everything(attacked.evil.evil)[:4000]},
        {"type": "handoff"},
    ]
    with connect(f"ws://{attacked.host}/ws/chat/{SLUG}/") as socket:
        for frame in frames:
            socket.send(json.dumps(frame))
        heard = [json.loads(socket.recv(timeout=20))]
        while heard[-1]["type"] not in {"done", "error"}:
            heard.append(json.loads(socket.recv(timeout=20)))
    assert heard[-1]["type"] == "done"
    [row] = [frame["message"] for frame in heard if frame["type"] == "ack"]
    assert row["content"] == text
    eyes = attacked.eyes()
    page = eyes.on(context)
    sign_in(page, attacked)
    page.goto(f"{attacked.url}/admin/conversations/conversation/?q={heard[0]['conversation']}")
    found = page.locator("#result_list a[href*='/change/']").first
    for _ in range(20):  # the index follows the file within a moment
        if found.count():
            break
        page.wait_for_timeout(250)
        page.reload()
    found.click()
    page.wait_for_url("**/change/**")
    for shown in (text, "https://shop.example", SHORT):
        expect(page.get_by_text(shown).first).to_be_attached()
    assert eyes.on_page(page) == []
    assert eyes.seen() == {}
    assert attacked.evil.reached == []


# What an assistant writes -> the link a visitor gets: its words and where it leads; None where there must be none.
LINKS: dict[str, tuple[str, str] | None] = {
    "[aqui](https://ok.example/a?b=1&c=2)": ("aqui", "https://ok.example/a?b=1&c=2"),
    "[aqui](HTTPS://OK.example)": ("aqui", "https://ok.example/"),
    "https://ok.example/a_(b)": ("https://ok.example/a_(b", "https://ok.example/a_(b"),
    "veja http://ok.example.": ("http://ok.example", "http://ok.example/"),
    "[ligue](tel:+5511999990000)": ("ligue", "tel:+5511999990000"),
    "escreva a eu@ok.example": ("eu@ok.example", "mailto:eu@ok.example"),
    "[R$ 1.200,00 à vista](https://ok.example/p)": ("R$ 1.200,00 à vista", "https://ok.example/p"),
    # words that claim another place are replaced by the place
    "[https://banco.example](https://mal.example/x)": ("https://mal.example/x", "https://mal.example/x"),
    "[banco.example](https://mal.example/x)": ("https://mal.example/x", "https://mal.example/x"),
    "[www.banco.com.br](https://mal.example/x)": ("https://mal.example/x", "https://mal.example/x"),
    "[ban\u200bco.exa\u00admple](https://mal.example/x)": ("https://mal.example/x", "https://mal.example/x"),
    "[banco\uff0eexample](https://mal.example/x)": ("https://mal.example/x", "https://mal.example/x"),
    "[oi@loja.example](mailto:eu@mal.example?bcc=z@z.example)": (
        "eu@mal.example",
        "mailto:eu@mal.example?bcc=z@z.example",
    ),
    "[\u202eelpmaxe.ocnab](https://mal.example/x)": ("https://mal.example/x", "https://mal.example/x"),
    "[clique \u202eiuqa](https://ok.example/y)": ("clique iuqa", "https://ok.example/y"),
    # letters that only look like others are told by their code
    "https://\u0430pple.example/": ("https://xn--pple-43d.example/", "https://xn--pple-43d.example/"),
    "[\u0430pple.example](https://\u0430pple.example/)": ("https://xn--pple-43d.example/", "https://xn--pple-43d.example/"),
    # no place for a chat to lead to
    "[a](javascript:alert`1`)": None,
    "[a](JaVaScRiPt:alert`1`)": None,
    "[a](\u0001javascript:alert`1`)": None,
    "[a](data:text/html,x)": None,
    "[a](vbscript:x)": None,
    "[a](file:///etc/passwd)": None,
    "[a](blob:https://ok.example/1)": None,
    "[a](/admin/logout/)": None,
    "[a](//mal.example)": None,
    "[a](https:mal.example)": None,
    "[a](https:\\\\mal.example)": None,
    "[a](https://banco.example@mal.example/)": None,
    "https://banco.example:senha@mal.example/": None,
    "[a](https://)": None,
}  # fmt: skip


def test_links_lead_where_their_words_say(page: Page, fake: FakeServer) -> None:
    open_chat(page, fake.page(fake.tag()))
    fake.reply(*LINKS)
    expect(answers(page)).to_have_count(len(LINKS))
    link = "({ textContent, href, rel, target }) => [textContent, href, rel, target]"
    found = answers(page).evaluate_all(f"nodes => nodes.map((node) => [...node.querySelectorAll('a')].map({link}))")
    safe = ["noopener noreferrer nofollow", "_blank"]
    wanted = [[[*lead, *safe]] if lead else [] for lead in LINKS.values()]
    assert {text: shown for text, shown, right in zip(LINKS, found, wanted, strict=True) if shown != right} == {}
