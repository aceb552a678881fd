"""All that is kept of a business, to see that nobody changed it: its rows, its people and its files."""

from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.db import connection

from conversations.models import Conversation, Export, Visitor
from tenants_app.models import Bundle, Membership, Tenant
from tests.isolation.houses import House

OWNED = (Bundle, Membership, Visitor, Conversation, Export)


def state_of(house: House, folder: Path) -> dict[str, Any]:
    """Rows by table as the database holds them, and files by name with size and time of the last change."""
    tenant, people = house.tenant.pk, ",".join(str(person.pk) for person in house.people.values())
    wheres = {model._meta.db_table: f"tenant_id = {tenant}" for model in OWNED}
    wheres |= {Tenant._meta.db_table: f"id = {tenant}", User._meta.db_table: f"id IN ({people})"}
    with connection.cursor() as cursor:
        rows: dict[str, Any] = {
            table: cursor.execute(f"SELECT * FROM {table} WHERE {where} ORDER BY id").fetchall()  # noqa: S608 - our own
            for table, where in wheres.items()
        }
    return rows | {"files": files_of(house, folder)}


def files_of(house: House, folder: Path) -> dict[str, tuple[int, int]]:
    """The files of a business in data/ and tenant_files/."""
    places = [folder / "data" / house.tenant.slug, folder / "tenant_files" / house.tenant.slug]
    found = ((path, path.stat()) for place in places for path in place.rglob("*"))
    return {str(path.relative_to(folder)): (stat.st_size, stat.st_mtime_ns) for path, stat in found}
