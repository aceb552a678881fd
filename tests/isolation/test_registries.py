"""A new door without a row in these tests fails here: what Django, the admin and the protocol know is compared."""

import typing
from typing import Any

import msgspec
from django.test import RequestFactory

from conversations import protocol
from conversations.routing import websocket_urlpatterns
from tests.isolation.addresses import ADDRESSES, PUBLIC, patterns
from tests.isolation.cast import Cast
from tests.isolation.frames import FRAMES
from tests.isolation.registered import FEATURES, Features, all_features


def request_of(cast: Cast) -> Any:
    request = RequestFactory().get("/")
    request.user = cast.people["admin"]
    return request


def test_every_address_has_a_row_in_addresses() -> None:
    assert set(patterns()) == set(ADDRESSES) | PUBLIC


def test_every_model_filter_action_and_field_of_the_admin_has_a_row_in_registered(cast: Cast) -> None:
    # The tests of lists and forms ask the registry and try what is new by themselves. Whoever writes the row here
    # looks at them first: do their questions fit what is new, and does it choose among our own things only?
    assert all_features(request_of(cast)) == FEATURES


def test_nothing_of_a_business_is_edited_in_rows_of_another_form(cast: Cast) -> None:
    # Hidden keys of inline and list forms are looked up in their own querysets, not in the admin's scoped one.
    scoped = {name: one for name, one in FEATURES.items() if not name.startswith("auth.")}
    risky = [name for name, one in scoped.items() if one[4:] != Features()[4:]]
    assert risky == []


def test_every_frame_of_a_client_has_a_row_in_frames() -> None:
    kinds = [kind.__struct_config__.tag for kind in typing.get_args(protocol.Frame)]
    assert set(kinds) == set(FRAMES)
    for kind in typing.get_args(protocol.Frame):
        names = {one.encode_name for one in msgspec.structs.fields(kind)}
        tried = {name for frame in FRAMES[kind.__struct_config__.tag] for name in frame}
        assert names <= tried, f"a new field of {kind.__name__}: name something of theirs in it"


def test_there_is_one_socket_address_and_all_others_are_refused() -> None:
    assert [one.pattern.regex.pattern for one in websocket_urlpatterns] == [r"^ws/chat/(?P<slug>[^/]{1,200})/\Z", ""]
    assert websocket_urlpatterns[1].callback.__name__ == "_nowhere"
