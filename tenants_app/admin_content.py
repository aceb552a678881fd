"""A version's documents in readable form: who the assistant is, what it knows and how it talks."""

from itertools import groupby
from typing import Any

from django.utils.translation import gettext as _

from tenants_app.documents import DocumentError, Notice, parse_documents
from tenants_app.labels import label
from tenants_app.models import Bundle
from tenants_app.persona import Persona


def readable(bundle: Bundle) -> dict[str, Any]:
    """What the content page shows; `problems` instead of the rest when the documents cannot be used."""
    try:
        documents = parse_documents(bundle.config, bundle.knowledge, bundle.examples)
    except DocumentError as error:
        return {"problems": [problem.text(_) for problem in error.problems]}
    language = documents.persona.language
    sections = [
        (label(kind, language), list(entries))
        for kind, entries in groupby(documents.knowledge.entries, key=lambda entry: entry.kind)
    ]
    return {
        "persona": persona_lines(documents.persona),
        "sections": sections,
        "examples": documents.examples,
        "notices": [note.text(_) if isinstance(note, Notice) else note for note in documents.warnings],
    }


def persona_lines(persona: Persona) -> list[tuple[str, str]]:
    """Labels and values of a persona, without what was left empty."""
    lines = [
        (_("Assistant's name"), persona.agent_name),
        (_("Business"), persona.business_name),
        (_("Language"), persona.language),
        (_("About"), persona.description),
        (_("Tone"), persona.tone),
        (_("Style"), persona.style),
        (_("Approach"), persona.approach),
        (_("Formality"), persona.formality),
        (_("Emoji"), _("Yes") if persona.emoji else _("No")),
        (_("Greeting"), persona.greeting or ""),
        (_("Instructions"), persona.instructions),
        (_("Length of a message"), _("%(low)s to %(high)s characters") % _limits(persona)),
        (_("Workflow"), persona.workflow or ""),
        (_("Consent"), persona.consent.text if persona.consent.required else ""),
    ]
    return [(name, value) for name, value in lines if value]


def _limits(persona: Persona) -> dict[str, int]:
    return {"low": persona.min_chars, "high": persona.max_chars}
