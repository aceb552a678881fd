"""How the widget sits on a page: readable, in reach, inside its borders, in every scheme and size."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE
from tests.browser.fake_server import FakeServer
from tests.browser.steps import answers, box, launcher, open_chat, say, settled

pytestmark = pytest.mark.browser

STRICT = (
    "default-src 'none'; script-src {url}; connect-src {url} {ws}; style-src 'self'; img-src 'self' data:; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)


def serious(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [
        f"{violation['id']}: {node['html']} {node['any'] and node['any'][0]['message']}"
        for violation in found
        if violation["impact"] in {"serious", "critical"}
        for node in violation["nodes"]
    ]


@pytest.mark.parametrize("color", ["#2f6f57", "#ffd400", "#9a9a9a", "#ff5a5f", "#0b1020"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_finding_whatever_the_colour(
    visitor: Callable[..., Page], fake: FakeServer, scheme: str, color: str
) -> None:
    page = visitor(color_scheme=scheme, reduced_motion="reduce")
    fake.config["color"] = color
    open_chat(page, fake.page(fake.tag()))
    assert serious(page) == []
    fake.reply_text = "Veja https://loja.example e **isto**:\n- a\n- b"
    say(page, "Oi")
    expect(answers(page)).to_have_count(1)
    fake.push({"type": "message", "message": fake.row("system", "Maria entrou")})
    fake.push({"type": "message", "message": fake.row("operator", "Oi", name="Maria")})
    expect(page.locator(".msg.human")).to_have_count(1)
    assert serious(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_cards_and_the_menu_are_readable_too(visitor: Callable[..., Page], fake: FakeServer, scheme: str) -> None:
    page = visitor(color_scheme=scheme, reduced_motion="reduce", viewport=PHONE)
    fake.consent = {"required": True, "version": "1", "text": "Usamos seus dados. [Política](https://loja.example/p)"}
    open_chat(page, fake.page(fake.tag()))
    assert serious(page) == []
    page.get_by_role("button", name="Aceitar e continuar").click()
    page.get_by_role("button", name="Opções").click()
    assert serious(page) == []
    page.get_by_role("button", name="Encerrar a conversa").click()
    page.get_by_role("radio", name="3 estrelas").check()
    assert serious(page) == []


def test_forced_colours_keep_their_borders(visitor: Callable[..., Page], fake: FakeServer) -> None:
    page = visitor(forced_colors="active", reduced_motion="reduce")
    open_chat(page, fake.page(fake.tag()))
    assert serious(page) == []
    assert page.locator(".panel").evaluate("panel => getComputedStyle(panel).borderTopStyle") == "solid"


def test_no_sideways_scrolling_at_320_pixels(visitor: Callable[..., Page], fake: FakeServer) -> None:
    page = visitor(viewport={"width": 320, "height": 568})
    open_chat(page, fake.page(fake.tag()))
    fake.reply("https://loja.example/" + "comprido" * 30)
    expect(answers(page)).to_have_count(1)
    for selector in ("html", ".panel", ".scroll"):
        assert page.locator(selector).evaluate("element => element.scrollWidth <= element.clientWidth"), selector


def test_a_phone_gets_the_whole_screen_and_the_page_stands_still(
    visitor: Callable[..., Page], fake: FakeServer
) -> None:
    page = visitor(viewport=PHONE, reduced_motion="reduce", has_touch=True)
    open_chat(page, fake.page("<p>linha</p>" * 200 + fake.tag()))
    panel = page.get_by_role("dialog").bounding_box()
    assert panel == {"x": 0, "y": 0, **PHONE}
    assert box(page).evaluate("box => getComputedStyle(box).fontSize") == "16px"
    field = box(page).bounding_box()
    assert field is not None
    assert field["y"] + field["height"] <= PHONE["height"]
    assert page.evaluate("getComputedStyle(document.documentElement).overflow") == "hidden"
    page.get_by_role("button", name="Fechar o chat").click()
    assert page.evaluate("document.documentElement.style.overflow") == ""
    expect(launcher(page)).to_be_visible()


def test_targets_are_large(visitor: Callable[..., Page], fake: FakeServer) -> None:
    page = visitor(reduced_motion="reduce")
    open_chat(page, fake.page(fake.tag()))
    assert launcher(page).bounding_box() == {"x": 1204, "y": 724, "width": 56, "height": 56}
    for name in ("Opções", "Fechar o chat", "Enviar"):
        size = page.get_by_role("button", name=name).bounding_box()
        assert size is not None
        assert min(size["width"], size["height"]) >= 44, name


def test_a_right_to_left_page_has_the_launcher_on_its_left(page: Page, fake: FakeServer) -> None:
    page.goto(fake.page(fake.tag(), html='lang="ar" dir="rtl"'))
    place = launcher(page).bounding_box()
    assert place is not None
    assert place["x"] == 20


def test_nothing_moves_for_who_asked_for_stillness(visitor: Callable[..., Page], fake: FakeServer) -> None:
    page = visitor(reduced_motion="reduce")
    open_chat(page, fake.page(fake.tag()))
    fake.push({"type": "typing", "on": True})
    expect(page.locator(".dots")).to_be_visible()
    assert page.evaluate("document.getAnimations().length") == 0


def test_it_is_not_printed(page: Page, fake: FakeServer) -> None:
    open_chat(page, fake.page(fake.tag()))
    page.emulate_media(media="print")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.locator(".launcher")).to_be_hidden()


def test_a_strict_policy_and_trusted_types_do_not_stop_it(page: Page, fake: FakeServer) -> None:
    url = fake.page(fake.tag(), csp=STRICT, host="localhost")
    open_chat(page, url)
    say(page, "Oi")
    settled(page, 1)
    assert page.locator(".panel").evaluate("panel => getComputedStyle(panel).borderRadius") == "20px"
    assert page.complaints == []  # type: ignore[attr-defined]


def test_the_pages_own_styles_stay_outside(page: Page, fake: FakeServer) -> None:
    hostile = (
        "<style>* { color: red !important; font-size: 60px !important } "
        "button, timmy-chat { display: none !important }</style>"
    )
    page.goto(fake.page(hostile + fake.tag()))
    launcher(page).click()
    expect(box(page)).to_be_visible()
    assert box(page).evaluate("box => getComputedStyle(box).fontSize") == "16px"
    assert page.locator("h1").evaluate("title => getComputedStyle(title).fontSize") == "60px"
