"""Secrets that a request carries, and texts without them.

A server may repeat in its error what it was sent. Each text is masked before an error is built from it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel

from flireo_iac.kinds import fields, marker, shapes
from flireo_iac.kinds._markers import Secret
from flireo_iac.kinds._shape import Shape

MASK = "[secret]"


def secrets_in(model: type[BaseModel], body: Mapping[str, Any]) -> frozenset[str]:
    """Give the secret texts of a body.

    Args:
        model: What the body follows; its fields say what is secret.
        body: Body of a request.
    """
    return frozenset(_of_block(model, body))


def _of_block(model: type[BaseModel], block: Mapping[str, Any]) -> Iterator[str]:
    for name, info in fields(model).items():
        if name not in block:
            continue
        if marker(info, Secret) is not None:
            yield from _texts(block[name])
        else:
            yield from _of_value(shapes(model)[name], block[name])


def _of_value(shape: Shape, value: Any) -> Iterator[str]:
    if shape.item is not None and isinstance(value, list | tuple):
        for each in value:
            yield from _of_value(shape.item, each)
    elif isinstance(value, Mapping):
        model = shape.model_of(value)
        if model is not None:
            yield from _of_block(model, value)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if value:
            yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)


def masked(text: str, secrets: Iterable[str]) -> str:
    """Give a text with each secret replaced, also as JSON, as a URL or on one line.

    The longest goes first, so that no rest of one is left.
    """
    forms = {form for secret in secrets for form in _forms(secret)}
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, MASK)
    return text


def _forms(secret: str) -> set[str]:
    if not secret.strip():
        return set()
    in_json = {json.dumps(secret, ensure_ascii=is_ascii)[1:-1] for is_ascii in (True, False)}
    return {secret, " ".join(secret.split()), quote(secret, safe="", errors="replace"), *in_json}
