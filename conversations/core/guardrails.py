"""What may leave: no second greeting, whatever the model says."""

import re

# A greeting, the words that go with it and whom it is said to, up to the sentence's end.
_GREETING = re.compile(
    r"\s*(?:(?:ol[áa]|oi+e?|opa|bom dia|boa tarde|boa noite|sauda[çc][õo]es|"
    r"hi|hello|hey|greetings|good (?:morning|afternoon|evening)|"
    r"hola|buenos d[ií]as|buenas(?: tardes| noches)?)\b"
    r"(?:,? (?:there|de novo|novamente|again|de nuevo|otra vez))?"
    r"(?:,? (?!(?:que|como|what|how|qual|quando|quero|seja)\b)[^\s,.!?\n]{1,20}){0,3}"
    r"\s*(?:[!.,\n:]+|[\U0001F300-\U0001FAFF])\s*[\U0001F300-\U0001FAFF]?\s*"
    r"(?:(?:tudo bem|tudo bom|como vai|how are you|c[óo]mo est[áa]s?|qu[ée] tal)[^.!?\n]{0,20}\?\s*)?)"
    r"(?:(?:(?:eu )?sou (?:o|a)|me chamo|meu nome é|aqui é (?:o|a)|i am|i'm|my name is|soy|me llamo)\b[^.!?\n]{0,90}[.!]\s*)?",
    re.IGNORECASE,
)
_MAY_BEGIN_ONE = re.compile(r"\s*(?:[oóôbsghe]|$)", re.IGNORECASE)
_HOLD_CHARS = 160
_INSTEAD = {"pt": "Estou por aqui. Como posso ajudar?", "en": "I am here. How can I help?", "es": "Aquí estoy. ¿En qué ayudo?"}


class GreetingGuard:
    """Takes a greeting off the beginning of a reply when the conversation has had one; works on a stream.

    `hits` counts what was taken off (0 or 1).
    """

    def __init__(self, greeted: bool, language: str) -> None:
        self._watching, self._held, self._said, self.hits = greeted, "", False, 0
        self._instead = _INSTEAD.get(language[:2].lower(), _INSTEAD["en"])

    def feed(self, piece: str) -> str:
        """What of the text so far may leave now."""
        if not self._watching:
            return piece
        self._held += piece
        if _MAY_BEGIN_ONE.match(self._held) and len(self._held) < _HOLD_CHARS:
            return ""
        return self._release()

    def close(self) -> str:
        """What was held when the reply ended; a greeting alone becomes an offer to help."""
        if not self._watching:
            return ""
        rest = self._release()
        return rest if rest or self._said or not self.hits else self._instead

    def _release(self) -> str:
        self._watching = False
        found = _GREETING.match(self._held)
        rest = self._held[found.end() :] if found else self._held
        if found:
            self.hits = 1
            rest = rest[:1].upper() + rest[1:]
        self._said = bool(rest.strip())
        self._held = ""
        return rest
