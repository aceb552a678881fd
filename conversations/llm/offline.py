"""Answers without any model: greets once, remembers, and says what the tenant's knowledge holds."""

from collections.abc import AsyncIterator
from typing import ClassVar

from conversations.core.offline_words import words
from conversations.core.prompt import Prompt
from conversations.core.records import Role, from_json
from conversations.core.smalltalk import (
    asks_something,
    is_only_smalltalk,
    meanings,
    without_introduction,
    without_smalltalk,
)
from conversations.core.telling import listed, told, ways_to_reach
from conversations.llm.base import ChatModel, Outcome
from tenants_app.knowledge import Entry, relevant
from tenants_app.words import CONCEPT, terms

# Measured on the demonstration tenants: above the first a best entry answers, between the two it is near.
KNOWN_ENOUGH = 0.55
NEAR = 0.45
NEARLY_AS_GOOD = 0.9
# What a business says about emergencies is said sooner than anything else.
URGENT_ENOUGH = 0.3
MOST_LISTED = 6
ASKED_SECTIONS = {"=place": "contact", "=contact": "contact", "=whatsapp": "contact", "=hours": "hours"}
LISTED_KINDS = {"plans", "services", "doctors", "specialties", "insurance_plans", "team"}


class OfflineModel(ChatModel):
    """Rules over the conversation and the knowledge; the same words for the same conversation."""

    provider: ClassVar[str] = "offline"

    async def stream(self, prompt: Prompt, outcome: Outcome) -> AsyncIterator[str]:
        answer = Answer(prompt)
        outcome.model, outcome.finish_reason = "offline", "stop"
        text = answer.text()
        outcome.knowledge = tuple(answer.used)
        yield text


class Answer:
    """One answer to what the visitor wrote last; `used` names the knowledge entries it is made of."""

    def __init__(self, prompt: Prompt) -> None:
        self._prompt = prompt
        self._persona = prompt.documents.persona
        self._question = "\n".join(row.content for row in prompt.asked)
        self._new_facts = {key: value for row in prompt.asked for key, value in from_json(row.extracted_info).items()}
        self._matter = without_introduction(self._question, self._new_facts.values())
        self._words = words(prompt.language)
        self.used: list[str] = []

    def text(self) -> str:
        """The whole answer."""
        means = meanings(self._question)
        parts = [self._greeting(means), self._prompt.notice, self._acknowledgement(means)]
        parts += self._personal(means) or self._factual(means)
        return "\n".join(part for part in parts if part)

    def _greeting(self, means: set[str]) -> str:
        if self._prompt.greeted:
            return ""
        name = _first_name(self._new_facts.get("name") or self._prompt.facts.get("name"))
        hello = self._words["hello_name"].format(name=name) if name else self._words["hello"]
        if self._prompt.welcome:  # it has introduced the assistant: only who greets or says a name is greeted back
            return hello if name or "greeting" in means else ""
        return hello if "asks_machine" in means else f"{hello} {self._named('i_am')}"

    def _acknowledgement(self, means: set[str]) -> str:
        name, noted = _first_name(self._new_facts.get("name")), []
        if name and self._prompt.greeted:
            noted.append(self._words["nice_to_meet"].format(name=name))
        if contact := [self._words[kind] for kind in ("email", "phone") if self._new_facts.get(kind)]:
            noted.append(self._words["noted"].format(what=self._words["and"].join(contact)))
        if "anger" in means:
            noted.append(self._words["sorry"])
        return " ".join(noted)

    def _personal(self, means: set[str]) -> list[str]:
        """What needs no knowledge of the business."""
        facts = self._prompt.facts
        if "asks_own_name" in means:
            name = facts.get("name")
            return [self._words["your_name"].format(name=name) if name else self._words["no_name"]]
        if "asks_own_contact" in means:
            known = [value for key in ("email", "phone") if (value := facts.get(key))]
            return [self._words["your_contact"].format(what=", ".join(known)) if known else self._words["no_contact"]]
        if "why_contact" in means:
            return [self._words["why_contact"]]
        if "keeps_contact" in means and not asks_something(self._matter):
            return [self._words["keeps_contact"]]
        if "wants_person" in means:
            return [self._words["person"], *self._contact()]
        if "asks_machine" in means:
            return [self._named("machine")]
        return []

    def _factual(self, means: set[str]) -> list[str]:
        """The best of the knowledge, or plain words that there is none."""
        smalltalk = is_only_smalltalk(self._matter)
        if not smalltalk and (found := self._found()):
            return found
        if "farewell" in means:
            return [self._words["bye"]]
        if "thanks" in means:
            return [self._words["welcome"]]
        if smalltalk or "anger" in means:
            return [self._what_now(means)]
        if asks_something(self._matter):
            return [self._words["unknown"], *(self._contact() or [self._words["ask_person"]])]
        return [self._words["kept"]]

    def _what_now(self, means: set[str]) -> str:
        if not self._prompt.greeted or set(self._new_facts) == {"name"}:
            return self._words["how_can_i_help"]
        return self._words["anything_else" if "accepts" in means or self._new_facts else "go_on"]

    def _found(self) -> list[str]:
        # "Why that one?" is about what was asked before.
        question = without_smalltalk(self._matter)
        question = question if terms(question) else self._asked_before()
        scored = relevant(self._prompt.documents.knowledge.entries, question, MOST_LISTED)
        if not scored:
            return []
        best, score = scored[0]
        if score >= URGENT_ENOUGH and "=urgent" in {CONCEPT.get(term) for term in terms(best.title)}:
            score = 1.0
        if score < NEAR:
            return []
        alike = [one for one, points in scored if one.kind == best.kind and points >= score * NEARLY_AS_GOOD]
        if best.kind in LISTED_KINDS and len(alike) > 1:
            self.used = [entry.id for entry in alike]
            return listed(alike)
        if score < KNOWN_ENOUGH and (section := self._section(question)):
            best, score = section, 1.0
        if score < KNOWN_ENOUGH and not asks_something(self._matter):
            return []
        self.used = [best.id]
        hedge = [self._words["near"].format(title=best.title)] if score < KNOWN_ENOUGH else []
        return [*hedge, told(best, self._matter)]

    def _section(self, question: str) -> Entry | None:
        """The section that a plain question for the address, a number or the hours is answered from."""
        kinds = {kind for term in terms(question) if (kind := ASKED_SECTIONS.get(CONCEPT.get(term, "")))}
        return next((one for one in self._prompt.documents.knowledge.entries if one.kind in kinds), None)

    def _asked_before(self) -> str:
        seqs = set(self._prompt.answers)
        earlier = (row for row in reversed(self._prompt.rows) if row.role == Role.USER and int(row.seq) not in seqs)
        return next((row.content for row in earlier), "")

    def _contact(self) -> list[str]:
        """How to reach the team; nothing when it was said before."""
        contact = next((one for one in self._prompt.documents.knowledge.entries if one.kind == "contact"), None)
        ways = ways_to_reach(contact) if contact else []
        said = "\n".join(row.content for row in self._prompt.rows if row.role == Role.ASSISTANT)
        if contact is None or not ways or ways[0] in said:
            return []
        self.used.append(contact.id)
        return [self._words["reach"].format(ways=", ".join(ways))]

    def _named(self, sentence: str) -> str:
        persona = self._persona
        return self._words[sentence].format(agent=persona.agent_name, business=persona.business_name)


def _first_name(name: object) -> str:
    return str(name).split()[0] if name else ""
