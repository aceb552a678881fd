"""The admin's pages about conversations and visitors: to read and to take away, never to change."""

import re
from datetime import datetime
from typing import Any, ClassVar

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.text import Truncator
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter  # type: ignore[import-untyped]
from unfold.decorators import action  # type: ignore[import-untyped]
from unfold.decorators import display as labelled

from conversations.admin_filters import ChannelFilter, DaysFilter
from conversations.admin_views import download_file, export_page, reading_room
from conversations.models import Conversation, ConversationStatus, Export, Visitor
from conversations.reading import facts_of
from tenants_app.admin_scope import AUDITORS, NOBODY, TenantFilter, TenantScopedAdmin, has_role, tenants_for

BADGES = {
    ConversationStatus.ASSISTANT.value: "info",
    ConversationStatus.WAITING.value: "danger",
    ConversationStatus.OPERATOR.value: "warning",
    ConversationStatus.CLOSED.value: "success",
}


def short(moment: datetime) -> str:
    """A moment in the reader's spelling, short enough for a column."""
    return date_format(localtime(moment), "SHORT_DATETIME_FORMAT")


LAST_WORDS_CHARS = 32  # one line of a phone's list


class RecordAdmin(TenantScopedAdmin):
    """A model admin of records: nobody adds, changes or deletes them, platform admins included."""

    add_roles = change_roles = delete_roles = NOBODY
    actions = None
    visitor_prefix: ClassVar[str] = ""

    def get_list_display(self, request: HttpRequest) -> Any:
        shown = super().get_list_display(request)
        # Who works for one business need not read its name in every line.
        several = len(tenants_for(request, self.view_roles)[:2]) > 1
        return [name for name in shown if several or name != "tenant"]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        found, duplicates = super().get_search_results(request, queryset, search_term)
        digits = re.sub(r"\D", "", search_term)
        # Phones are kept as +5511999990000 and looked for as (11) 99999-0000.
        if len(digits) >= 8 and re.fullmatch(r"[\d\s()+./-]+", search_term):
            found |= queryset.filter(Q(**{f"{self.visitor_prefix}phone__contains": digits}))
        return found, duplicates


@admin.register(Conversation)
class ConversationAdmin(RecordAdmin):
    """Conversations: a list from the index, and each one's reading room from its file."""

    visitor_prefix = "visitor__"
    list_display = ("visitor", "tenant", "last_words", "badge", "channel", "started", "last", "rows")
    list_filter = (("status", ChoicesDropdownFilter), ChannelFilter, ("last_at", DaysFilter), TenantFilter)
    list_filter_submit = True
    list_select_related = ("visitor", "tenant")
    list_per_page = 50
    search_fields = ("visitor__name", "visitor__email", "visitor__phone", "conversation_id")
    search_help_text = _("Name, e-mail, phone or conversation id")
    actions_list = ("export",)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.csv_view)
        return [path("<path:object_id>/csv/", view, name="conversations_conversation_csv"), *super().get_urls()]

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if object_id is None or request.method not in {"GET", "HEAD"} or not self.has_view_permission(request):
            raise PermissionDenied
        conversation = self.get_object(request, object_id)
        if conversation is None:
            return self._not_there(request, object_id)
        return reading_room(self, request, conversation)

    def csv_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The conversation's file."""
        conversation = self.get_object(request, object_id)
        if conversation is None:
            return self._not_there(request, object_id)
        return download_file(request, conversation)

    @action(description=_("Download conversations"), url_path="export", icon="download", permissions=["export"])  # type: ignore[untyped-decorator]
    def export(self, request: HttpRequest) -> HttpResponseBase:
        return export_page(self, request)

    def has_export_permission(self, request: HttpRequest) -> bool:
        return has_role(request, AUDITORS)

    def _not_there(self, request: HttpRequest, object_id: str) -> HttpResponse:
        answer: HttpResponse = self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return answer

    def get_queryset(self, request: HttpRequest) -> QuerySet[Conversation]:
        return super().get_queryset(request).select_related("visitor", "tenant")

    @admin.display(description=_("last words"))
    def last_words(self, conversation: Conversation) -> str:
        return Truncator(conversation.preview).chars(LAST_WORDS_CHARS)

    @labelled(description=_("status"), ordering="status", label=BADGES)  # type: ignore[untyped-decorator]
    def badge(self, conversation: Conversation) -> tuple[str, str]:
        return conversation.status, conversation.get_status_display()

    @admin.display(description=_("started"), ordering="started_at")
    def started(self, conversation: Conversation) -> str:
        return short(conversation.started_at)

    @admin.display(description=_("last message"), ordering="last_at")
    def last(self, conversation: Conversation) -> str:
        return short(conversation.last_at)

    @admin.display(description=_("messages"), ordering="last_seq")
    def rows(self, conversation: Conversation) -> int:
        return conversation.last_seq


@admin.register(Visitor)
class VisitorAdmin(RecordAdmin):
    """Visitors, as far as their conversations tell."""

    list_display = ("who", "tenant", "email", "phone", "channel", "session_count", "last_seen")
    list_filter = (ChannelFilter, ("last_seen_at", DaysFilter), TenantFilter)
    list_filter_submit = True
    list_select_related = ("tenant",)
    list_per_page = 50
    search_fields = ("name", "email", "phone", "visitor_id")
    search_help_text = _("Name, e-mail, phone or visitor id")
    fields = (
        "who", "tenant", "email", "phone", "known_facts", "language", "channel", "consent", "created_at",
        "last_seen_at", "their_conversations", "visitor_id",
    )  # fmt: skip
    readonly_fields = ("who", "known_facts", "consent", "their_conversations")

    @admin.display(description=_("visitor"), ordering="name")
    def who(self, visitor: Visitor) -> str:
        return str(visitor)

    @admin.display(description=_("last seen"), ordering="last_seen_at")
    def last_seen(self, visitor: Visitor) -> str:
        return short(visitor.last_seen_at)

    @admin.display(description=_("facts"))
    def known_facts(self, visitor: Visitor) -> str:
        return format_html_join("", "{}: {}<br>", facts_of(visitor.facts)) or "-"

    @admin.display(description=_("consent"))
    def consent(self, visitor: Visitor) -> str:
        if visitor.consent_at is None:
            return gettext("not asked")
        day = short(visitor.consent_at)
        answer = gettext("granted") if visitor.consent_granted else gettext("refused")
        return f"{answer} · {visitor.consent_version} · {day}"

    @admin.display(description=_("conversations"))
    def their_conversations(self, visitor: Visitor) -> str:
        found = visitor.conversations.order_by("-last_at")[:50]
        links = (
            (
                reverse("admin:conversations_conversation_change", args=[one.pk]),
                short(one.last_at),
                one.preview,
            )
            for one in found
        )
        return format_html_join("", '<p><a class="timmy-link" href="{}">{}</a> {}</p>', links) or format_html("-")


@admin.register(Export)
class ExportAdmin(RecordAdmin):
    """The log of downloads."""

    view_roles = AUDITORS
    list_display = ("asked", "tenant", "asked_by", "what", "flavour", "first_day", "last_day")
    list_filter = (TenantFilter, ("asked_at", DaysFilter))
    list_filter_submit = True
    list_select_related = ("tenant", "asked_by")
    fields = (
        "asked_at", "tenant", "asked_by", "what", "flavour", "first_day", "last_day", "manifest_sha256",
    )  # fmt: skip
    readonly_fields = ("asked_at", "what")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        found: tuple[QuerySet[Any], bool] = super(RecordAdmin, self).get_search_results(request, queryset, search_term)
        return found

    @admin.display(description=_("asked at"), ordering="asked_at")
    def asked(self, export: Export) -> str:
        return short(export.asked_at)

    @admin.display(description=_("content"))
    def what(self, export: Export) -> str:
        return export.conversation_id or gettext("zip")
