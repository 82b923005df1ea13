"""What is written about one rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class RuleEntry:
    """One rule, with what a person has to know about it.

    Args:
        id: Stable id, such as ``FL103``.
        severity: ``error`` stops, ``warning`` is shown.
        title: What a finding means, in a few words.
        why: Why it matters, and what the rule looks at.
        bad: Files of a stack that break the rule, and no other, by path.
        good: The same, mended.
        is_waivable: Whether a comment with a reason silences it; never so where the deployment fails anyway.
        when: ``always`` also stops or warns in a deployment; ``validate`` is of ``flireo validate`` alone; ``deploy``
            needs what only a deployment knows; ``live`` needs the account, which ``flireo validate --live`` asks.
    """

    id: str
    severity: Severity
    title: str
    why: str
    bad: Mapping[str, str]
    good: Mapping[str, str]
    is_waivable: bool = False
    when: Literal["always", "validate", "deploy", "live"] = "always"
