"""What one message tells about its visitor: name, e-mail and phone."""

import re
import unicodedata
from collections.abc import Iterator, Set
from dataclasses import dataclass

from conversations.core import emails, phones
from conversations.core.names import find_name, plain
from conversations.core.ownership import is_another_persons


@dataclass(frozen=True, slots=True)
class Contact:
    """What is known of a visitor; `phone` is E.164."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None


Span = tuple[int, int, str]  # start, end and value of what was found in a text

# Nobody introduces themselves later than this; it bounds the work on a hostile text.
MOST_READ = 16_384

# Seven digits close together: without them no phone number is looked for.
_DIGITS = re.compile(r"[0-9](?:[^0-9A-Za-z]{0,4}[0-9]){6}")

_PHONE_WORDS = (
    r"tel|telefones?|fones?|celular|cel|zap|zapzap|whats|whatsapp|wpp|wats|contatos?|numeros?|num|nr|n|ligar|ligue"
    r"|liga|ddd|phone|mobile|cell|call|movil|telefono|sms|recado|fixo|telemovel|contacto|chamar|chama|chame"
)
_OTHER_WORDS = (
    r"cpf|cnpj|rg|cep|protocolo|pedido|ordem|nota|nf|nfe|boleto|codigo|cod|matricula|conta|agencia|cartao|senha"
    r"|password|rastreio|rastreamento|order|invoice|tracking|ticket|chamado|processo|contrato|pis|nis|sus|cns|cnh"
    r"|renavam|placa|imei|serie|serial|id|dni|nit|cuit|valor|isbn|ean|barras|lote|inscricao|apolice|fatura"
    r"|instalacao|registro|crm|oab|cro|ssn|zip|account|card|token|pin|orden|factura|cuenta|tarjeta|guia|reserva"
    r"|booking|reservation|documento|identidade|titulo|unidade|nire|nif|passaporte|passport"
)
_CUE = re.compile(rf"\b(?:(?P<phone>{_PHONE_WORDS})|(?P<other>{_OTHER_WORDS}))\b")
_YEARS = re.compile(r"20[0-9]{2} ?- ?20[0-9]{2}$")
_MONEY = re.compile(r"(?:r\$|us\$|[$€£]|\brs)[ ]?$")

_TAKES_ITS_PLACE = re.compile(
    r"\b(?:para|pra|to|por|a)\b[^.!?\n]{0,12}$"
    r"|\b(?:certo|correto|correct|verdade|corrigindo|correcao|nov[oa]|new|agora|nuevo)\b[^.!?\n]{0,20}$"
)
_WITHDRAWN = re.compile(r"\b(?:nao e|not|no es|era|antig[oa]|old|de|from|errado|mudei|troquei)\b[^.!?\n]{0,10}$")


def extract(text: str, *, asked: Set[str] = frozenset(), region: str = "BR") -> Contact:
    """The visitor's own name, e-mail and phone in one message, each None when it is not there or in doubt.

    `asked` holds "name", "email" or "phone" when the assistant has just asked for it; `region` (ISO 3166) is where a
    phone number without a country code would be dialled.
    """
    text = text[:MOST_READ]
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    low = plain(text)
    email = phone = None
    if "@" in low or "arroba" in low or " at " in low:
        email = _own(low, emails.find(text, low))
    if _DIGITS.search(text):
        phone = _own(low, _phones(text, low, "phone" in asked, region))
    return Contact(name=find_name(text, low, asked="name" in asked), email=email, phone=phone)


def _own(low: str, spans: Iterator[Span]) -> str | None:
    """The first value that is the visitor's; a later one when the text says that it takes the first one's place."""
    chosen = None
    last = withdrawn = 0
    for start, end, value in spans:
        before = _sentence_before(low, max(last, start - 80), start)
        last = end
        if is_another_persons(before):
            continue
        if chosen is None or withdrawn or _TAKES_ITS_PLACE.search(before):
            chosen = value
        withdrawn = bool(_WITHDRAWN.search(before))
    return chosen


def _sentence_before(low: str, start: int, end: int) -> str:
    cut = max(low.rfind(mark, start, end) for mark in (". ", "! ", "? ", "\n"))
    return low[cut + 1 if cut >= 0 else start : end]


def _phones(text: str, low: str, asked: bool, region: str) -> Iterator[Span]:
    only_numbers = not any(map(str.isalpha, text[:60]))
    lenient = only_numbers or asked or bool(_CUE.search(low))
    for candidate in phones.find(text, region, lenient=lenient):
        if _may_be_phone(text, low, candidate, asked):
            yield candidate.start, candidate.end, candidate.number


def _may_be_phone(text: str, low: str, candidate: phones.Candidate, asked: bool) -> bool:
    """Whether the words around a number allow it to be a phone rather than a price, an order or a CPF."""
    before, after = low[max(0, candidate.start - 40) : candidate.start], low[candidate.end : candidate.end + 30]
    if before[-1:].isalnum() or before[-1:] in ("_", "@") or after[:1].isalpha() or _MONEY.search(before):
        return False
    if _is_in_web_address(low, candidate.start):
        return False
    written = text[candidate.start : candidate.end]
    years = _YEARS.search(written)
    if not candidate.plain and not years:
        return True
    cues = list(_CUE.finditer(before)) or list(_CUE.finditer(after))[:1]
    if cues:
        return cues[-1].lastgroup == "phone"
    return not years and (asked or not phones.looks_like_cpf(written))


def _is_in_web_address(low: str, start: int) -> bool:
    """Whether the number is part of a link; "wa.me/55…" is how people share their own WhatsApp."""
    around = low[max(0, start - 200) : start].split()
    token = around[-1] if around and not low[start - 1].isspace() else ""
    return "/" in token and "wa.me/" not in token and "phone=" not in token
