"""Config blocks of an agent: speech to text, language model, tools, text to speech, analysis, speech.

Typed from the contract's schemas; keys that no schema names are kept, because the API stores blocks as JSON
(api notes, section 16.8).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from flireo_iac.kinds._formats import FunctionName, Url
from flireo_iac.kinds._markers import (
    Prompt,
    RunTimeTools,
    Secret,
    ServerDefault,
    Since,
    Spelling,
    Unordered,
    ValueSpelling,
)
from flireo_iac.kinds._providers import LLM, STT, TTS
from flireo_iac.kinds._spec import Block


class SttConfig(Block):
    """Speech to text. Source: contract, STTConfig; api notes, section 9."""

    provider: Annotated[str, Field(description=f"Speech-to-text provider: {STT.names}.")]
    model: Annotated[str, Field(description="Model of the provider, such as nova-3-general.")]
    language: Annotated[str, Field(description="Language code such as nl or en; multi for several.")]
    keyterms: Annotated[list[str] | None, Unordered(), Field(description="Words whose recognition is boosted.")] = None
    tag_audio_events: Annotated[bool | None, Since("hmsovereign"), Field(description="elevenlabs only.")] = None
    include_timestamps: Annotated[bool | None, Since("hmsovereign"), Field(description="elevenlabs only.")] = None
    sample_rate: Annotated[
        Literal[16000, 8000] | None, Since("hmsovereign"), Field(description="elevenlabs only, Hz.")
    ] = None
    languages: Annotated[list[str] | None, Since("hmsovereign"), Field(description="gladia only.")] = None
    code_switching: Annotated[bool | None, Since("hmsovereign"), Field(description="gladia only.")] = None
    region: Annotated[Literal["eu-west", "us-west"] | None, Since("hmsovereign"), Field(description="gladia only.")] = (
        None
    )
    endpointing: Annotated[
        float | None,
        Since("hmsovereign"),
        Field(description="gladia: 0.01 to 1 seconds; deepgram: 0 to 5000 milliseconds."),
    ] = None
    custom_vocabulary: Annotated[
        list[str] | None, Since("hmsovereign"), Unordered(), Field(description="gladia only.")
    ] = None
    translation_enabled: Annotated[bool | None, Since("hmsovereign"), Field(description="gladia only.")] = None
    translation_target_languages: Annotated[
        list[str] | None, Since("hmsovereign"), Unordered(), Field(description="gladia only.")
    ] = None
    smart_format: Annotated[bool | None, Since("voicedock"), Field(description="deepgram only.")] = None
    numerals: Annotated[bool | None, Since("voicedock"), Field(description="deepgram only.")] = None
    filler_words: Annotated[bool | None, Since("voicedock"), Field(description="deepgram only.")] = None
    no_delay: Annotated[bool | None, Since("voicedock"), Field(description="deepgram only.")] = None
    utterance_end_ms: Annotated[
        int | None, Since("voicedock"), Field(ge=1000, le=5000, description="deepgram only, milliseconds.")
    ] = None


class EndCallTool(Block):
    """Built-in tool: lets the model hang up. Source: contract, EndCallTool."""

    type: Annotated[
        Literal["endCall"],
        ValueSpelling({"end_call": "endCall"}, since="jan2026"),
        Field(description="Always endCall."),
    ]


class TransferDestination(Block):
    """Where a caller can be handed over to. Source: contract, TransferDestination."""

    type: Annotated[Literal["number"], Field(description="Always number.")]
    number: Annotated[str, Field(description="E.164 number.")]
    description: Annotated[str, Field(description="Tells the model when to choose this destination.")]
    message: Annotated[str | None, Field(description="Spoken before the transfer.")] = None


class TransferCallTool(Block):
    """Built-in tool: hands the caller over. Source: contract, TransferCallTool."""

    type: Annotated[
        Literal["transferCall"],
        ValueSpelling({"transfer_call": "transferCall"}, since="jan2026"),
        Field(description="Always transferCall."),
    ]
    destinations: Annotated[
        list[TransferDestination], Field(min_length=1, description="Where the caller can go; at least one.")
    ]


class ToolServer(Block):
    """Webhook of one tool, nested form. Source: contract, FunctionTool.server; only a successor knows it."""

    url: Annotated[Url, Field(description="URL of the webhook.")]
    secret: Annotated[str | None, Secret(), Field(description="HMAC key of this webhook.")] = None


class FunctionTool(Block):
    """Custom webhook tool in the flat form. Source: contract, FunctionTool."""

    type: Annotated[Literal["function"] | None, Field(description="May be left out.")] = None
    name: Annotated[
        FunctionName,
        Field(description="What the model calls and the webhook receives; unique within the agent."),
    ]
    description: Annotated[str, Field(description="What the tool does, for the model.")]
    url: Annotated[Url | None, Field(description="Own webhook URL; wins over the agent's webhook_url.")] = None
    async_: Annotated[
        bool | None,
        ServerDefault(False),
        Field(alias="async", description="Do not wait for the webhook. The server's default is false."),
    ] = None
    asyncResponse: Annotated[  # noqa: N815 - the API's own spelling
        str | None,
        Spelling("async_response", since="jan2026"),
        Field(description="What the agent says at once for an async tool."),
    ] = None
    message: Annotated[str | None, Since("voicedock"), Field(description="Spoken while the tool runs.")] = None
    parameters: Annotated[dict[str, Any] | None, Field(description="JSON Schema (type object) of the arguments.")] = (
        None
    )
    server: Annotated[
        ToolServer | None, Since("hmsovereign"), Field(description="Webhook of this tool, nested form.")
    ] = None


class FunctionDeclaration(Block):
    """Function of a tool in the nested form. Source: contract, OpenAIFunctionTool.function."""

    name: Annotated[FunctionName, Field(description="What the model calls.")]
    description: Annotated[str | None, Field(description="What the tool does, for the model.")] = None
    parameters: Annotated[dict[str, Any] | None, Field(description="JSON Schema (type object) of the arguments.")] = (
        None
    )


class NestedFunctionTool(Block):
    """Custom webhook tool in the nested form, which the platform flattens. Source: contract, OpenAIFunctionTool."""

    type: Annotated[Literal["function"], Field(description="Always function.")]
    function: Annotated[FunctionDeclaration, Field(description="The function.")]
    server: Annotated[ToolServer | None, Field(description="Webhook of this tool.")] = None
    async_: Annotated[bool | None, Field(alias="async", description="Do not wait for the webhook.")] = None


class McpTool(Block):
    """Tools of an MCP server; only a successor knows it. Source: contract, McpTool."""

    type: Annotated[Literal["mcp"], Field(description="Always mcp.")]
    mcp_server_id: Annotated[str, Field(description="Id of the MCP server.")]
    allowed_tools: Annotated[
        list[str], Unordered(), Field(max_length=25, description="Names of the tools; at most 25.")
    ]
    required: Annotated[
        bool | None,
        ServerDefault(True),
        Field(description="Refuse the call when the server cannot be reached."),
    ] = None


_TOOL_TYPES = {
    "endCall": "endCall",
    "end_call": "endCall",
    "transferCall": "transferCall",
    "transfer_call": "transferCall",
    "mcp": "mcp",
}


def tool_variant(value: Any) -> str | None:
    """Name the form of a tool from its ``type``; a tool without one is a function."""
    if not isinstance(value, dict):
        return "function"
    named = value.get("type", "function")
    if named == "function":
        return "nested_function" if isinstance(value.get("function"), dict) else "function"
    return _TOOL_TYPES.get(named) if isinstance(named, str) else None


Tool = Annotated[
    Annotated[FunctionTool, Tag("function")]
    | Annotated[NestedFunctionTool, Tag("nested_function")]
    | Annotated[EndCallTool, Tag("endCall")]
    | Annotated[TransferCallTool, Tag("transferCall")]
    | Annotated[McpTool, Tag("mcp")],
    Discriminator(tool_variant),
]


class LlmMessage(Block):
    """One message of a prompt. Source: contract, LLMMessage."""

    role: Annotated[Literal["system", "user", "assistant"], Field(description="Who speaks.")]
    content: Annotated[str, Field(description="The text.")]


class LlmConfig(Block):
    """Language model, prompt and tools. Source: contract, LLMConfig; api notes, section 9."""

    provider: Annotated[str, Field(description=f"Model provider: {LLM.names}.")]
    model: Annotated[str, Field(description="Model of the provider, such as gpt-4o-mini.")]
    voice: Annotated[
        str | None, Field(description="Realtime providers only. xai_realtime: ara, rex, sal, eve, leo.")
    ] = None
    temperature: Annotated[
        float | None,
        ServerDefault(0.7),
        Field(ge=0, le=2, description="0 to 2. The server's default is 0.7."),
    ] = None
    messages: Annotated[list[LlmMessage] | None, ServerDefault([]), Prompt(), Field(description="System prompt.")] = (
        None
    )
    tools: Annotated[
        list[Tool] | None,
        ServerDefault([]),
        RunTimeTools(types=("endCall",), when="autonomous_silence_handling"),
        Field(description="What the model can call."),
    ] = None
    max_completion_tokens: Annotated[
        int | None, Since("voicedock"), Field(ge=1, le=32768, description="openai and google.")
    ] = None
    max_output_tokens: Annotated[
        int | None, Since("voicedock"), Field(ge=1, le=32768, description="google_realtime.")
    ] = None
    delegation: Annotated[
        dict[str, Any] | None, Since("voicedock"), Field(description="openai_live only: model, instructions.")
    ] = None
    turn_detection: Annotated[
        dict[str, Any] | None,
        Since("voicedock"),
        Field(description="xai_realtime only; values out of range are clamped by the server."),
    ] = None
    reasoning_effort: Annotated[
        Literal["none", "high"] | None, Since("voicedock"), Field(description="xai_realtime.")
    ] = None
    speed: Annotated[
        float | None, Since("voicedock"), Field(ge=0.7, le=1.5, description="xai_realtime, 0.7 to 1.5.")
    ] = None
    vertexai: Annotated[bool | None, Since("voicedock"), Field(description="google_realtime.")] = None
    location: Annotated[str | None, Since("voicedock"), Field(description="google_realtime.")] = None
    transcription: Annotated[
        dict[str, Any] | None, Since("voicedock"), Field(description="xai_realtime: language_hint, keyterms.")
    ] = None
    provider_tools: Annotated[
        list[dict[str, Any]] | None,
        Since("voicedock"),
        Field(description="xai_realtime: web_search, x_search, file_search."),
    ] = None


class TtsConfig(Block):
    """Text to speech. Source: contract, TTSConfig; api notes, section 9."""

    provider: Annotated[
        str,
        ValueSpelling({"11labs": "elevenlabs"}, since=None),
        Field(description=f"Text-to-speech provider: {TTS.names}."),
    ]
    voiceId: Annotated[  # noqa: N815 - the API's own spelling
        str | None, Spelling("voice_id", since="jan2026"), Field(description="Voice of the provider, such as alloy.")
    ] = None
    model: Annotated[str | None, Field(description="Model of the provider, such as eleven_flash_v2_5.")] = None
    language: Annotated[str | None, Field(description="Language code.")] = None
    stability: Annotated[float | None, Field(ge=0, le=1, description="elevenlabs, 0 to 1.")] = None
    similarity_boost: Annotated[float | None, Field(ge=0, le=1, description="elevenlabs, 0 to 1.")] = None
    style: Annotated[float | None, Field(ge=0, le=1, description="elevenlabs, 0 to 1.")] = None
    use_speaker_boost: Annotated[bool | None, Field(description="elevenlabs.")] = None
    speed: Annotated[float | None, Field(ge=0.5, le=2, description="elevenlabs and inworld, 0.5 to 2.")] = None
    speaking_rate: Annotated[
        float | None, Since("voicedock"), Field(ge=0.25, le=2, description="google chirp-3-hd, 0.25 to 2.")
    ] = None
    apply_text_normalization: Annotated[
        Literal["auto", "on", "off"] | None, Since("voicedock"), Field(description="elevenlabs.")
    ] = None
    apply_language_text_normalization: Annotated[bool | None, Since("voicedock"), Field(description="elevenlabs.")] = (
        None
    )
    instructions: Annotated[str | None, Since("voicedock"), Field(description="google.")] = None


class RecordingConsent(Block):
    """Asking callers whether the call may be recorded. Source: contract, AgentUpdate.recording_consent."""

    enabled: Annotated[bool | None, Field(description="Whether callers are asked.")] = None
    message: Annotated[str | None, Field(description="What they are asked; who agrees presses 1.")] = None


class StructuredDataPlan(Block):
    """What to extract from a finished call. Source: contract, AnalysisPlan."""

    enabled: Annotated[bool, Field(description="Whether the analysis runs.")]
    schema_: Annotated[
        dict[str, Any] | None, Field(alias="schema", description="JSON Schema of the data to extract.")
    ] = None
    messages: Annotated[
        list[LlmMessage] | None,
        Field(description="Prompt; {{schema}}, {{transcript}} and the end reason are filled in."),
    ] = None


class AnalysisPlan(Block):
    """Extraction after a call. Source: contract, AnalysisPlan."""

    structuredDataPlan: Annotated[  # noqa: N815 - the API's own spelling
        StructuredDataPlan | None,
        Spelling("structured_data_plan", since="jan2026"),
        Field(description="What to extract."),
    ] = None
    minMessagesThreshold: Annotated[  # noqa: N815 - the API's own spelling
        int | None,
        Spelling("min_messages_threshold", since="jan2026"),
        ServerDefault(2),
        Field(ge=0, description="Fewest messages before the analysis runs. The server's default is 2."),
    ] = None
