"""What this tool reads in ``Pulumi.<stack>.yaml``, as JSON Schema; a test holds it against ``docs/settings.md``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_DIALECTS = ["dec2025", "jan2026", "successor", "auto"]
_TEXT_OR_SECRET = {
    "anyOf": [
        {"type": "string"},
        {"type": "object", "required": ["secure"], "properties": {"secure": {"type": "string"}}},
    ]
}

CONFIG_KEYS: Mapping[str, Mapping[str, Any]] = {
    "flireo:apiKey": {
        "description": "API key. Better in FLIREO_API_KEY, where it never enters the state; here only as a secret.",
        "type": "object",
        "required": ["secure"],
        "properties": {"secure": {"type": "string"}},
    },
    "flireo:baseUrl": {
        "description": "Address of the API, or of an emulator.",
        **_TEXT_OR_SECRET,
        "examples": ["https://api.flireo.com/api/v1", "http://127.0.0.1:8765/api/v1"],
    },
    "flireo:apiDialect": {
        "description": "Spelling of the API; auto, the default, finds it out from the answers.",
        "enum": _DIALECTS,
    },
    "flireo:requestsPerMinute": {
        "description": "Budget of the key for all processes of this machine, 1 to 100; 90 when left out.",
        "type": ["string", "integer"],
        "examples": ["90"],
    },
    "flireo:account": {
        "description": "Id of the account that the key has to belong to.",
        "type": "string",
    },
    "flireo:onConflict": {
        "description": "What an update does about a value that somebody else changed since the last run.",
        "enum": ["stop", "overwrite"],
    },
    "flireo:environment": {
        "description": "Environment of the stack; its own name when left out.",
        "type": "string",
    },
    "flireo:release": {
        "description": "Release that the stack runs; flireo promote writes it.",
        "type": "string",
        "pattern": "@sha256:[0-9a-f]{64}$",
    },
}
"""Schema of each key."""
