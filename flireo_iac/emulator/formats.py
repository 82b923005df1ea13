"""The four string formats that the contract names: uuid, date-time, email, uri.

Own checks, because the optional packages behind jsonschema's are slow to import and its own e-mail check accepts
any text with an ``@``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

from jsonschema import FormatChecker

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_EMAIL = re.compile(r"[^@\s\x00-\x20\x7f]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?:[!#$&'()*+,./:;=?@\[\]_~A-Za-z0-9-]|%[0-9A-Fa-f]{2})+")


def is_uuid(text: str) -> bool:
    """Say whether a text is a UUID with its dashes."""
    return _UUID.fullmatch(text) is not None


def is_email(text: str) -> bool:
    """Say whether a text looks like an e-mail address with a dotted domain."""
    return _EMAIL.fullmatch(text) is not None


def is_uri(text: str) -> bool:
    """Say whether a text is an absolute URI; of a web address the host is asked too."""
    if _URI.fullmatch(text) is None:
        return False
    scheme, _, rest = text.partition(":")
    return scheme.lower() not in {"http", "https"} or re.match(r"//[^/?#]", rest) is not None


def is_date_time(text: str) -> bool:
    """Say whether a text is an instant of RFC 3339."""
    try:
        return datetime.fromisoformat(text).tzinfo is not None and "T" in text
    except ValueError:
        return False


def checker(empty: FormatChecker) -> FormatChecker:
    """Put the four checks into a checker of jsonschema.

    Args:
        empty: A checker without formats of its own.
    """
    checks: dict[str, Callable[[str], bool]] = {
        "uuid": is_uuid,
        "email": is_email,
        "uri": is_uri,
        "date-time": is_date_time,
    }
    for name, check in checks.items():
        empty.checks(name)(_of_strings(check))
    return empty


def _of_strings(check: Callable[[str], bool]) -> Callable[[object], bool]:
    return lambda value: not isinstance(value, str) or check(value)
