"""Who meets a change: everything that refers to what changes, and what refers to that: numbers, campaigns."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Mapping
from typing import Any

from flireo_iac.kinds import marker, our_name
from flireo_iac.kinds._markers import Reference
from flireo_iac.plan.model import UNKNOWN, Plan, PlannedStep
from flireo_iac.review.model import Reached
from flireo_iac.review.visible import visible


class Radius:
    """The references of a plan, backwards.

    Args:
        plan: The plan.
    """

    def __init__(self, plan: Plan) -> None:
        self._users: defaultdict[str, dict[str, PlannedStep]] = defaultdict(dict)
        self._inside = Counter(step.parent for step in plan.steps if step.parent and step.op not in ("delete", "sweep"))
        by_id = {step.id: step for step in plan.steps if step.id}
        by_urn = {step.urn: step for step in plan.steps}
        for step in plan.steps:
            if step.op not in ("delete", "sweep") and not step.parent:  # thousands of leads are told as one number
                for target in _targets(step, by_id, by_urn):
                    self._users[target.urn][step.urn] = step

    def of(self, changed: PlannedStep) -> tuple[Reached, ...]:
        """Give what meets a change of one resource because it refers to it, nearest first."""
        found: dict[str, Reached] = {}
        seen = {changed.urn}
        waiting = deque([changed])
        while waiting:
            step = waiting.popleft()
            for urn, user in self._users[step.urn].items():
                if urn not in seen:
                    seen.add(urn)
                    found[urn] = _reached(user, step.title, self._inside[urn])
                    waiting.append(user)
        return tuple(found.values())


def itself(step: PlannedStep) -> Reached | None:
    """Give a resource as people meet it, such as a phone number; None for one that others refer to, or for a part."""
    if step.kind is None or step.parent or all(marker(info, Reference) is None for info in step.kind.inputs.values()):
        return None
    return _reached(step, "")


def _targets(
    step: PlannedStep, by_id: Mapping[str, PlannedStep], by_urn: Mapping[str, PlannedStep]
) -> Iterator[PlannedStep]:
    if step.kind is None:
        return
    for key, value in step.new.items():
        info = step.kind.inputs.get(our_name(step.kind.model, key))
        reference = marker(info, Reference) if info is not None else None
        if reference is None:
            continue
        if value in by_id:
            yield by_id[value]
        elif value == UNKNOWN or _is_written(value):
            for urn in step.needs:
                target = by_urn.get(urn)
                is_named = value == UNKNOWN or (target is not None and f".{target.item}." in value)
                if target is not None and target.kind is not None and target.kind.name == reference.kind and is_named:
                    yield target


def _is_written(value: Any) -> bool:
    """Tell whether a value is a reference as the user writes it: it leads to something that is not there yet."""
    return isinstance(value, str) and value.startswith("${")


def _reached(step: PlannedStep, via: str, inside: int = 0) -> Reached:
    inputs = {**(step.new or step.old), **(step.moved if step.op == "same" else {})}
    label = ""
    if step.kind is not None and step.kind.is_natural_key_unique:
        label = " ".join(
            str(inputs[key]) for key in (*step.kind.natural_key, "name") if isinstance(inputs.get(key), str)
        )
    is_active = inputs.get("is_active") is not False
    if step.kind is not None and step.kind.why_busy is not None:
        is_active = bool(step.kind.why_busy(inputs))
        said = [inputs.get("name"), inputs.get("status") or "draft"]
        label = ", ".join([*map(str, filter(None, said)), *([_leads(inside)] if inside else [])])
    return Reached(visible(step.title), visible(label), visible(via), is_active)


def _leads(number: int) -> str:
    return f"{number:,} lead{'' if number == 1 else 's'}"
