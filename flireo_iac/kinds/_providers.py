"""What each speech, language and voice provider allows, as data, and the rules over it.

Source: api notes, section 9 (providers, ranges, realtime), contract STTConfig, LLMConfig and TTSConfig.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from flireo_iac.kinds._spec import Finding, Rule

TARGET = "flireo"
"""The vintage this project targets; other vintages are its successors."""


@dataclass(frozen=True)
class Provider:
    """One provider.

    Args:
        since: First vintage that knows it.
        own_keys: Keys of the block that only this provider and others that list them understand.
        is_realtime: True when it hears and speaks itself, so that stt_config and tts_config are left out.
        voices: Voices known to exist; empty when any may.
    """

    since: str = TARGET
    own_keys: frozenset[str] = frozenset()
    is_realtime: bool = False
    voices: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Providers:
    """The providers of one block.

    Args:
        block: Name of the agent's field.
        known: Each provider by name.
    """

    block: str
    known: Mapping[str, Provider]

    @property
    def names(self) -> str:
        """The names, those of the target vintage first."""
        return ", ".join(sorted(self.known, key=lambda name: (self.known[name].since != TARGET, name)))

    def get(self, name: Any) -> Provider | None:
        """Give a provider by name; None when it is not known."""
        return self.known.get(name) if isinstance(name, str) else None


def _keys(*names: str) -> frozenset[str]:
    return frozenset(names)


STT = Providers(
    "stt_config",
    {
        "deepgram": Provider(
            own_keys=_keys(
                "smart_format", "numerals", "filler_words", "no_delay", "utterance_end_ms", "endpointing"
            )
        ),
        "elevenlabs": Provider("hmsovereign", own_keys=_keys("tag_audio_events", "include_timestamps", "sample_rate")),
        "gladia": Provider(
            "hmsovereign",
            own_keys=_keys(
                "languages", "code_switching", "region", "endpointing", "custom_vocabulary",
                "translation_enabled", "translation_target_languages",
            ),
        ),
        "mistral": Provider("hmsovereign"),
        "google": Provider("voicedock"),
    },
)  # fmt: skip

_XAI_VOICES = _keys(
    "ara", "rex", "sal", "eve", "leo",
    "altair", "atlas", "carina", "castor", "celeste", "cosmo", "helios", "helix", "iris", "kepler", "lumen", "luna",
    "lux", "naksh", "orion", "perseus", "rigel", "sirius", "ursa", "zagan", "zenith",
)  # fmt: skip

LLM = Providers(
    "llm_config",
    {
        "openai": Provider(own_keys=_keys("max_completion_tokens")),
        "anthropic": Provider(),
        "groq": Provider(),
        "xai_realtime": Provider(
            is_realtime=True,
            voices=_XAI_VOICES,
            own_keys=_keys("voice", "turn_detection", "reasoning_effort", "speed", "transcription", "provider_tools"),
        ),
        "xai": Provider("hmsovereign"),
        "mistral": Provider("hmsovereign"),
        "google": Provider("voicedock", own_keys=_keys("max_completion_tokens")),
        "google_realtime": Provider(
            "voicedock",
            is_realtime=True,
            own_keys=_keys("voice", "max_output_tokens", "vertexai", "location"),
        ),
        "openai_live": Provider("voicedock", is_realtime=True, own_keys=_keys("voice", "delegation")),
    },
)

TTS = Providers(
    "tts_config",
    {
        "openai": Provider(),
        "elevenlabs": Provider(
            own_keys=_keys(
                "stability", "similarity_boost", "style", "use_speaker_boost", "speed",
                "apply_text_normalization", "apply_language_text_normalization",
            )
        ),
        "cartesia": Provider(),
        "local": Provider(),
        "inworld": Provider("hmsovereign", own_keys=_keys("speed")),
        "google": Provider("voicedock", own_keys=_keys("speaking_rate", "instructions")),
        "xai": Provider("voicedock"),
        "voicedock": Provider("voicedock"),
    },
)  # fmt: skip


def _hint(name: str, providers: Providers) -> str:
    close = get_close_matches(name, list(providers.known), n=1, cutoff=0.6)
    return f'; did you mean "{close[0]}"?' if close else ""


def _unknown_provider(inputs: Mapping[str, Any]) -> Iterator[Finding]:
    for providers in (STT, LLM, TTS):
        block = inputs.get(providers.block)
        name = block.get("provider") if isinstance(block, Mapping) else None
        if isinstance(name, str) and providers.get(name) is None:
            yield Finding(
                (providers.block, "provider"),
                f'unknown provider "{name}", expected one of {providers.names}{_hint(name, providers)}',
            )


def _foreign_key(inputs: Mapping[str, Any]) -> Iterator[Finding]:
    for providers in (STT, LLM, TTS):
        block = inputs.get(providers.block)
        provider = providers.get(block.get("provider")) if isinstance(block, Mapping) else None
        if provider is None or not isinstance(block, Mapping):
            continue
        for key in block:
            owners = sorted(name for name, other in providers.known.items() if key in other.own_keys)
            if owners and key not in provider.own_keys:
                yield Finding(
                    (providers.block, key),
                    f'"{key}" is for {", ".join(owners)}, the provider is {block["provider"]}, which ignores it',
                )


def _realtime_blocks(inputs: Mapping[str, Any]) -> Iterator[Finding]:
    llm = inputs.get("llm_config")
    provider = LLM.get(llm.get("provider")) if isinstance(llm, Mapping) else None
    if provider is None or not provider.is_realtime or not isinstance(llm, Mapping):
        return
    for block in ("stt_config", "tts_config"):
        if inputs.get(block) is not None:
            yield Finding((block,), f"{llm['provider']} hears and speaks itself, {block} has no effect. Leave it out")
    voice = llm.get("voice")
    if isinstance(voice, str) and provider.voices and voice not in provider.voices:
        yield Finding(
            ("llm_config", "voice"),
            f'"{voice}" is no known voice of {llm["provider"]}, known are {", ".join(sorted(provider.voices))}',
        )


PROVIDER_RULES = (
    Rule("FL201", "error", _unknown_provider),
    Rule("FL202", "warning", _foreign_key),
    Rule("FL203", "warning", _realtime_blocks),
)
