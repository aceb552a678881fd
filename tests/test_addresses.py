"""Who shares an allowance by where they come from."""

import pytest

from conversations.addresses import address_of


@pytest.mark.parametrize(
    ("client", "forwarded", "shared"),
    [
        ("203.0.113.7", "", "203.0.113.7"),
        ("::ffff:203.0.113.7", "", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::/64"),
        ("10.0.0.1", "198.51.100.9", "198.51.100.9"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.9", "198.51.100.9"),
        ("10.0.0.1", "198.51.100.9:4711", "198.51.100.9"),
        ("10.0.0.1", "[2001:db8:1:2::9]:4711", "2001:db8:1:2::/64"),
        ("10.0.0.1", " , ", "10.0.0.1"),
        ("a socket file", "", "a socket file"),
    ],
)
def test_an_allowance_is_shared_by_what_the_proxy_saw_last(client: str, forwarded: str, shared: str) -> None:
    assert address_of(client, forwarded) == shared
