"""The exact text of the fake model's reply to a tagged message, known to server and client alike."""

import bisect
import functools
import itertools
import random
import re
import zlib

TAG = re.compile(r"#[a-z0-9]+-\d+")
_TOKEN = re.compile(r"\s?\S{1,5}")
_VARIANTS = 64

# About plants, and without greetings, prices, figures, promises or addresses: a product's guardrails have
# every right to change those, and then a changed text would say nothing.
_SENTENCES = (
    "Samambaias gostam de sombra, de terra sempre úmida e de um canto sem vento.",
    "A luz da manhã costuma ser mais branda que a da tarde, e quase toda folha agradece.",
    "Regue devagar até a água sair pelo fundo do vaso; depois espere a superfície secar.",
    "Isso varia de casa para casa.",
    "Folhas amareladas podem vir de excesso de água, de falta de luz ou simplesmente da idade da planta.",
    "Uma camada de pedrinhas no fundo não substitui os furos: é por eles que a raiz respira 🌱",
    "O vaso fica perto da janela ou mais para dentro da sala?",
    "Suculentas guardam água nas folhas, por isso aguentam um esquecimento e sofrem com cuidado demais.",
    "Sim, é bem comum!",
    "Na hora de trocar de vaso, escolha um pouco maior, solte as raízes com calma e complete com terra.",
    "Adubo em excesso também queima; menos quantidade, mais vezes, quase sempre funciona melhor.",
    "Que orquídea linda 😊",
    "Se aparecerem manchas escuras, afaste a planta das outras, corte a parte atingida e observe por dias.",
    "Ervas como manjericão, salsa e cebolinha crescem bem juntas, desde que recebam sol direto.",
)


def tag_of(text: str) -> str:
    """The last tag in a text, or ''."""
    found = TAG.findall(text)
    return found[-1] if found else ""


def squash(text: str) -> str:
    """A text without its white space, which a server may drop where it cuts."""
    return "".join(text.split())


def split_tokens(text: str) -> tuple[str, ...]:
    """A text in pieces of at most five letters; as with real tokenizers, a word keeps the space before it."""
    return tuple(_TOKEN.findall(text))


@functools.lru_cache(maxsize=1024)
def _body(variant: int, count: int) -> tuple[str, ...]:
    chance, found = random.Random(variant), []
    while len(found) < count:
        found += split_tokens(" " + chance.choice(_SENTENCES))
    return tuple(found[:count])


@functools.lru_cache(maxsize=1024)
def _body_squashed(variant: int, count: int) -> tuple[str, list[int]]:
    pieces = [squash(piece) for piece in _body(variant, count)]
    return "".join(pieces), list(itertools.accumulate(map(len, pieces)))


def variant_of(tag: str) -> int:
    """Which of the prepared bodies follows this tag."""
    return zlib.crc32(tag.encode()) % _VARIANTS


def body_count(tag: str, count: int) -> int:
    """Tokens left for the body when the tag takes the first."""
    return max(0, count - bool(tag))


def tokens(tag: str, count: int) -> tuple[str, ...]:
    """The reply of `count` tokens to a message with this tag ('' when it had none)."""
    body = _body(variant_of(tag), body_count(tag, count))
    return (tag, *body) if tag else body


class Expected:
    """A reply without white space, and which of its tokens completes a given length of it."""

    __slots__ = ("_ends", "_tag", "text")

    def __init__(self, tag: str, count: int) -> None:
        body, self._ends = _body_squashed(variant_of(tag), body_count(tag, count))
        self._tag, self.text = tag, tag + body

    def token_at(self, length: int) -> int:
        """The index, from 0, of the token that completes the first `length` characters."""
        if length <= len(self._tag):
            return 0
        last = len(self._ends) - 1
        return min(last, bisect.bisect_left(self._ends, length - len(self._tag))) + bool(self._tag)
