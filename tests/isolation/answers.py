"""What an answer says, down to the last byte, without what is left to chance."""

import io
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http.cookies import SimpleCookie
from typing import Any, NamedTuple

from django.contrib.messages.storage.cookie import CookieStorage
from django.db import transaction
from django.test import Client, RequestFactory

from tests.isolation.canaries import GHOST, THEIRS

# Each is replaced by as many dots, so that the length of the whole stays what it was.
_CHANCE = re.compile(
    r'(?<=name="csrfmiddlewaretoken" value=")[A-Za-z0-9]{64}|(?<=X-CSRFToken": ")[A-Za-z0-9]{64}'
    r'|(?<=nonce[-=])"?[\w/+=-]{20,}|(?<=results in )[\d.]+(?= seconds)'
)
# Times in headers; a nonce in the policy is masked as in the page.
_CLOCK = {"Expires", "Last-Modified"}


class Answer(NamedTuple):
    """Status, headers, cookies and body."""

    status: int
    headers: dict[str, str]
    cookies: dict[str, str]
    body: str


class Ask(NamedTuple):
    """One request; what names something of theirs in it does so by their words."""

    path: str
    data: dict[str, Any] | None = None
    method: str = "get"

    def of_a_ghost(self) -> "Ask":
        """The same about somebody who is not there."""
        data = {key: _ghostly(value) for key, value in self.data.items()} if self.data is not None else None
        return Ask(_ghostly(self.path), data, self.method)


def _ghostly(value: Any) -> Any:
    if isinstance(value, list):
        return [_ghostly(one) for one in value]
    return GHOST.said_of(THEIRS, str(value))


def answer(client: Client, ask: Ask) -> Answer:
    """Ask, and take down all that comes."""
    cookies = SimpleCookie({name: morsel.value for name, morsel in client.cookies.items()})
    response: Any = getattr(client, ask.method)(ask.path, ask.data)
    client.cookies = cookies  # every question is the first one: no message of the one before is shown
    body = b"".join(response.streaming_content) if response.streaming else response.content
    headers = {name: _steady(value) for name, value in response.headers.items() if name not in _CLOCK}
    given = {name: _cookie(name, morsel) for name, morsel in response.cookies.items()}
    return Answer(response.status_code, headers, given, _steady(_text(body)))


def differences(client: Client, asks: Iterable[Ask], watched: Callable[[], Any] = lambda: None) -> list[str]:
    """Where an answer about theirs is not the one about a ghost, names them unasked or changes what is `watched`; a
    line for each. What a question changed is undone behind it.
    """
    found = []
    before = watched()
    for ask in asks:
        about_nobody = ask.of_a_ghost()
        with undone():
            ghosts = answer(client, about_nobody)
        with undone():
            theirs = answer(client, ask) if ask != about_nobody else ghosts
            if watched() != before:
                found.append(f"{ask} changed something of theirs")
        if unasked := THEIRS.found_in(ghosts):
            found.append(f"{ask} tells {unasked}")
        told = GHOST.said_of(THEIRS, repr(theirs))
        if told != repr(ghosts):
            found.append(f"{ask}: {_first_difference(told, repr(ghosts))}")
    return found


@contextmanager
def undone() -> Iterator[None]:
    """What is changed in the database meanwhile is as it was afterwards."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def _first_difference(one: str, other: str) -> str:
    place = next(
        (place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
    return f"…{one[max(place - 60, 0) : place + 60]}… is not …{other[max(place - 60, 0) : place + 60]}…"


def _steady(text: str) -> str:
    return _CHANCE.sub(lambda found: "." * len(found[0]), text)


def _text(body: bytes) -> str:
    if not body.startswith(b"PK"):
        return body.decode(errors="surrogateescape")
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        return "\n".join(f"{name}\n{archive.read(name).decode()}" for name in archive.namelist())


def _cookie(name: str, morsel: Any) -> str:
    rules = {key: value for key, value in morsel.items() if key not in {"expires"}}
    value = morsel.value
    if name == "messages" and value:
        # Packed and signed: the signature differs as the words do, so what it says is compared.
        request = RequestFactory().get("/")
        request.COOKIES["messages"] = value
        value = [str(message) for message in CookieStorage(request)]
    return f"{'.' * len(value) if name == 'csrftoken' else value} {rules}"
