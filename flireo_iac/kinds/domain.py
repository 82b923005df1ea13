"""The domain that e-mails of the account come from."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from flireo_iac.kinds._formats import DomainName
from flireo_iac.kinds._markers import Immutable, ServerSet, Spelling
from flireo_iac.kinds._spec import Endpoint, Envelope, Kind, Properties


class DomainProperties(Properties):
    """Properties of the domain. Source: contract, DomainCreate, Domain; api notes, section 11."""

    domain_name: Annotated[DomainName, Immutable(), Spelling("domain"), Field(description="Fully qualified name.")]
    status: Annotated[
        str | None,
        ServerSet(),
        Field(description="not_started, pending, verified or failed; others may come."),
    ] = None
    records: Annotated[list[dict[str, Any]] | None, ServerSet(), Field(description="DNS records to publish.")] = None
    region: Annotated[str | None, ServerSet(), Field(description="Region of the mail service.")] = None
    resend_domain_id: Annotated[str | None, ServerSet(), Field(description="Id at the mail service.")] = None
    org_id: Annotated[str | None, ServerSet(), Field(description="Organization that owns it.")] = None
    created_at: Annotated[str | None, ServerSet(), Field(description="When it was made, ISO 8601 in UTC.")] = None
    updated_at: Annotated[str | None, ServerSet(), Field(description="When it was last changed, ISO 8601 in UTC.")] = (
        None
    )
    verified_at: Annotated[str | None, ServerSet(), Field(description="When it was verified, ISO 8601 in UTC.")] = None


DOMAIN = Kind(
    name="domain",
    token="Domain",  # noqa: S106 - a class name
    folder="domains",
    description="The domain of outgoing e-mail; one for an organization. Verifying it needs DNS records.",
    source="api notes, section 11 (all fields from the newest SDK); contract, /domains",
    model=DomainProperties,
    endpoint=Endpoint("/domains", style="single", update="none"),
    envelope=Envelope(one=("domain",), is_bare_allowed=True),
    natural_key=("domain_name",),
    is_natural_key_unique=True,
    is_deleted_before_replaced=True,
    needs=("byok_key",),  # the domain lives at the mail service, whose key has to be stored (api notes, section 16.13)
    single_file="domain.yaml",
    when_deleted="No e-mail is sent from it any more.",
    when_replaced=(
        "The old domain is removed first. No e-mail is sent until the new one is verified, which needs DNS records."
    ),
    example={"domain_name": "mail.example.com"},
)
