"""What a tenant's assistant knows, read from knowledge.json and cut into entries."""

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, StrictBool, ValidationError
from pydantic_core import PydanticCustomError

from tenants_app.entries import entries_of
from tenants_app.problems import EXPECTED, FREE_TEXT, DocumentError, Problem, problems_of, unknown_key
from tenants_app.relevance import Entries, Entry, relevant

__all__ = ["Entries", "Entry", "Item", "Knowledge", "Plan", "parse_knowledge", "relevant"]


class _Part(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="allow", str_strip_whitespace=True, coerce_numbers_to_str=True, allow_inf_nan=False
    )


Required = Annotated[str, Field(min_length=1)]


class Item(_Part):
    """A service, specialty, doctor, insurance plan or member of the team; further keys are facts as well."""

    name: Required
    description: str | None = None
    category: str | None = None
    price: str | None = None


class Plan(Item):
    """A plan that visitors can buy."""

    conversations: str | None = None
    excess_price: str | None = None
    features: tuple[str, ...] = ()
    ideal_for: str | None = None
    recommended: StrictBool = False


class Question(_Part):
    """A frequent question with its answer."""

    question: Required
    answer: Required
    category: str | None = None


class Document(_Part):
    """A free text, such as a page of a handbook."""

    title: Required
    text: Required


def _items(value: Any) -> Any:
    """A list of objects, also from a list of names or from an object of objects keyed by name."""
    if isinstance(value, Mapping):
        value = [
            {"name": str(key), **child} if isinstance(child, Mapping) else {"name": str(key), "description": child}
            for key, child in value.items()
        ]
    if not isinstance(value, list):
        raise PydanticCustomError("collection", "collection")
    return [{"name": child} if isinstance(child, str) else child for child in value]


def _by_name(value: Any) -> Any:
    """An object keyed by name, also from a list; a plan without a name has its key's."""
    if isinstance(value, list):
        value = {
            str(child.get("name", number)) if isinstance(child, Mapping) else str(number): child
            for number, child in enumerate(value)
        }
    if not isinstance(value, Mapping):
        raise PydanticCustomError("collection", "collection")
    return {
        str(key): {"name": str(key), **child} if isinstance(child, Mapping) else child for key, child in value.items()
    }


def _objections(value: Any) -> Any:
    if isinstance(value, list):
        pairs = [child if isinstance(child, Mapping) else {} for child in value]
        value = {str(pair.get("objection", "")): pair.get("response") for pair in pairs}
    return value


def _free(value: Any) -> Any:
    if not isinstance(value, str | list | Mapping):
        raise PydanticCustomError("free", "free")
    return value


Items = Annotated[tuple[Item, ...], BeforeValidator(_items)]


class Knowledge(BaseModel):
    """The sections of a knowledge file; `entries` holds all of it, unknown sections too, in readable words."""

    model_config = ConfigDict(frozen=True, coerce_numbers_to_str=True, allow_inf_nan=False)

    business_info: dict[str, Any] = {}
    contact: dict[str, Any] = {}
    hours: Annotated[Any, BeforeValidator(_free)] = ""
    services: Items = ()
    plans: Annotated[dict[str, Plan], BeforeValidator(_by_name)] = {}
    specialties: Items = ()
    doctors: Items = ()
    insurance_plans: Items = ()
    faq: tuple[Question, ...] = ()
    policies: dict[str, Any] = {}
    team: Items = ()
    discovery_questions: tuple[Required, ...] = ()
    objection_handlers: Annotated[dict[str, Required], BeforeValidator(_objections)] = {}
    documents: tuple[Document, ...] = ()
    others: dict[str, Any] = {}

    _raw: Mapping[str, Any] = PrivateAttr(default_factory=dict)
    _language: str = PrivateAttr(default="pt-BR")

    @cached_property
    def entries(self) -> Entries:
        """Every fact of the file, in exactly one entry."""
        return entries_of(self._raw, self._language)

    def relevant(self, question: str, limit: int = 3) -> list[tuple[Entry, float]]:
        """The entries a question is about, best first, with a score in 0..1."""
        return relevant(self.entries, question, limit)


SECTIONS: Final = tuple(name for name in Knowledge.model_fields if name != "others")


def parse_knowledge(
    raw: Mapping[str, Any], language: str = "pt-BR", file: str = "knowledge.json"
) -> tuple[Knowledge, list[str]]:
    """Knowledge whose labels are in `language`, and warnings about unknown sections, which are kept.

    Raises DocumentError with every problem at once.
    """
    if not isinstance(raw, Mapping):
        raise DocumentError([Problem(file, "", EXPECTED["dict_type"])])
    sections = {key: value for key, value in raw.items() if key in SECTIONS and value is not None}
    others = {key: value for key, value in raw.items() if key not in SECTIONS}
    try:
        knowledge = Knowledge.model_validate({**sections, "others": others})
    except ValidationError as error:
        raise DocumentError(problems_of(file, error)) from None
    knowledge._raw, knowledge._language = raw, language
    warnings: list[str] = [unknown_key(key, SECTIONS, FREE_TEXT) for key in others]
    return knowledge, warnings
