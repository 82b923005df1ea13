"""Phone numbers: once each, referring to agents and trunks that exist, with their names beside the ids.

Source: api notes, sections 6, 8, 11 and 16.17 to 16.27.
"""

from __future__ import annotations

from collections.abc import Mapping

from flireo_iac.emulator.exchange import Exchange, Handler
from flireo_iac.emulator.problems import RefusedError
from flireo_iac.emulator.resource import Resource
from flireo_iac.emulator.store import Row

_REFERENCES = {"agent_id": "agents", "transfer_trunk_id": "sip-trunks", "workflow_id": "workflows"}


class Numbers(Resource):
    """``/numbers``."""

    collection = "numbers"
    spellings: Mapping[str, tuple[str, ...]] = {"agent_id": ("assistant_id",)}
    large = frozenset({"agent_name", "business_name", "transfer_trunk_name", "source"})

    def defaults(self, exchange: Exchange, given: Row) -> Row:
        """Fill the optional fields."""
        del given
        row: Row = {
            "phone_number": None,
            "name": None,
            "agent_id": None,
            "transfer_trunk_id": None,
            "is_active": True,
        }
        return {**row, "workflow_id": None} if exchange.successor else row

    def check(self, exchange: Exchange, given: Row, row: Row | None) -> None:
        """Refuse a number that is there already, and a reference to what is not there."""
        for field, collection in _REFERENCES.items():
            wanted = given.get(field)
            if wanted is not None and exchange.organization.get(collection, wanted.lower()) is None:
                raise RefusedError(400, f"{field} names no object in {collection}", param=field)
        if row is None and any(
            each["phone_number"] == given["phone_number"] for each in exchange.organization.rows(self.collection)
        ):
            raise RefusedError(409, "phone_number is already registered", param="phone_number")

    def filled(self, exchange: Exchange, given: Row) -> Row:
        """Write ids as the server writes them, in lower case."""
        del exchange
        ids = {name: given[name].lower() for name in _REFERENCES if isinstance(given.get(name), str)}
        return {**given, **ids}

    def shown(self, exchange: Exchange, row: Row) -> Row:
        """Add the names of the agent and the trunk."""
        agent = exchange.organization.get("agents", row.get("agent_id") or "") or {}
        workflow = exchange.organization.get("workflows", row.get("workflow_id") or "") or {}
        trunk = exchange.organization.get("sip-trunks", row.get("transfer_trunk_id") or "") or {}
        computed = {
            "agent_name": agent.get("name"),
            "business_name": agent.get("business_name"),
            "transfer_trunk_name": trunk.get("name"),
            "source": row.get("source"),
        }
        if exchange.successor:
            computed |= {
                "assistant_id": row.get("agent_id"),
                "assistant_name": agent.get("name"),
                "workflow_name": workflow.get("name"),
            }
        return {**row, **computed}


def routes() -> dict[tuple[str, str], Handler]:
    """Give the handlers of this resource."""
    return Numbers().routes()
