"""What the owner of a page may rely on: one tag, one name, nothing stored early, nothing left behind."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.fake_server import FakeServer
from tests.browser.steps import box, launcher, open_chat, ready, say, settled

pytestmark = pytest.mark.browser


def test_before_the_first_open_nothing_is_stored_and_no_module_loaded(page: Page, fake: FakeServer) -> None:
    page.goto(fake.page(fake.tag()))
    launcher(page).wait_for()
    assert fake.requested == ["/page", "/widget.js", "/widget/loja.json"]
    assert page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]


def test_two_tags_make_one_launcher(page: Page, fake: FakeServer) -> None:
    page.goto(fake.page(fake.tag() + fake.tag()))
    launcher(page).wait_for()
    page.wait_for_load_state("networkidle")
    expect(launcher(page)).to_have_count(1)
    assert page.locator("timmy-chat").count() == 1


def test_only_one_global_name_is_added(page: Page, fake: FakeServer) -> None:
    page.goto(fake.page("<script>window.before = new Set(Object.getOwnPropertyNames(window))</script>" + fake.tag()))
    launcher(page).click()
    ready(page)
    added = page.evaluate(
        "Object.getOwnPropertyNames(window).filter(name => !window.before.has(name) && name !== 'before')"
    )
    assert added == ["Timmy"]


def test_calls_queued_before_loading_are_replayed(page: Page, fake: FakeServer) -> None:
    stub = (
        "<script>window.Timmy = (...call) => (Timmy.q = Timmy.q || []).push(call);"
        "Timmy('open'); Timmy('send', 'Da fila')</script>"
    )
    page.goto(fake.page(stub + fake.tag()))
    ready(page)
    settled(page, 1)
    assert fake.messages()[0]["text"] == "Da fila"


def test_methods_and_events_work_and_tell_no_text(page: Page, fake: FakeServer) -> None:
    page.goto(fake.page(fake.tag()))
    launcher(page).wait_for()
    page.evaluate(
        "() => { window.heard = []; for (const name of ['open', 'close', 'message', 'unread'])"
        " Timmy.on(name, detail => heard.push([name, detail])); }"
    )
    page.evaluate("Timmy.open()")
    ready(page)
    say(page, "segredo")
    settled(page, 1)
    page.evaluate("Timmy('toggle')")
    heard = page.evaluate("heard")
    assert [name for name, _ in heard] == ["open", "message", "message", "close"]
    assert "segredo" not in str(heard)
    page.evaluate("Timmy.hide()")
    expect(launcher(page)).to_be_hidden()
    page.evaluate("Timmy.show()")
    expect(launcher(page)).to_be_visible()
    assert page.evaluate("Timmy('version')") == page.evaluate("Timmy.version")


def test_destroy_leaves_no_node_no_name_and_no_socket(page: Page, fake: FakeServer) -> None:
    open_chat(page, fake.page(fake.tag()))
    page.evaluate("Timmy.destroy()")
    page.wait_for_function("!document.querySelector('timmy-chat') && !window.Timmy")
    fake.wait_until(lambda: not fake.sockets)
    assert fake.sockets == []


def test_a_refused_page_gets_no_launcher_and_one_plain_line(page: Page, fake: FakeServer) -> None:
    with page.expect_console_message(lambda message: "Timmy" in message.text):
        page.goto(fake.page(fake.tag().replace("loja", "outra")))
    expect(page.locator("timmy-chat")).to_have_count(0)
    ours = [line for line in page.complaints if "Timmy" in line]  # type: ignore[attr-defined]
    assert len(ours) == 1
    assert 'no chat "outra"' in ours[0]


@pytest.mark.parametrize(("lang", "name"), [("en-GB", "Chat with"), ("es", "Chatear con"), ("pt-BR", "Conversar com")])
def test_it_speaks_the_pages_language(page: Page, fake: FakeServer, lang: str, name: str) -> None:
    page.goto(fake.page(fake.tag(), html=f'lang="{lang}"'))
    expect(page.get_by_role("button", name=f"{name} Aurora")).to_be_visible()


def test_the_tag_decides_over_the_settings(page: Page, fake: FakeServer) -> None:
    page.goto(fake.page(fake.tag(lang="en", position="left", color="#7a1fa2", open="")))
    expect(box(page, "en")).to_be_visible()
    button = page.locator(".launcher")
    assert button.evaluate("button => getComputedStyle(button).backgroundColor") == "rgb(122, 31, 162)"
    place = button.bounding_box()
    assert place is not None
    assert place["x"] == 20


def test_the_page_mode_fills_the_page(page: Page, fake: FakeServer) -> None:
    page.goto(fake.page(fake.tag(mode="page")))
    ready(page)
    assert page.locator(".panel").bounding_box() == {"x": 0, "y": 0, "width": 1280, "height": 800}
    page.keyboard.press("Escape")
    expect(box(page)).to_be_focused()
    expect(page.locator(".launcher")).to_have_count(0)
