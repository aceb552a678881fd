"""Answers without any model: greets once, remembers, and says what the tenant's knowledge holds."""

import re
from collections.abc import AsyncIterator
from typing import ClassVar

from conversations.core.offline_words import words
from conversations.core.prompt import Prompt
from conversations.core.records import Role, from_json
from conversations.core.smalltalk import is_only_smalltalk, meanings
from conversations.llm.base import ChatModel, Outcome
from tenants_app.knowledge import Entry, relevant

KNOWN_ENOUGH = 0.5
NEARLY_AS_GOOD = 0.9
MOST_LISTED = 6
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
        rows = prompt.rows
        spoken = next((n for n in range(len(rows), 0, -1) if rows[n - 1].role in {Role.ASSISTANT, Role.OPERATOR}), 0)
        self._asked = [row for row in rows[spoken:] if row.role == Role.USER]
        self._question = "\n".join(row.content for row in self._asked)
        self._said = [row.content for row in rows if row.role == Role.ASSISTANT]
        self._new_facts = {key: value for row in self._asked for key, value in from_json(row.extracted_info).items()}
        self._words = words(prompt.language)
        self.used: list[str] = []

    def text(self) -> str:
        """The whole answer."""
        means = meanings(self._question)
        parts = [self._greeting(), self._acknowledgement(means)]
        parts += self._personal(means) or self._factual(means)
        return "\n".join(part for part in parts if part)

    def _greeting(self) -> str:
        if self._prompt.greeted:
            return ""
        name = _first_name(self._new_facts.get("name") or self._prompt.facts.get("name"))
        hello = self._words["hello_name"].format(name=name) if name else self._words["hello"]
        return hello + " " + self._words["i_am"].format(agent=self._persona.agent_name, business=self._persona.business_name)

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
        if "wants_person" in means:
            return [self._words["person"], *self._contact()]
        if "asks_machine" in means:
            return [self._words["machine"].format(agent=self._persona.agent_name, business=self._persona.business_name)]
        return []

    def _factual(self, means: set[str]) -> list[str]:
        """The best of the knowledge, or plain words that there is none."""
        if not is_only_smalltalk(self._question) and (found := self._found()):
            return found
        if "farewell" in means:
            return [self._words["bye"]]
        if "thanks" in means:
            return [self._words["welcome"]]
        if is_only_smalltalk(self._question) or not self._is_question():
            return [self._words["how_can_i_help"] if not self._prompt.greeted else self._words["go_on"]]
        return [self._words["unknown"], *self._contact()]

    def _found(self) -> list[str]:
        scored = relevant(self._prompt.documents.knowledge.entries, self._question, MOST_LISTED)
        if not scored or scored[0][1] < KNOWN_ENOUGH:
            return []
        best, score = scored[0]
        listed = [one for one, points in scored if one.kind == best.kind and points >= score * NEARLY_AS_GOOD]
        chosen = listed if best.kind in LISTED_KINDS and len(listed) > 1 else [best]
        self.used = [entry.id for entry in chosen]
        if len(chosen) == 1:
            return [_as_said(best)]
        return [f"- {' '.join(_as_said(entry).split())}" for entry in chosen]

    def _contact(self) -> list[str]:
        contact = next((one for one in self._prompt.documents.knowledge.entries if one.kind == "contact"), None)
        if contact is None or any(contact.text in said for said in self._said):
            return []
        self.used.append(contact.id)
        return ["; ".join(_as_said(contact).splitlines())]

    def _is_question(self) -> bool:
        # A statement of the visitor's own facts needs no "I do not know".
        return not self._new_facts or "?" in self._question or len(re.findall(r"\w+", self._question)) > 12


def _as_said(entry: Entry) -> str:
    return entry.answer or entry.text or entry.title


def _first_name(name: object) -> str:
    return str(name).split()[0] if name else ""
