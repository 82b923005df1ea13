"""Leads of a campaign: added one by one or with the campaign, listed oldest first, removed; never updated.

Source: api notes, sections 4, 6, 8 and 12; limit and offset are those of the SDK 1.0.
"""

from __future__ import annotations

from flireo_iac.emulator.exchange import Answer, Exchange, Handler
from flireo_iac.emulator.problems import RefusedError
from flireo_iac.emulator.resource import MAX_CALLS, page
from flireo_iac.emulator.store import Organization, Row

COLLECTION = "leads"


def of(organization: Organization, campaign_id: str) -> list[Row]:
    """Give the leads of a campaign, oldest first."""
    return [row for row in organization.rows(COLLECTION) if row["campaign_id"] == campaign_id]


def add(exchange: Exchange, campaign_id: str, given: Row) -> Row:
    """Store a lead, to be called; the campaign's counter is the caller's business.

    Args:
        exchange: The request.
        campaign_id: Whose lead.
        given: What was sent of it, already checked against the contract.
    """
    name = {"name": given["name"]} if "name" in given else {}
    return exchange.organization.put(
        COLLECTION,
        {
            "id": exchange.store.new_id(),
            "campaign_id": campaign_id,
            "phone_number": given["phone_number"],
            "variables": given.get("variables", {}),
            **name,
            "status": "pending",
            "call_id": None,
            "attempts": 0,
            "last_attempt_at": None,
            "created_at": exchange.store.now(),
        },
    )


def remove_all(organization: Organization, campaign_id: str) -> None:
    """Take the leads of a campaign away with it.

    Raises:
        RefusedError: 409, one of them is being called.
    """
    rows = of(organization, campaign_id)
    if any(row["status"] == "calling" for row in rows):
        raise RefusedError(409, "a lead of the campaign is being called")
    for row in rows:
        organization.remove(COLLECTION, row["id"])


def _campaign(exchange: Exchange) -> Row:
    campaign = exchange.organization.get("campaigns", exchange.path["id"].lower())
    if campaign is None:
        raise RefusedError(404, "no such object in campaigns")
    return campaign


def _count(exchange: Exchange, campaign: Row, change: int) -> None:
    total = max(0, campaign["total_leads"] + change)
    exchange.organization.put("campaigns", {**campaign, "total_leads": total})


def _list(exchange: Exchange) -> Answer:
    rows = of(exchange.organization, _campaign(exchange)["id"])
    if not {"limit", "offset"} & exchange.query.keys():
        return Answer({"leads": rows})
    part = page(exchange.query, len(rows), default=100, most=MAX_CALLS)
    pagination = {"total": part.total, "limit": part.limit, "offset": part.offset}
    return Answer({"leads": part.of(rows), "pagination": pagination})


def _add(exchange: Exchange) -> Answer:
    campaign = _campaign(exchange)
    if campaign["status"] == "completed":
        raise RefusedError(400, "the campaign is completed, no lead can be added")
    lead = add(exchange, campaign["id"], exchange.accept())
    _count(exchange, campaign, 1)
    return Answer({"lead": lead})


def _remove(exchange: Exchange) -> Answer:
    campaign = _campaign(exchange)
    lead = exchange.organization.get(COLLECTION, exchange.path["leadId"].lower())
    if lead is None or lead["campaign_id"] != campaign["id"]:
        raise RefusedError(404, "no such object in leads")
    if lead["status"] == "calling":
        raise RefusedError(409, "the lead is being called")
    exchange.organization.remove(COLLECTION, lead["id"])
    _count(exchange, campaign, -1)
    return Answer({"success": True})


def routes() -> dict[tuple[str, str], Handler]:
    """Give the handlers of this resource."""
    return {
        ("GET", "/campaigns/{id}/leads"): _list,
        ("POST", "/campaigns/{id}/leads"): _add,
        ("DELETE", "/campaigns/{id}/leads/{leadId}"): _remove,
    }
