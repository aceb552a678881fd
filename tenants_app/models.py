"""The businesses of an installation, the people who work for them and the versions of what their assistants know."""

from typing import Any

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

SLUG = r"[a-z0-9][a-z0-9_]{1,62}"

slug_is_a_folder_name = RegexValidator(
    rf"\A{SLUG}\Z", _("Use 2 to 63 lower-case letters, digits and underscores; start with a letter or digit.")
)


class Tenant(models.Model):
    """One business. Its slug names its folders and addresses and never changes."""

    slug = models.CharField(_("short name"), max_length=63, unique=True, validators=[slug_is_a_folder_name])
    name = models.CharField(_("name"), max_length=200)
    active = models.BooleanField(_("active"), default=True, help_text=_("Visitors reach only active businesses."))
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES, default="pt-br")
    time_zone = models.CharField(_("time zone"), max_length=64, default="America/Sao_Paulo")
    allowed_origins = models.JSONField(
        _("allowed sites"),
        default=list,
        blank=True,
        help_text=_("Sites that may show the chat, one a line, such as https://example.com; empty: any site."),
    )
    published = models.ForeignKey(
        "Bundle",
        verbose_name=_("published version"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    changed_at = models.DateTimeField(_("changed at"), auto_now=True)

    class Meta:
        ordering = ("name",)
        verbose_name = _("business")
        verbose_name_plural = _("businesses")

    def __str__(self) -> str:
        return self.name


class Bundle(models.Model):
    """One version of a tenant's persona, knowledge and examples: the draft (no number) or a published one, fixed."""

    tenant = models.ForeignKey(Tenant, verbose_name=_("business"), on_delete=models.CASCADE, related_name="bundles")
    number = models.PositiveIntegerField(_("version"), null=True, blank=True, help_text=_("Empty: the draft."))
    config = models.JSONField(_("persona"), default=dict)
    knowledge = models.JSONField(_("knowledge"), default=dict)
    examples = models.JSONField(_("examples"), default=list)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("created by"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
    )

    class Meta:
        ordering = ("tenant", "-number")
        verbose_name = _("version")
        verbose_name_plural = _("versions")
        constraints = [
            models.UniqueConstraint(fields=("tenant", "number"), name="one_bundle_per_number"),
            models.UniqueConstraint(
                fields=("tenant",), condition=models.Q(number__isnull=True), name="one_draft_per_tenant"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tenant.slug} v{self.number}" if self.number else f"{self.tenant.slug} draft"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Store the draft or a new version. Raises ValueError when a published version would change."""
        if self.pk and Bundle.objects.filter(pk=self.pk, number__isnull=False).exists():
            raise ValueError(f"{self} is published and cannot change: publish a new version")
        super().save(*args, **kwargs)


class Role(models.TextChoices):
    """What a member may do for a tenant."""

    MANAGER = "manager", _("Manager")
    OPERATOR = "operator", _("Operator")
    AUDITOR = "auditor", _("Auditor")


class Membership(models.Model):
    """A person works for a tenant in one role."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("person"),
        on_delete=models.CASCADE,
        related_name="memberships",
    )
    tenant = models.ForeignKey(Tenant, verbose_name=_("business"), on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(_("role"), max_length=10, choices=Role.choices)

    class Meta:
        ordering = ("tenant", "user")
        verbose_name = _("team member")
        verbose_name_plural = _("team members")
        constraints = [models.UniqueConstraint(fields=("user", "tenant"), name="one_role_per_person_and_tenant")]

    def __str__(self) -> str:
        return f"{self.user} · {self.tenant} · {self.get_role_display()}"
