"""What an organization is beside its objects: its name, its parent, how long it keeps things.

Source: api notes, section 11. A key yields its organization; one that was never made by ``POST /organizations`` has the
name below and no parent.
"""

from __future__ import annotations

import secrets
from typing import Any

from flireo_iac.emulator.store import Organization, Row, Store

COLLECTION = "account"
NAME = "Emulated organization"
_ID = "account"


def about(organization: Organization) -> Row:
    """Give what is known of an organization."""
    return {"name": NAME, "parent_org_id": None, **(organization.get(COLLECTION, _ID) or {})}


def parent_of(organization: Organization) -> str | None:
    """Give the id of the parent; None when there is none."""
    parent: str | None = about(organization)["parent_org_id"]
    return parent


def children_of(store: Store, organization: Organization) -> list[Row]:
    """Give id, name and time of creation of each child, oldest first."""
    children = [(each.id, about(each)) for each in store.organizations.values()]
    found = [
        {"id": child_id, "name": child["name"], "created_at": child["created_at"]}
        for child_id, child in children
        if child["parent_org_id"] == organization.id
    ]
    return sorted(found, key=lambda child: str(child["created_at"]))


def change(organization: Organization, **values: Any) -> Row:
    """Write something down about an organization."""
    return organization.put(COLLECTION, {"id": _ID, **(organization.get(COLLECTION, _ID) or {}), **values})


def create(store: Store, name: str, parent: str | None) -> tuple[Organization, str]:
    """Make an organization, and the key that yields it, which is kept nowhere.

    Args:
        store: Where.
        name: Its name.
        parent: Id of the organization that pays for it; None when it pays itself.
    """
    key = f"fl_live_{secrets.token_hex(16)}"
    organization = store.organization(key)
    change(organization, name=name, parent_org_id=parent, created_at=store.now())
    return organization, key
