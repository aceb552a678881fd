"""What may go wrong on the way: nothing is lost, nothing is shown twice, nothing from outside runs."""

import pytest
from playwright.sync_api import Page, expect
from websockets.sync.server import ServerConnection

from tests.browser.fake_server import FakeServer, Frame
from tests.browser.steps import answers, box, launcher, mine, open_chat, ready, say, settled

pytestmark = pytest.mark.browser

HOSTILE = (
    '<img src=x onerror="window.hurt=1"><script>window.hurt=2</script> [clique](javascript:window.hurt=3) '
    "[https://banco.example](https://mal.example/x) [dados](data:text/html,x) **<b onclick=hurt()>oi</b>** "
    "https://ok.example/a?b=1&c=2). mailto:eu@ok.example \u202e"
)


def test_a_message_lost_with_the_socket_is_resent_with_its_id(page: Page, fake: FakeServer) -> None:
    def drop_first(server: FakeServer, socket: ServerConnection, frame: Frame) -> None:
        server.on_message = FakeServer.answer
        server.drop()

    fake.on_message = drop_first
    open_chat(page, fake.page(fake.tag()))
    say(page, "Chegou?")
    settled(page, 1)
    expect(answers(page)).to_have_count(1)
    first, second = fake.messages()
    assert first["client_id"] == second["client_id"]


def test_a_message_written_offline_goes_out_once_the_network_is_back(page: Page, fake: FakeServer) -> None:
    open_chat(page, fake.page(fake.tag()))
    page.context.set_offline(True)
    fake.drop()
    say(page, "Do túnel")
    expect(page.locator(".told")).to_have_text("Sem conexão. Tentando de novo…")
    expect(page.locator(".pending")).to_have_count(1)
    page.context.set_offline(False)
    settled(page, 1)
    expect(answers(page)).to_have_count(1)
    assert len({frame["client_id"] for frame in fake.messages()}) == 1


def test_a_greeting_that_fails_is_tried_again(page: Page, fake: FakeServer) -> None:
    fake.failing_hellos = 1
    open_chat(page, fake.page(fake.tag()))
    say(page, "Oi")
    settled(page, 1)
    assert fake.kinds().count("hello") == 2


def test_a_message_stored_but_not_acknowledged_is_shown_once(page: Page, fake: FakeServer) -> None:
    def store_then_drop(server: FakeServer, socket: ServerConnection, frame: Frame) -> None:
        server.on_message = FakeServer.answer
        server.acks[frame["client_id"]] = server.row("user", frame["text"])
        server.drop()

    fake.on_message = store_then_drop
    open_chat(page, fake.page(fake.tag()))
    say(page, "Uma vez só")
    ready(page)
    settled(page, 1)
    assert len({frame["client_id"] for frame in fake.messages()}) == 1
    assert [row["content"] for row in fake.rows if row["role"] == "user"] == ["Uma vez só"]


def test_a_pending_message_survives_a_reload_with_its_id(page: Page, fake: FakeServer) -> None:
    fake.on_message = lambda server, socket, frame: None
    open_chat(page, fake.page(fake.tag()))
    say(page, "Não me perca")
    expect(page.locator(".pending")).to_have_count(1)
    fake.on_message = FakeServer.answer
    page.reload()
    launcher(page).click()
    ready(page)
    settled(page, 1)
    first, second = fake.messages()
    assert first["client_id"] == second["client_id"]


def test_messages_keep_their_order_when_one_is_not_stored(page: Page, fake: FakeServer) -> None:
    def refuse_once(server: FakeServer, socket: ServerConnection, frame: Frame) -> None:
        server.on_message = FakeServer.answer
        server.send(socket, {"type": "error", "code": "not_stored", "detail": "", "client_id": frame["client_id"]})

    fake.on_message = refuse_once
    open_chat(page, fake.page(fake.tag()))
    say(page, "um")
    say(page, "dois")
    expect(page.locator(".pending .why").first).to_have_text("Mensagem ainda não gravada. Vamos tentar de novo.")
    settled(page, 2)
    assert [row["content"] for row in fake.rows if row["role"] == "user"] == ["um", "dois"]


def test_a_rate_limited_message_goes_out_later_by_itself(page: Page, fake: FakeServer) -> None:
    def limit_once(server: FakeServer, socket: ServerConnection, frame: Frame) -> None:
        server.on_message = FakeServer.answer
        error = {
            "type": "error",
            "code": "rate_limited",
            "detail": "",
            "client_id": frame["client_id"],
            "retry_after": 1,
        }
        server.send(socket, error)

    fake.on_message = limit_once
    open_chat(page, fake.page(fake.tag()))
    say(page, "Calma")
    expect(page.locator(".told")).to_contain_text("Muitas mensagens seguidas")
    settled(page, 1)
    expect(page.locator(".told")).to_be_empty()


def test_a_closed_conversation_hands_the_message_to_a_new_one(page: Page, fake: FakeServer) -> None:
    def close_it(server: FakeServer, socket: ServerConnection, frame: Frame) -> None:
        server.on_message = FakeServer.answer
        server.status = "closed"
        error = {"type": "error", "code": "conversation_closed", "detail": "", "client_id": frame["client_id"]}
        server.send(socket, error)

    fake.on_message = close_it
    open_chat(page, fake.page(fake.tag()))
    say(page, "Ainda aí?")
    settled(page, 1)
    hellos = [frame for frame in fake.received if frame["type"] == "hello"]
    assert hellos[-1]["conversation"] is None
    assert fake.conversation == 2


def test_a_gap_is_filled_and_rows_stand_in_order(page: Page, fake: FakeServer) -> None:
    open_chat(page, fake.page(fake.tag()))
    fake.push({"type": "message", "message": fake.row("assistant", "um")})
    fake.row("assistant", "dois")
    third = fake.row("assistant", "três")
    fake.push({"type": "message", "message": third})
    fake.push({"type": "message", "message": third})
    expect(answers(page).locator("p")).to_have_text(["um", "dois", "três"])
    assert fake.received[-1] == {"type": "sync", "after": 1}


def test_a_lost_last_push_is_noticed_at_done(page: Page, fake: FakeServer) -> None:
    open_chat(page, fake.page(fake.tag()))
    fake.row("assistant", "quieta")
    fake.push({"type": "done", "reply": "r", "seq": 1})
    expect(answers(page)).to_have_count(1)


def test_more_than_one_history_of_missed_rows_is_fetched_whole(page: Page, fake: FakeServer) -> None:
    open_chat(page, fake.page(fake.tag()))
    fake.push({"type": "message", "message": fake.row("assistant", "1")})
    expect(answers(page)).to_have_count(1)
    fake.drop()
    for number in range(2, 502):
        fake.row("assistant", str(number))
    expect(answers(page)).to_have_count(501)
    assert answers(page).locator("p").all_text_contents() == [str(number) for number in range(1, 502)]


def test_a_part_whose_beginning_was_missed_is_not_shown_in_half(page: Page, fake: FakeServer) -> None:
    fake.busy = True
    open_chat(page, fake.page(fake.tag()))
    expect(page.locator(".dots")).to_be_visible()
    fake.push({"type": "delta", "reply": "r", "part": 0, "text": "tade final"})
    fake.push({"type": "delta", "reply": "r", "part": 1, "text": "Inteira"})
    expect(page.locator(".growing")).to_contain_text("Inteira")
    expect(page.locator(".growing")).not_to_contain_text("tade")


def test_what_the_model_says_never_runs(page: Page, fake: FakeServer) -> None:
    open_chat(page, fake.page(fake.tag()))
    fake.reply(HOSTILE)
    expect(answers(page)).to_contain_text("<img src=x onerror=")
    assert page.evaluate("window.hurt") is None
    links = answers(page).locator("a")
    assert links.evaluate_all("nodes => nodes.map(node => [node.textContent, node.getAttribute('href')])") == [
        ["https://mal.example/x", "https://mal.example/x"],
        ["https://ok.example/a?b=1&c=2", "https://ok.example/a?b=1&c=2"],
        ["eu@ok.example", "mailto:eu@ok.example"],
    ]
    assert set(links.evaluate_all("nodes => nodes.map(node => node.rel + ' ' + node.target)")) == {
        "noopener noreferrer nofollow _blank"
    }
    expect(answers(page).locator("img, script, b")).to_have_count(0)


def test_what_the_visitor_writes_is_shown_as_written(page: Page, fake: FakeServer) -> None:
    fake.on_message = lambda server, socket, frame: server.ack(socket, frame) and None
    open_chat(page, fake.page(fake.tag()))
    say(page, "**a** <b>b</b> [c](https://c.example)")
    settled(page, 1)
    expect(mine(page).locator(".bubble")).to_have_text("Você: **a** <b>b</b> [c](https://c.example)")


def test_a_refused_origin_stops_for_good_with_one_line(page: Page, fake: FakeServer) -> None:
    fake.refuse = 4403
    page.goto(fake.page(fake.tag()))
    launcher(page).click()
    expect(page.get_by_text("O chat não está disponível nesta página.")).to_be_visible()
    expect(box(page)).to_be_disabled()
    page.evaluate("window.dispatchEvent(new Event('online'))")
    assert [line for line in page.complaints if "Timmy" in line] == page.complaints  # type: ignore[attr-defined]
    assert len(page.complaints) == 1  # type: ignore[attr-defined]


def test_a_bad_frame_is_logged_once(page: Page, fake: FakeServer) -> None:
    open_chat(page, fake.page(fake.tag()))
    for _ in range(3):
        fake.push({"type": "error", "code": "bad_frame", "detail": "what?"})
    fake.push({"type": "message", "message": fake.row("assistant", "oi")})
    expect(answers(page)).to_have_count(1)
    assert len(page.complaints) == 1  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("language", "code", "words"),
    [
        ("pt", "too_long", "Mensagem longa demais"),
        ("en", "too_long", "Message too long"),
        ("es", "too_long", "Mensaje demasiado largo"),
        ("pt", "unavailable", "indisponível"),
        ("en", "unavailable", "unavailable right now"),
        ("es", "unavailable", "no está disponible"),
        ("en", "not_stored", "not stored yet"),
        ("es", "not_stored", "aún no guardado"),
    ],
)
def test_errors_speak_the_visitors_language(page: Page, fake: FakeServer, language: str, code: str, words: str) -> None:
    def refuse(server: FakeServer, socket: ServerConnection, frame: Frame) -> None:
        server.send(socket, {"type": "error", "code": code, "detail": "in English", "client_id": frame["client_id"]})

    fake.on_message = refuse
    open_chat(page, fake.page(fake.tag(), html=f'lang="{language}"'), language)
    say(page, "x", language)
    expect(page.locator(".told")).to_contain_text(words)
    expect(page.locator(".why")).to_contain_text(words)


def test_without_storage_the_chat_still_works(page: Page, fake: FakeServer) -> None:
    blocked = (
        "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError'); } })"
    )
    page.add_init_script(blocked)
    open_chat(page, fake.page(fake.tag()))
    say(page, "Oi")
    settled(page, 1)
    fake.drop()
    expect(page.locator(".panel[data-connection=lost]")).to_be_attached()
    ready(page)
    assert fake.received[-1]["visitor"] == "token-1"
