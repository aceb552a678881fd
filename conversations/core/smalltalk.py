"""What a visitor means beside a question: a greeting, thanks, a farewell, a wish for a person …"""

import re
import unicodedata
from typing import Final

_MEANINGS: Final = {
    "asks_own_name": r"(?:lembra|sabe|recorda|qual|como).{0,30}\bmeu nome\b|como eu me chamo|"
    r"(?:remember|know|what(?:'s| is)).{0,20}\bmy name\b|(?:recuerdas|sabes|cual es).{0,20}\bmi nombre\b|como me llamo",
    "asks_own_contact": r"(?:lembra|sabe|tem|anotou|qual).{0,30}\bmeu (?:e-?mail|telefone|numero|celular|contato)\b|"
    r"(?:remember|know|have|what(?:'s| is)).{0,20}\bmy (?:e-?mail|phone|number)\b|"
    r"(?:recuerdas|sabes|tienes|cual es).{0,20}\bmi (?:correo|telefono|numero)\b",
    "wants_person": r"\b(?:falar|conversar|chama\w*|quero|preciso|passa\w*|transfer\w*)\b.{0,40}"
    r"\b(?:pessoa|humano|humana|atendente|alguem|gente de verdade|responsavel|gerente|vendedor)\b|"
    r"\b(?:speak|talk|chat|connect)\b.{0,30}\b(?:person|human|someone|agent|representative|manager)\b|"
    r"\b(?:hablar|comunicar\w*)\b.{0,30}\b(?:persona|humano|alguien|agente|encargado)\b",
    "asks_machine": r"\b(?:voce|vc|tu|ce)\b.{0,15}\b(?:robo|bot|maquina|ia|humano|pessoa|gente)\b|quem e (?:voce|vc)|"
    r"\bare you\b.{0,15}\b(?:robot|bot|machine|ai|human|person|real)\b|who are you|"
    r"\beres\b.{0,15}\b(?:robot|bot|maquina|ia|humano|persona)\b|quien eres",
    "thanks": r"\b(?:obrigad[oa]|brigad[oa]|valeu|vlw|agradeco|grat[oa]|thanks|thank you|thx|gracias)\b",
    "farewell": r"\b(?:tchau|ate (?:mais|logo|breve|amanha)|adeus|falou|flw|bye|goodbye|see you|adios|hasta luego|chao)\b",
    "greeting": r"^\W*(?:oi+e?|ola|opa|e ai|eai|bom dia|boa tarde|boa noite|alo|hi|hello|hey|good (?:morning|afternoon|evening)|"
    r"hola|buenos dias|buenas(?: tardes| noches)?)\b",
    "anger": r"\b(?:incompetente\w*|absurdo|palhacada|ridicul\w*|pessimo|horrivel|porra|caralho|merda|idiota|burr[oa]|lixo|"
    r"useless|stupid|terrible|awful|inutil)\b",
}
_COMPILED: Final = {name: re.compile(pattern) for name, pattern in _MEANINGS.items()}
_FILLERS: Final = re.compile(
    r"\b(?:oi+e?|ola|opa|bom dia|boa tarde|boa noite|tudo bem|tudo bom|como vai|timmy|hi|hello|hey|there|how are you|"
    r"good (?:morning|afternoon|evening)|hola|buenos dias|buenas|tardes|noches|que tal|muito|obrigad[oa]|valeu|por favor|"
    r"pf|pfv|please|thanks|thank you|gracias|tchau|bye|adios|ok|okay|certo|entendi|beleza|blz|sim|nao|yes|no|si|entao)\b"
)


def fold(text: str) -> str:
    """Lower case without accents."""
    return "".join(c for c in unicodedata.normalize("NFD", text.lower()) if not unicodedata.combining(c))


def meanings(text: str) -> set[str]:
    """Which of the meanings above the text carries."""
    folded = fold(text[:2000])
    return {name for name, pattern in _COMPILED.items() if pattern.search(folded)}


def is_only_smalltalk(text: str) -> bool:
    """Whether nothing is left to answer once greetings, thanks and the like are taken out."""
    return len(re.sub(r"\W+", "", _FILLERS.sub(" ", fold(text[:2000])))) < 3
