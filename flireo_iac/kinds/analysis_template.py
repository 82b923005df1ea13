"""An analysis template: what to extract from a finished call."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from flireo_iac.kinds._markers import Clearable, ServerSet
from flireo_iac.kinds._spec import Endpoint, Envelope, Kind, Properties


class AnalysisTemplateProperties(Properties):
    """Properties of an analysis template. Source: contract, CreateAnalysisTemplate; api notes, section 10."""

    name: Annotated[str, Field(min_length=1, description="Display name.")]
    description: Annotated[str | None, Clearable(), Field(description="For people.")] = None
    system_prompt: Annotated[
        str | None, Field(description="Tells the model what to extract. Later servers require it.")
    ] = None
    user_prompt: Annotated[
        str | None, Field(description="Carries the transcript, as {{transcript}}. Later servers require it.")
    ] = None
    schema_: Annotated[dict[str, Any], Field(alias="schema", description="JSON Schema of the result.")]
    org_id: Annotated[str | None, ServerSet(), Field(description="Organization that owns it.")] = None
    created_at: Annotated[str | None, ServerSet(), Field(description="When it was made, ISO 8601 in UTC.")] = None
    updated_at: Annotated[str | None, ServerSet(), Field(description="When it was last changed, ISO 8601 in UTC.")] = (
        None
    )


ANALYSIS_TEMPLATE = Kind(
    name="analysis_template",
    token="AnalysisTemplate",  # noqa: S106 - a class name
    folder="analysis",
    description="What to extract from a finished call: two prompts and the JSON Schema of the result.",
    source="api notes, section 10; contract, /analysis-templates",
    model=AnalysisTemplateProperties,
    endpoint=Endpoint("/analysis-templates", page_size=50),  # one page of the docs says so (api notes, section 4)
    envelope=Envelope(
        one=("analysisTemplate", "analysis_template"),
        many=("analysisTemplates", "analysis_templates", "data"),
        is_bare_allowed=True,
    ),
    natural_key=("name",),
    when_deleted="Agents hold copies of it, so nothing changes in a call.",
    example={
        "name": "After call",
        "system_prompt": "Read the transcript and fill the schema.",
        "user_prompt": "{{transcript}}",
        "schema": {"type": "object", "properties": {"topic": {"type": "string"}}, "required": ["topic"]},
    },
)
