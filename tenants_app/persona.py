"""Who a tenant's assistant is and how it talks, read from config.json in its newer and its older spelling."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from tenants_app.problems import EXPECTED, DocumentError, Notice, Problem, gettext_noop, problems_of, unknown_key

MIN_CHARS: Final = 80
MAX_CHARS: Final = 120


def _language(value: str) -> str:
    found = re.fullmatch(r"([A-Za-z]{2,3})(?:[-_]([A-Za-z]{2}))?", value)
    if not found:
        raise PydanticCustomError("language", "language")
    region = found[2]
    return found[1].lower() + (f"-{region.upper()}" if region else "")


def _time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):  # OSError: a folder of the zone database, such as "America"
        raise PydanticCustomError("time_zone", "time_zone") from None
    return value


def _color(value: str) -> str:
    if not re.fullmatch(r"#(?:[0-9a-fA-F]{3}){1,2}", value):
        raise PydanticCustomError("color", "color")
    return value.lower()


Name = Annotated[str, Field(min_length=1, max_length=200)]
Phrase = Annotated[str, Field(max_length=500)]
Phrases = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=200)], ...], Field(max_length=200)]
Length = Annotated[int, Field(strict=True, ge=20, le=4000)]


class Part(BaseModel):
    """What every part of a persona shares: fixed once parsed, texts trimmed."""

    model_config = ConfigDict(frozen=True, str_strip_whitespace=True, allow_inf_nan=False)


class Consent(Part):
    """What a visitor agrees to before the first message."""

    required: StrictBool = False
    version: Annotated[str, Field(max_length=100)] = ""
    text: Annotated[str, Field(max_length=4000)] = ""

    @model_validator(mode="after")
    def _says_what_is_agreed_to(self) -> "Consent":
        if self.required and not (self.version and self.text):
            raise PydanticCustomError("consent", "consent")
        return self


class Widget(Part):
    """How the chat looks on the tenant's site."""

    color: Annotated[str, AfterValidator(_color)] = "#0a7d55"
    position: Literal["right", "left"] = "right"
    suggestions: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=80)], ...], Field(max_length=6)] = ()
    placeholder: Annotated[str, Field(max_length=80)] | None = None


class Discovery(Part):
    """What the assistant wants to learn about a visitor, and the questions that ask for it."""

    mandatory_info: Phrases = ()
    important_info: Phrases = ()
    nice_to_have: Phrases = ()
    discovery_questions: dict[str, Phrases] = {}


class Persona(Part):
    """The assistant's name, voice and limits, one name for each whatever the file's spelling."""

    agent_name: Name
    business_name: Name
    language: Annotated[str, AfterValidator(_language)] = "pt-BR"
    time_zone: Annotated[str, AfterValidator(_time_zone)] = "America/Sao_Paulo"
    description: Annotated[str, Field(max_length=4000)] = ""
    tone: Phrase = ""
    style: Phrase = ""
    approach: Phrase = ""
    formality: Phrase = ""
    emoji: StrictBool = False
    greeting: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    instructions: Annotated[str, Field(max_length=20000)] = ""
    min_chars: Length = MIN_CHARS
    max_chars: Length = MAX_CHARS
    model: Name | None = None
    temperature: Annotated[float, Field(strict=True, ge=0, le=2)] | None = None
    max_tokens: Annotated[int, Field(strict=True, ge=16, le=32000)] | None = None
    workflow: Name | None = None
    collect_user_info: StrictBool = True
    consent: Consent = Consent()
    widget: Widget = Widget()
    keywords: Phrases = ()
    intent_patterns: dict[str, Phrases] = {}
    discovery: Discovery = Discovery()

    @field_validator("max_chars")
    @classmethod
    def _not_below_min_chars(cls, value: int, info: ValidationInfo) -> int:
        low = info.data.get("min_chars", 0)
        if value < low:
            raise PydanticCustomError("max_below_min", "max_below_min", {"min_chars": low})
        return value


# The keys of the file for each field; the first is the one we write about, the others are older spellings.
SPELLINGS: Final[dict[str, tuple[str, ...]]] = {name: (name,) for name in Persona.model_fields} | {
    "time_zone": ("time_zone", "timezone"),
    "tone": ("personality.tone",),
    "style": ("personality.style",),
    "approach": ("personality.approach",),
    "formality": ("personality.formality",),
    "emoji": ("formatter.use_emojis", "personality.emoji_usage"),
    "instructions": ("system_instructions",),
    "min_chars": ("formatter.min_chars", "response_settings.min_chars", "response_style.min_chars"),
    "max_chars": ("formatter.max_chars", "response_settings.max_chars", "response_style.max_chars"),
    "model": ("llm.model", "response_settings.model"),
    "temperature": ("llm.temperature", "response_settings.temperature"),
    "max_tokens": ("llm.max_tokens", "response_settings.max_tokens"),
    "collect_user_info": ("features.collect_user_info",),
    "keywords": ("structured_keywords",),
    "discovery": ("discovery_rules",),
}
_PARTS: Final[dict[str, type[Part]]] = {"consent": Consent, "widget": Widget, "discovery": Discovery}
_GROUPS: Final = frozenset(path.partition(".")[0] for paths in SPELLINGS.values() for path in paths if "." in path)


def known_keys() -> list[str]:
    """Every key of config.json that means something, in all spellings, inner ones as `widget.color`."""
    keys = []
    for name, paths in SPELLINGS.items():
        inner = _PARTS[name].model_fields if name in _PARTS else [""]
        keys += [f"{path}.{field}" if field else path for path in paths for field in inner]
    return keys


def parse_persona(raw: Mapping[str, Any], file: str = "config.json") -> tuple[Persona, list[str]]:
    """A persona and warnings about keys that are not used. Raises DocumentError with every problem at once."""
    if not isinstance(raw, Mapping):
        raise DocumentError([Problem(file, "", EXPECTED["dict_type"])])
    problems = [
        Problem(file, group, EXPECTED["dict_type"])
        for group in sorted(_GROUPS)
        if not isinstance(raw.get(group, {}), Mapping)
    ]
    values, written, warnings = _gather(raw)
    try:
        persona = Persona.model_validate(values)
    except ValidationError as error:
        raise DocumentError(problems + problems_of(file, error, written)) from None
    if problems:
        raise DocumentError(problems)
    known = known_keys()
    warnings += [unknown_key(key, known) for key in _unknown(raw, known)]
    return persona, warnings


def _gather(raw: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str], list[str]]:
    """Values by field, the key each was written under, and warnings about keys that say it twice."""
    values: dict[str, Any] = {}
    written: dict[str, str] = {}
    warnings: list[str] = []
    for name, paths in SPELLINGS.items():
        found = [(path, value) for path in paths if (value := _at(raw, path)) is not None]
        written[name] = found[0][0] if found else paths[0]
        if found:
            values[name] = found[0][1]
        for path, value in found[1:]:
            if value != found[0][1]:
                template = gettext_noop("%(key)s: kept, but not used, because %(other)s says otherwise")
                warnings.append(Notice(template, key=path, other=found[0][0]))
    # A file that sets only one of the two limits means the other to follow.
    low, high = values.get("min_chars"), values.get("max_chars")
    if low is None and isinstance(high, int):
        values["min_chars"] = max(20, min(MIN_CHARS, high))
    if high is None and isinstance(low, int):
        values["max_chars"] = min(4000, max(MAX_CHARS, low))
    return values, written, warnings


def _at(raw: Mapping[str, Any], path: str) -> Any:
    value: Any = raw
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _unknown(raw: Mapping[str, Any], known: list[str], above: str = "") -> Iterator[str]:
    """Paths of keys that are neither known nor lead to a known one."""
    for name, value in raw.items():
        path = f"{above}.{name}" if above else str(name)
        if any(key.startswith(f"{path}.") for key in known):
            if isinstance(value, Mapping):
                yield from _unknown(value, known, path)
        elif path not in known:
            yield path
