"""Text formats that several kinds use, each with a message that says what was expected."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, WithJsonSchema
from pydantic_core import PydanticCustomError


def _matching(pattern: str, expected: str) -> Callable[[str], str]:
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if compiled.fullmatch(value) is None:
            raise PydanticCustomError("format", "expected {expected}", {"expected": expected})
        return value

    return check


def _check_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        is_url = parts.scheme in ("http", "https") and bool(parts.hostname) and bool(re.fullmatch(r"[!-~]+", value))
    except ValueError:
        is_url = False
    if not is_url:
        raise PydanticCustomError("format", "expected a URL that begins with https:// or http://, other signs as %XX")
    return value


def _text(format_: str | None, pattern: str | None = None) -> Any:
    schema = {"type": "string"} | ({"format": format_} if format_ else {}) | ({"pattern": pattern} if pattern else {})
    return WithJsonSchema(schema)


_E164 = r"\+[1-9][0-9]{6,14}"
_FUNCTION_NAME = r"[A-Za-z_][A-Za-z0-9_-]{0,63}"

E164 = Annotated[
    str,
    AfterValidator(_matching(_E164, "an E.164 number such as +31201234567: a plus and 7 to 15 digits")),
    _text(None, f"^{_E164}$"),
]
"""A phone number. Source: contract, E164; api notes, section 16.27."""

FunctionName = Annotated[
    str,
    AfterValidator(
        _matching(
            _FUNCTION_NAME,
            "a letter or underscore, then letters, digits, underscores or dashes, at most 64 in all",
        )
    ),
    _text(None, f"^{_FUNCTION_NAME}$"),
]
"""What a model calls. Source: api notes, section 9."""

Url = Annotated[str, AfterValidator(_check_url), _text("uri")]
"""An address of a web server. Source: contract, format uri."""


def _check_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        if _knows_zones():
            text = "expected the IANA name of a time zone such as Europe/Amsterdam"
            raise PydanticCustomError("format", text) from None
    return value


def _knows_zones() -> bool:
    """Tell whether this machine has a list of time zones at all."""
    try:
        ZoneInfo("Europe/Amsterdam")
    except (ZoneInfoNotFoundError, OSError):
        return False
    return True


_CLOCK_TIME = r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?"

ClockTime = Annotated[
    str,
    AfterValidator(_matching(_CLOCK_TIME, "a time of day such as 09:00 or 09:00:00")),
    _text(None, f"^{_CLOCK_TIME}$"),
]
"""A time of day. Source: contract, Campaign.schedule_start_time."""

TimeZone = Annotated[str, AfterValidator(_check_zone), _text("timezone")]
"""A time zone. Source: contract, Campaign.timezone; that the name has to be one is inferred."""

Email = Annotated[
    str,
    AfterValidator(_matching(r"[^@\s]+@[^@\s]+\.[^@\s]+", "an e-mail address")),
    _text("email"),
]
"""An e-mail address. Source: contract, format email."""

DomainName = Annotated[
    str,
    AfterValidator(
        _matching(
            r"(?=.{1,253}$)([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}",
            "a domain name such as mail.example.com",
        )
    ),
    _text("hostname"),
]
"""A fully qualified domain name. Source: contract, DomainCreate; the pattern is inferred."""
