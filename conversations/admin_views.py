"""Pages of the admin beside its lists: the reading room, and what is taken away from it."""

from collections.abc import AsyncIterator, Iterator
from typing import Any, TypeVar
from urllib.parse import urlencode

from channels.db import database_sync_to_async
from django import forms
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget  # type: ignore[import-untyped]

from conversations.exports import ZipExport, file_name, raw_copy, record_download
from conversations.models import Conversation, Export
from conversations.reading import read
from conversations.storage import storage_for
from conversations.storage.base import StorageError
from conversations.storage.csv_files import PREFIX, SUFFIX
from tenants_app.admin_scope import AUDITORS, has_role, tenants_for
from tenants_app.models import Tenant

R = TypeVar("R", bound=HttpResponseBase)


class ExportForm(forms.Form):
    """Which conversations, and for which program."""

    tenant = forms.ModelChoiceField(
        Tenant.objects.none(), label=gettext_lazy("business"), empty_label=None, widget=UnfoldAdminSelectWidget
    )
    first_day = forms.DateField(
        label=gettext_lazy("from"),
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"type": "date"}),
        help_text=gettext_lazy("Empty: from the first conversation on."),
    )
    last_day = forms.DateField(
        label=gettext_lazy("to"),
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"type": "date"}),
        help_text=gettext_lazy("Empty: up to now. The day itself counts."),
    )
    flavour = forms.ChoiceField(
        label=gettext_lazy("flavour"),
        choices=Export.Flavour.choices,
        widget=UnfoldAdminSelectWidget,
        help_text=gettext_lazy("Audit for checking and programs; Excel to open the tables by a double click."),
    )

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["tenant"].queryset = tenants_for(request, AUDITORS)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        values = self.cleaned_data
        first, last = values.get("first_day"), values.get("last_day")
        if first and last and last < first:
            self.add_error("last_day", _("The period ends before it begins."))
        return values


def reading_room(model_admin: Any, request: HttpRequest, conversation: Conversation) -> HttpResponse:
    """The conversation as a chat, read from its file."""
    before = request.GET.get("before", "")
    tenant = conversation.tenant
    reading = read(
        storage_for(tenant.slug),
        conversation.conversation_id,
        int(before) if before.isdecimal() and len(before) < 10 else None,
        _team_names(tenant),
    )
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "original": conversation,
        "title": str(conversation.visitor),
        "conversation": conversation,
        "reading": reading,
        "zone": tenant.time_zone,
        "may_download": has_role(request, AUDITORS, tenant.pk),
        "export_url": f"{reverse('admin:conversations_conversation_export')}?{urlencode({'tenant': tenant.pk})}",
    }
    return TemplateResponse(request, "admin/conversations/reading_room.html", context)


def download_file(request: HttpRequest, conversation: Conversation) -> HttpResponse:
    """The conversation's file, byte for byte."""
    if request.method != "GET":
        return HttpResponseNotAllowed(["GET"])
    if not has_role(request, AUDITORS, conversation.tenant_id):
        raise PermissionDenied
    data = _file_bytes(conversation)
    if data is None:
        messages.error(request, _("The file of this conversation could not be read."))
        return HttpResponseRedirect(reverse("admin:conversations_conversation_change", args=[conversation.pk]))
    record_download(conversation.tenant, request.user, conversation_id=conversation.conversation_id)
    name = f"{PREFIX}{conversation.conversation_id}{SUFFIX}"
    return _as_download(HttpResponse(data, content_type="text/csv; charset=utf-8"), name)


def export_page(model_admin: Any, request: HttpRequest) -> HttpResponseBase:
    """The form that asks for a zip; a valid POST answers with the zip itself."""
    if not has_role(request, AUDITORS):
        raise PermissionDenied
    if request.method == "POST":
        form = ExportForm(request, request.POST)
        if form.is_valid():
            return stream_zip(request, **form.cleaned_data)
    else:
        form = ExportForm(request, initial={"tenant": request.GET.get("tenant"), "flavour": Export.Flavour.AUDIT})
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "title": _("Download conversations"),
        "form": form,
    }
    return TemplateResponse(request, "admin/conversations/export.html", context)


def stream_zip(request: HttpRequest, tenant: Tenant, **fields: Any) -> StreamingHttpResponse:
    """The zip as it is made; noted before its first byte goes out."""
    export = record_download(tenant, request.user, **fields)
    blocks: Any = ZipExport(export).blocks()
    if isinstance(request, ASGIRequest):
        blocks = _beside_the_loop(blocks)
    response = StreamingHttpResponse(blocks, content_type="application/zip")
    _as_download(response, file_name(export))
    return response


async def _beside_the_loop(blocks: Iterator[bytes]) -> AsyncIterator[bytes]:
    following = database_sync_to_async(lambda: next(blocks, None))
    while (block := await following()) is not None:
        yield block


def _as_download(response: R, name: str) -> R:
    response["Content-Disposition"] = str(content_disposition_header(True, name))
    response["Cache-Control"] = "no-store"
    return response


def _file_bytes(conversation: Conversation) -> bytes | None:
    storage = storage_for(conversation.tenant.slug)
    try:
        return storage.raw(conversation.conversation_id)
    except (StorageError, OSError):
        return raw_copy(storage, conversation.conversation_id)


def _team_names(tenant: Tenant) -> dict[str, str]:
    people = get_user_model().objects.filter(memberships__tenant=tenant)
    return {f"operator:{person.pk}": person.get_full_name() or person.get_username() for person in people}
