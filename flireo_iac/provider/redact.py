"""Masks secrets in text before anybody sees it.

Pulumi masks only secret configuration, and only in some places (docs/pulumi.md, "Secrets"). Every text that leaves
the provider goes through here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from threading import Lock
from typing import Any

from flireo_iac.client.secrets import SHORTEST_SECRET, masked
from flireo_iac.kinds import Kind, secret_texts


class Redactor:
    """Knows every secret that this process has met."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._secrets: set[str] = set()
        for name, value in os.environ.items():
            if name.startswith("FLIREO_SECRET_") or name == "FLIREO_API_KEY":
                self.learn(value)

    def learn(self, value: Any) -> None:
        """Remember a secret; anything but text of three characters or more is ignored."""
        if isinstance(value, str) and len(value.strip()) >= SHORTEST_SECRET:
            with self._lock:
                self._secrets |= {value, value.strip()}

    def learn_inputs(self, kind: Kind, inputs: Mapping[str, Any]) -> None:
        """Remember the secret fields of a resource, nested ones too."""
        for text in secret_texts(kind.model, inputs):
            self.learn(text)

    def mask(self, text: str) -> str:
        """Replace every known secret in a text, also where it stands as JSON, in a URL or on one line."""
        with self._lock:
            secrets = frozenset(self._secrets)
        return masked(text, secrets)
