"""What the admin registers that could show or change something: asked of its registry, and written down by hand."""

from typing import Any, Final, NamedTuple

from django.contrib import admin
from django.db.models import Field


class Features(NamedTuple):
    """Whatever of a model's admin takes names from outside or acts on rows."""

    filters: tuple[str, ...] = ()
    search: bool = False
    actions: tuple[str, ...] = ()
    pages: tuple[str, ...] = ()
    autocomplete: tuple[str, ...] = ()
    raw_ids: tuple[str, ...] = ()
    inlines: tuple[str, ...] = ()
    editable: tuple[str, ...] = ()
    dates: str = ""
    save_as: bool = False


# By hand: a filter, action or field that is not in here yet fails test_registries.py, where it says what to think of.
FEATURES: Final[dict[str, Features]] = {
    "auth.user": Features(
        ("is_superuser", "is_active", "groups"), True, ("delete_selected",), inlines=("MembershipInline",),
    ),
    "auth.group": Features((), True, ("delete_selected",)),
    "tenants_app.tenant": Features((), True, (), ("content",)),
    "tenants_app.membership": Features(("TenantFilter", "role"), True, ("delete_selected",)),
    "tenants_app.bundle": Features(("TenantFilter",)),
    "conversations.conversation": Features(
        ("status", "ChannelFilter", "last_at", "TenantFilter"), True, (), ("export",)),
    "conversations.visitor": Features(("ChannelFilter", "last_seen_at", "TenantFilter"), True),
    "conversations.export": Features(("TenantFilter", "asked_at")),
}  # fmt: skip


def label(model_admin: Any) -> str:
    """The model's name: `tenants_app.tenant`."""
    return str(model_admin.opts.label_lower)


def features_of(model_admin: Any, request: Any) -> Features:
    """What the registry holds."""
    pages = [getattr(model_admin, f"actions_{place}") for place in ("list", "detail", "row", "submit_line")]
    autocomplete = [*model_admin.get_autocomplete_fields(request), *_filters_that_complete(model_admin, request)]
    return Features(
        filters=tuple(_name(one) for one in model_admin.get_list_filter(request)),
        search=bool(model_admin.get_search_fields(request)),
        actions=tuple(model_admin.get_actions(request)),
        pages=tuple(str(name) for names in pages for name in names or ()),
        autocomplete=tuple(autocomplete),
        raw_ids=tuple(model_admin.raw_id_fields),
        inlines=tuple(one.__name__ for one in model_admin.inlines),
        editable=tuple(model_admin.list_editable),
        dates=model_admin.date_hierarchy or "",
        save_as=bool(model_admin.save_as),
    )


def all_features(request: Any) -> dict[str, Features]:
    """Every registered model's."""
    return {label(one): features_of(one, request) for one in admin.site._registry.values()}


def _filters_that_complete(model_admin: Any, request: Any) -> list[str]:
    kinds = [one[1] if isinstance(one, tuple) else one for one in model_admin.get_list_filter(request)]
    return [kind.__name__ for kind in kinds if not isinstance(kind, str) and "Autocomplete" in kind.__name__]


def _name(entry: Any) -> str:
    entry = entry[0] if isinstance(entry, tuple) else entry
    return entry if isinstance(entry, str) else entry.name if isinstance(entry, Field) else str(entry.__name__)
