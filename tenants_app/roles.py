"""What a membership makes of a person: staff, and in the Django group of each of their roles."""

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db.models.signals import post_delete, post_migrate, post_save

from tenants_app.models import Membership, Role

# The groups grant nothing: what a person may do depends on the tenant, which a Django permission cannot say.


def make_groups(**kwargs: Any) -> None:
    """Make the three groups, named by the roles' values."""
    for role in Role.values:
        Group.objects.get_or_create(name=role)


def follow_memberships(user_id: int) -> None:
    """Bring the person's groups and staff mark to what the memberships say; a platform admin stays staff."""
    roles = set(Membership.objects.filter(user_id=user_id).values_list("role", flat=True))
    person = get_user_model().objects.filter(pk=user_id).first()
    if person is None:
        return
    kept = person.groups.exclude(name__in=Role.values)
    person.groups.set([*kept, *(Group.objects.get_or_create(name=role)[0] for role in sorted(roles))])
    staff = bool(roles) or person.is_superuser
    if person.is_staff != staff:
        person.is_staff = staff
        person.save(update_fields=["is_staff"])


def _membership_changed(instance: Membership, **kwargs: Any) -> None:
    follow_memberships(instance.user_id)


def connect(sender: Any) -> None:
    """Start following memberships; `sender` is this app's config."""
    post_migrate.connect(make_groups, sender=sender, dispatch_uid="tenants_app.roles")
    post_save.connect(_membership_changed, sender=Membership, dispatch_uid="tenants_app.roles.saved")
    post_delete.connect(_membership_changed, sender=Membership, dispatch_uid="tenants_app.roles.deleted")
