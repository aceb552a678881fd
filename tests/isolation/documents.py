"""What a business's assistant is told, with its canary words in every text."""

from typing import Any

from tenants_app.files import RawDocuments
from tests.isolation.canaries import Words

QUESTION = "Vocês fazem banho de ofurô?"  # both businesses have an answer of their own


def documents_of(words: Words) -> RawDocuments:
    """Persona, knowledge and examples: every key that means something is used, and one that means nothing."""
    return RawDocuments(_config(words), _knowledge(words), _examples(words))


def _config(words: Words) -> dict[str, Any]:
    text = words.text
    return {
        "agent_name": text("agent_name"),
        "business_name": text("business_name"),
        "description": text("description"),
        "greeting": text("greeting"),
        "personality": {name: text(name) for name in ("tone", "style", "approach", "formality")},
        "system_instructions": text("instructions"),
        "llm": {"model": text("persona_model"), "temperature": 0.5, "max_tokens": 500},
        "workflow": text("workflow"),
        "consent": {"required": False, "version": text("consent_version"), "text": text("consent_text")},
        "widget": {"suggestions": [text("suggestion")], "placeholder": text("placeholder")},
        "structured_keywords": [text("keyword")],
        "intent_patterns": {text("intent_key"): [text("intent_pattern")]},
        "discovery_rules": {
            **{name: [text(name)] for name in ("mandatory_info", "important_info", "nice_to_have")},
            "discovery_questions": {text("discovery_key"): [text("persona_question")]},
        },
        "unknown_key": text("unknown_config"),
    }


def _knowledge(words: Words) -> dict[str, Any]:
    text = words.text
    item = {"name": text("item_name"), "description": text("item_description"), "category": text("item_category")}
    plan = {
        "conversations": text("plan_conversations"),
        "excess_price": text("plan_excess"),
        "features": [text("plan_feature")],
        "ideal_for": text("plan_ideal"),
    }
    return {
        "business_info": {"about": text("about")},
        "contact": {
            **{name: text(name) for name in ("whatsapp", "address", "website")},
            "phone": words.phone,
            "email": words.email("contact"),
        },
        "hours": {"monday": text("hours")},
        "services": [{"name": f"Banho de ofurô {words.stem}", "price": text("service_price"), **item}],
        "plans": {text("plan_key"): {**item, **plan, "price": text("plan_price")}},
        **{name: [{**item, "price": text(name)}] for name in ("specialties", "doctors", "insurance_plans", "team")},
        "faq": [{"question": QUESTION, "answer": text("faq_answer"), "category": text("faq_category")}],
        "policies": {"refund": text("policy")},
        "discovery_questions": [text("knowledge_question")],
        "objection_handlers": {text("objection"): text("objection_answer")},
        "documents": [{"title": text("document_title"), "text": text("document_text")}],
        "unknown_section": text("unknown_knowledge"),
    }


def _examples(words: Words) -> list[Any]:
    return [{"role": role, "content": words.text(f"example_{role}")} for role in ("user", "assistant")]
