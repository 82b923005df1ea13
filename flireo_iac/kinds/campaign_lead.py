"""Somebody whom a campaign calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from flireo_iac.kinds._formats import E164
from flireo_iac.kinds._markers import Immutable, Reference, ServerSet
from flireo_iac.kinds._spec import Endpoint, Envelope, Kind, Properties


class CampaignLeadProperties(Properties):
    """Properties of a lead. Source: contract, CampaignLead, CampaignLeadCreate; api notes, section 12."""

    campaign_id: Annotated[str, Immutable(), Reference("campaign"), Field(description="The campaign that calls.")]
    phone_number: Annotated[E164, Immutable(), Field(description="Whom it calls, E.164.")]
    variables: Annotated[
        dict[str, str] | None,
        Immutable(),
        Field(description="What fills the {{name}} slots of the campaign's system_message_template."),
    ] = None
    status: Annotated[
        str | None, ServerSet(), Field(description="pending, calling, completed, failed, skipped or no_answer.")
    ] = None
    call_id: Annotated[str | None, ServerSet(), Field(description="The last call.")] = None
    attempts: Annotated[int | None, ServerSet(), Field(description="Number of calls so far.")] = None
    last_attempt_at: Annotated[str | None, ServerSet(), Field(description="When it was last called.")] = None
    created_at: Annotated[str | None, ServerSet(), Field(description="When it was made, ISO 8601 in UTC.")] = None


_WORDS = {
    "calling": "it is being called now",
    "completed": "it was called already (completed)",
    "failed": "it was called already, and the call failed (failed)",
    "no_answer": "it was called already, and nobody answered (no_answer)",
    "skipped": "its campaign has passed over it, without a call (skipped)",
}
"""What a status means. Source: contract, CampaignLead; the words for skipped are inferred."""


def why_final(lead: Mapping[str, Any]) -> str:
    """Say that a lead's turn has come, so that nothing about it can change any more; empty while it waits."""
    status = lead.get("status")
    return "" if status in (None, "pending") else _WORDS.get(status, f"its turn has come already ({status})")


CAMPAIGN_LEAD = Kind(
    name="campaign_lead",
    token="CampaignLead",  # noqa: S106 - a class name
    folder="leads",
    description="Somebody whom a campaign calls.",
    source="api notes, section 12; contract, /campaigns/{id}/leads",
    model=CampaignLeadProperties,
    endpoint=Endpoint("/campaigns/{campaign_id}/leads", update="none", within="campaign_id", counted_by="total_leads"),
    envelope=Envelope(one=("lead",), many=("leads",)),
    natural_key=("campaign_id", "phone_number"),
    is_deleted_before_replaced=True,
    when_deleted="It is not called any more.",
    when_replaced="It is called with other variables.",
    why_final=why_final,
    example={
        "campaign_id": "00000000-0000-4000-8000-000000000001",
        "phone_number": "+31201234567",
        "variables": {"name": "Robin", "date": "1 May"},
    },
)
