"""Every frame a client may send, with something of theirs in each of its fields.

A new frame or field needs a row here, or `test_registries.py` fails the build.
"""

from typing import Any, Final

from tests.isolation.canaries import THEIRS

# Fields that no frame knows, for a server that might look at them all the same.
FORGED: Final = {
    "conversation": THEIRS.id("session_id"), "visitor": THEIRS.id("user_id"), "tenant": THEIRS.slug,
    "session_id": THEIRS.id("session_id"), "user_id": THEIRS.id("user_id"), "author": "operator:7000002",
}  # fmt: skip
FRAMES: Final[dict[str, list[dict[str, Any]]]] = {
    "hello": [{"visitor": None, "conversation": THEIRS.id("session_id"), "last_seen": 0, "locale": "en",
               "page": f"{THEIRS.origin}/page", "version": THEIRS.stem}],
    "sync": [{"after": 0}, {"before": 10_000}, {"after": 10_000}],
    "typing": [{}],
    "message": [{"client_id": f"client_id {THEIRS.stem} 1", "text": f"Me conte de {THEIRS.stem}"}],
    "rate": [{"score": 5, "comment": THEIRS.text("comment")}],
    "consent": [{"version": THEIRS.text("consent_version"), "granted": True}],
    "handoff": [{}],
    "end": [{}],
}  # fmt: skip
