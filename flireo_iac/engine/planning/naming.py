"""Finds the former state of a registration, by its URN and by its aliases.

Source: pulumi notes on the engine, section 5, point 1.
"""

from __future__ import annotations

from flireo_iac.engine.model.state import Resource
from flireo_iac.engine.model.urns import STACK_TYPE, make_urn, name_of, type_of
from flireo_iac.engine.planning.goal import Alias, Goal


class OldStates:
    """The live resources of the former state, and which of them were given a new URN in this run.

    Args:
        live: Resources by URN.
        stack: Name of the stack.
        project: Name of the project.
    """

    def __init__(self, live: dict[str, Resource], stack: str, project: str) -> None:
        self.live = live
        self._stack = stack
        self._project = project
        self._new_by_old: dict[str, str] = {}
        self._old_by_new: dict[str, str] = {}

    def current_urn(self, urn: str) -> str:
        """Give the URN that a resource of the former state has now."""
        return self._new_by_old.get(urn, urn)

    def find(self, urn: str, goal: Goal, seen: set[str]) -> tuple[Resource | None, str]:
        """Find the former state of a registration.

        Args:
            urn: Its URN.
            goal: What the program wants.
            seen: URNs registered so far.

        Returns:
            The former state, if there is one, and what is wrong, if anything is.
        """
        if urn in self._new_by_old:
            return (
                None,
                f"is registered, and {self._new_by_old[urn]} has it as an alias. Remove the alias or the resource.",
            )
        for candidate in (urn, *self._aliases(goal)):
            old = self.live.get(candidate)
            if old is None:
                continue
            if candidate != urn:
                if candidate in seen or candidate in self._new_by_old:
                    other = self._new_by_old.get(candidate, candidate)
                    return None, f"has the alias {candidate}, which {other} is already. Remove the alias."
                self._new_by_old[candidate] = urn
                self._old_by_new[urn] = candidate
            return old, ""
        return None, ""

    def _aliases(self, goal: Goal) -> list[str]:
        own = [self._alias_urn(goal, alias) for alias in goal.aliases]
        found = dict.fromkeys(own)
        former_parent = self._old_by_new.get(goal.parent)
        if former_parent:
            # A child follows its parent, under its own name and under each of its former ones.
            for type_, name in [(goal.type, goal.name), *((type_of(urn), name_of(urn)) for urn in own)]:
                found[self._child_urn(type_, name, goal.parent, former_parent)] = None
        return list(found)

    def _alias_urn(self, goal: Goal, alias: Alias) -> str:
        if alias.urn:
            return alias.urn
        parent = self._old_by_new.get(alias.parent, alias.parent) if alias.parent else goal.parent
        if alias.no_parent or type_of(parent) == STACK_TYPE:
            parent = ""
        return make_urn(
            alias.stack or self._stack,
            alias.project or self._project,
            parent,
            alias.type or goal.type,
            alias.name or goal.name,
        )

    def _child_urn(self, type_: str, name: str, parent: str, former_parent: str) -> str:
        parent_name = name_of(parent)
        if name.startswith(parent_name):
            name = name_of(former_parent) + name.removeprefix(parent_name)
        return make_urn(self._stack, self._project, former_parent, type_, name)
