"""Signing in to the admin: guessing is slow, nobody is locked out of their account, and what ends a session ends it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import signing
from django.http import HttpRequest
from django.test import Client
from django.urls import reverse

from conversations.limits import Buckets
from tenants_app.models import Membership, Role, Tenant
from timmy_site import sign_in
from timmy_site.first_admin import make_first_admin

PASSWORD = "a-long-enough-word-for-a-test"
HOME = "203.0.113.5"
AWAY = "198.51.100.9"


class Clock:
    """A clock that stands still until it is moved."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Full allowances, in a time of the test's own."""
    clock = Clock()
    rates = (sign_in.PER_ACCOUNT, sign_in.PER_ADDRESS, sign_in.PER_BROWSER)
    fresh = sign_in.Allowances(*(Buckets(rate, clock=clock) for rate in rates))
    monkeypatch.setattr(sign_in, "allowances", lambda: fresh)
    return clock


@pytest.fixture
def manager(db: None, clock: Clock) -> Iterator[User]:
    tenant = Tenant.objects.create(slug="alfa", name="Alfa")
    user = User.objects.create_user("marta", "marta.silva@alfa.example", PASSWORD)
    Membership.objects.create(user=user, tenant=tenant, role=Role.MANAGER)
    user.refresh_from_db()
    return user


def attempt(client: Client, name: str = "marta", password: str = "", address: str = AWAY, **more: Any) -> Any:
    """Send the form, with a wrong password unless one is given; the answer."""
    form = {"username": name, "password": password or "wrong"}
    return client.post(reverse("admin:login"), form, REMOTE_ADDR=address, **more)


def enters(client: Client, **more: Any) -> bool:
    """Whether the right password opens the admin."""
    return bool(attempt(client, password=PASSWORD, **more).status_code == 302)


def leaves(client: Client) -> None:
    """Sign out, as the button does: the browser keeps its other cookies."""
    client.post(reverse("admin:logout"))


def guess(times: int, **more: Any) -> list[int]:
    """Try wrong passwords from a browser that nobody knows; the statuses."""
    return [attempt(Client(), **more).status_code for _ in range(times)]


def test_guesses_at_a_password_are_slowed_down(manager: User, clock: Clock) -> None:
    assert guess(12) == [200] * 10 + [429] * 2
    refused = attempt(Client(), password=PASSWORD)
    assert refused.status_code == 429  # the right one as well, else the answer would tell that it is
    assert refused["Retry-After"] == "61"
    clock.now += 61
    assert enters(Client(), address=AWAY)


def test_guesses_from_many_addresses_are_slowed_down_together(manager: User) -> None:
    statuses = [guess(1, address=f"198.51.100.{number}")[0] for number in range(12)]
    assert statuses == [200] * 10 + [429] * 2


def test_a_thousand_names_from_one_address_are_slowed_down(manager: User) -> None:
    statuses = [guess(1, name=f"person{number}")[0] for number in range(52)]
    assert statuses == [200] * 50 + [429] * 2


@pytest.mark.parametrize("name", ["marta", "MARTA", "nobody"])
def test_the_answer_is_the_same_for_a_name_that_does_not_exist(manager: User, name: str) -> None:
    answers = [attempt(Client(), name=name) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429]
    first, eleventh = ([str(error) for error in answer.context["errors"]] for answer in (answers[0], answers[-1]))
    assert len(first) == 1
    assert "marta" not in str(first + eleventh).lower()


def test_who_signed_in_here_before_is_not_kept_out_by_others_guesses(manager: User) -> None:
    own = Client()
    assert enters(own, address=HOME)
    leaves(own)
    assert guess(60)[-1] == 429
    assert enters(own, address=HOME)
    assert enters(own, address=AWAY)  # at the very address the guesses come from, too


def test_an_office_signs_in_though_one_of_it_guesses(manager: User) -> None:
    office = [Client() for _ in range(3)]
    assert [enters(client, address=HOME) for client in office] == [True] * 3
    guess(60, name="somebody", address=HOME)
    assert [enters(client, address=HOME) for client in office] == [True] * 3


def test_an_address_that_is_used_up_takes_nothing_from_an_account(manager: User) -> None:
    guess(50, name="somebody", address=AWAY)
    guess(30, name="marta", address=AWAY)
    assert enters(Client(), address=HOME)


def test_a_known_browser_has_no_more_guesses_than_others(manager: User) -> None:
    own = Client()
    assert enters(own)
    leaves(own)
    assert [attempt(own).status_code for _ in range(11)] == [200] * 10 + [429]


def test_a_browser_is_known_for_the_accounts_that_signed_in_from_it(manager: User) -> None:
    thief = Client()
    User.objects.create_user("tadeu", password=PASSWORD, is_staff=True)
    assert enters(thief, name="tadeu")
    leaves(thief)
    assert [attempt(thief, name="marta").status_code for _ in range(11)][-1] == 429


@pytest.mark.parametrize("make", [str, lambda: "x", lambda: "e30:x:y", lambda: signing.dumps({"id": "1"}, salt="x")])
def test_a_made_up_cookie_makes_no_browser_known(make: Callable[[], str]) -> None:
    request = HttpRequest()
    request.COOKIES["known"] = make()
    assert sign_in.KnownBrowser.of(request) == sign_in.KnownBrowser()


def test_a_shared_browser_knows_five_accounts_and_no_name(manager: User) -> None:
    browser = sign_in.KnownBrowser()
    for number in range(7):
        browser = browser.with_account(f"code{number}")
    assert browser.accounts == ("code6", "code5", "code4", "code3", "code2")
    client = Client()
    enters(client)
    assert "marta" not in signing.loads(client.cookies["known"].value, salt="timmy.known-browser")["accounts"]


def test_behind_a_proxy_the_address_is_what_the_proxy_saw(manager: User, settings: Any) -> None:
    settings.BEHIND_PROXY = True
    for number in range(50):
        attempt(Client(), name=f"p{number}", headers={"x-forwarded-for": f"10.1.1.{number}, {AWAY}"})
    assert attempt(Client(), headers={"x-forwarded-for": f"10.1.1.99, {AWAY}"}).status_code == 429
    assert attempt(Client(), headers={"x-forwarded-for": HOME}).status_code == 200


def test_without_a_proxy_nobody_chooses_an_address(manager: User) -> None:
    for number in range(50):
        attempt(Client(), name=f"p{number}", headers={"x-forwarded-for": f"10.1.1.{number}"})
    assert attempt(Client(), headers={"x-forwarded-for": HOME}).status_code == 429


@pytest.mark.parametrize(
    ("language", "words"), [("pt-br", "Espere 2 minutos"), ("es", "Espere 2 minutos"), ("en", "wait 2 minutes")]
)
def test_it_is_said_in_the_persons_language(manager: User, language: str, words: str) -> None:
    guess(10)
    answer = attempt(Client(), headers={"accept-language": language})
    assert words in answer.content.decode()


def test_the_log_tells_of_every_attempt_and_of_no_password(manager: User, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="timmy_site.sign_in")
    attempt(Client(), name="my-secret-typed-in-the-wrong-box", password="s3cret-word")
    enters(Client(), address=HOME)
    told = [record.getMessage() for record in caplog.records if record.name == "timmy_site.sign_in"]
    assert told == [f"a sign-in from '{AWAY}' was refused", f"account {manager.pk} signed in from '{HOME}'"]


def test_signing_in_makes_a_new_session(manager: User) -> None:
    client = Client()
    client.session.save()
    client.cookies["sessionid"] = planted = client.session.session_key
    assert enters(client)
    assert client.cookies["sessionid"].value != planted
    thief = Client()
    thief.cookies["sessionid"] = planted
    assert thief.get(reverse("admin:index")).status_code == 302


def test_a_new_password_signs_out_everywhere_else(manager: User) -> None:
    here, elsewhere = Client(), Client()
    for client in (here, elsewhere):
        assert enters(client)
    word = "another-long-word-for-a-test"
    form = {"old_password": PASSWORD, "new_password1": word, "new_password2": word}
    assert here.post(reverse("admin:password_change"), form).status_code == 302
    assert here.get(reverse("admin:index")).status_code == 200
    assert elsewhere.get(reverse("admin:index")).status_code == 302


@pytest.mark.parametrize("word", ["short-word", "password1234", "marta.silva@alfa"])
def test_weak_passwords_are_refused(manager: User, word: str) -> None:
    client = Client()
    enters(client)
    form = {"old_password": PASSWORD, "new_password1": word, "new_password2": word}
    assert client.post(reverse("admin:password_change"), form).status_code == 200
    manager.refresh_from_db()
    assert manager.check_password(PASSWORD)


@pytest.mark.parametrize("word", ["correct horse battery staple", "ç" * 100, "nur kleine buchstaben"])
def test_any_long_password_will_do(manager: User, word: str) -> None:
    client = Client()
    enters(client)
    form = {"old_password": PASSWORD, "new_password1": word, "new_password2": word}
    assert client.post(reverse("admin:password_change"), form).status_code == 302


@pytest.mark.parametrize("change", ["deactivated", "removed from the team", "new password by the platform admin"])
def test_who_may_no_longer_is_out_at_once(manager: User, change: str) -> None:
    client = Client()
    enters(client)
    if change == "deactivated":
        User.objects.filter(pk=manager.pk).update(is_active=False)
    elif change == "removed from the team":
        manager.memberships.get().delete()  # type: ignore[attr-defined]
    else:
        manager.set_password("whatever-else-it-may-be")
        manager.save()
    assert client.get(reverse("admin:index")).status_code == 302


def test_signing_out_ends_the_session_on_the_server(manager: User) -> None:
    client, thief = Client(), Client()
    enters(client)
    thief.cookies["sessionid"] = client.cookies["sessionid"].value
    assert thief.get(reverse("admin:index")).status_code == 200
    leaves(client)
    assert thief.get(reverse("admin:index")).status_code == 302


def test_a_session_ends_after_a_working_day_whatever_is_done_in_it(manager: User, settings: Any) -> None:
    client = Client()
    enters(client)
    assert client.cookies["sessionid"]["max-age"] == 12 * 3600
    ends = client.session.get_expiry_date()
    answer = client.get(reverse("admin:index"))
    assert "sessionid" not in answer.cookies
    assert abs((client.session.get_expiry_date() - ends).total_seconds()) < 60


@pytest.mark.django_db
def test_the_first_administrator_gets_a_random_password_once() -> None:
    made = [make_first_admin() for _ in range(2)]
    assert made[0] is not None
    assert made[1] is None
    name, password = made[0]
    assert len(password) >= 16
    assert User.objects.get(username=name).check_password(password)
    assert not User.objects.exclude(username=name).exists()
