"""The visitor's own name in a message in Portuguese, Spanish or English."""

import re
import unicodedata
from collections.abc import Iterator
from itertools import islice

from conversations.core.name_reading import Found, Proof, read_name

# A person introduces themselves once or twice; more is a hostile text.
MOST_INTRODUCTIONS = 16
# How far back the words before an introduction are read.
BEFORE = 120

_ACCENTS = {
    code: base[0] for code in range(0xC0, 0x250) if (base := unicodedata.normalize("NFD", chr(code)))[0] != chr(code)
} | {ord(mark): "'" for mark in "’‘`´"}

# A message without any of these introduces nobody; most messages end here.
_HINTS = (
    *(
        "cham",
        "nom",
        "name",
        "sou ",
        "soy ",
        "llam",
        "aqui",
        "i'm ",
        "i am ",
        "im ",
        "this is",
        "call",
        "fala",
        "habla",
    ),
    *("here", "dicen", "corri", "aten", "att", "regards", "sincerely", "quis dizer", "nao e ", "i go by", "speaking"),
)

_ = r"[ \t\xa0]{1,3}"
_IS = rf"(?:{_}(?:e|eh|is|es|seria|sera)\b)?(?:{_})?[:=,\-]{{0,2}}"
_ACTUALLY = rf"(?:,?{_}(?:na{_}verdade|actually|en{_}realidade?|mesmo|aqui)\b,?)?"
_WHOLE = (
    rf"(?:{_}(?:completo|completa|proprio|real|verdadeiro|social|todo|full|correto|certo|de{_}(?:cadastro|verdade)))?"
)
_NOME = r"(?:nome|name|nombre)"
_MY = r"(?:meu|my|mi)"

# "me chamo", "meu nome é", "pode me chamar de", "call me", "me llamo"
_FULL = re.compile(
    rf"\b(?:me{_}chamo{_ACTUALLY}:?|chamo-me|me{_}llamo:?"
    rf"|{_MY}{_}(?:(?:first|primeiro|full){_})?{_NOME}(?:'s)?{_WHOLE}{_ACTUALLY}(?P<is>{_IS})"
    rf"|{_MY}{_}{_NOME}{_}(?:nao{_}e|is{_}not|isn't|no{_}es)\b[^,.;\n]{{1,40}}[,;.]{_}"
    rf"(?:(?:mas|e{_}sim|sim|sino|but){_})?(?:e|it's|its|is|es)?"
    rf"|me{_}cham(?:e|a|am|ar|em|arem){_}(?:(?:apenas|so){_})?(?:de|por)"
    rf"|(?:pode|podes|podem){_}(?:me{_})?cham(?:ar|e|ar-me){_}(?:so{_})?de"
    rf"|me{_}llam(?:aras|es|ases|en|an)|llam(?:ame|arme|enme)|me{_}puedes?{_}llamar|me{_}dicen"
    rf"|call{_}me|i(?:'m|m|{_}am){_}called|i{_}go{_}by|name's)(?=[\W_])"
)
# "nome: Maria Silva", as in a form
_LABEL = re.compile(
    rf"(?:^|[\n,;.|(*])[ \t]{{0,3}}(?:-{_})?(?:(?:o|meu|my|mi){_})?{_NOME}{_WHOLE}(?:{_}e{_}sobrenome)?"
    r"(?:[ \t]{0,2}\*?(?P<is>[:=])\*?|[ \t])"
)
# "sou a Maria", "aqui é o João", "I'm Kate"
_SOME = re.compile(
    rf"\b(?:sou|soy|i'm|i{_}am|im|aqui{_}(?:e|eh|fala|es|habla|quem{_}(?:fala|escreve){_}e)"
    rf"|quem{_}(?:fala|escreve){_}(?:aqui{_})?e|daqui{_}(?:fala|e)|le{_}habla)(?=[ \t\xa0:])"
)
# "this is Kate", "corrigindo, é Mariana", "não é Marina, é Mariana"
_SLIGHT = re.compile(
    rf"(?:(?:^|[.!?\n,])[ \t]{{0,3}}(?:(?:hi|hello|hey)[,!]?{_})?this{_}is"
    rf"|\b(?:corrigindo|correcao|quis{_}dizer|quer{_}dizer)[:,]?(?:{_}e\b)?"
    rf"|\bnao{_}e{_}(?:[oa]{_})?[a-z]{{2,20}},{_}e)(?=[ \t\xa0\n:])"
)
_SIGNED = re.compile(r"\b(?:att|atte|atenciosamente|atentamente|cordialmente|regards|sincerely)[.,]{0,2}\s{1,4}")
_HERE = re.compile(rf"{_}(?:aqui|falando|here|speaking)[ \t]{{0,2}}(?:$|[.,!\n])")

# What undoes an introduction: "não me chamo", "ela disse: me chamo", "quem sou".
_NOT = re.compile(
    rf"\b(?:nao|nunca|nem|jamais|not|never|don't|dont|doesn't|no|quem|who|se|if|como{_}se){_}(?:(?:eu|yo|me){_})?$"
)
_DOUBTED = re.compile(rf"\b(?:que|like|quien|where|what|how|onde|porque|because|think|acha|acham){_}(?:(?:eu|yo){_})?$")
_REPORTED = re.compile(
    r"(?:\b(?:disse|falou|respondeu|escreveu|dizendo|mandou|dizia|said|says|saying|told|wrote|dijo|diciendo)\b"
    r"[^.!?\n]{0,25}|[^\s*_][^\n]{0,80}[\"“«])$"
)
_I_SAID = re.compile(r"\b(?:ja|eu|i|te|lhe|ya|yo)[ \t]+(?:\w{1,8}[ \t]+)?(?:disse|falei|said|told|dije|escrevi)\b")
_CARD = re.compile(r"\b(?:contato|contacto|contact|cartao|dados|ficha|numero)[ \t]+(?:d[aeo]s?|of|del)[ \t]")
_CORRECTED = re.compile(
    r"\b(?:na verdade|corrigindo|correcao|ops|opa|digo|quer dizer|desculpa|errei|actually|sorry|perdon"
    r"|en realidad|mejor dicho)\b"
)

# An answer to "what is your name?": what may stand before the name and behind it.
_GREETING = re.compile(
    rf"(?:(?:oi+e?|ola|opa|hi|hello|hey|hola|alo|bom{_}dia|boa{_}(?:tarde|noite)|buen[oa]s{_}(?:dias|tardes|noches))"
    r"[,.!\s]{1,4}){1,2}"
)
_FILLER = re.compile(
    r"(?:(?:sim|claro|ok|okay|certo|pode ser|na verdade|desculpe?a?|ops|opa|corrigindo|ah|entao|bem|yes|sure|si|well"
    r"|perfeito|beleza|blz|com certeza|of course|por supuesto|correcao|actually)[,.!:\s]{1,4}){0,3}"
    rf"(?:(?:o )?(?:meu|mine|mio|mi) (?:e|is|es) |(?:(?:o|o meu|meu|the|el|my|mi) )?{_NOME}"
    r"(?: completo| e sobrenome| de cadastro)?[ \t:=,-]{1,3}(?:(?:e|eh|is|es|seria)\b[ \t:]{0,3})?"
    r"|(?:e|eh|it's|its|it is|es|seria|sou|soy)[ \t]{1,3})?"
)
_GOES_ON = re.compile(
    r"(?![.\-_@][a-z0-9])[\s*_)\"”']{0,4}(?:$|[,.;!\n(\-–|/:]|[+\d]|\S{1,64}@|(?:e|y|and|mas|d[aeo]|meu|minha|my|mi|tel|telefone"
    r"|fone|celular|cel|contato|zap|whats\w{0,3}|e?-?mail|phone|correo|telefono|quero|queria|preciso|gostaria|aqui|cpf"
    r"|tenho|sou)\b)"
)
_CONTACT_FOLLOWS = re.compile(
    r"[\s,;:\-–|/(]{1,4}(?:[+(]{0,2}\d(?:\D{0,3}\d){7}|[\w.+\-]{1,64}@"
    r"|(?:meu |e )?(?:tel|telefone|fone|celular|whatsapp)\b)"
)
_ALONE = re.compile(r"[\s.!*)\"”']{0,6}$")
_NAME_ENDING = re.compile(
    r".{2,}(?:son|ton|ell[iy]|ely|lly|y?ane|y?anne|iana|ildo|valdo|aldo|lene|mar|andro|andra|ynha|ielle?|ieli?|ayla"
    r"|lyn|inny)"
)


def plain(text: str) -> str:
    """The text in lower case without accents, letter for letter as long as the text."""
    low = text.lower()
    if len(low) != len(text):  # the capital dotted İ is the one letter that grows
        low = text.replace("İ", "I").lower()
    return low if low.isascii() else low.translate(_ACCENTS)


def find_name(text: str, low: str, *, asked: bool) -> str | None:
    """The visitor's own name, or None; `low` is `plain(text)`, `asked` says the assistant has just asked for a name."""
    found = None
    if any(hint in low for hint in _HINTS):
        found = _chosen(low, _plainly(text, low)) or _chosen(low, _in_passing(text, low)) or _here(text, low)
    if found is None and asked:
        found = _answer(text, low)
    return found.name if found else None


def _chosen(low: str, introductions: Iterator[Found]) -> Found | None:
    """The first of several names, unless a later one corrects it."""
    chosen = None
    for found in introductions:
        if chosen is None or _CORRECTED.search(low, max(0, found.start - 40), found.start):
            chosen = found
    return chosen


def _plainly(text: str, low: str) -> Iterator[Found]:
    """The names after words that nothing but the visitor's name follows: "me chamo", "meu nome é", "nome:"."""
    for match in islice(_FULL.finditer(low), MOST_INTRODUCTIONS):
        before = low[max(0, match.start() - BEFORE) : match.start()]
        if _NOT.search(before) or _is_reported(before):
            continue
        found = read_name(text, low, match.end(), Proof.FULL)
        # "meu nome Ana" introduces somebody, "meu nome errado" does not: without a verb the name must be known.
        if found and (_has_verb(match) or found.known or found.capital):
            yield found
    for match in islice(_LABEL.finditer(low), MOST_INTRODUCTIONS):
        found = read_name(text, low, match.end(), Proof.FULL)
        proved = match.group("is") or (found and found.known and found.words > 1)
        if found and proved and not _CARD.search(low, max(0, match.start() - BEFORE), match.start() + 1):
            yield found


def _has_verb(introduction: re.Match[str]) -> bool:
    between: str | None = introduction.group("is")
    return between is None or bool(between.strip())


def _in_passing(text: str, low: str) -> Iterator[Found]:
    """The names after words that anything may follow: "sou", "this is"."""
    for pattern, proof in ((_SOME, Proof.SOME), (_SLIGHT, Proof.SLIGHT), (_SIGNED, Proof.SLIGHT)):
        for match in islice(pattern.finditer(low), MOST_INTRODUCTIONS):
            before = low[max(0, match.start() - BEFORE) : match.start()]
            if _NOT.search(before) or _DOUBTED.search(before) or _is_reported(before):
                continue
            found = read_name(text, low, match.end(), proof)
            if found and text[found.end : found.end + 1] != "?":
                yield found


def _is_reported(before: str) -> bool:
    return bool(_REPORTED.search(before)) and not _I_SAID.search(before)


def _here(text: str, low: str) -> Found | None:
    """The name in "Maria aqui" or "João Silva falando" at the very start."""
    greeting = _GREETING.match(low)
    found = read_name(text, low, greeting.end() if greeting else 0, Proof.SLIGHT)
    return found if found and found.known and _HERE.match(low, found.end) else None


def _answer(text: str, low: str) -> Found | None:
    """The name in an answer that is nothing but a name, perhaps with a phone or e-mail behind it."""
    start = len(low) - len(low.lstrip())
    greeting = _GREETING.match(low, start)
    start = greeting.end() if greeting else start
    filler = _FILLER.match(low, start)
    start = filler.end() if filler else start
    found = read_name(text, low, start, Proof.FULL)
    if not found or not _GOES_ON.match(low, found.end):
        return None
    # "Oi, Ana" greets the assistant; "Oi, Ana Souza" is an answer.
    if greeting and found.words < 2:
        return None
    if found.known or (found.capital and _CONTACT_FOLLOWS.match(low, found.end)):
        return found
    several = found.capital and found.words > 1
    likely = several or _NAME_ENDING.fullmatch(low, found.start, found.end)
    return found if likely and _ALONE.match(low, found.end) else None
