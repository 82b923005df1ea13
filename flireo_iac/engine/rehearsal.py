"""A preview that found nothing to change and nothing to warn of: its run need not run the program again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from flireo_iac.engine.deploy.deployment import Deployment
from flireo_iac.engine.files.snapshot import Snapshot
from flireo_iac.engine.model.events import Emit, Event, Message, Op, Severity, StepEnded
from flireo_iac.engine.model.values import Properties, Unknown, contains, equal
from flireo_iac.engine.result import Run


@dataclass(frozen=True)
class Rehearsal:
    """A preview of a run that changes nothing.

    Args:
        content: The state's file that it began from; None when there was none.
        refreshed: True when it read what is really there first.
        snapshot: The state that it came to.
        events: What it told.
        counts: Resources by what was done to them.
        steps: Every step that ended.
        outputs: Outputs of the stack.
        old_outputs: Outputs of the stack before.
    """

    content: bytes | None
    refreshed: bool
    snapshot: Snapshot
    events: tuple[Event, ...]
    counts: Counter[Op]
    steps: tuple[StepEnded, ...]
    outputs: Properties
    old_outputs: Properties

    def holds(self, content: bytes | None, *, refresh: bool) -> bool:
        """Tell whether a run from this state would come to the same."""
        return self.content == content and self.refreshed == refresh

    def play(self, run: Run, emit: Emit) -> None:
        """Tell what the preview told, as the outcome of a run."""
        for event in self.events:
            emit(event)
        run.counts += self.counts
        run.steps += self.steps
        run.outputs, run.old_outputs = self.outputs, self.old_outputs


def rehearsed(
    run: Run, deployment: Deployment, events: Sequence[Event], content: bytes | None, *, refresh: bool
) -> Rehearsal | None:
    """Keep a preview that ended; None when its run would do something, or would know more than it does.

    Args:
        run: The preview.
        deployment: What it did.
        events: What it told since its steps began.
        content: The state's file that it began from.
        refresh: True when it read what is really there first.
    """
    is_whole = run.phase.dry_run and not run.failed and not deployment.settings.targets.limited
    if not is_whole or run.keeper is None or any(ended.started.op is not Op.SAME for ended in run.steps):
        return None
    snapshot = run.keeper.snapshot()
    values = [part for resource in snapshot.resources for part in (resource.inputs, resource.outputs)]
    if any(contains(value, Unknown) for value in values) or not equal(run.outputs, run.old_outputs):
        return None
    if any(isinstance(event, Message) and event.severity is not Severity.INFO for event in events):
        return None  # what is a warning in a preview may stop a run
    lasting = tuple(event for event in events if not (isinstance(event, Message) and event.ephemeral))
    return Rehearsal(content, refresh, snapshot, lasting, run.counts, tuple(run.steps), run.outputs, run.old_outputs)
