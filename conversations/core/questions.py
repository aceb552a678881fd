"""What the assistant has just asked the visitor for."""

import re

_ASKS = {
    "name": re.compile(
        r"(?:seu|teu) (?:primeiro )?nome|nome completo|"
        r"como (?:posso|devo|gostaria de|prefere)[^?.]{0,20} cham|com quem (?:eu )?falo|"
        r"your (?:full |first )?name|what (?:should|can|may) i call you|who am i (?:talking|speaking)|"
        r"tu nombre|su nombre|c[óo]mo te llamas|c[óo]mo se llama",
        re.IGNORECASE,
    ),
    "email": re.compile(r"e-?mail|correo", re.IGNORECASE),
    "phone": re.compile(r"telefone|celular|whats|n[úu]mero|phone|mobile|tel[ée]fono|m[óo]vil|contato", re.IGNORECASE),
}


def asked_for(words: str) -> frozenset[str]:
    """Which of "name", "email" and "phone" the assistant's last words ask for; nothing when they hold no question."""
    if "?" not in words and ":" not in words[-2:]:
        return frozenset()
    return frozenset(kind for kind, pattern in _ASKS.items() if pattern.search(words))
