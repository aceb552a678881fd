"""An installation full of hostile texts, wherever one can be written: python -m tests.browser.hostile_installation."""

import os
from typing import Any

from tests.browser.hostile_texts import SHORT, everything, markdown, markup

PASSWORD = "a-long-enough-word-for-a-test"
SLUG = "alvo"


def seed(evil: str) -> None:
    """Fill an installation (inside its own process) with all this, wherever something can be written."""
    from django.contrib.admin.models import CHANGE, LogEntry
    from django.contrib.auth.models import Group, User
    from django.contrib.contenttypes.models import ContentType

    from conversations.models import Export
    from tenants_app.models import Membership, Tenant
    from tenants_app.structure import create_tenant_structure, neutral

    raw = neutral(SHORT, "pt-br")
    raw.config.update(_persona(evil))
    raw.knowledge["faq"] = [{"question": text[:200], "answer": text} for text in [*markup(evil), *markdown(evil)]]
    raw.knowledge["contact"] = {"phone": SHORT, "website": "javascript:__ran()", "email": SHORT}
    for example in raw.examples:
        example["content"] = everything(evil)[:2000]
    tenant = create_tenant_structure(SLUG, SHORT, template=raw)
    chief = User.objects.create_superuser(SHORT, SHORT, PASSWORD, first_name=SHORT, last_name=SHORT)
    colleague = User.objects.create_user(f"{SHORT}2", SHORT, PASSWORD, first_name=SHORT, last_name=SHORT)
    Membership.objects.create(user=colleague, tenant=tenant, role="operator")
    Group.objects.create(name=SHORT)
    Export.objects.create(tenant=tenant, asked_by=chief, conversation_id=SHORT)
    for model in (Tenant, User):
        LogEntry.objects.create(
            user=chief,
            content_type=ContentType.objects.get_for_model(model),
            object_id=str(tenant.pk if model is Tenant else colleague.pk),
            object_repr=SHORT,
            action_flag=CHANGE,
            change_message=everything(evil),
        )
    _converse(tenant.slug, evil, f"operator:{colleague.pk}")


def _persona(evil: str) -> dict[str, Any]:
    long = everything(evil)
    return {
        "agent_name": SHORT,
        "business_name": SHORT,
        "description": long[:4000],
        "greeting": f"{SHORT} [a](javascript:__ran`1`) ![b]({evil}/greeting.png)",
        "system_instructions": long,
        "personality": dict.fromkeys(("tone", "style", "approach", "formality"), SHORT),
        "consent": {"required": True, "version": SHORT, "text": long[:4000]},
        "widget": {"placeholder": SHORT, "suggestions": [SHORT, "[x](javascript:__ran`1`)", "'-__ran()-'"]},
    }


def _converse(slug: str, evil: str, operator: str) -> None:
    """A conversation as an edited or imported file may hold it: hostile in every cell that takes text."""
    from conversations import index
    from conversations.core.records import Row, to_json
    from conversations.storage import storage_for

    told = to_json({"name": SHORT, "email": SHORT, "phone": SHORT, "company": SHORT, SHORT: SHORT})
    receipt = to_json({"answers": [SHORT], "knowledge": [SHORT], "delay": {SHORT: 1}, SHORT: {SHORT: SHORT}})
    common = {"language": SHORT, "version": SHORT[:20], "variant": SHORT[:20], "model": SHORT, "intent": SHORT}
    rows = []
    for number, text in enumerate([*markup(evil), *markdown(evil)]):
        rows += [
            Row(f"u{number}", "", SHORT, role="user", content=text, channel=SHORT[:20], author="visitor",
                client_id=f"{number}{SHORT}", status="received", extracted_info=told,
                receipt=to_json({"origin": f"javascript:__ran()//{SHORT}"}), **common),
            Row(f"a{number}", "", SHORT, role="assistant", content=text, channel=SHORT[:20], author="assistant",
                reply_id=f"r{number}", part="1", status="complete", provider=SHORT, error_code=SHORT,
                receipt=receipt, **common),
            Row(f"o{number}", "", SHORT, role="operator", content=text, author=operator, status="sent"),
        ]  # fmt: skip
    events = [
        {"event": "rate", "score": 1, "comment": everything(evil)},
        {"event": "consent", "version": SHORT, "granted": True},
        {"event": "handoff", "reason": SHORT},
    ]
    rows += [
        Row(f"s{number}", "", SHORT, role="system", content=SHORT, status="sent", receipt=to_json(event))
        for number, event in enumerate(events)
    ]
    done = storage_for(slug).append("c-hostile", rows)
    index.write({(slug, "c-hostile"): (done.transcript.summary, done.size)})


if __name__ == "__main__":
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    seed(os.environ["EVIL"])
