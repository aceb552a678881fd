"""Whose a phone number or an e-mail address is, told from the words before it."""

import re

from conversations.core.name_words import GIVEN

_RELATIVE = (
    r"(?:marido|esposa|esposo|mulher|mae|pai|pais|filh[oa]s?|irma|irmao|avo|ti[oa]|prim[oa]|sobrinh[oa]|sogr[oa]"
    r"|cunhad[oa]|namorad[oa]|noiv[oa]|amig[oa]|colega|vizinh[oa]|chefe|patrao|soci[oa]|secretaria|medic[oa]"
    r"|advogad[oa]|contadora?|gerente|husband|wife|mother|mom|father|dad|son|daughter|brother|sister|friend|boss"
    r"|neighbou?r|colleague|partner|girlfriend|boyfriend|madre|padre|hij[oa]|herman[oa]|novi[oa]|jef[ea]|vecin[oa])"
)
_THING = (
    r"(?:telefone|fone|tel|celular|cel|numero|num|contato|whats|whatsapp|zap|wpp|e-?mail|endereco|phone|number"
    r"|contact|mobile|cell|correo|telefono|movil|contacto)"
)
_REACH = r"(?:ligar?|ligue|liguem|fal[ae]r?|chamar?|chame|mand[ae]r?|avis[ae]r?|call|text|contact|llam[ae]r?)"
_OTHERS = re.compile(
    # "o telefone da minha mãe", "o e-mail dela", "the number of my wife"
    rf"\b{_THING}\b[^.!?\n]{{0,12}}\b(?:del[ea]s?|de voces|de vcs|d[aoe] (?:meu|minha|noss[oa]|seu|sua) {_RELATIVE}"
    rf"|(?:de (?:mi|su)|of my|d[ao]) {_RELATIVE})\b"
    # "seu telefone", "her number", "my husband's phone"
    rf"|\b(?:seu|teu|sua|your|their|his|her|su|tu|{_RELATIVE}'?s) (?:\w{{1,12}} )?{_THING}\b"
    # "liga para o meu marido"
    rf"|\b{_REACH}\b[^.!?\n]{{0,12}}\b(?:meu|minha|my|mi) {_RELATIVE}\b"
    # "meu telefone é … e o do meu marido é …"
    rf"|\be o d[ao] (?:(?:meu|minha) )?{_RELATIVE}\b"
)
_OF_SOMEBODY = re.compile(rf"\b{_THING} d[aeo] (?:(?:dr|dra|sr|sra)\.? )?([a-z]{{3,20}})\b")
_OWN = re.compile(
    rf"\b(?:(?:meu|minha|my|mi|nosso) (?:\w{{1,12}} )?{_THING}|o meu (?:e|eh)|the one is mine|mine is|el mio es)\b"
)


def is_another_persons(before: str) -> bool:
    """Whether the words before a value give it to somebody else; `before` is in lower case without accents."""
    end = -1
    for others in _OTHERS.finditer(before):
        end = others.end()
    if end < 0:
        somebody = _OF_SOMEBODY.search(before)
        if not somebody or somebody.group(1) not in GIVEN:
            return False
        end = somebody.end()
    return not _OWN.search(before, end)
