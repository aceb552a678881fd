"""The demo and the hosted page against the product itself, offline; the pictures of the README come from here."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import PHONE, watched
from tests.browser.steps import answers, box, launcher, mine, open_chat, ready, say, settled

pytestmark = pytest.mark.browser


def answered(page: Page, at_least: int = 1) -> None:
    """The assistant has said this many parts and its turn is over."""
    expect(answers(page).nth(at_least - 1)).to_be_visible(timeout=20_000)
    expect(page.locator(".growing .msg:visible")).to_have_count(0, timeout=20_000)


def test_the_demo_shop_answers_from_its_knowledge(page: Page, timmy: str) -> None:
    open_chat(page, f"{timmy}/demo/")
    say(page, "Vocês entregam em Campinas? Quanto custa o frete?")
    answered(page)
    expect(page.get_by_role("log")).to_contain_text("R$ 12", timeout=20_000)
    settled(page, 1)
    assert page.complaints == []  # type: ignore[attr-defined]


def test_the_conversation_is_there_after_a_reload_and_in_another_tab(context: BrowserContext, timmy: str) -> None:
    first = open_chat(watched(context.new_page()), f"{timmy}/demo/")
    say(first, "Oi, me chamo Maria")
    answered(first)
    first.reload()
    launcher(first).click()
    ready(first)
    expect(mine(first)).to_have_count(1)
    second = open_chat(watched(context.new_page()), f"{timmy}/demo/")
    expect(mine(second)).to_have_count(1)
    say(second, "Qual planta vai bem na sombra?")
    settled(first, 2)
    answered(first, 2)


def test_a_hosted_page_is_a_whole_chat(page: Page, timmy: str) -> None:
    answer = page.goto(f"{timmy}/c/varizemed")
    assert answer is not None
    assert "unsafe-inline" not in answer.headers["content-security-policy"]
    ready(page)
    if page.get_by_role("button", name="Aceitar e continuar").is_visible():
        page.get_by_role("button", name="Aceitar e continuar").click()
    say(page, "Onde fica a clínica?")
    answered(page)
    assert page.complaints == []  # type: ignore[attr-defined]


def test_without_scripts_the_hosted_page_gives_other_ways(visitor: Callable[..., Page], timmy: str) -> None:
    page = visitor(java_script_enabled=False)
    page.goto(f"{timmy}/c/default")
    expect(page.locator("noscript li").first).to_be_visible()


def test_an_unknown_chat_is_a_friendly_404(page: Page, timmy: str) -> None:
    answer = page.goto(f"{timmy}/c/nobody")
    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def test_ending_and_rating_reach_the_server(page: Page, timmy: str) -> None:
    open_chat(page, f"{timmy}/demo/")
    say(page, "Obrigada!")
    answered(page)
    page.get_by_role("button", name="Opções").click()
    page.get_by_role("button", name="Encerrar a conversa").click()
    page.get_by_role("radio", name="5 estrelas").check()
    page.get_by_role("button", name="Enviar avaliação").click()
    expect(page.get_by_text("Obrigado pela sua avaliação!")).to_be_visible()
    page.get_by_role("button", name="Iniciar uma nova conversa").click()
    ready(page)
    say(page, "Mais uma coisa")
    settled(page, 2)
    assert page.complaints == []  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", ["/demo/", "/demo/varizemed/", "/demo/timmy_vendas/", "/c/default", "/c/nobody"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_readable(visitor: Callable[..., Page], timmy: str, path: str, scheme: str) -> None:
    page = visitor(color_scheme=scheme, reduced_motion="reduce")
    page.goto(timmy + path)
    page.wait_for_load_state("networkidle")
    found = [
        violation
        for violation in Axe().run(page).response["violations"]
        if violation["impact"] in {"serious", "critical"}
    ]
    assert [(violation["id"], violation["nodes"][0]["html"]) for violation in found] == []


@pytest.mark.parametrize("path", ["/demo/", "/c/default"])
def test_no_page_scrolls_sideways_at_320_pixels(visitor: Callable[..., Page], timmy: str, path: str) -> None:
    page = visitor(viewport={"width": 320, "height": 568})
    page.goto(timmy + path)
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


PICTURES = {
    "demo-1280": ("/demo/", {}),
    "demo-1280-dark": ("/demo/", {"color_scheme": "dark"}),
    "demo-390": ("/demo/", {"viewport": PHONE}),
    "demo-390-dark": ("/demo/", {"viewport": PHONE, "color_scheme": "dark"}),
    "hosted-1280": ("/c/default", {}),
    "hosted-390": ("/c/default", {"viewport": PHONE}),
}


def take_picture(visitor: Callable[..., Page], timmy: str, name: str) -> None:
    path, options = PICTURES[name]
    folder = Path(os.environ["TIMMY_SCREENSHOTS"])
    folder.mkdir(parents=True, exist_ok=True)
    page = visitor(**({"reduced_motion": "reduce"} | options))
    page.goto(timmy + path)
    if path.startswith("/demo"):
        launcher(page).wait_for()
        if not options:
            page.screenshot(path=folder / "demo-page.png")
        launcher(page).click()
    ready(page)
    say(page, "Oi! Qual planta vai bem na sombra?")
    answered(page)
    say(page, "Quanto custa o frete para Campinas?")
    settled(page, 2)
    expect(page.get_by_role("log")).to_contain_text("R$ 12", timeout=20_000)
    answered(page, 2)
    box(page).blur()
    page.screenshot(path=folder / f"{name}.png")


if "TIMMY_SCREENSHOTS" in os.environ:

    @pytest.mark.parametrize("name", PICTURES)
    def test_pictures(visitor: Callable[..., Page], timmy: str, name: str) -> None:
        take_picture(visitor, timmy, name)
