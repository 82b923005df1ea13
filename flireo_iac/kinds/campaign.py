"""Outbound calls of one agent to many people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from flireo_iac.kinds._formats import E164, ClockTime, TimeZone
from flireo_iac.kinds._markers import (
    AfterCreate,
    Clearable,
    Immutable,
    MovesOn,
    OnlyOnCreate,
    Reference,
    SentOnCreate,
    ServerDefault,
    ServerSet,
    TimeOfDay,
)
from flireo_iac.kinds._spec import Block, Endpoint, Envelope, Kind, Properties


class Lead(Block):
    """Somebody whom a campaign calls. Source: contract, CampaignLeadCreate."""

    phone_number: Annotated[E164, Field(description="Whom it calls, E.164.")]
    variables: Annotated[
        dict[str, str] | None, Field(description="What fills the {{name}} slots of system_message_template.")
    ] = None


class CampaignProperties(Properties):
    """Properties of a campaign. Source: contract, CampaignCreate, CampaignUpdate; api notes, section 12."""

    name: Annotated[str, Field(min_length=1, description="Display name.")]
    agent_id: Annotated[str, Immutable(), Reference("agent"), Field(description="The agent that calls.")]
    status: Annotated[
        Literal["draft", "scheduled", "paused", "cancelled"] | None,
        AfterCreate(),
        ServerDefault("draft"),
        MovesOn({"scheduled": ("completed",), "paused": ("draft",)}),
        Field(
            description="draft, scheduled (calls within the hours below), paused (stops calling), or cancelled, which "
            "is the end. The server's default is draft. The platform moves a scheduled campaign on to completed."
        ),
    ] = None
    system_message_template: Annotated[
        str | None,
        Clearable(),
        Field(description="What the agent is told for each call; {{name}} is filled from the variables of the lead."),
    ] = None
    schedule_start_time: Annotated[
        ClockTime | None,
        TimeOfDay(),
        ServerDefault("09:00:00"),
        SentOnCreate(),
        Field(description="From when on people are called each day, HH:MM:SS. The server's default is 09:00:00."),
    ] = None
    schedule_end_time: Annotated[
        ClockTime | None,
        TimeOfDay(),
        ServerDefault("17:00:00"),
        SentOnCreate(),
        Field(description="Until when, HH:MM:SS. The server's default is 17:00:00."),
    ] = None
    timezone: Annotated[
        TimeZone | None,
        ServerDefault("Europe/Amsterdam"),
        SentOnCreate(),
        Field(description="Time zone of both times, by its IANA name. The server's default is Europe/Amsterdam."),
    ] = None
    leads: Annotated[
        list[Lead] | None,
        OnlyOnCreate("campaign_lead"),
        Field(
            description="Whom it calls. They are sent with the create, in one request; after that each is a resource "
            "of its own (CampaignLead)."
        ),
    ] = None
    total_leads: Annotated[int | None, ServerSet(), Field(description="Number of its leads.")] = None
    completed_leads: Annotated[int | None, ServerSet(), Field(description="Leads that were reached.")] = None
    failed_leads: Annotated[int | None, ServerSet(), Field(description="Leads that were not.")] = None
    created_at: Annotated[str | None, ServerSet(), Field(description="When it was made, ISO 8601 in UTC.")] = None
    updated_at: Annotated[str | None, ServerSet(), Field(description="When it was last changed, ISO 8601 in UTC.")] = (
        None
    )


_AT_REST = frozenset({None, "draft", "paused", "completed", "cancelled"})
"""Statuses in which a campaign calls nobody; ``scheduled`` calls, and a status that nobody knows may call."""


def why_busy(campaign: Mapping[str, Any]) -> str:
    """Say that a campaign is calling people; empty when it is not."""
    status = campaign.get("status")
    return "" if status in _AT_REST else f"it is {status}, so that it is calling people"


def why_final(campaign: Mapping[str, Any]) -> str:
    """Say that nothing can change in a campaign any more; empty when something can. Source: api notes, section 12."""
    if campaign.get("status") != "completed":
        return ""
    return (
        "it is completed, and a completed campaign is final. Put back what was changed in its file, or remove the item "
        "and write a new campaign for whom you want to call again"
    )


def has_begun(campaign: Mapping[str, Any]) -> bool:
    """Tell whether somebody may have been called: only a draft has called nobody for certain."""
    return campaign.get("status") not in (None, "draft")


CAMPAIGN = Kind(
    name="campaign",
    token="Campaign",  # noqa: S106 - a class name
    folder="campaigns",
    description="Calls of one agent to many people, within daily hours.",
    source="api notes, section 12; contract, /campaigns",
    model=CampaignProperties,
    endpoint=Endpoint("/campaigns"),
    envelope=Envelope(one=("campaign",), many=("campaigns",)),
    natural_key=("name",),
    is_replaced_by_name=True,
    is_remade_by_name=True,
    is_deleted_before_replaced=True,
    needs=("phone_number",),
    when_deleted="Nobody is called any more, and its leads and their results are gone.",
    when_replaced="A new campaign takes its place, and calls everybody anew.",
    why_busy=why_busy,
    why_final=why_final,
    has_begun=has_begun,
    example={
        "name": "Renewals",
        "agent_id": "00000000-0000-4000-8000-000000000000",
        "system_message_template": "You call {{name}} about a contract that ends on {{date}}.",
        "schedule_start_time": "10:00:00",
    },
)
