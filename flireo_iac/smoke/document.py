"""Outcomes as one JSON document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from flireo_iac.smoke.model import Failure, Outcome


def document(outcomes: Sequence[Outcome], stack: str, mode: str) -> dict[str, Any]:
    """Give outcomes as plain data.

    Args:
        outcomes: What became of the tests.
        stack: Name of the stack.
        mode: ``offline`` or ``live``.
    """
    counts = Counter(each.status for each in outcomes)
    return {
        "stack": stack,
        "mode": mode,
        **{status: counts[status] for status in ("passed", "failed", "error", "skipped")},
        "cost": float(sum((each.cost or Decimal(0) for each in outcomes), Decimal(0))),
        "tests": [_test(each) for each in outcomes],
    }


def _test(outcome: Outcome) -> dict[str, Any]:
    call = outcome.call
    return {
        "name": outcome.name,
        "agent": outcome.agent,
        "description": outcome.description,
        "file": outcome.place.file,
        "status": outcome.status,
        "reason": outcome.reason or None,
        "failures": list(map(_failure, outcome.failures)),
        "not_judged": list(map(_failure, outcome.unjudged)),
        "cost": float(outcome.cost) if outcome.cost is not None else None,
        "call": call.plain() if call is not None else None,
    }


def _failure(failure: Failure) -> dict[str, Any]:
    place = failure.place
    return {
        "file": place.file,
        "line": place.line,
        "column": place.column,
        "text": failure.text,
        "turn": failure.turn,
    }
