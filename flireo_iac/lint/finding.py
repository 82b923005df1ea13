"""What a rule has found."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from flireo_iac.errors import Problem
from flireo_iac.kinds import KINDS
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
        is_copied: Whether it stands in a template that an agent copies; the template says it too.
    """

    problem: Problem
    anchors: tuple[Place, ...] = ()
    is_copied: bool = False


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
    end = "" if text.endswith("?") and not note else "."
    made = finding(rule, place, f'{item.kind.title} "{item.name}": {text}{note}{end}')
    return replace(made, is_copied=item.kind.name == "agent" and place.file.startswith(_templates(stack)))


def _templates(stack: LoadedStack) -> tuple[str, ...]:
    """Give how the paths of template files begin."""
    kinds = (KINDS["tool_template"], KINDS["analysis_template"])
    return tuple(f"{stack.folder / kind.folder}{os.sep}" for kind in kinds)


def without_copies(findings: Iterable[Finding]) -> list[Finding]:
    """Drop what an agent says about a template that the template says itself."""
    every = list(findings)
    said = {_where(each) for each in every if not each.is_copied}
    return [each for each in every if not each.is_copied or _where(each) not in said]


def _where(found: Finding) -> tuple[str, int, int, str]:
    return found.problem.file, found.problem.line, found.problem.column, found.problem.rule


def block(inputs: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Give a block of an item; empty when it has none."""
    found = inputs.get(name)
    return found if isinstance(found, Mapping) else {}
