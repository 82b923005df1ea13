"""What keeps an object in use: live objects of other kinds that refer to it, whoever made them.

Campaigns are not managed by a stack, but they are looked at here.
Source: api notes, sections 8, 11 and 12; contract, Number, Campaign.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from flireo_iac.kinds._markers import Immutable, Reference, ServerSet
from flireo_iac.kinds._spec import Endpoint, Envelope, Kind, Properties
from flireo_iac.kinds.phone_number import PHONE_NUMBER


class CampaignProperties(Properties):
    """The properties of a campaign that tell whether it uses an agent. Source: contract, Campaign."""

    name: Annotated[str, Field(min_length=1, description="Display name.")]
    agent_id: Annotated[str, Immutable(), Reference("agent"), Field(description="Who calls.")]
    status: Annotated[
        str | None, ServerSet(), Field(description="draft, scheduled, paused, completed or cancelled.")
    ] = None


CAMPAIGN = Kind(
    name="campaign",
    token="Campaign",  # noqa: S106 - a class name
    folder="campaigns",
    description="Outbound calls of one agent to many people.",
    source="api notes, section 12; contract, /campaigns",
    model=CampaignProperties,
    endpoint=Endpoint("/campaigns"),
    envelope=Envelope(one=("campaign",), many=("campaigns",)),
    natural_key=("name",),
    example={"name": "Renewals", "agent_id": "00000000-0000-4000-8000-000000000000"},
)

_AT_REST = frozenset({"draft", "paused", "completed", "cancelled"})
"""Statuses in which a campaign calls nobody; ``scheduled`` calls, and a status that nobody knows may call."""


@dataclass(frozen=True)
class Use:
    """One way of being used.

    Args:
        kind: What uses the object.
        field: Field that holds the object's id.
        is_live: From a row to whether it counts.
    """

    kind: Kind
    field: str
    is_live: Callable[[Mapping[str, Any]], bool]


USES: Mapping[str, tuple[Use, ...]] = {
    "agent": (
        Use(PHONE_NUMBER, "agent_id", lambda row: row.get("is_active") is not False),
        Use(CAMPAIGN, "agent_id", lambda row: row.get("status") not in _AT_REST),
    )
}
"""By name of the kind that is used."""
