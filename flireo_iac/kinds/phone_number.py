"""A phone number that is registered with the account."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from flireo_iac.kinds._formats import E164
from flireo_iac.kinds._markers import (
    Clearable,
    Immutable,
    Reference,
    ServerDefault,
    ServerSet,
    Since,
    Spelling,
)
from flireo_iac.kinds._spec import Endpoint, Envelope, Kind, Properties


class PhoneNumberProperties(Properties):
    """Properties of a phone number. Source: contract, PhoneNumberCreate, PhoneNumberUpdate; api notes, section 11."""

    phone_number: Annotated[E164, Immutable(), Field(description="E.164 number, already forwarded to the platform.")]
    name: Annotated[str | None, Clearable(), Field(description="Display name.")] = None
    agent_id: Annotated[
        str | None,
        Reference("agent"),
        Spelling("assistant_id"),
        Clearable(),
        Field(description="Agent that answers; without one, calls are not handled."),
    ] = None
    transfer_trunk_id: Annotated[
        str | None, Reference("sip_trunk"), Clearable(), Field(description="SIP trunk used for transfers.")
    ] = None
    is_active: Annotated[
        bool | None,
        ServerDefault(True),
        Field(description="Whether calls are taken. The server's default is true."),
    ] = None
    workflow_id: Annotated[str | None, Since("voicedock"), Clearable(), Field(description="Workflow that answers.")] = (
        None
    )
    agent_name: Annotated[str | None, ServerSet(), Field(description="Name of the agent.")] = None
    business_name: Annotated[str | None, ServerSet(), Field(description="Business of the agent.")] = None
    transfer_trunk_name: Annotated[str | None, ServerSet(), Field(description="Name of the trunk.")] = None
    workflow_name: Annotated[
        str | None, ServerSet(), Since("voicedock"), Field(description="Name of the workflow.")
    ] = None
    source: Annotated[str | None, ServerSet(), Field(description="Where the number came from.")] = None
    created_at: Annotated[str | None, ServerSet(), Field(description="When it was made, ISO 8601 in UTC.")] = None
    updated_at: Annotated[str | None, ServerSet(), Field(description="When it was last changed, ISO 8601 in UTC.")] = (
        None
    )


PHONE_NUMBER = Kind(
    name="phone_number",
    token="PhoneNumber",  # noqa: S106 - a class name
    folder="numbers",
    description="A phone number that the platform answers. It is registered, not bought.",
    source="api notes, section 11; contract, /numbers",
    model=PhoneNumberProperties,
    endpoint=Endpoint("/numbers"),
    envelope=Envelope(one=("number",), many=("numbers",)),
    natural_key=("phone_number",),
    is_natural_key_unique=True,
    is_protected=True,
    is_replaced_by_name=True,
    when_deleted=(
        "Calls to it are not answered any more. "
        "The number itself stays with your carrier: it was registered here, not bought."
    ),
    when_replaced="The old number is given up: whoever calls it does not reach you any more.",
    example={"phone_number": "+31201234567", "name": "Front desk"},
)
