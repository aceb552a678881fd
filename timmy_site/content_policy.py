"""What pages of this installation may load: strict for the public, what its theme needs for the admin."""

from typing import Any

from csp.constants import NONE, SELF

CONTENT_SECURITY_POLICY: dict[str, Any] = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        # No text becomes markup or code, whatever a script of ours would do by mistake.
        "require-trusted-types-for": ["'script'"],
        "trusted-types": [NONE],
    },
}

# The theme's inline styles, by hash: the colours of admin_theme.py, and what htmx writes for its indicator.
THEME_STYLES = (
    "'sha256-o8gZblRd+dhGRcV870xvL2TZsCqGq9b30foHNcILBJk='",
    "'sha256-bsV5JivYxvGywDAZ22EZJKBFip65Ng9xoJVLbBg7bdo='",
)

# What the theme needs more than the public gets, and why (docs/security.md). Nothing foreign is admitted.
ADMIN_DIRECTIVES: dict[str, Any] = {
    **CONTENT_SECURITY_POLICY["DIRECTIVES"],
    # Alpine.js makes functions of the expressions in the theme's templates.
    "script-src": [SELF, "'unsafe-eval'"],
    "script-src-attr": [NONE],
    "style-src": [SELF, "'unsafe-inline'"],  # for browsers that do not know the next two
    "style-src-elem": [SELF, *THEME_STYLES],
    # Alpine.js, simplebar and select2 write style attributes.
    "style-src-attr": ["'unsafe-inline'"],
    # The theme's scripts write markup (innerHTML); what they are given is ours and was escaped.
    "require-trusted-types-for": None,
    "trusted-types": None,
}
