"""What a rule has found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flireo_iac.errors import Problem
from flireo_iac.rules import RULES
from flireo_iac.stacks.load import Item, LoadedStack
from flireo_iac.stacks.nodes import locate
from flireo_iac.stacks.values import Place


@dataclass(frozen=True, order=True)
class Finding:
    """A problem, and where else a waiver of it may stand.

    Args:
        problem: The problem with its place.
        anchors: Places that name what the problem is in, such as the ``prompt:`` line of an agent.
    """

    problem: Problem
    anchors: tuple[Place, ...] = ()


def finding(rule: str, place: Place, text: str, *anchors: Place) -> Finding:
    """Make a finding; its severity is the rule's.

    Args:
        rule: Id of the rule.
        place: Where the problem is.
        text: What is wrong, what was expected, what to do next.
        anchors: Where else a waiver may stand.
    """
    return Finding(place.problem(rule, text, RULES[rule].severity), anchors)


def about(
    stack: LoadedStack, item: Item, rule: str, path: Iterable[str | int], text: str, *, is_key: bool = False
) -> Finding:
    """Make a finding about a value of an item.

    Args:
        stack: The stack.
        item: The item.
        rule: Id of the rule.
        path: Keys and indexes from the item to the value.
        text: What is wrong, without the item's name.
        is_key: True when the key is at fault.
    """
    place, note = locate(stack.origins.trees[item.key], path, is_about_key=is_key)
    return finding(rule, place, f'{item.kind.title} "{item.name}": {text}{note}.')


def block(inputs: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Give a block of an item; empty when it has none."""
    found = inputs.get(name)
    return found if isinstance(found, Mapping) else {}
