"""Reading a JSON body so that nothing in it can hurt later: what cannot be answered as JSON again is refused."""

from __future__ import annotations

import json
import math
from typing import Any

from flireo_iac.emulator.problems import RefusedError

MAX_DEPTH = 100


def read(raw: bytes, content_type: str | None) -> Any:
    """Read a JSON body.

    Args:
        raw: The bytes; empty when no body was sent.
        content_type: The header; None when none was sent, which is let pass.

    Returns:
        The value; None when there was no body.

    Raises:
        RefusedError: 400, the bytes are not JSON that the API could keep.
    """
    if not raw:
        return None
    media = (content_type or "application/json").partition(";")[0].strip().lower()
    if media != "application/json":
        raise RefusedError(400, "Content-Type must be application/json")
    try:
        value = json.loads(raw.decode("utf-8"), parse_float=_number, parse_constant=_constant)
    except UnicodeDecodeError:
        raise RefusedError(400, "the body is not valid UTF-8") from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError:
        raise RefusedError(400, "the body is not valid JSON") from None
    _inspect(value)
    return value


def write(value: Any) -> bytes:
    """Write a JSON body."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("out of range")
    return number


def _constant(text: str) -> float:
    raise ValueError(text)


def _too_deep() -> RefusedError:
    return RefusedError(400, f"the body is nested more than {MAX_DEPTH} levels deep")


def _inspect(value: Any) -> None:
    """Refuse half surrogate pairs, which are no Unicode text, and nesting without end."""
    level: list[Any] = [value]
    depth = 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise _too_deep()
        below: list[Any] = []
        for each in level:
            if isinstance(each, dict):
                below.extend(each.keys())
                below.extend(each.values())
            elif isinstance(each, list):
                below.extend(each)
            elif isinstance(each, str) and not each.isascii():
                _check_text(each)
        level = below


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise RefusedError(400, "the body holds half a surrogate pair, which is not Unicode text") from None
