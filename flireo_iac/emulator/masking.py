"""Keeps secrets out of what is shown: in the log of requests, and wherever the console looks.

Source: the contract's ``writeOnly`` and ``x-secret`` properties, in any spelling (``apiKey``, ``api-key``). The other
names are those that people give to secrets of their own.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote_plus

from flireo_iac.emulator import payload
from flireo_iac.emulator.problems import RefusedError

MASK = "••••••••"
ENDINGS = ("accesskey", "apikey", "authorization", "password", "privatekey", "secret", "token")
"""How names end below which everything is secret."""
WHOLE = frozenset({"auth", "cookie", "credential", "credentials", "headers", "passwd", "pwd", "sig", "signature"})
"""Further such names, whole."""
_IN_QUERIES = frozenset({"code", "key", "pass"})
# Bounded, so that a long text without a URL is read once.
_URL = re.compile(
    r"(?<![a-z0-9+.-])(?P<scheme>[a-z][a-z0-9+.-]{0,20}://)(?P<user>[^\s/?#]*@)?(?P<path>[^\s?#]*)(?P<query>[?#]\S*)?",
    re.IGNORECASE,
)
_PART = re.compile(r"[^&;?#]+")


def masked(value: Any, *, hidden: bool = False) -> Any:
    """Give a JSON value with every secret in it masked, also those in URLs.

    Args:
        value: The value; it stays as it is.
        hidden: True when it is a secret itself.
    """
    if isinstance(value, dict):
        return {name: masked(each, hidden=hidden or _is_secret(name)) for name, each in value.items()}
    if isinstance(value, list):
        return [masked(each, hidden=hidden) for each in value]
    if hidden:
        return value if value is None or value == "" else MASK
    return masked_urls(value) if isinstance(value, str) else value


def masked_text(text: str) -> str | None:
    """Give a JSON text with every secret in it masked; None when it is not JSON, and nobody knows what is in it."""
    try:
        value = payload.read(text.encode("utf-8", "replace"), None)
    except RefusedError:
        return None
    return payload.write(masked(value)).decode() if text else ""


def masked_urls(text: str) -> str:
    """Give a text with what its URLs know of users and secrets masked; of a text that is one URL, its whole query."""
    if "://" not in text:
        return text
    alone = _URL.fullmatch(text.strip()) is not None

    def mask(url: re.Match[str]) -> str:
        user = f"{MASK}@" if url["user"] else ""
        return f"{url['scheme']}{user}{url['path']}{masked_query(url['query'] or '', every=alone)}"

    return _URL.sub(mask, text)


def masked_query(query: str, *, every: bool = False) -> str:
    """Give the query of a URL with the values of secret names masked.

    Args:
        query: The query.
        every: True to mask the values of all names.
    """

    def mask(part: re.Match[str]) -> str:
        name, equals, value = part[0].partition("=")
        if not equals:
            return MASK if every else name
        plain = unquote_plus(name)
        hides = every or _is_secret(plain) or _plain(plain) in _IN_QUERIES
        return f"{name}={MASK}" if hides and value else part[0]

    return _PART.sub(mask, query)


def _is_secret(name: str) -> bool:
    plain = _plain(name)
    return plain.endswith(ENDINGS) or plain in WHOLE


def _plain(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower())
