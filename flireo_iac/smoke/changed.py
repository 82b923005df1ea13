"""Which tests a change touches: those that say something else, or whose agent, or something it uses, is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flireo_iac.review.compare import compare_stacks
from flireo_iac.stacks.load import LoadedStack
from flireo_iac.stacks.smoke_tests import SmokeTest, read_tests
from flireo_iac.stacks.values import ItemRef, markers


def touched(before: LoadedStack | None, after: LoadedStack, tests: Sequence[SmokeTest]) -> list[SmokeTest]:
    """Choose the tests that a change touches.

    Prompts, templates and variables are laid into an agent when it is loaded, so a change of them is one of the agent.

    Args:
        before: The stack as it was, with its files; None when it was not there.
        after: The stack as it is.
        tests: Its tests.
    """
    if before is None:
        return list(tests)
    steps = compare_stacks(before, after).plan.steps
    changed = {f"{step.kind.folder}.{step.item}" for step in steps if step.op != "same" and step.kind is not None}
    old = {test.name: test.asked for test in read_tests(before, [])}
    return [test for test in tests if old.get(test.name) != test.asked or changed & set(_used(after, test.agent))]


def _used(stack: LoadedStack, agent: str) -> Iterator[str]:
    """Name an agent, all that it refers to, and the numbers that it answers."""
    waiting, seen = [agent], {agent}
    while waiting:
        key = waiting.pop()
        yield key
        item = stack.items.get(key)
        for each in markers(dict(item.inputs)) if item is not None else ():
            if isinstance(each, ItemRef) and each.key not in seen:
                seen.add(each.key)
                waiting.append(each.key)
    for key, item in stack.items.items():
        refers = {each.key for each in markers(dict(item.inputs)) if isinstance(each, ItemRef)}
        if item.kind.name == "phone_number" and agent in refers:
            yield key
