"""Signed visitor tokens: they name a visitor of one tenant, and expire."""

import secrets
import time
from collections import deque

from django.conf import settings
from django.core import signing

from conversations.core.records import CONVERSATION_ID

_random_words: deque[str] = deque()


def new_id(kind: str) -> str:
    """A new opaque id: `kind` (a letter), the time so that ids sort by it, and 64 random bits. Safe in threads."""
    return f"{kind}{int(time.time() * 1000):012x}{_random_word()}"


def _random_word() -> str:
    # A system call for each id would let go of the interpreter lock each time, and wait behind the file threads.
    while True:
        try:
            return _random_words.popleft()
        except IndexError:
            block = secrets.token_hex(8 * 512)
            _random_words.extend(block[start : start + 16] for start in range(0, len(block), 16))


def issue(tenant: str, visitor_id: str) -> str:
    """A token for this visitor of this tenant."""
    return signing.TimestampSigner(salt=f"timmy.visitor.{tenant}").sign(visitor_id)


def read(tenant: str, token: str | None) -> str | None:
    """The visitor a token names; None when it is missing, forged, expired or another tenant's."""
    if not token or len(token) > 512 or not token.isascii():
        return None
    try:
        signer = signing.TimestampSigner(salt=f"timmy.visitor.{tenant}")
        visitor_id = signer.unsign(token, max_age=settings.VISITOR_TOKEN_DAYS * 86400)
    except signing.BadSignature:
        return None
    return visitor_id if CONVERSATION_ID.match(visitor_id) else None
