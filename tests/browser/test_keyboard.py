"""The chat without a mouse: reached by Tab, opened, written in, closed, and never a trap."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.fake_server import FakeServer
from tests.browser.steps import answers, box, focused, launcher, mine, open_chat, ready, settled

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_tab_reaches_the_launcher_and_a_key_opens_it(page: Page, fake: FakeServer, key: str) -> None:
    page.goto(fake.page('<a href="#x">antes</a>' + fake.tag()))
    launcher(page).wait_for()
    for _ in range(2):
        page.keyboard.press("Tab")
    assert focused(page) == "launcher"
    page.keyboard.press(key)
    ready(page)
    assert focused(page) == "TEXTAREA"
    expect(launcher(page)).to_have_attribute("aria-expanded", "true")


def test_escape_closes_from_anywhere_and_focus_returns(page: Page, fake: FakeServer) -> None:
    open_chat(page, fake.page(fake.tag()))
    for element in (box(page), page.get_by_role("button", name="Opções"), page.locator(".scroll")):
        element.focus()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_be_hidden()
        assert focused(page) == "launcher"
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog")).to_be_visible()


def test_escape_closes_an_open_menu_first(page: Page, fake: FakeServer) -> None:
    open_chat(page, fake.page(fake.tag()))
    page.get_by_role("button", name="Opções").press("Enter")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Encerrar a conversa")).to_be_hidden()
    expect(page.get_by_role("dialog")).to_be_visible()


def test_tab_leaves_the_panel_for_the_page(page: Page, fake: FakeServer) -> None:
    open_chat(page, fake.page('<a href="#x" class="hosts">antes</a>' + fake.tag()))
    seen = set()
    for _ in range(20):
        page.keyboard.press("Tab")
        seen.add(focused(page))
    assert "hosts" in seen


def test_shift_enter_breaks_the_line_and_composition_does_not_send(page: Page, fake: FakeServer) -> None:
    open_chat(page, fake.page(fake.tag()))
    box(page).type("uma")
    page.keyboard.press("Shift+Enter")
    box(page).type("duas")
    box(page).evaluate(
        "box => box.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', isComposing: true, bubbles: true}))"
    )
    expect(mine(page)).to_have_count(0)
    page.keyboard.press("Enter")
    settled(page, 1)
    assert fake.messages()[0]["text"] == "uma\nduas"


def test_the_limit_is_told_and_held(page: Page, fake: FakeServer) -> None:
    open_chat(page, fake.page(fake.tag()))
    box(page).fill("🌿" * 3999)
    expect(page.locator(".count")).to_have_text("Resta 1 caractere")
    box(page).fill("🌿" * 4001)
    expect(page.locator(".count")).to_contain_text("o limite é de 4000")
    page.keyboard.press("Enter")
    expect(mine(page)).to_have_count(0)
    box(page).fill("🌿" * 4000)
    page.keyboard.press("Enter")
    settled(page, 1)


def test_history_is_not_announced_again_and_a_message_changes_little(page: Page, fake: FakeServer) -> None:
    for number in range(20):
        fake.row("assistant", f"linha {number}")
    open_chat(page, fake.page(fake.tag()))
    expect(answers(page)).to_have_count(20)
    page.get_by_role("log").evaluate(
        """log => {
          window.added = 0;
          const count = changes => changes.forEach(change => { window.added += change.addedNodes.length; });
          new MutationObserver(count).observe(log, {childList: true});
        }"""
    )
    fake.on_message = lambda server, socket, frame: server.ack(socket, frame) and None
    box(page).fill("Oi")
    page.keyboard.press("Enter")
    settled(page, 1)
    assert page.evaluate("window.added") == 1
    expect(page.get_by_role("log")).to_have_attribute("aria-live", "polite")
