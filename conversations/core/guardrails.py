"""What may leave: no second greeting, whatever the model says."""

import re
from typing import Final

_WORDS: Final = (
    "olá", "ola", "oi", "oie", "oii", "opa", "bom dia", "boa tarde", "boa noite", "saudações",
    "hi", "hello", "hey", "greetings", "good morning", "good afternoon", "good evening",
    "hola", "buenos días", "buenos dias", "buenas tardes", "buenas noches", "buenas",
)  # fmt: skip
# What may still belong to a greeting after its end.
_FOLLOWERS: Final = (
    "tudo bem", "tudo bom", "como vai", "como está", "eu sou o ", "eu sou a ", "sou o ", "sou a ", "me chamo ",
    "meu nome é ", "aqui é o ", "aqui é a ", "how are you", "i am ", "i'm ", "my name is ", "this is ",
    "cómo está", "¿cómo está", "qué tal", "¿qué tal", "soy ", "me llamo ", "mi nombre es ",
)  # fmt: skip
_EMOJI: Final = "[\U0001f300-\U0001faff\u2600-\u27bf]\ufe0f?"
# Whom a greeting is said to: names, with what stands before and inside them, and words for anybody.
_NAME: Final = (
    r"(?:(?:(?:dra?|sra?|srta|mrs?|ms)\.|seu|dona|senhora?|don|doña) )?(?-i:[A-ZÀ-Ý])[\w'’-]{1,20}"
    r"(?: (?:d[aeo]s? |e )?(?-i:[A-ZÀ-Ý])[\w'’-]{1,20}){0,3}"
)
_ANYBODY: Final = (
    "(?:de novo|novamente|again|there|de nuevo|otra vez|pessoal|gente|amig[oa]|querid[oa]|everyone|friend)"
)
_WHOM: Final = rf"(?:,? {_ANYBODY})?(?:,? {_NAME})?(?:,? {_ANYBODY})?"
_END: Final = rf"\s*(?:(?:[!.,;:…?]+|\n|{_EMOJI}|[–—-](?=\s)|\Z)\s*)+"
_HOW: Final = r"(?:tudo bem|tudo bom|como vai|how are you|¿?c[óo]mo est[áa]s?|¿?qu[ée] tal)[^.!?\n]{0,30}[?!.]\s*"
_WHO: Final = (
    r"(?:(?:eu )?sou [oa]|me chamo|meu nome é|aqui é [oa]|i am|i'm|my name is|this is|soy|me llamo|mi nombre es)\b"
    r"[^.!?\n]{0,90}[.!]\s*"
)
_ANY_WORD: Final = "|".join(sorted(_WORDS, key=len, reverse=True))
_GREETING: Final = re.compile(
    rf"\s*\W?(?:{_ANY_WORD})\b{_WHOM}{_END}(?:{_HOW}(?:{_EMOJI}\s*)?)?(?:{_WHO})?", re.IGNORECASE
)
_SENTENCE_END: Final = re.compile(
    r"(?<!\bdr)(?<!\bdra)(?<!\bsr)(?<!\bsra)(?<!\bmr)(?<!\bmrs)(?<!\bms)[!.?:;…\n\U0001f300-\U0001faff](?=\s|\w)"
)
MOST_HELD: Final = 300
MOST_WORDS: Final = 8
_INSTEAD: Final = {
    "pt": "Estou por aqui. Como posso ajudar?",
    "en": "I am here. How can I help?",
    "es": "Aquí estoy. ¿En qué ayudo?",
}


class GreetingGuard:
    """Takes a greeting off the beginning of a reply when the conversation has had one; works on a stream.

    What leaves is the same whatever way the stream is cut. `hits` counts what was taken off (0 or 1).
    """

    def __init__(self, greeted: bool, language: str) -> None:
        self._watching, self._held, self.hits = greeted, "", 0
        self._instead = _INSTEAD.get(language[:2].lower(), _INSTEAD["en"])

    def feed(self, piece: str) -> str:
        """What of the text so far may leave now."""
        if not self._watching:
            return piece
        for place, character in enumerate(piece, 1):
            self._held += character
            if _is_settled(self._held):
                return self._release() + piece[place:]
        return ""

    def close(self) -> str:
        """What was held when the reply ended; a greeting alone becomes an offer to help."""
        return (self._release() or (self._instead if self.hits else "")) if self._watching else ""

    def _release(self) -> str:
        self._watching = False
        found = _GREETING.match(self._held)
        if not found:
            return self._held
        self.hits = 1
        rest = self._held[found.end() :]
        return rest[:1].upper() + rest[1:]


def _is_settled(held: str) -> bool:
    """Whether more text cannot change what of the beginning is a greeting."""
    text = held.lstrip().lstrip("¡¿*_").lower()
    if len(held) >= MOST_HELD:
        return True
    word = next((word for word in _WORDS if _begins(text, word)), None)
    if word is None:
        return bool(text) and not any(word.startswith(text) for word in _WORDS)
    if not _SENTENCE_END.search(text) and text.count(" ") < MOST_WORDS:
        return False
    found = _GREETING.match(held)
    rest = held[found.end() :].lower() if found else "-"
    return bool(rest) and not any(one.startswith(rest) or rest.startswith(one) for one in _FOLLOWERS)


def _begins(text: str, word: str) -> bool:
    return text.startswith(word) and not text[len(word) : len(word) + 1].isalnum()
