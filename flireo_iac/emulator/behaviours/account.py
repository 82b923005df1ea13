"""The account, counted from what is stored. Source: api notes, section 11; minutes and name are inferred."""

from __future__ import annotations

from typing import Any

from flireo_iac.emulator.exchange import Answer, Exchange, Handler


def _account(exchange: Exchange) -> dict[str, Any]:
    def active(collection: str) -> int:
        return sum(row.get("is_active", True) for row in exchange.organization.rows(collection))

    return {
        "id": exchange.organization.id,
        "name": "Emulated organization",
        "minutes_balance": 1000,
        "monthly_usage_minutes": 0,
        "active_numbers": active("numbers"),
        "active_agents": active("agents"),
        "active_calls": 0,
    }


def _read(exchange: Exchange) -> Answer:
    return Answer(_account(exchange))


def _organization(exchange: Exchange) -> Answer:
    children: dict[str, Any] = {"children": []} if exchange.query.get("include_children") == "true" else {}
    later = {"has_local_models_access": True, "parent_org_id": None, **children}
    return Answer({**_account(exchange), **later})


def routes() -> dict[tuple[str, str], Handler]:
    """Give the handlers of this resource; ``/organizations`` is a successor's."""
    return {("GET", "/account"): _read, ("GET", "/organizations"): _organization}
