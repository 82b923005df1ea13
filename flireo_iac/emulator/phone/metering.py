"""Minutes: begun ones count whole, cost 0.07 euro each, and come off the balance.

Source: api notes, section 13; that the balance falls at the end of a call is inferred.
"""

from __future__ import annotations

import math

from flireo_iac.emulator import accounts
from flireo_iac.emulator.options import Settings
from flireo_iac.emulator.store import Organization, Row, Store

COLLECTION = "usage"
MINUTE_COST = 0.07


def record(store: Store, organization: Organization, call: Row) -> None:
    """Write down what a call used; nothing for one that was never answered."""
    seconds = call["duration_seconds"]
    if not seconds:
        return
    minutes = math.ceil(seconds / 60)
    organization.put(
        COLLECTION,
        {
            "id": store.new_id(),
            "call_id": call["id"],
            "number_id": call["number_id"],
            "phone_number": call["phone_number"],
            "agent_name": call["agent_name"],
            "business_name": call["business_name"],
            "duration_seconds": seconds,
            "minutes_used": minutes,
            "cost": round(minutes * MINUTE_COST, 2),
            "created_at": store.now(),
        },
    )


def used(organization: Organization, since: str = "") -> int:
    """Give the minutes that an organization has used itself.

    Args:
        organization: Which.
        since: From this timestamp on; empty for ever.
    """
    return sum(row["minutes_used"] for row in organization.rows(COLLECTION) if row["created_at"] >= since)


def balance(store: Store, organization: Organization, settings: Settings) -> float:
    """Give the minutes that are left to an organization, which a child shares with its parent and its siblings.

    Below 0 when the last call was longer than what was left.
    """
    payer = accounts.parent_of(organization) or organization.id
    billed = [each for each in store.organizations.values() if payer in {each.id, accounts.parent_of(each)}]
    return settings.minutes_balance - sum(used(each) for each in billed)
