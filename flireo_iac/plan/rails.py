"""What a plan may not do unless it is asked for: many deletions, another phone number, an agent taken from a number.

A destroy is asked for already, so nobody holds its plan against these. Protected resources are the engine's matter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flireo_iac.allow import LARGEST_SHARE, Allowed, flag, is_many
from flireo_iac.kinds import Kind, marker, our_name
from flireo_iac.kinds._markers import Reference
from flireo_iac.plan.model import UNKNOWN, Plan, PlannedStep


@dataclass(frozen=True)
class Finding:
    """Something that has to be asked for.

    Args:
        rail: Its word: ``many-deletes``, ``replace``, ``in-use`` or ``protected``.
        items: The resources, as a person reads them.
        text: What would happen, and what that means.
        flag: The option that allows it.
    """

    rail: str
    items: tuple[str, ...]
    text: str
    flag: str


def findings(plan: Plan, allowed: Allowed) -> tuple[Finding, ...]:
    """Give everything that the plan would do and that was not asked for.

    Args:
        plan: The plan.
        allowed: What was asked for.
    """
    return (
        *_many_deletes(plan, allowed),
        *_replaced_by_name(plan, allowed),
        *_agents_in_use(plan, allowed),
        *_busy(plan, allowed),
        *_protected(plan),
    )


def _many_deletes(plan: Plan, allowed: Allowed) -> Iterator[Finding]:
    """Count what stands for itself, and what is within a parent that stays: many leads must not hide a few agents."""
    if allowed.covers("many-deletes"):
        return
    gone = plan.of("delete", "replace")
    within = [step for step in plan.steps if step.parent and step.op != "create"]
    alone = [step for step in gone if not step.parent]
    if is_many(len(alone), plan.resources - len(within)):
        yield _too_many(
            alone,
            f"{len(alone)} of the {plan.resources - len(within)} resources of this stack would be deleted or replaced. "
            f"That is more than {LARGEST_SHARE:.0%}, and may come from a wrong folder, stack or environment. What is "
            "deleted is gone, with its history.",
        )
    if plan.resources > sum(step.op != "create" for step in plan.steps):
        return  # unchanged ones are not among the steps, so that it cannot be told how many a parent has
    parents = {step.urn for step in gone}
    for parent in dict.fromkeys(step.parent for step in within if step.parent not in parents):
        each = [step for step in within if step.parent == parent]
        lost = [step for step in each if step.op == "delete"]
        if is_many(len(lost), len(each)):
            name = parent.rpartition("::")[2]
            yield _too_many(
                lost,
                f'{len(lost)} of the {len(each)} of "{name}" would be deleted. That is more than {LARGEST_SHARE:.0%}, '
                "and may come from a wrong file.",
            )


def _too_many(steps: Sequence[PlannedStep], text: str) -> Finding:
    return Finding("many-deletes", tuple(f"{step.title}: {step.op}" for step in steps), text, flag("many-deletes"))


def _replaced_by_name(plan: Plan, allowed: Allowed) -> Iterator[Finding]:
    for step in plan.of("replace"):
        if step.kind is not None and step.kind.is_replaced_by_name and not allowed.covers("replace", step.item):
            yield Finding(
                "replace",
                (step.title,),
                f"{_change(step)} {step.kind.when_replaced}",
                flag("replace", step.item),
            )


def _change(step: PlannedStep) -> str:
    if step.is_gone:
        return f"The {step.title} was deleted outside this stack, and would be made anew."
    key = step.kind.natural_key[0] if step.kind else ""
    old, new = step.old.get(key), step.new.get(key)
    between = f": {old} would be given up, and {new} taken in its place" if old and new and old != new else ""
    return f"The {step.title} would be replaced by a new one{between}."


def _agents_in_use(plan: Plan, allowed: Allowed) -> Iterator[Finding]:
    for agent in plan.of("delete", "replace"):
        if agent.kind is None or agent.kind.name != "agent" or allowed.covers("in-use", agent.item):
            continue
        users = [step for step in plan.steps if _would_lose(step, agent)]
        if users:
            fate = "deleted" if agent.op == "delete" else "replaced by a new one"
            verb = "uses" if len(users) == 1 else "use"
            yield Finding(
                "in-use",
                tuple(user.title for user in users),
                f"The {agent.title} would be {fate}, and {', '.join(user.title for user in users)} {verb} it. "
                + (
                    "Nobody answers there until another agent is named."
                    if agent.op == "delete"
                    else "Calls that are under way and the history of its calls stay with the old agent."
                ),
                flag("in-use", agent.item),
            )


def _busy(plan: Plan, allowed: Allowed) -> Iterator[Finding]:
    for step in plan.of("delete", "replace"):
        if step.kind is None or step.kind.why_busy is None or allowed.covers("in-use", step.item) or step.is_gone:
            continue
        if why := step.kind.why_busy(step.in_force):
            yield Finding(
                "in-use",
                (step.title,),
                f"The {step.title} would be {step.op}d, and as the state has it, {why}. {step.kind.when_deleted}",
                flag("in-use", step.item),
            )


def _protected(plan: Plan) -> Iterator[Finding]:
    """Find what the engine would refuse; only a plan that was made from files gets that far."""
    for step in plan.of("delete", "replace"):
        if step.is_protected:
            yield Finding(
                "protected",
                (step.title,),
                f"The {step.title} would be {step.op}d, and it is protected: a run stops there.",
                "protect: false in its file, deployed by a run before",
            )


def _would_lose(step: PlannedStep, agent: PlannedStep) -> bool:
    """Tell whether an active resource that stays names the agent now, and no other one after the run."""
    if step.kind is None or step.op not in ("same", "update", "replace"):
        return False
    if _value(step.kind, step.new, "is_active") is False:
        return False
    for name, info in step.kind.inputs.items():
        reference = marker(info, Reference)
        if reference is None or reference.kind != "agent" or _value(step.kind, step.old, name) != agent.id:
            continue
        after = _value(step.kind, step.new, name)
        if agent.op == "delete":
            return after in (agent.id, None)
        return after == agent.id or (after == UNKNOWN and agent.urn in step.needs)
    return False


def _value(kind: Kind, inputs: Mapping[str, Any], name: str) -> Any:
    return next((value for key, value in inputs.items() if our_name(kind.model, key) == name), None)


def closed(plan: Plan) -> tuple[str, ...]:
    """Say what would be made, or made anew, in a parent in which nothing can change any more, as the state has it.

    Args:
        plan: The plan.
    """
    whys = {
        step.urn: why
        for step in plan.of("same", "update")
        if step.kind is not None and step.kind.why_final is not None and (why := step.kind.why_final(step.in_force))
    }
    texts = []
    for urn, why in whys.items():
        inside = [step.item for step in plan.of("create", "replace") if step.parent == urn]
        if inside:
            title = next(step.title for step in plan.steps if step.urn == urn)
            more = f" and {len(inside) - 1} more" if len(inside) > 1 else ""
            texts.append(
                f"{inside[0]}{more}: nobody is added to the {title}, and nobody is called with other values: {why}."
            )
    return tuple(texts)
