"""What a plan has decided so far, and how it says that something cannot be done."""

from __future__ import annotations

from collections.abc import Callable

from flireo_iac.engine.events import Op, Severity
from flireo_iac.engine.state import Resource

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
        # Several states may carry one URN; these are told apart as objects, which have to stay alive for it.
        self._deleted_early: dict[int, Resource] = {}

    def note_deleted_early(self, resource: Resource) -> None:
        """Note that a state is deleted before the end, since what it needs is replaced."""
        self._deleted_early[id(resource)] = resource

    def is_deleted_early(self, resource: Resource) -> bool:
        """Tell whether this very state is deleted before the end."""
        return id(resource) in self._deleted_early


def delete_op(resource: Resource, *, replacing: bool) -> Op:
    """Give what the deletion of a resource is: one that is only read is forgotten.

    Args:
        resource: The resource.
        replacing: True when it is a part of a replacement.
    """
    if resource.external:
        return Op.DISCARD_REPLACED if replacing else Op.DISCARD
    return Op.DELETE_REPLACED if replacing else Op.DELETE
