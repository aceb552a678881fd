"""An index of the conversations' CSV files, rebuildable from them (manage.py reindex)."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants_app.models import Tenant


class Visitor(models.Model):
    """A person who wrote to a tenant, known by what the conversations hold."""

    tenant = models.ForeignKey(Tenant, verbose_name=_("business"), on_delete=models.CASCADE, related_name="visitors")
    visitor_id = models.CharField(_("visitor id"), max_length=100)
    channel = models.CharField(_("first channel"), max_length=20, blank=True)
    name = models.CharField(_("name"), max_length=200, blank=True)
    email = models.CharField(_("e-mail"), max_length=320, blank=True)
    phone = models.CharField(_("phone"), max_length=20, blank=True)
    facts = models.JSONField(_("facts"), default=dict, blank=True)
    language = models.CharField(_("language"), max_length=35, blank=True)
    session_count = models.PositiveIntegerField(_("conversations"), default=0)
    consent_version = models.CharField(_("consent version"), max_length=100, blank=True)
    consent_granted = models.BooleanField(_("consent granted"), null=True, blank=True)
    consent_at = models.DateTimeField(_("consent at"), null=True, blank=True)
    created_at = models.DateTimeField(_("first seen"))
    last_seen_at = models.DateTimeField(_("last seen"))

    class Meta:
        ordering = ("-last_seen_at",)
        verbose_name = _("visitor")
        verbose_name_plural = _("visitors")
        constraints = [models.UniqueConstraint(fields=("tenant", "visitor_id"), name="one_row_per_visitor")]
        indexes = [models.Index(fields=("tenant", "-last_seen_at"))]

    def __str__(self) -> str:
        return self.name or self.phone or self.email or str(_("Visitor"))


class ConversationStatus(models.TextChoices):
    """Who answers."""

    ASSISTANT = "assistant", _("With the assistant")
    WAITING = "waiting", _("Waiting for a person")
    OPERATOR = "operator", _("With a person")
    CLOSED = "closed", _("Closed")


class Conversation(models.Model):
    """One CSV file, summed up (conversations.core.summary.Summary)."""

    tenant = models.ForeignKey(
        Tenant, verbose_name=_("business"), on_delete=models.CASCADE, related_name="conversations"
    )
    visitor = models.ForeignKey(
        Visitor, verbose_name=_("visitor"), on_delete=models.CASCADE, related_name="conversations"
    )
    conversation_id = models.CharField(_("conversation id"), max_length=100)
    channel = models.CharField(_("channel"), max_length=20, blank=True)
    language = models.CharField(_("language"), max_length=35, blank=True)
    status = models.CharField(_("status"), max_length=10, choices=ConversationStatus.choices, default="assistant")
    started_at = models.DateTimeField(_("started"))
    last_at = models.DateTimeField(_("last message"))
    last_seq = models.PositiveIntegerField(_("rows"), default=0)
    preview = models.CharField(_("last words"), max_length=120, blank=True)
    visitor_messages = models.PositiveIntegerField(_("visitor's messages"), default=0)
    assistant_messages = models.PositiveIntegerField(_("assistant's messages"), default=0)
    operator_messages = models.PositiveIntegerField(_("team's messages"), default=0)
    first_response_ms = models.PositiveIntegerField(_("first answer after (ms)"), null=True, blank=True)
    version = models.CharField(_("version"), max_length=20, blank=True)
    variant = models.CharField(_("variant"), max_length=20, blank=True)
    tokens_in = models.PositiveBigIntegerField(_("tokens read"), default=0)
    tokens_cached = models.PositiveBigIntegerField(_("of these cached"), default=0)
    tokens_out = models.PositiveBigIntegerField(_("tokens written"), default=0)
    cost_usd = models.DecimalField(_("cost (US$)"), max_digits=14, decimal_places=6, default=0)
    facts = models.JSONField(_("facts"), default=dict, blank=True)
    intent = models.CharField(_("intent"), max_length=60, blank=True)
    page_origin = models.CharField(_("site"), max_length=300, blank=True)
    consent_version = models.CharField(_("consent version"), max_length=100, blank=True)
    consent_granted = models.BooleanField(_("consent granted"), null=True, blank=True)
    consent_at = models.DateTimeField(_("consent at"), null=True, blank=True)
    score = models.PositiveSmallIntegerField(_("rating"), null=True, blank=True)
    comment = models.TextField(_("comment"), blank=True)
    handoff_at = models.DateTimeField(_("asked for a person"), null=True, blank=True)
    handoff_reason = models.CharField(_("why"), max_length=60, blank=True)
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    closed_by = models.CharField(_("closed by"), max_length=60, blank=True)
    unanswered = models.BooleanField(_("unanswered"), default=False)
    file_size = models.PositiveBigIntegerField(_("file size"), default=0, help_text=_("Bytes summed up so far."))

    class Meta:
        ordering = ("-last_at",)
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        constraints = [models.UniqueConstraint(fields=("tenant", "conversation_id"), name="one_row_per_conversation")]
        indexes = [
            models.Index(fields=("tenant", "-last_at")),
            models.Index(fields=("tenant", "status")),
            models.Index(fields=("visitor", "-started_at")),
        ]

    def __str__(self) -> str:
        return f"{self.visitor} · {self.channel}"


class Export(models.Model):
    """One download of conversations: who took what, when, and the chain of manifests."""

    class Flavour(models.TextChoices):
        AUDIT = "audit", _("Audit (UTF-8, comma)")
        EXCEL_BR = "excel-br", _("Excel in Brazil (semicolon)")

    tenant = models.ForeignKey(Tenant, verbose_name=_("business"), on_delete=models.CASCADE, related_name="exports")
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("asked by"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    asked_at = models.DateTimeField(_("asked at"), auto_now_add=True)
    flavour = models.CharField(_("flavour"), max_length=10, choices=Flavour.choices, default=Flavour.AUDIT)
    conversation_id = models.CharField(_("conversation id"), max_length=100, blank=True, help_text=_("Empty: a zip."))
    first_day = models.DateField(_("from"), null=True, blank=True)
    last_day = models.DateField(_("to"), null=True, blank=True)
    manifest_sha256 = models.CharField(_("manifest SHA-256"), max_length=64, blank=True)

    class Meta:
        ordering = ("-asked_at",)
        verbose_name = _("download")
        verbose_name_plural = _("downloads")

    def __str__(self) -> str:
        return f"{self.tenant.slug} {self.asked_at:%Y-%m-%d %H:%M}"
