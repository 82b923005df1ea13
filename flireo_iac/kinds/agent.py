"""An agent: prompt, model, voice and tools that answer a call."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from flireo_iac.kinds._blocks import AnalysisPlan, LlmConfig, RecordingConsent, SttConfig, TtsConfig
from flireo_iac.kinds._formats import Email, Url
from flireo_iac.kinds._markers import (
    AfterCreate,
    Clearable,
    Secret,
    ServerDefault,
    ServerFills,
    ServerSet,
    Since,
    Unordered,
)
from flireo_iac.kinds._providers import PROVIDER_RULES
from flireo_iac.kinds._spec import Endpoint, Envelope, Kind, Properties

Event = Literal["assistant-request", "tool-calls", "status-update", "end-of-call-report"]


class AgentProperties(Properties):
    """Properties of an agent. Source: contract, Agent, AgentCreate, AgentUpdate; api notes, sections 6 and 9."""

    name: Annotated[str, Field(min_length=1, description="Display name.")]
    business_name: Annotated[str | None, Clearable(), Field(description="Business the agent speaks for.")] = None
    notification_email: Annotated[Email | None, Clearable(), Field(description="Address for call notifications.")] = (
        None
    )
    notification_emails: Annotated[
        list[Email] | None,
        Since("voicedock"),
        AfterCreate(),
        Unordered(),
        Clearable(),
        Field(max_length=5, description="Addresses for call notifications, at most five."),
    ] = None
    first_message: Annotated[str | None, Clearable(), Field(description="Opening line.")] = None
    is_active: Annotated[
        bool | None,
        ServerDefault(True),
        Field(description="An inactive agent cannot place calls. The server's default is true."),
    ] = None
    max_duration_seconds: Annotated[
        int | None, Clearable(), ServerFills(), Field(ge=1, description="Longest call, in seconds.")
    ] = None
    autonomous_silence_handling: Annotated[
        bool | None,
        ServerDefault(False),
        Field(description="The platform asks after silence and can hang up. The server's default is false."),
    ] = None
    silence_timeout_seconds: Annotated[
        int | None, ServerFills(), Field(ge=1, description="Seconds of silence before the platform acts.")
    ] = None
    voicemail_detection: Annotated[
        bool | None,
        Clearable(),
        ServerDefault(False),
        Field(description="Detect voicemail on outbound calls. The server's default is false."),
    ] = None
    voicemail_message: Annotated[
        str | None, Clearable(), Field(description="Left on voicemail; empty means hang up.")
    ] = None
    gdpr_mode: Annotated[
        bool | None, Since("hmsovereign"), ServerFills(), Field(description="Keep no content of calls.")
    ] = None
    webhook_url: Annotated[
        Url | None,
        Clearable(),
        Field(description="Target of webhook events and of tools without an own url."),
    ] = None
    webhook_secret: Annotated[
        str | None,
        Secret(),
        Clearable(),
        Field(description="HMAC key that signs webhooks; switches signing on."),
    ] = None
    webhook_events: Annotated[
        list[Event] | None, Unordered(), Clearable(), ServerFills(), Field(description="Events to send.")
    ] = None
    analysis_plan: Annotated[AnalysisPlan | None, Clearable(), Field(description="What to extract after a call.")] = (
        None
    )
    stt_config: Annotated[SttConfig | None, ServerFills(), Field(description="Speech to text.")] = None
    llm_config: Annotated[LlmConfig | None, ServerFills(), Field(description="Language model, prompt and tools.")] = (
        None
    )
    tts_config: Annotated[TtsConfig | None, Clearable(), ServerFills(), Field(description="Text to speech.")] = None
    speech_config: Annotated[
        dict[str, Any] | None,
        Since("voicedock"),
        Clearable(),
        Field(description="Turn taking, pronunciation, background audio, silence."),
    ] = None
    recording_consent: Annotated[
        RecordingConsent | None,
        Since("voicedock"),
        AfterCreate(),
        Clearable(),
        Field(description="Inbound calls only: the caller is asked whether the call may be recorded."),
    ] = None
    created_at: Annotated[str | None, ServerSet(), Field(description="When it was made, ISO 8601 in UTC.")] = None
    updated_at: Annotated[str | None, ServerSet(), Field(description="When it was last changed, ISO 8601 in UTC.")] = (
        None
    )


AGENT = Kind(
    name="agent",
    token="Agent",  # noqa: S106 - a class name
    folder="agents",
    description="A voice agent: prompt, language model, voice and tools that answer a call.",
    source="api notes, sections 6 and 9; contract, /agents",
    model=AgentProperties,
    endpoint=Endpoint("/agents", successor_path="/assistants"),
    envelope=Envelope(one=("agent", "assistant"), many=("agents", "assistants")),
    natural_key=("name",),
    when_deleted="Its prompt and its settings are gone. A number that still names it answers no calls.",
    when_replaced=(
        "A new agent takes its place; calls that are under way and the history of its calls stay with the old one."
    ),
    rules=PROVIDER_RULES,
    example={
        "name": "Receptionist",
        "first_message": "Good day, how can I help?",
        "llm_config": {
            "provider": "openai",
            "model": "gpt-4o-mini",
            "messages": [{"role": "system", "content": "You answer the phone of a bicycle shop."}],
            "tools": [{"type": "endCall"}],
        },
    },
)
