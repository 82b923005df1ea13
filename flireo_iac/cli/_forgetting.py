"""Which resources of a state are to be forgotten: their objects stay."""

from __future__ import annotations

from collections.abc import Sequence

from flireo_iac.core.adoption import Item
from flireo_iac.core.selection import Selection
from flireo_iac.engine.adopting import AdoptingStack, forget
from flireo_iac.engine.model.state import Resource
from flireo_iac.plan.model import kind_of


def forgettable(stack: AdoptingStack, items: Sequence[str]) -> dict[str, Resource]:
    """Give the resources that are meant, by their names in the stack or, where two share one, by URN.

    Args:
        stack: The stack.
        items: Items, patterns or URNs.

    Raises:
        SettingsError: One of them names nothing in the state.
        StateError: Something else in the state needs one of them, or a run was cut off.
    """
    selection = Selection("adopt --remove", tuple(items))
    base = stack.whole()
    held = {urn: (Item(urn, kind, {}).key, each) for urn, each in base.live().items() if (kind := kind_of(urn))}
    selection.check({urn: key for urn, (key, _) in held.items()})
    chosen = {urn: (key, each) for urn, (key, each) in held.items() if selection.wants(urn, key)}
    forget(base, tuple(chosen))  # on the copy that was read, so that what is wrong is said before anybody is asked
    keys = [key for key, _ in chosen.values()]
    return {urn if keys.count(key) > 1 else key: each for urn, (key, each) in chosen.items()}
