"""The account, counted from what is stored. Source: api notes, section 11; name and balance are inferred."""

from __future__ import annotations

from typing import Any

from flireo_iac.emulator.exchange import Answer, Exchange, Handler
from flireo_iac.emulator.phone import metering
from flireo_iac.emulator.phone.live import GOING_ON


def _account(exchange: Exchange) -> dict[str, Any]:
    def active(collection: str) -> int:
        return sum(row.get("is_active", True) for row in exchange.organization.rows(collection))

    return {
        "id": exchange.organization.id,
        "name": "Emulated organization",
        "minutes_balance": metering.balance(exchange.store, exchange.organization, exchange.settings),
        "monthly_usage_minutes": metering.used(exchange.organization, since=exchange.store.now()[: len("2026-01")]),
        "active_numbers": active("numbers"),
        "active_agents": active("agents"),
        "active_calls": sum(row["status"] in GOING_ON for row in exchange.organization.rows("calls")),
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
