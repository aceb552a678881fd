"""The offline assistant's own sentences, by language."""

from typing import Final

_PT: Final = {
    "hello": "Olá!",
    "hello_name": "Olá, {name}!",
    "i_am": "Eu sou {agent}, assistente virtual de {business}.",
    "how_can_i_help": "Como posso ajudar?",
    "go_on": "Pode me contar o que você precisa?",
    "nice_to_meet": "Prazer, {name}!",
    "noted": "Anotei {what}.",
    "email": "seu e-mail",
    "phone": "seu telefone",
    "and": " e ",
    "sorry": "Lamento pelo transtorno, quero ajudar a resolver.",
    "your_name": "Lembro, sim: seu nome é {name}.",
    "no_name": "Você ainda não me disse seu nome.",
    "your_contact": "Tenho anotado aqui: {what}.",
    "no_contact": "Você ainda não me passou esse contato.",
    "person": "Claro. Para falar com uma pessoa da equipe, escolha “Falar com uma pessoa” no menu desta conversa.",
    "machine": "Sou {agent}, um assistente virtual de {business}: um programa, não uma pessoa.",
    "bye": "Até logo! Quando precisar, é só escrever.",
    "welcome": "Por nada! Posso ajudar em mais alguma coisa?",
    "unknown": "Não tenho essa informação aqui e prefiro não inventar. Posso pedir que uma pessoa da equipe responda.",
}
_EN: Final = {
    "hello": "Hello!",
    "hello_name": "Hello, {name}!",
    "i_am": "I am {agent}, the virtual assistant of {business}.",
    "how_can_i_help": "How can I help?",
    "go_on": "What do you need?",
    "nice_to_meet": "Nice to meet you, {name}!",
    "noted": "I have noted {what}.",
    "email": "your e-mail",
    "phone": "your phone number",
    "and": " and ",
    "sorry": "I am sorry for the trouble; I want to help solve it.",
    "your_name": "I do: your name is {name}.",
    "no_name": "You have not told me your name yet.",
    "your_contact": "I have noted: {what}.",
    "no_contact": "You have not given me that contact yet.",
    "person": "Of course. To talk to someone from the team, choose “Talk to a person” in this chat's menu.",
    "machine": "I am {agent}, a virtual assistant of {business}: a program, not a person.",
    "bye": "Goodbye! Write whenever you need.",
    "welcome": "You are welcome! Can I help with anything else?",
    "unknown": "I do not have that information here and would rather not guess. Someone from the team can answer it.",
}
_ES: Final = {
    "hello": "¡Hola!",
    "hello_name": "¡Hola, {name}!",
    "i_am": "Soy {agent}, asistente virtual de {business}.",
    "how_can_i_help": "¿En qué puedo ayudar?",
    "go_on": "¿Qué necesita?",
    "nice_to_meet": "¡Mucho gusto, {name}!",
    "noted": "Anoté {what}.",
    "email": "su correo",
    "phone": "su teléfono",
    "and": " y ",
    "sorry": "Lamento lo ocurrido; quiero ayudar a resolverlo.",
    "your_name": "Sí: su nombre es {name}.",
    "no_name": "Todavía no me dijo su nombre.",
    "your_contact": "Tengo anotado: {what}.",
    "no_contact": "Todavía no me dio ese contacto.",
    "person": "Claro. Para hablar con alguien del equipo, elija «Hablar con una persona» en el menú de este chat.",
    "machine": "Soy {agent}, asistente virtual de {business}: un programa, no una persona.",
    "bye": "¡Hasta luego! Cuando necesite, escriba.",
    "welcome": "¡De nada! ¿Puedo ayudar en algo más?",
    "unknown": "No tengo esa información aquí y prefiero no inventar. Alguien del equipo puede responderla.",
}


def words(language: str) -> dict[str, str]:
    """The sentences in this language (a tag such as pt-BR); Portuguese where there is no translation."""
    return {"pt": _PT, "en": _EN, "es": _ES}.get(language[:2].lower(), _PT)
