"""A tool template: a tool that several agents copy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from flireo_iac.kinds._blocks import FunctionTool, ToolServer, TransferDestination
from flireo_iac.kinds._markers import Clearable, ServerDefault, ServerSet, Since, Spelling, ValueSpelling
from flireo_iac.kinds._spec import Block, Endpoint, Envelope, Finding, Kind, Properties, Rule, built

ToolType = Literal["function", "endCall", "transferCall"]


class ToolConfig(Block):
    """The tool itself; its keys follow ``tool_type``. Source: contract, ToolFunctionConfig, ToolTransferConfig."""

    name: Annotated[str | None, Field(description="function: what the model calls.")] = None
    description: Annotated[str | None, Field(description="function: what the tool does, for the model.")] = None
    url: Annotated[str | None, Field(description="function: webhook URL.")] = None
    parameters: Annotated[
        dict[str, Any] | None, Field(description="function: JSON Schema (type object) of the arguments.")
    ] = None
    async_: Annotated[
        bool | None,
        ServerDefault(False),
        Field(alias="async", description="function: do not wait for the webhook. The server's default is false."),
    ] = None
    asyncResponse: Annotated[  # noqa: N815 - the API's own spelling
        str | None,
        Spelling("async_response", since="jan2026"),
        Field(description="function: what the agent says at once for an async tool."),
    ] = None
    server: Annotated[
        ToolServer | None, Since("hmsovereign"), Field(description="function: webhook of this tool, nested form.")
    ] = None
    destinations: Annotated[
        list[TransferDestination] | None, Field(description="transferCall: where the caller can go.")
    ] = None


class ToolTemplateProperties(Properties):
    """Properties of a tool template. Source: contract, ToolTemplateCreate; api notes, section 10."""

    name: Annotated[str, Field(min_length=1, description="Display name.")]
    description: Annotated[str | None, Clearable(), Field(description="For people.")] = None
    tool_type: Annotated[
        ToolType,
        ValueSpelling({"end_call": "endCall", "transfer_call": "transferCall"}, since="jan2026"),
        Field(description="function, endCall or transferCall."),
    ]
    tool_config: Annotated[ToolConfig, Field(description="The tool; its keys follow tool_type.")]
    org_id: Annotated[str | None, ServerSet(), Field(description="Organization that owns it.")] = None
    created_at: Annotated[str | None, ServerSet(), Field(description="When it was made, ISO 8601 in UTC.")] = None
    updated_at: Annotated[str | None, ServerSet(), Field(description="When it was last changed, ISO 8601 in UTC.")] = (
        None
    )


def _config_follows_type(inputs: Mapping[str, Any]) -> Iterator[Finding]:
    config = inputs.get("tool_config")
    if not isinstance(config, Mapping):
        return
    match inputs.get("tool_type"):
        case "function":
            for key in ("name", "description", "parameters"):
                if config.get(key) is None:
                    yield Finding(("tool_config", key), "is missing, a function needs name, description and parameters")
            if isinstance(config.get("name"), str):
                try:
                    built(FunctionTool).model_validate({"name": config["name"], "description": ""})
                except ValidationError as error:
                    yield Finding(("tool_config", "name"), error.errors(include_input=False)[0]["msg"])
        case "transferCall":
            if not config.get("destinations"):
                yield Finding(("tool_config", "destinations"), "is missing, transferCall needs at least one")
        case "endCall":
            for key in config:
                yield Finding(("tool_config", key), "has no meaning, the tool_config of endCall is empty: {}")


TOOL_TEMPLATE = Kind(
    name="tool_template",
    token="ToolTemplate",  # noqa: S106 - a class name
    folder="tools",
    description="A tool that agents copy: a webhook function, hanging up, or handing the caller over.",
    source="api notes, section 10; contract, /tool-templates",
    model=ToolTemplateProperties,
    endpoint=Endpoint("/tool-templates"),
    envelope=Envelope(one=("toolTemplate", "tool_template"), many=("toolTemplates", "tool_templates")),
    natural_key=("name",),
    when_deleted="Agents hold copies of it, so nothing changes in a call.",
    rules=(Rule("FL211", "error", _config_follows_type),),
    example={
        "name": "Book appointment",
        "tool_type": "function",
        "tool_config": {
            "name": "book_appointment",
            "description": "Books an appointment for the caller.",
            "url": "https://hooks.example.com/book",
            "parameters": {"type": "object", "properties": {"day": {"type": "string"}}, "required": ["day"]},
        },
    },
)
