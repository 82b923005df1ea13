"""A plan, the same for both engines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from flireo_iac.kinds import KINDS, Kind

Op = Literal["same", "create", "update", "replace", "delete", "sweep", "refresh"]
"""What is planned for a resource; ``sweep`` deletes what an earlier run has replaced and left behind."""

CHANGING: tuple[Op, ...] = ("create", "update", "replace", "delete", "sweep")
"""What changes the account."""

UNKNOWN = "(known after the run)"
"""Stands for a value that only the run will tell."""

SECRET = "[secret]"  # noqa: S105 - what is shown instead of one


@dataclass(frozen=True)
class PlannedStep:
    """What is planned for one resource.

    Args:
        op: What.
        urn: URN of the resource.
        kind: Its kind; None for a resource that is not of this project.
        id: Id of the object; empty before it is made.
        old: Inputs as last applied, secrets masked; empty for a create.
        new: Inputs as wanted, secrets masked, unknown values as ``UNKNOWN``; empty for a delete.
        needs: URNs that it depends on.
        reasons: Names of the properties that the engine says changed; empty where it did not say.
        is_protected: True when it is known that the engine refuses to delete it.
        moved: What the platform has made of inputs by itself, as far as the state knows.
        is_gone: True when the object is known to have been deleted outside.
    """

    op: Op
    urn: str
    kind: Kind | None = None
    id: str = ""
    old: Mapping[str, Any] = field(default_factory=dict)
    new: Mapping[str, Any] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    is_protected: bool = False
    moved: Mapping[str, Any] = field(default_factory=dict)
    is_gone: bool = False

    @property
    def in_force(self) -> Mapping[str, Any]:
        """The inputs as they are in force before the run, as far as the state knows."""
        return {**self.old, **self.moved}

    @property
    def item(self) -> str:
        """Pulumi's name of the resource."""
        return self.urn.rpartition("::")[2]

    @property
    def parent(self) -> str:
        """URN of the object that it is within; empty when it stands for itself."""
        if self.kind is None or not self.kind.parent:
            return ""
        token = f":{KINDS[self.kind.parent].token}::"
        return next((urn for urn in self.needs if token in urn), "")

    @property
    def title(self) -> str:
        """Kind and name, as a person reads them: ``phone number "main"``."""
        return f'{self.kind.title if self.kind else "resource"} "{self.item}"'


@dataclass(frozen=True)
class Plan:
    """What a run is going to do.

    Args:
        steps: One for each resource that is known, in the order of the run; unchanged ones only where the document
            of the plan holds them.
        resources: Resources of the state before the run, without the stack itself and providers.
        errors: Why the preview failed, first lines; a plan with any is not whole.
        seconds: How long the preview took; 0 when that is not known.
    """

    steps: tuple[PlannedStep, ...]
    resources: int
    errors: tuple[str, ...] = ()
    seconds: float = 0.0

    def of(self, *ops: Op) -> tuple[PlannedStep, ...]:
        """Give the steps that do one of these."""
        return tuple(step for step in self.steps if step.op in ops)

    @property
    def kinds_before(self) -> frozenset[str]:
        """Give the names of the kinds that the state holds objects of."""
        return frozenset(step.kind.name for step in self.steps if step.kind is not None and step.op != "create")

    @property
    def counts(self) -> Counter[Op]:
        """Count the steps by what they do."""
        return Counter(step.op for step in self.steps)


def kind_of(urn: str) -> Kind | None:
    """Give the kind of a resource by the type in its URN; None for another provider's."""
    token = urn.split("::")[2].rpartition("$")[2] if urn.count("::") >= 3 else ""
    return _KINDS.get(token)


_KINDS = {f"pulumi-python:dynamic/flireo:{kind.token}": kind for kind in KINDS.values()}
