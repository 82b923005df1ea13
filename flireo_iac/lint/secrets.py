"""What looks like a key, in any file of a stack. The value never enters a text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from flireo_iac.kinds import KINDS
from flireo_iac.lint.finding import Finding, finding
from flireo_iac.stacks.folder import ENVIRONMENTS
from flireo_iac.stacks.prompts import FOLDER
from flireo_iac.stacks.values import Place

_ENDINGS = (".yaml", ".yml", ".md", ".txt")
_MOST_BYTES = 5_000_000


@dataclass(frozen=True)
class _Shape:
    what: str
    signs: tuple[str, ...]
    pattern: re.Pattern[str]


def _shape(what: str, signs: str, pattern: str) -> _Shape:
    return _Shape(what, tuple(signs.split()), re.compile(pattern))


_SHAPES = (
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
    _shape("a private key", "PRIVATE", r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"),
    _shape("a signed token", "eyJ", r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"),
    _shape("a bearer token", "Bearer bearer", r"\b[Bb]earer\s+[A-Za-z0-9._~+/-]{20,}"),
    _shape("a password in a URL", "://", r"\b[a-z][a-z0-9+.-]*://[^\s/:@{}$<>]+:[^\s/@{}$<>]{3,}@"),
)
"""Each with signs of which a text holds one, because looking for those is quicker."""


def texts_of(folder: Path) -> dict[str, str]:
    """Give the text of every file that belongs to a stack, by its path as the user would type it."""
    folders = [folder / name for name in (*(kind.folder for kind in KINDS.values()), ENVIRONMENTS, FOLDER)]
    paths = [*folder.glob("*"), *(path for each in folders for path in each.glob("**/*"))]
    found = {}
    for path in sorted(set(paths)):
        try:
            if path.suffix in _ENDINGS and path.is_file() and path.stat().st_size <= _MOST_BYTES:
                found[str(path)] = path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue  # the loader has said so where it matters
    return found


def find(texts: dict[str, str]) -> Iterator[Finding]:
    """Find what looks like a key in texts of files."""
    for file, text in texts.items():
        for shape in _SHAPES:
            if not any(sign in text for sign in shape.signs):
                continue
            for match in shape.pattern.finditer(text):
                before = text[: match.start()]
                place = Place(file, before.count("\n") + 1, match.start() - (before.rfind("\n") + 1) + 1)
                hint = "Make a new one, and write ${secret.<name>} where it belongs."
                yield finding("FL161", place, f"this looks like {shape.what}, for everybody to read. {hint}")
