"""What a plan has decided so far, and how it says that something cannot be done."""

from __future__ import annotations

from collections.abc import Callable

from flireo_iac.engine.model.events import Op, Severity
from flireo_iac.engine.model.state import Resource
from flireo_iac.engine.planning.steps import Step

Report = Callable[[Severity, str, str], None]
"""Takes severity, URN and words."""


class PlanError(Exception):
    """A registration cannot be carried out.

    Args:
        urn: Of the resource.
        text: What is wrong; empty when it was reported already.
    """

    def __init__(self, urn: str, text: str = "") -> None:
        self.urn = urn
        self.text = text
        super().__init__(text)


class Decisions:
    """URNs by what was decided about them."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self.kept: set[str] = set()  # same, updated or replaced
        self.created: set[str] = set()
        self.replaced: set[str] = set()
        self.deleted: set[str] = set()
        # Several states may carry one URN; they are told apart as objects, which the steps keep alive.
        self._early: dict[int, Step] = {}

    def note_early_deletion(self, step: Step) -> None:
        """Note that a state is deleted before the end, since what it needs is replaced."""
        self._early[id(step.resource)] = step

    def early_deletion(self, resource: Resource) -> Step | None:
        """Give the step that deletes this very state before the end; None when there is none."""
        return self._early.get(id(resource))


def delete_op(resource: Resource, *, replacing: bool) -> Op:
    """Give what the deletion of a resource is: one that is only read is forgotten.

    Args:
        resource: The resource.
        replacing: True when it is a part of a replacement.
    """
    if resource.external:
        return Op.DISCARD_REPLACED if replacing else Op.DISCARD
    return Op.DELETE_REPLACED if replacing else Op.DELETE
