"""Texts without the secrets that a request carries.

A server may repeat in its error what it was sent. Each text is masked before an error is built from it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from urllib.parse import quote

MASK = "[secret]"

SHORTEST_SECRET = 3
"""Characters; shorter values would mask harmless text everywhere. Pulumi draws the same line."""


def masked(text: str, secrets: Iterable[str]) -> str:
    """Give a text with each secret replaced, also as JSON, as a URL or on one line.

    The longest goes first, so that no rest of one is left.
    """
    forms = {form for secret in secrets for form in _forms(secret)}
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, MASK)
    return text


def _forms(secret: str) -> set[str]:
    if len(secret.strip()) < SHORTEST_SECRET:
        return set()
    in_json = {json.dumps(secret, ensure_ascii=is_ascii)[1:-1] for is_ascii in (True, False)}
    return {secret, " ".join(secret.split()), quote(secret, safe="", errors="replace"), *in_json}
