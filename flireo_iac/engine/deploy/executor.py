"""Carries out steps: calls the provider, and keeps the state in step with what happened.

Source: pulumi notes on the engine, sections 2, 5 and 6.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable

from flireo_iac.engine.files.backend import now
from flireo_iac.engine.files.keeper import Keeper
from flireo_iac.engine.files.snapshot import Operation
from flireo_iac.engine.model.events import Emit, Message, Op, Severity, StepEnded
from flireo_iac.engine.model.redact import Redactor
from flireo_iac.engine.model.state import Resource
from flireo_iac.engine.model.urns import PROVIDER_PREFIX
from flireo_iac.engine.model.values import Properties, mark_outputs, mark_secrets
from flireo_iac.engine.planning.steps import Step, must_be_saved
from flireo_iac.engine.processes.call_error import CallError, CutOffError
from flireo_iac.engine.processes.provider_process import ProviderProcess

_POLL_S = 0.2


class StoppedError(Exception):
    """The run was stopped: nothing new begins."""


class StepFailedError(Exception):
    """A step failed; the user was told why.

    Args:
        step: Which one.
        harmless: True when nothing was tried, so that the run may go on: a protected resource.
    """

    def __init__(self, step: Step, *, harmless: bool = False) -> None:
        self.step = step
        self.harmless = harmless
        super().__init__(step.urn)


class Executor:
    """Runs steps, several at a time.

    Args:
        provider: Gives the provider process, configured.
        keeper: The state.
        dry_run: True for a preview: the provider is not called, nothing is written.
        parallel: Provider calls at once, at least 1.
        is_deleted: Tells whether a URN is deleted in this run.
        emit: Takes events.
        redact: Masks secrets.
        stopped: Set as soon as nothing new may begin.
    """

    def __init__(
        self,
        *,
        provider: Callable[[], ProviderProcess],
        keeper: Keeper,
        dry_run: bool,
        parallel: int,
        is_deleted: Callable[[str], bool],
        emit: Emit,
        redact: Redactor,
        stopped: threading.Event,
    ) -> None:
        self._provider = provider
        self._keeper = keeper
        self._dry_run = dry_run
        self._slots = threading.Semaphore(max(parallel, 1))
        self._is_deleted = is_deleted
        self._emit = emit
        self._redact = redact
        self.stopped = stopped
        self.counts: Counter[Op] = Counter()
        self.ended: list[StepEnded] = []
        self.unauthenticated = False
        self._lock = threading.Lock()

    def run(self, step: Step) -> None:
        """Carry out one step.

        Args:
            step: What to do.

        Raises:
            StoppedError: The run was stopped before the step began.
            StepFailedError: It failed.
            StateError: The state cannot be written.
        """
        try:
            self._run(step)
            step.succeeded = True
        finally:
            step.settled.set()

    def _run(self, step: Step) -> None:
        if self.stopped.is_set():
            raise StoppedError
        if step.not_created:
            return
        begun = time.monotonic()
        if step.after is not None:
            self._wait_for(step.after, step, begun)
        if step.op is Op.DELETE and step.resource.protect:
            self._emit(step.event())
            self._end(step, begun, failed=True, text=_PROTECTED)
            raise StepFailedError(step, harmless=True)
        calls = self._calls_provider(step)
        if calls:
            self._slots.acquire()
        try:
            if calls:
                self._provider()  # it may have to come up; the run may be stopped meanwhile
            if self.stopped.is_set():
                raise StoppedError
            self._emit(step.event())
            self._apply(step)
        except CutOffError:
            raise StoppedError from None
        except CallError as error:
            with self._lock:
                self.unauthenticated = self.unauthenticated or error.unauthenticated
            self._end(step, begun, failed=True, text=error.text)
            raise StepFailedError(step) from error
        finally:
            if calls:
                self._slots.release()
        self._end(step, begun, failed=False)

    def _wait_for(self, first: Step, step: Step, begun: float) -> None:
        while not first.settled.wait(_POLL_S):
            if self.stopped.is_set():
                raise StoppedError
        if not first.succeeded:
            self._end(step, begun, failed=True, text="is not made anew, since its former self could not be deleted.")
            raise StepFailedError(step)

    def _end(self, step: Step, begun: float, *, failed: bool, text: str = "") -> None:
        if failed:
            self._emit(Message(self._redact(text), Severity.ERROR, step.urn))
        ended = StepEnded(step.event(), failed, time.monotonic() - begun)
        with self._lock:
            self.ended.append(ended)
            if not failed and step.counts:
                self.counts[Op.DELETE if step.op is Op.DISCARD else step.op] += 1
        self._emit(ended)

    def _has_provider(self, resource: Resource) -> bool:
        return resource.custom and not resource.type.startswith(PROVIDER_PREFIX) and not self._dry_run

    def _calls_provider(self, step: Step) -> bool:
        if step.op in (Op.SAME, Op.REPLACE, Op.REMOVE_PENDING_REPLACE) or not self._has_provider(step.resource):
            return False
        return step.op in (Op.CREATE, Op.CREATE_REPLACEMENT, Op.UPDATE) or not self._is_spared(step.resource)

    def _is_spared(self, old: Resource) -> bool:
        gone_with_another = bool(old.deleted_with) and self._is_deleted(old.deleted_with)
        return old.external or old.retain_on_delete or gone_with_another

    def _apply(self, step: Step) -> None:
        if step.op is Op.SAME:
            self._apply_same(step)
        elif step.op in (Op.CREATE, Op.CREATE_REPLACEMENT):
            self._apply_create(step)
        elif step.op is Op.UPDATE:
            self._apply_update(step)
        elif step.op is Op.REMOVE_PENDING_REPLACE:
            with self._keeper.changing():
                self._keeper.done(step.resource)
            self._keeper.commit()
        elif step.op is not Op.REPLACE:
            self._apply_delete(step)

    def _apply_same(self, step: Step) -> None:
        old, new = _both(step)
        new.id = old.id
        new.outputs = mark_outputs(old.outputs, new.inputs, new.additional_secret_outputs)
        self._swap(old, new)
        if must_be_saved(old, new):
            self._keeper.commit()

    def _swap(self, old: Resource, new: Resource) -> None:
        with self._keeper.changing():
            self._keeper.done(old)
            self._keeper.add(new)
            if old.urn != new.urn:
                self._keeper.rename({old.urn: new.urn})

    def _apply_create(self, step: Step) -> None:
        new = step.resource
        identity = new.id
        outputs: Properties = {}
        operation: Operation | None = None
        failure: CallError | None = None
        if not self._has_provider(new):
            outputs = self._without_call(new)
        else:
            operation = self._keeper.begin("creating", new)
            try:
                identity, outputs = self._provider().create(new.urn, new.inputs, new.custom_timeouts.get("create", 0))
            except CallError as error:
                if error.partial is None or not error.partial.id:
                    self._end_without_answer(operation, error)
                    raise
                failure, identity, outputs = error, error.partial.id, error.partial.outputs
        with self._keeper.changing():  # another step's write may be encoding this resource
            self._take_answer(new, identity, outputs, failure)
            new.created = new.modified
            if operation is not None:
                self._keeper.end(operation)
                self._keeper.forget_cut_off(new.urn)
            if step.waits_for_delete and step.old is not None:
                step.old.delete = True
            if step.old is not None and step.old.pending_replacement:
                self._keeper.done(step.old)
            self._keeper.add(new)
        self._keeper.commit()
        if failure is not None:
            raise failure

    def _without_call(self, new: Resource) -> Properties:
        # A provider entry keeps its configuration as outputs; a preview shows the inputs as outputs.
        return new.inputs if new.custom else {}

    def _apply_update(self, step: Step) -> None:
        old, new = _both(step)
        new.id = old.id
        operation: Operation | None = None
        failure: CallError | None = None
        if not self._has_provider(new):
            outputs = self._without_call(new)
        else:
            operation = self._keeper.begin("updating", new)
            try:
                outputs = self._provider().update(
                    new.urn, old, new.inputs, step.ignored, new.custom_timeouts.get("update", 0)
                )
            except CallError as error:
                if error.partial is None:
                    self._forget(operation)
                    raise
                failure, outputs = error, error.partial.outputs
        with self._keeper.changing():
            self._take_answer(new, old.id, outputs, failure)
            if operation is not None:
                self._keeper.end(operation)
            self._swap(old, new)
        self._keeper.commit()
        if failure is not None:
            raise failure

    def _take_answer(self, new: Resource, identity: str, answer: Properties, failure: CallError | None) -> None:
        if failure is not None and failure.partial is not None:
            new.init_errors = [self._redact(reason) for reason in failure.partial.reasons]
        new.id = identity
        new.modified = now()
        outputs = mark_secrets(answer, new.inputs)
        new.outputs = mark_outputs(outputs, new.inputs, new.additional_secret_outputs)
        self._redact.learn_properties(new.outputs)

    def _end_without_answer(self, operation: Operation, error: CallError) -> None:
        """Forget a create that made nothing; one that may have made something stays pending, for whoever looks."""
        if not error.is_outcome_unknown:
            self._forget(operation)
            return
        with self._keeper.changing():
            self._keeper.keep(operation)
        self._keeper.commit()

    def _forget(self, operation: Operation) -> None:
        with self._keeper.changing():
            self._keeper.end(operation)
        self._keeper.commit()

    def _apply_delete(self, step: Step) -> None:
        old = step.resource
        operation: Operation | None = None
        if self._calls_provider(step):
            operation = self._keeper.begin("deleting", old)
            try:
                self._provider().delete(old)
            except CallError:
                self._forget(operation)
                raise
        with self._keeper.changing():
            if operation is not None:
                self._keeper.end(operation)
            if step.comes_back:
                old.pending_replacement = True
            else:
                self._keeper.done(old)
        self._keeper.commit()


_PROTECTED = (
    "is protected and cannot be deleted. Switch its protection off (protect: false) and run up, then delete it; or "
    "keep it in the program."
)


def _both(step: Step) -> tuple[Resource, Resource]:
    if step.old is None or step.new is None:
        raise ValueError(f"a step {step.op} without both states")
    return step.old, step.new
