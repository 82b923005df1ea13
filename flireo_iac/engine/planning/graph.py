"""Who depends on whom in a state, and in which order things are deleted.

Source: pulumi notes on the engine, section 5, points 7 and 8, and "After the program".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from flireo_iac.engine.model.state import Resource


def dependents_of(root: Resource, resources: Sequence[Resource], ignored: set[str]) -> list[Resource]:
    """Give what depends on a resource, directly or not, in the order of the state; children do not count.

    Args:
        root: The resource.
        resources: The state; each stands after all it needs.
        ignored: URNs that cannot depend on it, since they were registered before it.
    """
    reached = {root.urn}
    found = []
    seen_root = False
    for resource in resources:
        if resource is root:
            seen_root = True
        elif seen_root and resource.urn not in ignored and any(urn in reached for urn in resource.relies_on()):
            found.append(resource)
            reached.add(resource.urn)
    return found


class DeletionOrder:
    """Layers in which resources are deleted: one goes only after all that need it.

    Args:
        resources: The state; each stands after all it needs.
    """

    def __init__(self, resources: Sequence[Resource]) -> None:
        self._resources = list(resources)
        self._index = {id(resource): index for index, resource in enumerate(self._resources)}
        self._places: dict[str, list[int]] = {}
        self._children: dict[str, list[int]] = {}
        for index, resource in enumerate(self._resources):
            self._places.setdefault(resource.urn, []).append(index)
            if resource.parent:
                self._children.setdefault(resource.parent, []).append(index)

    def _needs(self, index: int) -> set[int]:
        resource = self._resources[index]
        found = {place for place in self._places.get(resource.parent, ()) if place < index}
        for urn in resource.relies_on():
            for place in self._places.get(urn, ()):
                if place >= index:
                    continue
                found.add(place)
                # Whoever depends on a component depends on what is in it.
                if not self._resources[place].custom:
                    found.update(below for below in self._all_children(urn) if below < index)
        return found

    def _all_children(self, urn: str) -> Iterable[int]:
        seen: set[int] = set()
        waiting = list(self._children.get(urn, ()))
        while waiting:
            child = waiting.pop()
            if child not in seen:
                seen.add(child)
                waiting.extend(self._children.get(self._resources[child].urn, ()))
        return seen

    def layers(self, condemned: Iterable[Resource]) -> list[list[Resource]]:
        """Give the resources to delete, first layer first; one layer may go in parallel."""
        depth: dict[int, int] = {}
        for index in sorted(self._index[id(resource)] for resource in condemned):
            depth[index] = 1 + max((depth[needed] for needed in self._needs(index) if needed in depth), default=0)
        layers: list[list[Resource]] = [[] for _ in range(max(depth.values(), default=0))]
        for index, level in depth.items():
            layers[-level].append(self._resources[index])
        return layers

    def all_needs(self, resource: Resource) -> set[int]:
        """Give the identities (``id()``) of everything a resource needs, directly or not.

        Between two states of one URN the live one refers to the live one, and the old one to the old one.
        """
        if id(resource) not in self._index:
            return set()
        found: set[int] = set()
        waiting = [resource]
        while waiting:
            user = waiting.pop()
            for urn in user.needs():
                states = [self._resources[place] for place in self._places.get(urn, ())]
                fitting = [state for state in states if state.delete == user.delete] or states
                for state in fitting:
                    if id(state) not in found:
                        found.add(id(state))
                        waiting.append(state)
        found.discard(id(resource))
        return found
