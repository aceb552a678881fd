"""How the admin looks and what its side bar offers (django-unfold)."""

from typing import Any

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Timmy",
    "SITE_HEADER": "Timmy",
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_LANGUAGES": True,
    # The theme caches model search by user and text, not by tenant: it stays off.
    "COMMAND": {"search_models": False, "show_history": False},
}
