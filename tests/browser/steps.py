"""What a visitor does, in the words of the tests."""

from playwright.sync_api import Locator, Page, expect

OPENERS = {"pt": "Conversar com", "en": "Chat with", "es": "Chatear con"}
BOXES = {"pt": "Sua mensagem", "en": "Your message", "es": "Su mensaje"}
FOCUS = """() => {
  let element = document.activeElement;
  while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
  return element?.className || element?.tagName;
}"""


def launcher(page: Page, language: str = "pt") -> Locator:
    return page.get_by_role("button", name=OPENERS[language])


def box(page: Page, language: str = "pt") -> Locator:
    return page.get_by_role("textbox", name=BOXES[language])


def open_chat(page: Page, url: str, language: str = "pt") -> Page:
    """Load a page, open the chat and wait until the server has greeted it."""
    page.goto(url)
    launcher(page, language).click()
    return ready(page)


def ready(page: Page) -> Page:
    page.locator(".panel[data-connection=ready]").wait_for()
    return page


def say(page: Page, text: str, language: str = "pt") -> None:
    box(page, language).fill(text)
    box(page, language).press("Enter")


def mine(page: Page) -> Locator:
    return page.locator(".log .msg.me:visible")


def answers(page: Page) -> Locator:
    return page.get_by_role("log").locator(".msg.bot")


def settled(page: Page, count: int) -> None:
    """The visitor's messages are `count` and all acknowledged."""
    expect(page.locator(".pending")).to_have_count(0)
    expect(mine(page)).to_have_count(count)


def focused(page: Page) -> str:
    """Class or tag of the element that has the focus, inside shadow roots too."""
    return str(page.evaluate(FOCUS))
