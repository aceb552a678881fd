"""Which of the platform's languages somebody writes in, told from the small words that only one of them has."""

import re
from collections.abc import Iterable
from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_WORDS: Final = {
    "pt": _words(
        """
        não nao você voce vocês voces vc vcs oi olá ola oie opa quero queria gostaria preciso obrigado obrigada brigado
        valeu vlw qual quais quanto custa onde são sao uma um uns meu minha meus minhas seu sua seus suas tenho com bom
        boa noite isso isto também tambem muito muita pra pras pro pros da dos das na nas em eu ele ela mas é eh tudo
        bem consigo pode posso fazer fazem falar lembra lembram chamo nome preço preco horário agendar sim vou estou
        tô aqui tchau abraço só depois ainda até ate quem por
        """
    ),
    "en": _words(
        """
        the what is are was you your yours my i i'm im does did how much many have has can could would will like want
        need hello hi hey thanks thank please where when which who and or with price cost hours open good morning
        afternoon evening it of not don't name remember there speak talk yes this that about any at from
        """
    ),
    "es": _words(
        """
        el los las qué cuánto cuanto cuesta cuál cual dónde donde hola gracias usted ustedes tiene tienen tengo quiero
        quisiera llamo mi mis son y hay puedo pueden cómo cuándo buenos buenas días tardes noches precio con sin pero
        muy soy necesito hablar adiós hasta luego del una un
        """
    ),
}
_SIGNS: Final = {"pt": re.compile("[ãõç]"), "es": re.compile("[ñ¿¡]")}
_WORD: Final = re.compile(r"[^\W\d_]+(?:'[a-z]+)?")
MOST_CHARS: Final = 400


def written_in(texts: Iterable[str]) -> str | None:
    """The language ("pt", "en", "es") of the first text that tells it, else None."""
    return next((found for text in texts if (found := _language(text[:MOST_CHARS].lower()))), None)


def _language(text: str) -> str | None:
    words = _WORD.findall(text)
    points = {language: sum(word in known for word in words) for language, known in _WORDS.items()}
    for language, sign in _SIGNS.items():
        points[language] += 2 if sign.search(text) else 0
    best, second = sorted(points, key=points.__getitem__, reverse=True)[:2]
    return best if points[best] > points[second] else None
