"""A visitor talks: messages go out, answers grow, reloads and other tabs show the same conversation."""

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import watched
from tests.browser.fake_server import FakeServer
from tests.browser.steps import answers, box, launcher, mine, open_chat, ready, say, settled

pytestmark = pytest.mark.browser


def test_a_message_is_answered_and_the_console_stays_clean(page: Page, fake: FakeServer) -> None:
    open_chat(page, fake.page(fake.tag()))
    say(page, "Qual o prazo?")
    expect(answers(page).locator("strong")).to_have_text("3 dias úteis")
    settled(page, 1)
    assert page.complaints == []  # type: ignore[attr-defined]


def test_parts_grow_outside_the_log_and_enter_it_once(page: Page, fake: FakeServer) -> None:
    open_chat(page, fake.page(fake.tag()))
    fake.push({"type": "typing", "on": True})
    expect(page.locator(".dots")).to_be_visible()
    fake.push({"type": "delta", "reply": "r", "part": 0, "text": "Bom "})
    fake.push({"type": "delta", "reply": "r", "part": 0, "text": "dia!"})
    expect(page.locator(".growing .bubble").first).to_have_text("Bom dia!")
    expect(answers(page)).to_have_count(0)
    fake.push({"type": "message", "message": fake.row("assistant", "Bom dia!", reply="r", part=0)})
    expect(answers(page)).to_have_count(1)
    expect(page.locator(".growing .msg:visible")).to_have_count(1)  # the dots: the turn is not over
    fake.push({"type": "done", "reply": "r", "seq": len(fake.rows)})
    expect(page.locator(".growing .msg:visible")).to_have_count(0)


def test_a_superseded_reply_leaves_no_half_part(page: Page, fake: FakeServer) -> None:
    open_chat(page, fake.page(fake.tag()))
    fake.push({"type": "delta", "reply": "r", "part": 0, "text": "Meio"})
    expect(page.locator(".growing")).to_contain_text("Meio")
    fake.push({"type": "done", "reply": "r", "seq": 0})
    expect(page.locator(".growing")).not_to_contain_text("Meio")


def test_the_conversation_survives_a_reload(page: Page, fake: FakeServer) -> None:
    open_chat(page, fake.page(fake.tag()))
    say(page, "Oi")
    expect(answers(page)).to_have_count(1)
    page.reload()
    launcher(page).click()
    ready(page)
    expect(mine(page)).to_have_count(1)
    expect(answers(page)).to_have_count(1)
    hello = [frame for frame in fake.received if frame["type"] == "hello"][-1]
    assert (hello["visitor"], hello["conversation"]) == ("token-1", "c1")


def test_a_second_tab_sees_what_the_first_says(context: BrowserContext, fake: FakeServer) -> None:
    url = fake.page(fake.tag())
    first, second = watched(context.new_page()), watched(context.new_page())
    open_chat(first, url)
    open_chat(second, url)
    say(first, "Estou aqui")
    for tab in (first, second):
        settled(tab, 1)
        expect(answers(tab)).to_have_count(1)


def test_older_messages_come_on_request_and_in_order(page: Page, fake: FakeServer) -> None:
    for number in range(1, 261):
        fake.row("user" if number % 2 else "assistant", f"linha {number}")
    open_chat(page, fake.page(fake.tag()))
    expect(page.get_by_role("log").locator("[data-seq]")).to_have_count(200)
    page.get_by_role("button", name="Ver mensagens anteriores").click()
    expect(page.get_by_role("log").locator("[data-seq]")).to_have_count(260)
    seqs = page.get_by_role("log").locator("[data-seq]").evaluate_all("nodes => nodes.map(node => +node.dataset.seq)")
    assert seqs == sorted(seqs)
    expect(page.get_by_role("button", name="Ver mensagens anteriores")).to_be_hidden()


def test_a_system_row_is_a_note_and_an_empty_one_nothing(page: Page, fake: FakeServer) -> None:
    open_chat(page, fake.page(fake.tag()))
    for text in ("", "Maria entrou na conversa"):
        fake.push({"type": "message", "message": fake.row("system", text)})
    expect(page.locator(".note")).to_have_text(["Maria entrou na conversa"])


def test_a_person_takes_over_and_is_named(page: Page, fake: FakeServer) -> None:
    open_chat(page, fake.page(fake.tag()))
    expect(page.get_by_text("não é uma pessoa")).to_be_visible()
    page.get_by_role("button", name="Opções").click()
    page.get_by_role("button", name="Falar com uma pessoa").click()
    expect(page.locator(".sub")).to_have_text("Pedido anotado para a equipe")
    fake.set_status("operator", "Maria")
    expect(page.locator(".sub")).to_have_text("Maria está atendendo você")
    fake.push({"type": "message", "message": fake.row("operator", "Oi!", name="Maria")})
    expect(page.get_by_role("log").locator(".msg.human .sr")).to_have_text("Maria: ")


def test_an_ended_conversation_is_rated_and_a_new_one_begins(page: Page, fake: FakeServer) -> None:
    open_chat(page, fake.page(fake.tag()))
    say(page, "Obrigada")
    expect(answers(page)).to_have_count(1)
    page.get_by_role("button", name="Opções").click()
    page.get_by_role("button", name="Encerrar a conversa").click()
    page.get_by_role("radio", name="4 estrelas").check()
    page.get_by_role("textbox", name="Quer comentar?").fill("Rápido")
    page.get_by_role("button", name="Enviar avaliação").click()
    expect(page.get_by_text("Obrigado pela sua avaliação!")).to_be_visible()
    assert fake.received[-1] == {"type": "rate", "score": 4, "comment": "Rápido"}
    page.get_by_role("button", name="Iniciar uma nova conversa").click()
    ready(page)
    assert fake.received[-1]["conversation"] is None
    say(page, "Voltei")
    expect(page.get_by_text("Nova conversa", exact=True)).to_be_visible()
    settled(page, 2)


def test_nothing_is_sent_before_consent(page: Page, fake: FakeServer) -> None:
    fake.consent = {"required": True, "version": "2", "text": "Usamos seus dados. [Política](https://loja.example/p)"}
    open_chat(page, fake.page(fake.tag()))
    say(page, "Oi")
    expect(page.get_by_text("Aceite o aviso acima")).to_be_visible()
    assert fake.kinds() == ["hello"]
    page.get_by_role("button", name="Aceitar e continuar").click()
    box(page).press("Enter")
    settled(page, 1)
    assert fake.kinds()[1:3] == ["consent", "message"]


def test_declining_closes_the_chat_and_sends_nothing(page: Page, fake: FakeServer) -> None:
    fake.consent = {"required": True, "version": "2", "text": "Usamos seus dados."}
    open_chat(page, fake.page(fake.tag()))
    page.get_by_role("button", name="Agora não").click()
    expect(box(page)).to_be_hidden()
    assert fake.kinds() == ["hello"]


def test_an_answer_that_came_while_closed_is_counted(page: Page, fake: FakeServer) -> None:
    open_chat(page, fake.page(fake.tag()))
    page.keyboard.press("Escape")
    fake.reply("Uma coisa.", "Outra coisa.")
    expect(page.get_by_role("button", name="2 mensagens não lidas")).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="2 mensagens não lidas")).to_be_visible()
    launcher(page).click()
    ready(page)
    expect(launcher(page)).to_have_accessible_name("Conversar com Aurora")


def test_suggestions_are_sent_and_then_gone(page: Page, fake: FakeServer) -> None:
    open_chat(page, fake.page(fake.tag()))
    page.get_by_role("button", name="Qual o prazo de entrega?").click()
    settled(page, 1)
    expect(page.locator(".chips")).to_be_hidden()
