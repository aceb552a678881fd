"""Cut a reply into chat-sized parts, whole or while it streams.

Cuts fall on white space only, so whatever holds none (a URL, an e-mail address, 1.400,00, 14:30, an emoji
sequence) is whole by construction; what is left to decide is which white space makes a good pause.

Every decision reads a window of bounded length from the start of the part being written and, once taken, would be
taken again with more text in the window. That is what makes the parts independent of how the text was chunked.
"""

import re
from typing import NamedTuple

# How good a pause is, best first. GLUED and INSIDE are cut only where the part would otherwise be too long.
SENTENCE, CLAUSE, COMMA, CONJUNCTION, SPACE, DANGLING, GLUED, INSIDE, NEVER = range(9)

_MOOD = "☺❤♥\U0001f389\U0001f38a\U0001f44a-\U0001f450\U0001f493-\U0001f49f\U0001f600-\U0001f64f\U0001f90d-\U0001f97a"
_JOINERS = "\ufe0f\u200d\U0001f3fb-\U0001f3ff"
_OPENING = "([{\"'“‘«*_¿¡>-"
_CLOSERS = "\"'”’»)\\]*_~`"
# What a reader can read: a letter, a digit or a picture. A part without any is merged with its neighbour.
_BODY = "(?:[^\\W_]|[\U0001f000-\U0001faff])"
# Marks that belong to what follows them on their line.
_LEADERS = "-–—•*·>#▪➡✔✅☑☎✉👉👇📍📞📱📧📅📌🔗🔹🔸"
_MARKER = r"(?:[-*•]|\d{1,2}[.)])"

_HAS_BODY = re.compile(_BODY)
_SPACES = re.compile(r"\s")
_SOLID = re.compile(r"\S")
_TOKEN = re.compile(r"\S+")
_BEGINS = re.compile(rf"(?:[{_LEADERS}]\ufe0f?[^\S\n]+)?(?:[^\w\s]|_)*{_BODY}")
_UNDECIDED = re.compile(rf"\s+(?:[{_LEADERS}]\ufe0f?[^\S\n]*)?(?:[^\w\s]|_)*\Z")
_SMILEY = re.compile(r"[:;=]-?[()]+")
_STOP = re.compile(rf"[.!?…{_MOOD}][.!?…{_MOOD}{_JOINERS}{_CLOSERS}]*(?: {_SMILEY.pattern})?(?=\s)")
_STOP_OR_BLANK_LINE = re.compile(_STOP.pattern + r"|(?<=\S)(?=[^\S\n]*\n[^\S\n]*\n)")
_AFTER_STOP = re.compile(rf"[{_JOINERS}{_CLOSERS}]+\Z")
_ENDS = re.compile(rf"[.!?…{_MOOD}]\Z")
_MOODS = re.compile(f"[{_MOOD}]")
_ITEM = re.compile(rf"\s*\n[^\S\n]*{_MARKER}[^\S\n]+(?:[^\w\s]|_)*{_BODY}")
_ADDRESS = re.compile(rf"(?:[{_LEADERS}]\ufe0f?[^\S\n]+)?[<(\[]?(?:https?://|www\.)")
_MARK = re.compile(rf"[{_LEADERS}]\ufe0f?|\d\ufe0f?\u20e3|\(?\w{{1,2}}\)")
_NUMBERING = re.compile(r"[^\S\n]*\d{1,2}\.")
_NEXT_WORD = re.compile(r"(?:[^\W\d_]+|%)(?=[\s,.;:!?)]|\Z)")

_OPENER = re.compile(r"\*\*(?=[^\s*])|\[|\{")
_BRACKET = re.compile(r"[\[\]]")
_BRACE = re.compile(r"[{}\n]")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TITLES = _words(
    "dr dra drs dras sr sra srs sras srta srª art arts av etc nº n° nºs prof profª sr(a) dr(a) sto sta mr mrs"
)
# With a full stop, as in "tel. 3456"; words that often end a sentence (dez., mar., set.) are left out.
_SHORT_FORMS = _TITLES | _words(
    "p n r c d i s drª dª profs profa exmo exma ilmo ilma eng engo enga engª arq adv inc avda avd rod trav tv pç pça"
    " núm nr ex ej obs tel cel pág págs pp vol cap fig ed ref dept depto dpto ap apto apt bl qd lt cj cia jr st"
    " ms vs approx aprox máx mín jan fev nov feb aug sept seg qui sáb ud uds vd vds lic ing al cód fl fls cf"
)
_INITIALS = re.compile(r"[A-Z]|(?:[^\W\d_]{1,2}\.)+[^\W\d_]{1,2}")
_UNITS = _words(
    "% h hs hrs hora horas min minuto minutos minutes hours seg kg g mg ml l km m cm mm gb mb mil milhão milhões"
    " bilhão bilhões mi bi reais real dólares euros millones million billion am pm x º ° °c"
)
_CONJUNCTIONS = _words(
    "e ou mas porém porque pois que quando então and but or because so which y pero porque cuando aunque sino"
)
# Words that leave the reader hanging at the end of a part.
_HANGING = _words(
    "a o as os um uma uns umas de da do das dos em na no nas nos num numa por pela pelo para pra com sem sob ao aos"
    " à às e ou que se seu sua seus suas é meu minha este esta esse essa entre até não mas"
    " the an of to in on at for with by from and or is are my your our this that be but"
    " el la los las una y en con del al su sus un lo más pero"
)


class _Span(NamedTuple):
    start: int
    end: int
    firm: bool  # a link (its address has no space) stays whole even when it is longer than a part may be


def split(text: str, min_chars: int = 80, max_chars: int = 120) -> list[str]:
    """Cut a whole reply into parts of min_chars to max_chars characters where the text allows it.

    Joined, the parts give the text back apart from white space at the cuts. Only a single token (a long URL, a
    Markdown link) exceeds max_chars. Raises ValueError for limits that StreamSplitter refuses.
    """
    stream = StreamSplitter(min_chars, max_chars)
    return stream.feed(text) + stream.close()


class StreamSplitter:
    """Cut a reply into parts as its text arrives; the parts are those of split(), whatever the chunks.

    min_chars and max_chars are lengths of a part in characters; ValueError unless 0 <= min_chars <= max_chars
    and max_chars >= 20.
    """

    def __init__(self, min_chars: int = 80, max_chars: int = 120) -> None:
        if max_chars < 20 or not 0 <= min_chars <= max_chars:
            raise ValueError(f"no parts of {min_chars} to {max_chars} characters: 0 <= min <= max and max >= 20")
        self._min = min_chars
        self._max = max_chars
        # Items of a list are parts of their own, but crumbs share one: a menu of six words is not six messages.
        self._crumb = min_chars * 2 // 3
        self._stops_from = max(min_chars - 4, 0)  # a stop may have some closing marks
        # An opener within the part, a label and an address: the most that any decision reads.
        self._window = 3 * max_chars + 2
        self._text = ""  # never starts with white space
        self._token: list[str] = []  # what followed self._text while it is one token longer than a part

    @property
    def pending(self) -> str:
        """The text of the part being written, without white space at its left."""
        return self._text + "".join(self._token)

    def feed(self, text: str) -> list[str]:
        """Take the next piece of the reply; return the parts that are now certain, oldest first."""
        if self._token:
            self._token.append(text)
            if not _SPACES.search(text):
                return []
            text = "".join(self._token)
            self._token = []
        self._text = self._text + text if self._text else text.lstrip()
        return self._take(closed=False) if self._may_cut(self._text) else []

    def _may_cut(self, text: str) -> bool:
        """A cheap look, for most pieces end nothing; without a newline only a stop or a full window can cut."""
        size = len(text)
        if size <= self._min and (size <= self._crumb or "\n" not in text):
            return False
        return size > self._max or "\n" in text or bool(_STOP.search(text, self._stops_from))

    def close(self) -> list[str]:
        """End the reply; return what is left of it. The splitter is then ready for another reply."""
        self._text = self.pending
        self._token = []
        parts = self._take(closed=True)
        rest, self._text = self._text.rstrip(), ""
        return [*parts, rest] if rest else parts

    def _take(self, closed: bool) -> list[str]:
        text, at, parts = self._text, 0, []
        while at < len(text):
            end = self._next_cut(text, at, closed)
            if end is None:
                break
            parts.append(text[at:end])
            following = _SOLID.search(text, end)
            at = following.start() if following else len(text)
        self._text = text[at:] if at else text
        return parts

    def _next_cut(self, text: str, at: int, closed: bool) -> int | None:
        """Where the part that starts at `at` ends; None while that is open (closed: when it is the last one)."""
        window = text[at : at + self._window]
        # White space right after the longest part is a place to cut: then the character after it matters too.
        enough = self._max + 1 + window[self._max : self._max + 1].isspace()
        view = window[:enough]
        complete = closed or len(view) == enough
        spans, held = self._spans(window, closed)
        if held is not None and complete and not _SPACES.search(view, held, self._max + 1):
            held = None  # whatever the opener turns out to be, no cut can come after it
        cut = self._certain_cut(view, spans, self._max if held is None else held, complete)
        if cut is None:
            if held is not None or not complete or (closed and len(window.rstrip()) <= self._max):
                return None
            cut = self._item_start(view, spans, self._max, least=0) or self._best_cut(view, spans)
        return self._token_end(text, at, spans, closed) if cut is None else at + cut

    def _token_end(self, text: str, at: int, spans: list[_Span], closed: bool) -> int | None:
        """Where the token longer than a part ends that the part at `at` consists of."""
        least = max([self._max, *(span.end for span in spans if span.firm)])
        space = _SPACES.search(text, at + least)
        if space is None and not closed:
            self._token = [""]
        return space.start() if space else None

    def _certain_cut(self, view: str, spans: list[_Span], limit: int, complete: bool) -> int | None:
        """The cut, at most at `limit`, that no text to come can improve: a sentence end or the next list item."""
        broken = "\n" in view
        item = self._item_start(view, spans, limit, self._crumb) if broken else None
        stops = _STOP_OR_BLANK_LINE if broken else _STOP
        for stop in stops.finditer(view, self._stops_from):
            cut = stop.end()
            if cut < self._min or cut == 0 or _inside(spans, cut):
                continue
            if cut > limit or (item is not None and cut >= item):
                break
            if not complete and _UNDECIDED.match(view, cut):
                break
            rank = _rank(view, _token_start(view, cut), cut, _start_after(view, cut))
            if rank == SENTENCE and _HAS_BODY.search(view, 0, cut):
                return cut
        return item

    def _item_start(self, view: str, spans: list[_Span], limit: int, least: int) -> int | None:
        """The first start of a list item at which the part before it has `least` characters or more."""
        for item in _ITEM.finditer(view):
            cut = item.start()
            if cut > limit:
                return None
            if cut >= least and not _inside(spans, cut) and _HAS_BODY.search(view, 0, cut):
                return cut
        return None

    def _best_cut(self, view: str, spans: list[_Span]) -> int | None:
        """The best white space of a view without a certain cut; None when the part is one long token."""
        cut, rank = self._pick(view, spans, self._min, self._max, enough=CLAUSE)
        if rank >= GLUED:
            below, rank_below = self._pick(view, spans, 1, self._min - 1, enough=SPACE)
            if rank_below < rank:
                return below
        return cut

    def _pick(self, view: str, spans: list[_Span], least: int, most: int, enough: int) -> tuple[int | None, int]:
        """The best cut from `least` to `most`, the last of equals, and its rank; a rank of `enough` ends the search."""
        best, rank_of_best = None, NEVER
        body = _HAS_BODY.search(view)
        first = body.start() if body else len(view)
        tokens = [token.span() for token in _TOKEN.finditer(view, _token_start(view, least), most + 2)]
        start = _start_after(view, tokens[-1][1]) if tokens else 0
        for begin, cut in reversed(tokens):
            if least <= cut <= most and cut < len(view):
                rank = self._rank_at(view, spans, begin, cut, start) if cut > first else GLUED
                if rank < rank_of_best:
                    best, rank_of_best = cut, rank
                if rank <= enough:
                    break
            start = begin
        return best, rank_of_best

    def _rank_at(self, view: str, spans: list[_Span], begin: int, cut: int, start: int) -> int:
        span = _inside(spans, cut)
        if span is None:
            return _rank(view, begin, cut, start)
        return NEVER if span.firm else INSIDE

    def _spans(self, window: str, closed: bool) -> tuple[list[_Span], int | None]:
        """Spans that open within the part and, if the last one is still open, where it opened."""
        spans: list[_Span] = []
        opener = _OPENER.search(window, 0, self._max)
        while opener:
            start, mark = opener.start(), opener.group()
            end = _CLOSINGS[mark](window, start, self._max)
            if end is None and not closed:
                return spans, start
            if end:
                firm = mark == "[" and not _SPACES.search(window, window.index("](", start), end)
                spans.append(_Span(start, end, firm))
            opener = _OPENER.search(window, end or opener.end(), self._max)
        return spans, None


def _bold_end(window: str, start: int, longest: int) -> int | None:
    """Where the span ends that opens at start; 0 when it is none; None when more text must tell. So below."""
    end = window.find("**", start + 2, start + longest)
    if end > 0:
        return end + 2
    return 0 if len(window) >= start + longest else None


def _placeholder_end(window: str, start: int, longest: int) -> int | None:
    stop = _BRACE.search(window, start + 1, start + longest)
    if stop:
        return stop.end() if stop.group() == "}" else 0
    return 0 if len(window) >= start + longest else None


def _link_end(window: str, start: int, longest: int) -> int | None:
    stop = _BRACKET.search(window, start + 1, start + longest)
    if stop is None:
        return 0 if len(window) >= start + longest else None
    address = stop.end() + 1
    if stop.group() == "[" or window[stop.end() : address] not in ("(", ""):
        return 0
    end = window.find(")", address, address + longest)
    if end > 0:
        return end + 1
    return address if len(window) >= address + longest else None


_CLOSINGS = {"**": _bold_end, "{": _placeholder_end, "[": _link_end}


def _inside(spans: list[_Span], cut: int) -> _Span | None:
    return next((span for span in spans if span.start < cut < span.end), None) if spans else None


def _token_start(view: str, end: int) -> int:
    return max(view.rfind(" ", 0, end), view.rfind("\n", 0, end), view.rfind("\t", 0, end)) + 1


def _start_after(view: str, cut: int) -> int:
    solid = _SOLID.search(view, cut)
    return solid.start() if solid else len(view)


def _rank(view: str, begin: int, cut: int, start: int) -> int:
    """How good a pause is the white space from `cut`, where the token from `begin` ends, to `start`."""
    first = view[start : start + 1]
    if not first.isalnum():  # most words begin with a letter: spare them the pattern
        begins = _BEGINS.match(view, start)
        if not begins:
            return GLUED
        first = begins.group()[-1]
    token, lines = view[begin:cut], view.count("\n", cut, start)
    if lines > 1:
        return SENTENCE
    if _belong_together(token, view, start, lines) or (token[-1] == "." and _is_numbering(view, cut)):
        return GLUED
    if not token[-1].isalnum():
        smiley = _SMILEY.fullmatch(token)
        token = _AFTER_STOP.sub("", token)
        if smiley or _ENDS.search(token):
            if not lines and _MOODS.match(view, start):
                return CLAUSE  # the smile belongs to this sentence: better cut after it, if it fits
            return CLAUSE if token[-1] not in "!?" and first.islower() else SENTENCE
    if lines or token[-1:] in (";", ":") or (first in "hw" and _ADDRESS.match(view, start)):
        return CLAUSE
    if token[-1:] == ",":
        return DANGLING if token[:-1].lower() in _HANGING else COMMA
    return _rank_of_space(token, view, start)


def _rank_of_space(token: str, view: str, start: int) -> int:
    word = _NEXT_WORD.match(view, start)
    if word and word.group().lower() in _CONJUNCTIONS:
        return CONJUNCTION
    return DANGLING if token.lower() in _HANGING or view[start].isdigit() else SPACE


def _is_numbering(view: str, cut: int) -> bool:
    """Whether the line that `cut` is on holds nothing but "1." before it."""
    return _NUMBERING.fullmatch(view, view.rfind("\n", 0, cut) + 1, cut) is not None


def _belong_together(left: str, view: str, start: int, lines: int) -> bool:
    """Whether `left` and what starts at `start` are one thing: "Dr. Lima", "R$ 10", "(11) 9876", "5 kg", "- item"."""
    if left.isalpha():
        return left.lower() in _TITLES
    last = left[-1]
    if last == ".":
        form = left[:-1].rpartition("/")[2].lstrip(_OPENING)
        return form.lower() in _SHORT_FORMS or _INITIALS.fullmatch(form) is not None
    if last in "$€£" or (not lines and _MARK.fullmatch(left)):
        return True
    if left.rpartition("/")[2].lstrip(_OPENING).lower() in _TITLES:
        return True
    if not (last.isdigit() or left == "h" or (last in ")h" and left[-2:-1].isdigit())):
        return False
    if view[start].isdigit() or (view[start] == "(" and view[start + 1 : start + 2].isdigit()):
        return True
    word = _NEXT_WORD.match(view, start)
    # A word that touches the end of the view may be half a unit.
    return word is not None and (word.end() == len(view) or word.group().lower() in _UNITS)
