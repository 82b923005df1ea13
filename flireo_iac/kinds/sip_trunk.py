"""A SIP trunk: the customer's line to a telephony carrier."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from flireo_iac.kinds._markers import Immutable, ServerDefault, ServerSet, Since, Spelling, write_only
from flireo_iac.kinds._spec import Endpoint, Envelope, Kind, Properties


class SipTrunkProperties(Properties):
    """Properties of a SIP trunk, none of which can be updated. Source: contract, SipTrunkCreate; notes, section 11."""

    name: Annotated[str, Immutable(), Field(min_length=1, description="Display name.")]
    host: Annotated[
        str,
        Immutable(),
        Spelling("address", "outbound_address", since="successor"),
        Field(min_length=1, description="SIP host name or IP address."),
    ]
    port: Annotated[
        int | None,
        Immutable(),
        ServerDefault(5060),
        Field(ge=1, le=65535, description="1 to 65535. The server's default is 5060."),
    ] = None
    username: Annotated[
        str | None,
        Immutable(),
        Spelling("auth_username", since="successor"),
        Field(description="User name at the carrier."),
    ] = None
    password: Annotated[
        str | None,
        Immutable(),
        write_only(),
        Spelling("auth_password", since="successor"),
        Field(description="Password at the carrier; kept in a vault and never given back."),
    ] = None
    provider: Annotated[
        str | None, Immutable(), Since("voicedock"), Field(description="Carrier; later servers require it.")
    ] = None
    transport: Annotated[
        Literal["udp", "tcp", "tls"] | None,
        Immutable(),
        Since("voicedock"),
        ServerDefault("udp"),
        Field(description="udp, tcp or tls. The server's default is udp."),
    ] = None
    org_id: Annotated[str | None, ServerSet(), Field(description="Organization that owns it.")] = None
    is_active: Annotated[bool | None, ServerSet(), Since("voicedock"), Field(description="Whether it is used.")] = None
    created_at: Annotated[str | None, ServerSet(), Field(description="When it was made, ISO 8601 in UTC.")] = None
    updated_at: Annotated[str | None, ServerSet(), Field(description="When it was last changed, ISO 8601 in UTC.")] = (
        None
    )


SIP_TRUNK = Kind(
    name="sip_trunk",
    token="SipTrunk",  # noqa: S106 - a class name
    folder="trunks",
    description="A SIP trunk to a carrier. The API cannot update one: a change makes a new trunk.",
    source="api notes, section 11; contract, /sip-trunks",
    model=SipTrunkProperties,
    endpoint=Endpoint("/sip-trunks", update="none"),
    envelope=Envelope(one=("trunk", "sip_trunk"), many=("trunks", "sip_trunks")),
    natural_key=("name",),
    is_protected=True,
    when_deleted="Numbers that hand calls over through it have no trunk left for that.",
    when_replaced=("A new trunk is made with the new values, the numbers go over to it, then the old one is deleted."),
    example={
        "name": "Carrier",
        "host": "sip.example.com",
        "username": "shop",
        "password": "not-a-real-password",
    },
)
