"""Sentences the platform itself says in a conversation, in the visitor's language."""

from typing import Final

_SENTENCES: Final[dict[str, dict[str, str]]] = {
    "model_failed": {
        "pt": "Não consegui consultar meu assistente principal agora, então respondo com o que tenho aqui.",
        "en": "I could not reach my main assistant just now, so I answer with what I have here.",
        "es": "No pude consultar a mi asistente principal ahora, así que respondo con lo que tengo aquí.",
    },
    "interrupted": {
        "pt": "Minha resposta foi interrompida. Pode me perguntar de novo, por favor?",
        "en": "My answer was interrupted. Could you ask me again, please?",
        "es": "Mi respuesta se interrumpió. ¿Puede preguntarme de nuevo, por favor?",
    },
    "lost_words": {
        "pt": "Fiquei sem palavras. Pode perguntar de outro jeito?",
        "en": "I am at a loss for words. Could you ask in another way?",
        "es": "Me quedé sin palabras. ¿Puede preguntarlo de otra manera?",
    },
    "handoff": {
        "pt": "Pedido anotado: uma pessoa da equipe vai ver esta conversa. Enquanto isso, o assistente continua aqui.",
        "en": "Noted: someone from the team will look at this conversation. The assistant stays here meanwhile.",
        "es": "Pedido anotado: alguien del equipo verá esta conversación. Mientras tanto, el asistente sigue aquí.",
    },
    "end": {
        "pt": "Conversa encerrada pelo visitante.",
        "en": "The visitor ended the conversation.",
        "es": "El visitante terminó la conversación.",
    },
    "rate": {"pt": "Avaliação: {score} de 5.", "en": "Rating: {score} of 5.", "es": "Valoración: {score} de 5."},
    "consent_granted": {
        "pt": "Consentimento dado (versão {version}).",
        "en": "Consent given (version {version}).",
        "es": "Consentimiento dado (versión {version}).",
    },
    "consent_withdrawn": {
        "pt": "Consentimento retirado (versão {version}).",
        "en": "Consent withdrawn (version {version}).",
        "es": "Consentimiento retirado (versión {version}).",
    },
}


def say(what: str, language: str, **values: object) -> str:
    """The sentence in this language (a tag such as pt-BR); in English where there is no translation."""
    sentences = _SENTENCES[what]
    return sentences.get(language[:2].lower(), sentences["en"]).format(**values)
