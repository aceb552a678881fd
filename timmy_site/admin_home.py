"""The admin's first page: how each of the reader's businesses is doing, in three numbers."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.db.models import Count, Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from conversations.models import Conversation, ConversationStatus
from tenants_app.admin_scope import EVERYBODY, tenants_for
from tenants_app.models import Tenant

MOST_TENANTS: Final = 50
NUMBERS: Final = ("today", "waiting", "week")


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the numbers to the first page's context (unfold's DASHBOARD_CALLBACK)."""
    mine = tenants_for(request, EVERYBODY)
    shown = list(mine[:MOST_TENANTS])
    numbers = _numbers(shown)
    context["title"] = _("Home")
    context["tenants"] = [_card(tenant, numbers.get(tenant.pk, {})) for tenant in shown]
    context["more_tenants"] = mine.count() - len(shown) if len(shown) == MOST_TENANTS else 0
    return context


def _numbers(tenants: Iterable[Tenant]) -> dict[int, dict[str, int]]:
    """One query for all the tenants that share a time zone, for a day begins in each at another moment."""
    zones: dict[str, list[int]] = defaultdict(list)
    for tenant in tenants:
        zones[tenant.time_zone].append(tenant.pk)
    found: dict[int, dict[str, int]] = {}
    for zone, keys in zones.items():
        today = datetime.combine(timezone.localtime(timezone=ZoneInfo(zone)).date(), time.min, ZoneInfo(zone))
        counted = Conversation.objects.filter(tenant__in=keys).order_by().values("tenant_id")
        for row in counted.annotate(
            today=Count("pk", filter=Q(last_at__gte=today)),
            waiting=Count("pk", filter=Q(status=ConversationStatus.WAITING)),
            week=Count("pk", filter=Q(last_at__gte=today - timedelta(days=6))),
        ):
            found[row["tenant_id"]] = {name: row[name] for name in NUMBERS}
    return found


def _card(tenant: Tenant, numbers: dict[str, int]) -> dict[str, Any]:
    conversations = reverse("admin:conversations_conversation_changelist")
    waiting = {"tenant": tenant.pk, "status__exact": ConversationStatus.WAITING.value}
    return {
        "pk": tenant.pk,
        "name": tenant.name,
        "active": tenant.active,
        "url": f"{conversations}?{urlencode({'tenant': tenant.pk})}",
        "waiting_url": f"{conversations}?{urlencode(waiting)}",
        **{name: numbers.get(name, 0) for name in NUMBERS},
    }
