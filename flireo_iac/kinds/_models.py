"""Models by the beginnings of their names: who makes them, and how much they read at once.

Source: the models that the contract and api notes, section 9, name; the windows are those that the makers publish
(inferred, no page of the API states them).
"""

from __future__ import annotations

from dataclasses import dataclass

STT_LANGUAGES = frozenset(
    {
        *("multi", "nl", "en", "de", "fr", "es", "it", "pt", "pl", "ru", "ja", "ko", "zh", "ar", "hi", "da", "sv"),
        *("no", "fi", "cs", "hu", "ro", "bg", "hr", "sk", "tr", "id", "vi"),
    }
)
"""Language codes of speech to text, before a region. Source: api notes, section 9."""


@dataclass(frozen=True)
class ModelFamily:
    """Models whose names begin alike.

    Args:
        prefix: How the names begin.
        providers: Providers of the block that serve them.
        window: Tokens that a model reads at once; None when that is not known.
    """

    prefix: str
    providers: frozenset[str]
    window: int | None = None


def _family(prefix: str, providers: str, window: int | None = None) -> ModelFamily:
    return ModelFamily(prefix, frozenset(providers.split()), window)


FAMILIES = {
    "stt_config": (
        _family("nova-", "deepgram"),
        _family("scribe", "elevenlabs"),
        _family("voxtral", "mistral"),
    ),
    "llm_config": (
        _family("gpt-oss", "openai groq"),
        _family("gpt-live", "openai_live"),
        _family("gpt-4o", "openai", 128_000),
        _family("gpt-4.1", "openai", 1_000_000),
        _family("gpt-5", "openai", 400_000),
        _family("gpt-", "openai openai_live"),
        _family("claude-", "anthropic", 200_000),
        _family("gemini-", "google google_realtime", 1_000_000),
        _family("grok-", "xai xai_realtime", 131_000),
        _family("mistral-", "mistral", 128_000),
        _family("ministral-", "mistral", 128_000),
        _family("llama-", "groq", 131_000),
    ),
    "tts_config": (
        _family("eleven_", "elevenlabs"),
        _family("sonic", "cartesia"),
        _family("tts-1", "openai"),
    ),
}
"""Families of each block; the first that fits counts."""


def family_of(block: str, model: str) -> ModelFamily | None:
    """Give the family of a model by its name; None when none is known."""
    return next((family for family in FAMILIES.get(block, ()) if model.startswith(family.prefix)), None)
