"""The account and its children, counted from what is stored.

Source: api notes, section 11. The retention periods have no documented read; the name of an organization that no
request made is inferred.
"""

from __future__ import annotations

from typing import Any

from flireo_iac.emulator import accounts
from flireo_iac.emulator.exchange import Answer, Exchange, Handler
from flireo_iac.emulator.phone import metering
from flireo_iac.emulator.phone.live import GOING_ON
from flireo_iac.emulator.problems import RefusedError


def _account(exchange: Exchange) -> dict[str, Any]:
    organization = exchange.organization

    def active(collection: str) -> int:
        return sum(row.get("is_active", True) for row in organization.rows(collection))

    return {
        "id": organization.id,
        "name": accounts.about(organization)["name"],
        "minutes_balance": metering.balance(exchange.store, organization, exchange.settings),
        "monthly_usage_minutes": metering.used(organization, since=exchange.store.now()[: len("2026-01")]),
        "active_numbers": active("numbers"),
        "active_agents": active("agents"),
        "active_calls": sum(row["status"] in GOING_ON for row in organization.rows("calls")),
    }


def _read(exchange: Exchange) -> Answer:
    return Answer(_account(exchange))


def _organization(exchange: Exchange) -> Answer:
    later: dict[str, Any] = {
        "has_local_models_access": True,
        "parent_org_id": accounts.parent_of(exchange.organization),
    }
    if exchange.query.get("include_children") == "true":
        later["children"] = accounts.children_of(exchange.store, exchange.organization)
    return Answer({**_account(exchange), **later})


def _create(exchange: Exchange) -> Answer:
    given = exchange.accept()
    if not given["name"].strip():
        raise RefusedError(400, "name must not be empty", param="name")
    parent = given.get("parent_org_id")
    if parent is not None and parent.lower() != exchange.organization.id:
        raise RefusedError(403, "parent_org_id is not your organization", param="parent_org_id")
    if parent is not None and accounts.parent_of(exchange.organization) is not None:
        raise RefusedError(400, "a child organization has no children of its own", param="parent_org_id")
    made, key = accounts.create(exchange.store, given["name"], exchange.organization.id if parent else None)
    about = accounts.about(made)
    return Answer(
        {
            "id": made.id,
            "name": about["name"],
            "parent_org_id": about["parent_org_id"],
            "api_key": key,
            "created_at": about["created_at"],
        }
    )


def _retain(exchange: Exchange) -> Answer:
    given = exchange.accept()
    if given["content_retention_days"] > given["metadata_retention_days"]:
        raise RefusedError(400, "content_retention_days must not be longer than metadata_retention_days")
    accounts.change(exchange.organization, **given)
    return Answer(given)


def routes() -> dict[tuple[str, str], Handler]:
    """Give the handlers of this resource; ``/organizations`` is a successor's."""
    return {
        ("GET", "/account"): _read,
        ("GET", "/organizations"): _organization,
        ("POST", "/organizations"): _create,
        ("PATCH", "/organizations"): _retain,
    }
