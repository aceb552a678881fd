"""The numbers of a tenant: how many people wrote, how much, how fast they were answered; from the index."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db.models import Count, Max, Q, QuerySet, Sum
from django.utils import timezone

from conversations.models import Conversation, ConversationStatus, Visitor

ACTIVE_FOR: Final = timedelta(hours=24)
SUMS: Final = (
    "last_seq",
    "visitor_messages",
    "assistant_messages",
    "operator_messages",
    "tokens_in",
    "tokens_cached",
    "tokens_out",
    "cost_usd",
)


def data_stats(tenant_slug: str, now: datetime | None = None) -> dict[str, Any]:
    """The tenant's numbers; all zero for an unknown one.

    total_users: visitors. total_sessions, total_conversations: conversations (a session is a conversation).
    active_sessions: not closed, with a row within 24 hours before `now`. total_messages: rows of all files, which is
    visitor_messages + assistant_messages (a reply counts once for each part) + operator_messages + system_messages.
    waiting: conversations waiting for a person. unanswered: conversations with a visitor's row that no
    finished reply answers. by_channel, by_status: conversations for each, by_status with a zero for every status.
    first_response_ms: {"p50", "p95"} over the conversations that were answered (nearest rank; None without any).
    tokens: {"in", "cached", "out"}. cost_usd: text with a decimal point. rated: conversations with a rating.
    last_activity: UTC, ISO 8601 with milliseconds and Z; None without conversations.
    """
    conversations = Conversation.objects.filter(tenant__slug=tenant_slug)
    since = (now or timezone.now()) - ACTIVE_FOR
    totals = _totals(conversations, since)
    sums = {name: totals[f"sum_{name}"] or 0 for name in SUMS}
    spoken = sums["visitor_messages"] + sums["assistant_messages"] + sums["operator_messages"]
    return {
        "total_users": Visitor.objects.filter(tenant__slug=tenant_slug).count(),
        "total_sessions": totals["all"],
        "active_sessions": totals["active"],
        "total_conversations": totals["all"],
        "total_messages": sums["last_seq"],
        "visitor_messages": sums["visitor_messages"],
        "assistant_messages": sums["assistant_messages"],
        "operator_messages": sums["operator_messages"],
        "system_messages": sums["last_seq"] - spoken,
        "unanswered": totals["unanswered_ones"],
        "rated": totals["rated"],
        "tokens": {"in": sums["tokens_in"], "cached": sums["tokens_cached"], "out": sums["tokens_out"]},
        "cost_usd": f"{sums['cost_usd']:.6f}",
        "first_response_ms": _percentiles(conversations, totals["answered"]),
        "last_activity": utc_text(totals["last"]) or None,
        **_groups(conversations),
    }


def utc_text(moment: datetime | None) -> str:
    """A time as the files write it: UTC, milliseconds, Z; empty for none."""
    if moment is None:
        return ""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _totals(conversations: QuerySet[Conversation], since: datetime) -> dict[str, Any]:
    is_open = ~Q(status=ConversationStatus.CLOSED)
    return conversations.aggregate(
        all=Count("pk"),
        active=Count("pk", filter=is_open & Q(last_at__gte=since)),
        unanswered_ones=Count("pk", filter=Q(unanswered=True)),
        rated=Count("score"),
        answered=Count("first_response_ms"),
        last=Max("last_at"),
        **{f"sum_{name}": Sum(name) for name in SUMS},
    )


def _groups(conversations: QuerySet[Conversation]) -> dict[str, Any]:
    by_channel: dict[str, int] = {}
    by_status = dict.fromkeys(ConversationStatus.values, 0)
    grouped = conversations.order_by().values_list("channel", "status").annotate(count=Count("pk"))
    for channel, status, count in grouped:
        by_channel[channel] = by_channel.get(channel, 0) + count
        by_status[status] = by_status.get(status, 0) + count
    waiting = by_status[ConversationStatus.WAITING]
    return {"by_channel": by_channel, "by_status": by_status, "waiting": waiting}


def _percentiles(conversations: QuerySet[Conversation], answered: int) -> dict[str, int | None]:
    if not answered:
        return {"p50": None, "p95": None}
    delays = (
        conversations.filter(first_response_ms__isnull=False)
        .order_by("first_response_ms")
        .values_list("first_response_ms", flat=True)
    )
    # Nearest rank: the smallest delay that covers this share of the conversations.
    return {f"p{share}": delays[-(-answered * share // 100) - 1] for share in (50, 95)}
