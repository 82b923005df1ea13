"""Own provider keys: one slot a provider, a new vault id on every POST, and never a key in an answer.

Source: api notes, sections 7 and 11.
"""

from __future__ import annotations

from typing import Any

from flireo_iac.emulator.exchange import Answer, Exchange, Handler
from flireo_iac.emulator.problems import RefusedError
from flireo_iac.emulator.store import Row

COLLECTION = "byok"
FLIREO = ("deepgram", "openai", "elevenlabs", "xai", "resend")
LATER = ("gladia", "mistral", "inworld", "google", "google_vertex")

# Known entries of the catalog; the rest of it was never published.
CATALOG: list[Row] = [
    {
        "id": "deepgram",
        "name": "Deepgram",
        "category": "stt",
        "docsUrl": "https://developers.deepgram.com",
        "models": [{"id": "nova-3-general", "name": "Nova 3 General", "default": True}],
    },
    {
        "id": "openai",
        "name": "OpenAI",
        "category": "llm",
        "docsUrl": "https://platform.openai.com/docs",
        "models": [
            {"id": "gpt-4o-mini", "name": "GPT-4o mini", "default": True},
            {"id": "gpt-4o", "name": "GPT-4o", "default": False},
        ],
    },
    {
        "id": "elevenlabs",
        "name": "ElevenLabs",
        "category": "tts",
        "docsUrl": "https://elevenlabs.io/docs",
        "models": [{"id": "eleven_flash_v2_5", "name": "Eleven Flash v2.5", "default": True}],
    },
    {
        "id": "xai",
        "name": "xAI",
        "category": "realtime",
        "docsUrl": "https://docs.x.ai",
        "models": [{"id": "grok-realtime-v1", "name": "Grok Realtime v1", "default": True}],
    },
    {
        "id": "resend",
        "name": "Resend",
        "category": "email",
        "docsUrl": "https://resend.com/docs",
        "models": [],
    },
]


def has_key(exchange: Exchange, provider: str) -> bool:
    """Say whether a key of this provider is stored."""
    return exchange.organization.get(COLLECTION, provider) is not None


def _slots(exchange: Exchange) -> dict[str, Any]:
    stored = {row["id"]: row["secret_id"] for row in exchange.organization.rows(COLLECTION)}
    later = LATER if exchange.successor else tuple(name for name in LATER if name in stored)
    return {f"{name}_secret_id": stored.get(name) for name in FLIREO + later}


def _read(exchange: Exchange) -> Answer:
    return Answer({"byok_keys": _slots(exchange)})


def _write(exchange: Exchange) -> Answer:
    given = exchange.accept()
    if not given["api_key"].strip():
        raise RefusedError(400, "api_key must not be empty", param="api_key")
    before = exchange.organization.get(COLLECTION, given["provider"]) or {}
    row = {**before, "id": given["provider"], "api_key": given["api_key"], "secret_id": exchange.store.new_id()}
    exchange.organization.put(COLLECTION, row)
    return Answer({"success": True, "byok_keys": _slots(exchange)})


def _delete(exchange: Exchange) -> Answer:
    provider = exchange.accept()["provider"]
    if not has_key(exchange, provider):
        raise RefusedError(404, f"no key of {provider} is stored", param="provider")
    exchange.organization.remove(COLLECTION, provider)
    return Answer({"success": True, "byok_keys": _slots(exchange)})


def _configure(exchange: Exchange) -> Answer:
    """Merge settings of a provider into those that are stored; its key must be there (404 without it is inferred)."""
    given = exchange.accept()
    row = exchange.organization.get(COLLECTION, given["provider"])
    if row is None:
        raise RefusedError(404, f"no key of {given['provider']} is stored", param="provider")
    exchange.organization.put(COLLECTION, {**row, "config": {**row.get("config", {}), **given["config"]}})
    stored = exchange.organization.rows(COLLECTION)
    return Answer({"byok_config": {each["id"]: each["config"] for each in stored if "config" in each}})


def _catalog(exchange: Exchange) -> Answer:
    del exchange
    return Answer({"providers": CATALOG})


def routes() -> dict[tuple[str, str], Handler]:
    """Give the handlers of this resource."""
    return {
        ("GET", "/byok"): _read,
        ("POST", "/byok"): _write,
        ("DELETE", "/byok"): _delete,
        ("GET", "/byok/config"): _catalog,
        ("POST", "/byok/config"): _configure,
    }
