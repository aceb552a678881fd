"""What our team is shown is, byte for byte, what it would be shown if the other business were not there at all."""

from django.contrib.auth.models import Group, User
from django.core.cache import cache

from conversations.stats import data_stats
from tenants_app.models import Bundle, Tenant
from tests.isolation.addresses import KEYED, UNKEYED, path_of, zip_form
from tests.isolation.answers import Answer, Ask, answer, undone
from tests.isolation.canaries import OURS
from tests.isolation.cast import Cast
from tests.isolation.houses import House
from tests.isolation.test_lists import MODELS, list_of

QUERIES = ("_facets=True&all=&o=2.1",)


def everything(cast: Cast, who: str) -> dict[str, Answer]:
    """All that a person of ours can open: pages, lists in several orders, things of ours, and the zip."""
    paths = [path_of(pattern, "x") for pattern in UNKEYED if pattern not in {"admin/logout/", "readyz"}]
    paths += [path_of(pattern, cast.key(address.thing, "ours"), 1) for pattern, address in KEYED.items()]
    paths += [f"{list_of(model)}?{query}" for model in MODELS for query in QUERIES]
    asks = [Ask(path) for path in paths if not path.endswith("/csv/")]
    return {ask.path: shown(cast, who, ask) for ask in asks}


def shown(cast: Cast, who: str, ask: Ask) -> Answer:
    cache.clear()
    with undone():
        return answer(cast.clients[who], ask)


def remove(house: House) -> None:
    """Take the business, its people and their traces out of the database."""
    Tenant.objects.filter(pk=house.tenant.pk).update(published=None)
    Bundle.objects.filter(tenant=house.tenant).delete()
    Tenant.objects.filter(pk=house.tenant.pk).delete()
    User.objects.filter(pk__in=[person.pk for person in house.people.values()]).delete()
    Group.objects.filter(pk=house.keys["group"]).delete()


def test_pages_lists_and_counts_are_those_of_an_installation_of_our_own(cast: Cast) -> None:
    with_them = everything(cast, "manager")
    remove(cast.theirs)
    without_them = everything(cast, "manager")
    assert [path for path, said in with_them.items() if said != without_them[path]] == []
    assert sum(said.status == 200 for said in without_them.values()) > 25


def test_the_comparison_can_fail(cast: Cast) -> None:
    # A platform admin's lists and counts do change when a business goes.
    asks = [Ask(path) for path in ("/admin/", *map(list_of, MODELS[:2]))]
    with_them = [shown(cast, "admin", ask) for ask in asks]
    remove(cast.theirs)
    assert not [ask for ask, said in zip(asks, with_them, strict=True) if said == shown(cast, "admin", ask)]


def test_our_numbers_are_the_same_without_them(cast: Cast) -> None:
    with_them = data_stats(OURS.slug)
    remove(cast.theirs)
    assert data_stats(OURS.slug) == with_them
    assert with_them["total_conversations"] == with_them["total_users"] == 3


def test_our_zip_is_the_same_without_them(cast: Cast) -> None:
    ask = Ask("/admin/conversations/conversation/export/", zip_form(cast.ours), "post")
    names = {line for line in shown(cast, "auditor", ask).body.splitlines() if line.endswith((".csv", ".txt"))}
    remove(cast.theirs)
    assert names == {line for line in shown(cast, "auditor", ask).body.splitlines() if line.endswith((".csv", ".txt"))}
