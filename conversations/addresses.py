"""Who shares an allowance by where they come from: an address, a network, and what a proxy may say about it."""

import ipaddress
import re

_WITH_PORT = re.compile(r"(\d+\.\d+\.\d+\.\d+):\d+\Z|\[(.*)\](?::\d+)?\Z")


def address_of(client: str, forwarded: str = "") -> str:
    """Who shares an allowance: an IPv4 address, or the /64 network that one IPv6 customer has.

    `forwarded` is X-Forwarded-For as our own proxy sent it, empty without one: its last entry is the proxy's word, the
    ones before are anybody's.
    """
    client = forwarded.rsplit(",", 1)[-1].strip() or client
    if found := _WITH_PORT.match(client):
        client = found[1] or found[2]
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return client
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(address.ipv4_mapped or ipaddress.ip_network((address, 64), strict=False))
