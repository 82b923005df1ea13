"""A plan in words: what would be done, and what has to be asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from flireo_iac.plan.model import CHANGING, Op, Plan
from flireo_iac.plan.rails import Finding

_VERBS: tuple[tuple[Op, str], ...] = (
    ("create", "to create"),
    ("update", "to update"),
    ("replace", "to replace"),
    ("delete", "to delete"),
    ("sweep", "to delete that were replaced before"),
)
_SHOWN_ITEMS = 20


def summary(plan: Plan) -> str:
    """Say in one line what the plan comes to."""
    counts = plan.counts
    parts = [f"{counts[op]} {words}" for op, words in _VERBS if counts[op]]
    return f"{', '.join(parts) or 'no changes'}; {plan.resources} resources before the run."


def steps(plan: Plan) -> Iterator[str]:
    """Give a line for each resource that something is done to."""
    for op, _ in _VERBS:
        for step in plan.of(op):
            yield f"{'delete' if op == 'sweep' else op:<8} {step.title}"


def refusal(operation: str, found: Iterable[Finding]) -> list[str]:
    """Give one text for each finding: what would happen, to what, and the option that allows it.

    Args:
        operation: What was stopped, such as ``up``.
        found: What has to be asked for.
    """
    return ["\n".join([f"{operation}: {finding.text}", *_details(finding)]) for finding in found]


def _details(finding: Finding) -> Iterator[str]:
    if len(finding.items) > 1:
        for item in finding.items[:_SHOWN_ITEMS]:
            yield f"    {item}"
        if len(finding.items) > _SHOWN_ITEMS:
            yield f"    and {len(finding.items) - _SHOWN_ITEMS} more"
    yield f"  If that is meant: {finding.flag}"


def plain(plan: Plan, found: Iterable[Finding]) -> dict[str, Any]:
    """Give a plan and what has to be asked for as JSON values."""
    return {
        "steps": [{"op": step.op, "item": step.item, "urn": step.urn} for step in plan.of(*CHANGING)],
        "resources": plan.resources,
        "errors": list(plan.errors),
        "rails": plain_findings(found),
    }


def plain_findings(found: Iterable[Finding]) -> list[dict[str, Any]]:
    """Give findings as JSON values."""
    return [{"rail": each.rail, "items": list(each.items), "text": each.text, "allow": each.flag} for each in found]
