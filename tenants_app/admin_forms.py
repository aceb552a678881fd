"""The forms by which managers and platform admins edit a tenant and its team."""

import copy
import re
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (  # type: ignore[import-untyped]
    UnfoldAdminSelect2Widget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from tenants_app.documents import DocumentError
from tenants_app.files import RawDocuments, has_files, tenant_folder
from tenants_app.models import Membership, Tenant
from tenants_app.persona import SPELLINGS
from tenants_app.structure import data_folders

PERSONA_FIELDS: Final = ("agent_name", "tone", "greeting", "instructions")
HOST: Final = re.compile(r"(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*\Z")


def origin_of(address: str) -> str:
    """`https://Example.com/` as a browser sends it in Origin: `https://example.com`. Raises ValidationError."""
    wrong = ValidationError(
        _("%(address)s is no site: write it as https://example.com or https://*.example.com, without a path."),
        params={"address": address},
    )
    try:
        parts = urlsplit(address.strip().lower())
        host = (parts.hostname or "").encode("idna").decode()
        port = parts.port
    except ValueError:
        raise wrong from None
    extra = parts.path.strip("/") or parts.query or parts.fragment or parts.username or parts.password
    if parts.scheme not in {"http", "https"} or extra or not HOST.match(host):
        raise wrong
    # Browsers leave a scheme's own port out of the Origin header.
    shown = "" if port in {None, {"http": 80, "https": 443}[parts.scheme]} else f":{port}"
    return f"{parts.scheme}://{host}{shown}"


class OriginsField(forms.CharField):
    """Sites, one a line, as a list of origins."""

    widget = UnfoldAdminTextareaWidget

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        lines = [line for line in str(value or "").split() if line]
        return list(dict.fromkeys(origin_of(line) for line in lines))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return list(initial or []) != str(data or "").split()


class TenantForm(forms.ModelForm):  # type: ignore[type-arg]  # no subscript at run time
    """A tenant's settings and, once it has a published version, the first things about its assistant."""

    allowed_origins = OriginsField(
        label=_("Allowed sites"),
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
        help_text=_(
            "Sites that may show the chat, one a line, such as https://example.com. Empty: any site may show it."
        ),
    )
    time_zone = forms.ChoiceField(label=_("Time zone"), widget=UnfoldAdminSelect2Widget, initial=settings.TIME_ZONE)
    agent_name = forms.CharField(
        label=_("Assistant's name"), max_length=200, required=False, widget=UnfoldAdminTextInputWidget
    )
    tone = forms.CharField(
        label=_("Tone"),
        max_length=500,
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("How the assistant sounds, such as: warm, calm, to the point."),
    )
    greeting = forms.CharField(
        label=_("Greeting"),
        max_length=500,
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Shown when the chat opens."),
    )
    instructions = forms.CharField(
        label=_("Instructions"),
        max_length=20000,
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 12}),
        help_text=_("What the assistant must do and must not do, in plain words."),
    )
    version_seen = forms.IntegerField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = Tenant
        fields = ("name", "slug", "active", "language", "time_zone", "allowed_origins")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.new_content: RawDocuments | None = None
        zones = sorted(available_timezones())
        if "time_zone" in self.fields:
            self.fields["time_zone"].choices = [(zone, zone.replace("_", " ")) for zone in zones]  # type: ignore[attr-defined]
        published = self.instance.published if self.instance.pk else None
        if published is not None:
            self.initial["version_seen"] = published.number
            for name in PERSONA_FIELDS:
                self.initial[name] = value_at(published.config, name)

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"]
        try:
            taken = has_files(tenant_folder(slug))
            data_folders(slug)
        except ValueError as error:
            raise ValidationError(str(error)) from None
        if taken:
            raise ValidationError(_("There are files of a business with this short name already; import them instead."))
        return slug

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        if self._persona_changed(values):
            self._check_persona(values)
        return values

    def _persona_changed(self, values: dict[str, Any]) -> bool:
        if not self.instance.pk or self.instance.published is None:
            return False
        return any(name in values and values[name] != self.initial[name] for name in PERSONA_FIELDS)

    def _check_persona(self, values: dict[str, Any]) -> None:
        published = self.instance.published
        assert published is not None  # noqa: S101 - asked by the caller
        if values.get("version_seen") != published.number:
            self.add_error(None, _("Somebody published another version meanwhile. Open this page again."))
            return
        config = copy.deepcopy(published.config)
        for name in PERSONA_FIELDS:
            put_at(config, name, values[name])
        content = RawDocuments(config, published.knowledge, list(published.examples))
        try:
            content.parse()
        except DocumentError as error:
            self.add_error(None, [problem.text(gettext) for problem in error.problems])
            return
        self.new_content = content


def value_at(config: dict[str, Any], name: str) -> str:
    """A persona's text under whichever spelling the document uses; empty when it has none."""
    value: Any = config
    for step in _path(config, name).split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""


def put_at(config: dict[str, Any], name: str, value: str) -> None:
    """Set a persona's text where the document spells it; an empty one is taken out."""
    *groups, last = _path(config, name).split(".")
    for group in groups:
        config = config.setdefault(group, {})
    if value:
        config[last] = value
    else:
        config.pop(last, None)


def _path(config: dict[str, Any], name: str) -> str:
    for path in SPELLINGS[name]:
        value: Any = config
        for step in path.split("."):
            value = value.get(step) if isinstance(value, dict) else None
        if value is not None:
            return path
    return SPELLINGS[name][0]


class MembershipAddForm(forms.ModelForm):  # type: ignore[type-arg]  # no subscript at run time
    """Adds a colleague who has an account, found by the whole user name or e-mail address among `people`.

    Whoever is not among them, whether they have an account here or not, is answered with the same sentence.
    """

    people: ClassVar[QuerySet[User]] = User.objects.none()  # its admin sets whom the signed-in person may know of

    person = forms.CharField(
        label=_("User name or e-mail"),
        max_length=254,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Somebody of a business that you manage. The platform admin adds people who are new here."),
    )

    class Meta:
        model = Membership
        fields = ("tenant", "role")

    def clean_person(self) -> str:
        text: str = self.cleaned_data["person"].strip()
        matching = Q(username=text) | Q(email__iexact=text)
        found = list(self.people.filter(matching, is_active=True)[:2])
        if len(found) != 1:
            raise ValidationError(_("Nobody among the people you may add has this user name or e-mail."))
        self.instance.user = found[0]
        return text

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        tenant = values.get("tenant")
        if tenant and "person" in values and Membership.objects.filter(user=self.instance.user, tenant=tenant).exists():
            self.add_error("person", _("This person is in the team already."))
        return values
