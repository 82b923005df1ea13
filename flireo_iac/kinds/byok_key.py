"""A key of the customer's own for a provider (bring your own key)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from flireo_iac.kinds._markers import Immutable, ServerSet, write_only
from flireo_iac.kinds._spec import Endpoint, Envelope, Kind, Properties

ByokProvider = Literal[
    "deepgram",
    "openai",
    "elevenlabs",
    "xai",
    "resend",
    "gladia",
    "mistral",
    "inworld",
    "google",
    "google_vertex",
]


class ByokKeyProperties(Properties):
    """Properties of a key. Source: contract, ByokSet, ByokKeys; api notes, sections 7 and 11."""

    provider: Annotated[
        ByokProvider,
        Immutable(),
        Field(description="Provider the key is for; the first five belong to the target vintage."),
    ]
    api_key: Annotated[
        str, write_only(), Field(min_length=1, description="The key; kept in a vault and never given back.")
    ]
    secret_id: Annotated[
        str | None, ServerSet(), Field(description="Where the vault keeps it; another id means another key.")
    ] = None


BYOK_KEY = Kind(
    name="byok_key",
    token="ByokKey",  # noqa: S106 - a class name
    folder="byok",
    description="Your own key for a provider; without one, the platform's key is used.",
    source="api notes, sections 7 and 11; contract, /byok",
    model=ByokKeyProperties,
    endpoint=Endpoint(
        "/byok",
        style="slot",
        update="post",
        slot_field="provider",
        slot_output="secret_id",
        slot_key="{slot}_secret_id",
    ),
    envelope=Envelope(one=("byok_keys",)),
    natural_key=("provider",),
    is_natural_key_unique=True,
    is_protected=True,
    when_deleted="From then on the platform's own key for this provider is used.",
    when_replaced="The key of the old provider is removed, so the platform's own key is used there.",
    example={"provider": "openai", "api_key": "not-a-real-key"},
)
