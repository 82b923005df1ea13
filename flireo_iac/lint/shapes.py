"""What a key looks like: the well-known shapes of keys in a text, and the headers that carry one."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Shape:
    """One shape of a key.

    Args:
        what: What it is, for people.
        signs: Texts of which a text with such a key holds one, because looking for those is quicker.
        pattern: The shape; a group named ``value`` is the part that is secret, without one all of it is.
    """

    what: str
    signs: tuple[str, ...]
    pattern: re.Pattern[str]


def _shape(what: str, signs: str, pattern: str) -> Shape:
    return Shape(what, tuple(signs.split()), re.compile(pattern))


SHAPES = (
    _shape(
        "a private key",
        "PRIVATE",
        r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"
        r"(?s:(?:.{0,20000}?-----END (?:[A-Z]+ )*PRIVATE KEY-----|[\sA-Za-z0-9+/=]*))",
    ),
    _shape("a key of Flireo", "fl_", r"\bfl_(?:live_|test_)?[A-Za-z0-9]{16,}"),
    _shape("a key of a model provider", "sk-", r"\bsk-(?:[a-z]+-)*[A-Za-z0-9_-]{20,}"),
    _shape("a key of a model provider", "gsk_ xai-", r"\b(?:gsk_|xai-)[A-Za-z0-9]{20,}"),
    _shape("a key of Stripe", "k_live_ k_test_", r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,}"),
    _shape("a token of Slack", "xox", r"\bxox[abeprs]-[A-Za-z0-9-]{10,}"),
    _shape("a key of AWS", "AKIA ASIA", r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    _shape("a key of Google", "AIza", r"\bAIza[A-Za-z0-9_-]{35}"),
    _shape("a key of Resend", "re_", r"\bre_[A-Za-z0-9]{6,}_[A-Za-z0-9]{16,}"),
    _shape("a token of GitHub", "gho_ ghp_ ghr_ ghs_ ghu_", r"\bgh[oprsu]_[A-Za-z0-9]{36,}"),
    _shape("a token of GitHub", "github_pat_", r"\bgithub_pat_[A-Za-z0-9_]{22,}"),
    _shape("a token of GitLab", "glpat-", r"\bglpat-[\w-]{20,}"),
    _shape("a signed token", "eyJ", r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"),
    _shape("a bearer token", "Bearer bearer", r"\b[Bb]earer\s+(?P<value>[A-Za-z0-9._~+/-]{20,}=*)"),
    _shape("a password in a URL", "://", r"\b[a-z][a-z0-9+.-]*://(?P<value>[^\s/:@{}$<>]+:[^\s/@{}$<>]{3,})@"),
    _shape(
        "a key in a URL",
        "token= secret= password= signature= key= Token= Key=",
        r"[?&](?:[\w-]*(?i:token|secret|password|signature)|(?i:api|access|auth)[_-]?(?i:key))="
        r"(?P<value>[^\s&#\"'<>{}$`()\[\],]{6,})",
    ),
)
_OPEN_HEADER = re.compile(r"accept(-.*)?|content-(type|language|encoding)|user-agent|cache-control", re.IGNORECASE)
_KEY_HEADER = re.compile(r"auth|cookie|key|passw|secret|signature|token", re.IGNORECASE)


def without_keys(text: str, instead: Callable[[str], str]) -> str:
    """Give a text with everything that looks like a key replaced.

    Args:
        text: The text.
        instead: From a key to what takes its place.
    """
    for shape in SHAPES:
        if any(sign in text for sign in shape.signs):
            text = shape.pattern.sub(lambda found: _replaced(found, instead), text)
    return text


def _replaced(found: re.Match[str], instead: Callable[[str], str]) -> str:
    group = "value" if "value" in found.re.groupindex else 0
    start, end = found.start(group) - found.start(), found.end(group) - found.start()
    return f"{found[0][:start]}{instead(found[group])}{found[0][end:]}"


def has_key(text: str) -> bool:
    """Tell whether something in a text looks like a key."""
    return any(shape.pattern.search(text) for shape in SHAPES if any(sign in text for sign in shape.signs))


def is_open_header(name: str) -> bool:
    """Tell whether a header of a request never carries a key, such as ``Content-Type``."""
    return _OPEN_HEADER.fullmatch(name) is not None


def is_key_header(name: str) -> bool:
    """Tell whether a header of a request is named like one that carries a key, such as ``X-Api-Key``."""
    return _KEY_HEADER.search(name) is not None
