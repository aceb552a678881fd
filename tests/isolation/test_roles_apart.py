"""Who works for both businesses is in each what their role there says, and nothing of the other role."""

import pytest

from tests.isolation.addresses import ADDRESSES, KEYED, form_of, path_of
from tests.isolation.answers import Ask, answer, undone
from tests.isolation.canaries import THEIRS
from tests.isolation.cast import BOTH, Cast
from tests.isolation.state import state_of
from tests.isolation.test_lists import MODELS, list_of

FORMS = [pattern for pattern, address in ADDRESSES.items() if address.form]


def path_to_theirs(cast: Cast, pattern: str) -> str:
    thing = ADDRESSES[pattern].thing
    return path_of(pattern, cast.key(thing) if thing else "x")


@pytest.mark.parametrize(("here", "there"), BOTH)
def test_of_theirs_they_read_what_their_role_there_reads(cast: Cast, here: str, there: str) -> None:
    paths = [path_to_theirs(cast, pattern) for pattern in KEYED if not pattern.endswith(("object_id>/", "delete/"))]
    paths += map(list_of, MODELS)
    for path in paths:
        both = answer(cast.clients[f"{here}-{there}"], Ask(path))
        plain = answer(cast.clients[f"their {there}"], Ask(path))
        found, may = (THEIRS.places_in(repr(one)) | set(THEIRS.private_in(repr(one))) for one in (both, plain))
        known = {"first", "last", there, "tenant_name", THEIRS.stem[:-1]}  # one's own name, and where one works
        assert found | known == may | known, path


@pytest.mark.parametrize(("here", "there"), BOTH)
def test_of_theirs_they_change_what_their_role_there_changes(cast: Cast, here: str, there: str) -> None:
    changed = {
        who: {pattern for pattern in FORMS if changes(cast, who, pattern)}
        for who in (f"{here}-{there}", f"their {there}")
    }
    assert changed[f"{here}-{there}"] == changed[f"their {there}"]


def test_a_manager_of_theirs_changes_them_by_the_same_forms(cast: Cast) -> None:
    # Else nothing would be changed above because no form is ever right.
    changed = {pattern for pattern in FORMS if changes(cast, "their manager", pattern)}
    assert {pattern.split("/")[-2] for pattern in changed} == {"change", "delete", "export"}


def changes(cast: Cast, who: str, pattern: str) -> bool:
    """Whether a POST changes anything of theirs, a download's line in their log included."""
    before = state_of(cast.theirs, cast.folder)
    with undone():
        answer(cast.clients[who], Ask(path_to_theirs(cast, pattern), form_of(ADDRESSES[pattern], cast.theirs), "post"))
        return state_of(cast.theirs, cast.folder) != before


@pytest.mark.parametrize(("here", "there"), BOTH)
def test_of_ours_they_change_what_their_role_here_changes(cast: Cast, here: str, there: str) -> None:
    pattern = "admin/tenants_app/tenant/<path:object_id>/change/"
    ask = Ask(path_of(pattern, cast.key("tenant", "ours")), form_of(ADDRESSES[pattern], cast.ours), "post")
    before = state_of(cast.ours, cast.folder)
    with undone():
        answer(cast.clients[f"{here}-{there}"], ask)
        assert (state_of(cast.ours, cast.folder) != before) is (here == "manager")


@pytest.mark.parametrize("who", ["operator", "auditor-operator"])
def test_an_operator_takes_nothing_away(cast: Cast, who: str) -> None:
    house, of = (cast.ours, "ours") if who == "operator" else (cast.theirs, "theirs")
    before = state_of(house, cast.folder)
    for pattern in (
        "admin/conversations/conversation/<path:object_id>/csv/",
        "admin/conversations/conversation/export/",
    ):
        address = ADDRESSES[pattern]
        path = path_of(pattern, cast.key(address.thing, of) if address.thing else "")
        said = answer(cast.clients[who], Ask(path, form_of(address, house), "post" if address.form else "get"))
        assert not house.words.private_in(said.body.replace(house.words.text("tenant_name"), ""))
        assert "attachment" not in str(said.headers)
    assert state_of(house, cast.folder) == before
