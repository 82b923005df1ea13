"""A run as one JSON document, in the form of ``pulumi preview --json``."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

from flireo_iac.engine.model.diff import detailed
from flireo_iac.engine.model.events import Event, Message, Op, Phase, Severity, StepEnded, Summary
from flireo_iac.engine.model.state import Resource, plain_resource
from flireo_iac.engine.model.urns import STACK_TYPE, type_of
from flireo_iac.engine.model.values import masked


class JsonReport:
    """Takes events and makes the document of the last run that was summarised.

    Args:
        sames: True keeps steps that change nothing, as ``--show-sames`` of the program does.
    """

    def __init__(self, *, sames: bool = False) -> None:
        self._sames = sames
        self._lock = threading.RLock()
        self._steps: list[dict[str, Any]] = []
        self._drift: list[dict[str, Any]] = []
        self._diagnostics: list[dict[str, Any]] = []
        self.document: dict[str, Any] = {}

    def __call__(self, event: Event) -> None:
        """Take an event."""
        with self._lock:
            if isinstance(event, StepEnded):
                self._take_step(event)
            elif isinstance(event, Message):
                self._take_message(event)
            elif isinstance(event, Summary):
                self._summarise(event)

    def fail(self, why: str) -> None:
        """Make the document of a run that an error ended before its summary: what it did so far, and why it ended."""
        with self._lock:
            self._diagnostics.append({"message": why, "severity": str(Severity.ERROR)})
            counts = Counter(Op(step["op"]) for step in self._steps)
            self._summarise(Summary(Phase("", dry_run=False, stack=""), counts, 0.0, failed=True))

    def _take_step(self, event: StepEnded) -> None:
        step = event.started
        is_left_out = step.op is Op.SAME and not self._sames and type_of(step.urn) != STACK_TYPE
        if is_left_out or step.internal:
            return
        plain: dict[str, Any] = {"op": str(step.op), "urn": step.urn}
        if step.new is not None and step.new.provider:
            plain["provider"] = step.new.provider
        if step.old is not None:
            plain["oldState"] = _shown(step.old)
        if step.new is not None:
            plain["newState"] = _shown(step.new)
        if step.changed_keys or step.changes:
            keys = step.changed_keys or dict.fromkeys(str(change.path[0]) for change in step.changes)
            plain["diffReasons"] = list(keys)
        if step.replace_keys:
            plain["replaceReasons"] = list(step.replace_keys)
        plain["detailedDiff"] = detailed(step.changes) or None
        if event.failed:
            plain["failed"] = True
        self._steps.append(plain)

    def _take_message(self, event: Message) -> None:
        if event.ephemeral:
            return
        plain = {"message": event.text, "severity": str(event.severity)}
        self._diagnostics.append({"urn": event.urn, **plain} if event.urn else plain)

    def _summarise(self, event: Summary) -> None:
        if event.phase.section:
            self._drift, self._steps = self._steps, []
            return
        self.document = {
            "config": event.config,
            "steps": self._steps,
            "diagnostics": self._diagnostics,
            "duration": int(event.seconds * 1_000_000_000),
            "changeSummary": {str(op): count for op, count in event.counts.items()},
            "result": "stopped" if event.stopped else "failed" if event.failed else "succeeded",
            "outputs": masked(event.outputs),
        }
        if self._drift:
            self.document["refresh"] = self._drift
        self._steps, self._drift, self._diagnostics = [], [], []


def _shown(resource: Resource) -> dict[str, Any]:
    shown = resource.copy()
    shown.inputs = masked(resource.inputs)
    shown.outputs = masked(resource.outputs)
    return plain_resource(shown, lambda place, text: "[secret]")
