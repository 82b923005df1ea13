"""Steps: what the plan wants done to one resource."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from flireo_iac.engine.model.diff import NO_CHANGE, Diff, compare
from flireo_iac.engine.model.events import Op, StepStarted
from flireo_iac.engine.model.state import Resource
from flireo_iac.engine.model.urns import PROVIDER_PREFIX
from flireo_iac.engine.model.values import equal

_LOGICAL_OPS = frozenset({Op.SAME, Op.CREATE, Op.UPDATE, Op.DELETE, Op.REPLACE, Op.DISCARD})


@dataclass(eq=False)
class Step:
    """What is to be done to one resource.

    Args:
        op: What.
        urn: To which resource.
        old: Its state before; None for a create.
        new: Its state after; None for a delete.
        diff: Why.
        ignored: Paths of ``ignore_changes``.
        waits_for_delete: For a create-replacement: the old one stays, and is deleted at the end.
        comes_back: For a delete-replaced: a new one is made in this run, the entry stays until then.
        not_created: For a same: a new resource that a run with targets leaves out.
        after: A step of another registration that has to succeed first.
    """

    op: Op
    urn: str
    old: Resource | None = None
    new: Resource | None = None
    diff: Diff = NO_CHANGE
    ignored: list[str] = field(default_factory=list)
    waits_for_delete: bool = False
    comes_back: bool = False
    not_created: bool = False
    after: Step | None = None
    settled: threading.Event = field(default_factory=threading.Event)
    """Set when the step ended, or will never begin."""
    succeeded: bool = False

    @property
    def resource(self) -> Resource:
        """The state that the step is about: the new one if there is one."""
        found = self.new or self.old
        if found is None:
            raise ValueError("a step without a resource")
        return found

    @property
    def internal(self) -> bool:
        """Tell whether it is about something that no user wrote."""
        return self.resource.type.startswith(PROVIDER_PREFIX)

    @property
    def counts(self) -> bool:
        """Tell whether it is counted: a replacement has three steps, and is counted once."""
        return self.op in _LOGICAL_OPS and not self.internal and not self.not_created

    def event(self) -> StepStarted:
        """Give the event of its begin."""
        changes = self.diff.changes
        if not changes and self.old is not None and self.new is not None and self.op is not Op.SAME:
            changes = compare(self.old.inputs, self.new.inputs)
        return StepStarted(
            op=self.op,
            urn=self.urn,
            old=self.old,
            new=self.new,
            changes=changes,
            changed_keys=self.diff.changed_keys,
            replace_keys=self.diff.replace_keys,
            internal=self.internal,
        )


_COMPARED_FOR_SAME = (
    "urn",
    "type",
    "custom",
    "custom_timeouts",
    "retain_on_delete",
    "provider",
    "parent",
    "deleted_with",
    "replace_with",
    "protect",
    "additional_secret_outputs",
    "ignore_changes",
    "hide_diff",
    "replace_on_changes",
)


def must_be_saved(old: Resource, new: Resource) -> bool:
    """Tell whether a same step leaves anything that the file does not have yet.

    Source: pulumi notes on the engine, section 5, point 6.
    """
    if any(getattr(old, name) != getattr(new, name) for name in _COMPARED_FOR_SAME):
        return True
    if sorted(old.dependencies) != sorted(new.dependencies):
        return True
    if {key: sorted(urns) for key, urns in old.property_dependencies.items()} != {
        key: sorted(urns) for key, urns in new.property_dependencies.items()
    }:
        return True
    return not equal(old.inputs, new.inputs) or not equal(old.outputs, new.outputs)
