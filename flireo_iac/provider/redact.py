"""Masks secrets in text before anybody sees it.

Pulumi masks only secret configuration, and only in some places (docs/pulumi.md, "Secrets"). Every text that leaves
the provider goes through here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from threading import Lock
from typing import Any

from pydantic import BaseModel

from flireo_iac.core.canonical import our_name
from flireo_iac.kinds import Kind, fields, marker, shapes
from flireo_iac.kinds._markers import Secret
from flireo_iac.kinds._shape import Shape

MASK = "[secret]"
_SHORTEST = 3
"""Shorter values would mask harmless text everywhere; Pulumi draws the same line."""


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
        if isinstance(value, str) and len(value.strip()) >= _SHORTEST:
            with self._lock:
                self._secrets |= {value, value.strip()}

    def learn_inputs(self, kind: Kind, inputs: Mapping[str, Any]) -> None:
        """Remember the secret fields of a resource, nested ones too."""
        self._learn_mapping(kind.model, inputs)

    def _learn_mapping(self, model: type[BaseModel], values: Mapping[str, Any]) -> None:
        for key, value in values.items():
            name = our_name(model, key)
            info = fields(model).get(name)
            if info is not None and marker(info, Secret) is not None:
                self.learn(value)
            self._learn_below(shapes(model).get(name), value)

    def _learn_below(self, shape: Shape | None, value: Any) -> None:
        if shape is None:
            return
        if isinstance(value, list):
            for each in value:
                self._learn_below(shape.item, each)
        elif isinstance(value, Mapping) and (model := shape.model_of(value)) is not None:
            self._learn_mapping(model, value)

    def mask(self, text: str) -> str:
        """Replace every known secret in a text, the longest first."""
        with self._lock:
            secrets = sorted(self._secrets, key=len, reverse=True)
        for secret in secrets:
            text = text.replace(secret, MASK)
        return text
