"""What a visitor means beside a question: a greeting, thanks, a farewell, a wish for a person …"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

_MEANINGS: Final = {
    "asks_own_name": r"(?:lembra|sabe|recorda|qual|como).{0,30}\bmeu nome\b|como eu me chamo|"
    r"(?:remember|know|what(?:'s| is)).{0,20}\bmy name\b|"
    r"(?:recuerdas?|sabes?|cual es).{0,20}\bmi nombre\b|como me llamo",
    "asks_own_contact": r"(?:lembra|sabe|tem|anotou|qual).{0,30}\bmeu (?:e-?mail|telefone|numero|celular|contato)\b|"
    r"(?:remember|know|have|what(?:'s| is)).{0,20}\bmy (?:e-?mail|phone|number)\b|"
    r"(?:recuerdas?|sabes?|tienes?|cual es).{0,20}\bmi (?:correo|telefono|numero)\b",
    "why_contact": r"\b(?:por ?que|pra que|para que|why)\b.{0,40}"
    r"\b(?:e-?mail|telefone|numero|celular|contato|meu nome|meus dados|phone|number|my name|correo|telefono|datos)\b",
    "keeps_contact": r"\bprefiro nao\b|\bnao quero (?:passar|dar|informar|deixar|dizer)\b|"
    r"\brather not\b|\bprefiero no\b",
    "wants_person": r"\b(?:falar|conversar|chama\w*|quero|preciso|passa\w*|transfer\w*)\b.{0,40}"
    r"\b(?:pessoa|humano|humana|atendente|alguem|gente de verdade|responsavel|gerente|vendedor)\b|"
    r"\b(?:speak|talk|chat|connect)\b.{0,30}\b(?:person|human|someone|agent|representative|manager)\b|"
    r"\b(?:hablar|comunicar\w*)\b.{0,30}\b(?:persona|humano|alguien|agente|encargado)\b",
    "asks_machine": r"\b(?:voce|vc|tu|ce)\b.{0,15}\b(?:robo|bot|maquina|ia|humano|pessoa|gente)\b|quem e (?:voce|vc)|"
    r"\bparece (?:gente|uma pessoa|humano|um robo)\b|\bare you\b.{0,15}\b(?:robot|bot|machine|ai|human|person|real)\b|"
    r"who are you|\beres\b.{0,15}\b(?:robot|bot|maquina|ia|humano|persona)\b|quien eres",
    "thanks": r"\b(?:obrigad[oa]|brigad[oa]|valeu|vlw|agradeco|grat[oa]|thanks|thank you|thx|gracias)\b",
    "farewell": r"\b(?:tchau|ate (?:mais|logo|breve|amanha)|adeus|flw|bye|goodbye|see you|adios|hasta luego|chao)\b",
    "greeting": r"^\W*(?:oi+e?|ola|opa|e ai|eai|bom dia|boa tarde|boa noite|alo|hi|hello|hey|"
    r"good (?:morning|afternoon|evening)|hola|buenos dias|buenas(?: tardes| noches)?)\b",
    "accepts": r"\b(?:ok|okay|certo|entendi|beleza|blz|legal|massa|show|top|perfeito|otimo|bacana|nao|k{2,}|great|nice|"
    r"cool|perfect|vale|perfecto)\b|\U0001f44d",
    "anger": r"\b(?:incompetente\w*|absurdo|palhacada|ridicul\w*|pessimo|horrivel|porra|caralho|merda|idiota|burr[oa]|"
    r"lixo|useless|stupid|terrible|awful|inutil)\b",
}
_COMPILED: Final = {name: re.compile(pattern) for name, pattern in _MEANINGS.items()}
_FILLERS: Final = re.compile(
    r"\b(?:oi+e?|ola|opa|e ai|eai|bom dia|boa tarde|boa noite|tudo bem|tudo bom|como vai|timmy|hi|hello|hey|there|"
    r"how are you|good (?:morning|afternoon|evening)|hola|buenos dias|buenas|tardes|noches|que tal|muito|obrigad[oa]|"
    r"valeu|por favor|pf|pfv|please|thanks|thank you|gracias|tchau|bye|adios|ok|okay|certo|entendi|beleza|blz|sim|nao|"
    r"yes|no|si|entao|legal|massa|show|top|perfeito|otimo|bacana|bom|boa|k{2,}|(?:ha|rs|he|ja)+|great|nice|cool|"
    r"perfect|vale|perfecto|e o seguinte|o seguinte|ta|to|ah|ne|alias|mesmo|serio|jura)\b"
)
_INTRODUCTIONS: Final = re.compile(
    r"\b(?:(?:o )?meu nome (?:e|eh)|me chamo|(?:eu )?sou [oa]|aqui (?:quem fala )?e(?: [oa])?|pode me chamar de|"
    r"my name is|i am|i'm|this is|me llamo|mi nombre es|soy|(?:o )?(?:meu|my|mi) (?:e-?mail|telefone|celular|"
    r"numero|whats\w*|zap|contato|phone(?: number)?|number|correo|telefono)(?: (?:e|eh|is|es))?|"
    r"(?:pode )?anot[ae]r?|segue|e-?mail|telefone)\b"
)
_ASKS: Final = re.compile(
    r"\?|\b(?:qua(?:l|is)|quant[oa]s?|quando|onde|como|quem|por ?que|o que|que horas|tem|tens|voces|vcs|posso|"
    r"pode(?! ser)|podem|consigo|da (?:pra|para)|quero|queria|gostaria|preciso|saber|"
    r"me (?:conta|diga?|fala|explica|passa|manda)|"
    r"what|which|who|where|when|how|why|do|does|can|could|is|are|i want|i need|tell me|"
    r"cual(?:es)?|cuant[oa]s?|cuando|donde|quien|tienen?|puedo|pueden|quiero|quisiera|necesito|hay)\b"
)
_NUMBER: Final = re.compile(r"[+(]?\d[\d()+.\s-]{6,}\d")


def fold(text: str) -> str:
    """Lower case without accents."""
    return "".join(c for c in unicodedata.normalize("NFD", text.lower()) if not unicodedata.combining(c))


def meanings(text: str) -> set[str]:
    """Which of the meanings above the text carries."""
    folded = fold(text[:2000])
    return {name for name, pattern in _COMPILED.items() if pattern.search(folded)}


def is_only_smalltalk(text: str) -> bool:
    """Whether nothing is left to answer once greetings, thanks and the like are taken out."""
    return len(re.sub(r"\W+", "", without_smalltalk(text))) < 3


def without_smalltalk(text: str) -> str:
    """The text, folded, without greetings, thanks and the like."""
    return _FILLERS.sub(" ", fold(text[:2000]))


def asks_something(text: str) -> bool:
    """Whether the text wants an answer: a question, or a wish."""
    return _ASKS.search(fold(text[:2000])) is not None


def without_introduction(text: str, told: Iterable[str]) -> str:
    """The text, folded, without who says it: what was `told` of a name or contact, and the words around it."""
    told = list(told)
    if not told:
        return text
    rest = fold(text[:4000])
    for value in told:
        for word in fold(value).split():
            rest = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", " ", rest)
    return _INTRODUCTIONS.sub(" ", _NUMBER.sub(" ", rest)).strip(" ,.;:!-\n")
