"""Decides what is deleted after the program: what it did not register, and what waits for its deletion.

Source: pulumi notes on the engine, section 5, "After the program" and "Targets".
"""

from __future__ import annotations

from flireo_iac.engine.model.events import Op, Severity
from flireo_iac.engine.model.state import Resource
from flireo_iac.engine.planning.decisions import Decisions, PlanError, Report, delete_op
from flireo_iac.engine.planning.graph import DeletionOrder
from flireo_iac.engine.planning.naming import OldStates
from flireo_iac.engine.planning.steps import Step
from flireo_iac.engine.planning.targets import Targets


class Removal:
    """Plans deletions.

    Args:
        resources: The former state.
        olds: The same by URN, with the new names that registrations gave.
        decided: What the registrations led to.
        targets: What the run is about.
        dry_run: True for a preview.
        report: Takes what the user has to know.
    """

    def __init__(
        self,
        resources: list[Resource],
        olds: OldStates,
        decided: Decisions,
        *,
        targets: Targets,
        dry_run: bool,
        report: Report,
    ) -> None:
        self._resources = resources
        self._olds = olds
        self._decided = decided
        self._targets = targets
        self._dry_run = dry_run
        self._report = report
        self.failed = False

    def plan(self) -> list[list[Step]]:
        """Decide what is deleted after the program: what was not registered, and what waits for it.

        Returns:
            Layers; the steps of one may run in parallel.

        Raises:
            PlanError: Something outside the targets would have to go.
        """
        allowed = self._targets.with_dependents(self._resources) if self._targets.limited else None
        steps: dict[int, Step] = {}
        for resource in self._resources:
            if allowed is not None and resource.urn not in allowed:
                continue
            step = self._plan_delete(resource)
            if step is not None:
                self._decided.deleted.add(resource.urn)
                steps[id(resource)] = step
        self._refuse_untargeted(list(steps.values()))
        layers = DeletionOrder(self._resources).layers(step.resource for step in steps.values())
        return [[steps[id(resource)] for resource in layer] for layer in layers]

    def _plan_delete(self, resource: Resource) -> Step | None:
        if resource.delete:
            if self._decided.early_deletion(resource) is not None:
                return None
            return Step(delete_op(resource, replacing=True), resource.urn, resource)
        if self._olds.current_urn(resource.urn) in self._decided.kept:
            return None
        if resource.pending_replacement:
            return Step(Op.REMOVE_PENDING_REPLACE, resource.urn, resource)
        return Step(delete_op(resource, replacing=False), resource.urn, resource)

    def _refuse_untargeted(self, steps: list[Step]) -> None:
        outside = [step.urn for step in steps if self._targets.limited and not self._targets.names(step.urn)]
        if not outside:
            return
        self.failed = True
        for urn in outside:
            self._report(
                Severity.ERROR, urn, f"has to be deleted with the targets and is none. Add it: --target '{urn}'."
            )
        if not self._dry_run:
            raise PlanError(outside[0])
