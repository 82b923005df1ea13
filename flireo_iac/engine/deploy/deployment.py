"""One run over a state: what the program registers is planned and carried out, then what is left over is deleted.

Source: pulumi notes on the engine, sections 1, 5 and 6.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pulumi.runtime.proto import resource_pb2

from flireo_iac.engine.deploy.executor import Executor, StepFailedError, StoppedError
from flireo_iac.engine.deploy.lookup import look_up
from flireo_iac.engine.files.config import Config
from flireo_iac.engine.files.keeper import Keeper
from flireo_iac.engine.files.snapshot import Snapshot
from flireo_iac.engine.model.events import Emit, Message, Op, Severity
from flireo_iac.engine.model.redact import Redactor
from flireo_iac.engine.model.state import Resource
from flireo_iac.engine.model.urns import DYNAMIC_PROVIDER_TYPE, STACK_TYPE, make_urn, provider_urn, stack_urn
from flireo_iac.engine.model.values import (
    UNKNOWN_TEXT,
    Properties,
    UnsupportedValueError,
    equal,
    read_struct,
    write_struct,
)
from flireo_iac.engine.planning.decisions import PlanError
from flireo_iac.engine.planning.goal import Goal, RefusedError, read_goal
from flireo_iac.engine.planning.graph import DeletionOrder
from flireo_iac.engine.planning.plan import Planner
from flireo_iac.engine.planning.removal import Removal
from flireo_iac.engine.planning.steps import Step
from flireo_iac.engine.planning.targets import Targets
from flireo_iac.engine.processes.call_error import CallError
from flireo_iac.engine.processes.provider_process import ProviderProcess
from flireo_iac.errors import FlireoError


@dataclass(frozen=True)
class Settings:
    """What a run is told.

    Args:
        project: Name of the project.
        stack: Name of the stack.
        folder: Folder of the project.
        config: Configuration.
        dry_run: True for a preview.
        parallel: Provider calls at once, at least 1.
        continue_on_error: True goes on with what does not depend on what failed.
        targets: What the run is about.
    """

    project: str
    stack: str
    folder: Path
    config: Config
    dry_run: bool
    parallel: int
    continue_on_error: bool
    targets: Targets


class Deployment:
    """A run.

    Args:
        settings: What it is told.
        base: The former state.
        keeper: The state under change; it starts from the same resources.
        provider: Gives the provider process, configured.
        emit: Takes events.
        redact: Masks secrets.
        stopped: Set as soon as nothing new may begin.
    """

    def __init__(
        self,
        settings: Settings,
        base: Snapshot,
        keeper: Keeper,
        provider: Callable[[], ProviderProcess],
        emit: Emit,
        redact: Redactor,
        stopped: threading.Event,
    ) -> None:
        self.settings = settings
        self._base = base
        self._keeper = keeper
        self._emit = emit
        self._redact = redact
        self.planner = Planner(
            base,
            stack=settings.stack,
            project=settings.project,
            provider=provider,
            targets=settings.targets,
            dry_run=settings.dry_run,
            report=self.report,
        )
        self.executor = Executor(
            provider=provider,
            keeper=keeper,
            dry_run=settings.dry_run,
            parallel=settings.parallel,
            is_deleted=self.planner.is_deleted,
            emit=emit,
            redact=redact,
            stopped=stopped,
        )
        self.failed = False
        self.error: Exception | None = None
        self.outputs: Properties = {}
        root = self.planner.olds.live.get(stack_urn(settings.stack, settings.project))
        self.old_outputs: Properties = root.outputs if root else {}
        self._planning = threading.RLock()
        self._registered: dict[str, Resource] = {}
        self._provider_reference = ""
        self._stack_outputs: Properties | None = None
        self._left_out: set[str] = set()  # failed, or needing what failed
        self._failed_steps: list[Step] = []
        self._active = 0
        self._idle = threading.Condition()

    # What the program asks for

    def info(self) -> resource_pb2.DeploymentInfo:
        """Tell the program about the run."""
        settings = self.settings
        return resource_pb2.DeploymentInfo(
            project=settings.project,
            stack=settings.stack,
            organization="organization",
            config=settings.config.values,
            configSecretKeys=sorted(settings.config.secret_keys),
            dryRun=settings.dry_run,
            parallel=settings.parallel,
        )

    def register(self, request: resource_pb2.RegisterResourceRequest) -> resource_pb2.RegisterResourceResponse:
        """Register a resource; returns when it is there.

        Raises:
            StoppedError: The run was stopped; the user was told why.
            RefusedError: The request is not supported.
        """
        with self._counted():
            goal = read_goal(request, self.settings.folder)
            self._redact.learn_properties(goal.properties)
            steps = self._plan(goal)
            resource = next(step.new for step in reversed(steps) if step.new is not None)
            if not self._run_chain(steps, resource):
                return resource_pb2.RegisterResourceResponse(urn=resource.urn, result=resource_pb2.FAIL)
            self._registered[resource.urn] = resource
            return self._answer(resource, left_out=resource.urn in self.planner.skipped_creates)

    def _answer(self, resource: Resource, *, left_out: bool) -> resource_pb2.RegisterResourceResponse:
        outputs = resource.outputs if resource.custom and not left_out else {}
        return resource_pb2.RegisterResourceResponse(
            urn=resource.urn, id=resource.id, object=write_struct(outputs, for_program=True), unknown=left_out
        )

    def _plan(self, goal: Goal) -> list[Step]:
        with self._planning:
            self._refuse_when_stopped()
            try:
                if goal.custom and not self._provider_reference:
                    self._provider_reference = self._register_provider()
                return self.planner.plan(goal, self._provider_reference if goal.custom else "")
            except PlanError as error:
                self.fail(error.text, error.urn)
            except CallError as error:
                self.executor.unauthenticated = self.executor.unauthenticated or error.unauthenticated
                urn = make_urn(self.settings.stack, self.settings.project, goal.parent, goal.type, goal.name)
                self.fail(error.text, urn)
            except FlireoError as error:
                self.stop_with(error)
        raise StoppedError

    def _register_provider(self) -> str:
        """Register the default provider before the first resource that needs it."""
        urn = provider_urn(self.settings.stack, self.settings.project)
        config = self.settings.config.properties()
        old = self.planner.olds.live.get(urn)
        new = Resource(urn, DYNAMIC_PROVIDER_TYPE, custom=True, inputs=config, outputs=config)
        if old is None:
            new.id = self._new_provider_id()
            step = Step(Op.CREATE, urn, None, new)
        else:
            new.id, new.created, new.modified = old.id, old.created, old.modified
            same = equal(old.outputs, config)
            step = Step(Op.SAME if same else Op.UPDATE, urn, old, new)
        self.planner.keep(urn)
        self.executor.run(step)
        return f"{urn}::{new.id}"

    def _new_provider_id(self) -> str:
        return UNKNOWN_TEXT if self.settings.dry_run else str(uuid.uuid4())

    def _run_chain(self, steps: list[Step], resource: Resource) -> bool:
        """Run the steps of one registration; False when it is left out because something failed."""
        if any(needed in self._left_out for needed in resource.needs()):
            self._left_out.add(resource.urn)
            for step in steps:
                step.settled.set()
            return False
        try:
            for step in steps:
                self.executor.run(step)
        except StepFailedError as error:
            self._note_failure(error)
            if not self.settings.continue_on_error:
                raise StoppedError from error
            self._left_out.add(resource.urn)
            return False
        except FlireoError as error:
            self.stop_with(error)
            raise StoppedError from error
        finally:
            for step in steps:
                step.settled.set()
        return True

    def _note_failure(self, error: StepFailedError) -> None:
        self.failed = True
        self._failed_steps.append(error.step)
        if not error.harmless and not self.settings.continue_on_error:
            self.executor.stopped.set()

    def register_outputs(self, request: resource_pb2.RegisterResourceOutputsRequest) -> None:
        """Take the outputs of a component or of the stack.

        Raises:
            StoppedError: The run was stopped.
            RefusedError: An output is of a kind that is not supported.
        """
        with self._counted():
            try:
                outputs = read_struct(request.outputs)
            except UnsupportedValueError as error:
                raise RefusedError(f"an output of {request.urn}: {error}. Use --engine pulumi.") from error
            self._redact.learn_properties(outputs)
            resource = self._registered.get(request.urn)
            if resource is None or resource.urn in self.planner.skipped_creates:
                return
            if resource.type == STACK_TYPE:
                self._stack_outputs = outputs  # they take their place at the end, when the run is known to be good
                return
            old = self.planner.olds.live.get(request.urn)
            with self._keeper.changing():
                resource.outputs = outputs
            if old is None or not equal(old.outputs, outputs):
                try:
                    self._keeper.commit()
                except FlireoError as error:
                    self.stop_with(error)
                    raise StoppedError from error

    def look_up(self, request: resource_pb2.ResourceInvokeRequest) -> resource_pb2.ResourceInvokeResponse:
        """Answer a function call of the program: a look at a registered resource, or at the stack's state.

        Raises:
            RefusedError: It is another one.
        """
        settings = self.settings
        return look_up(request, self._registered, self._base, stack=settings.stack, project=settings.project)

    def refuse(self, text: str) -> None:
        """Stop the run: the program asked for something that is not supported."""
        self.fail(text, "")

    # How a run ends

    def report(self, severity: Severity, urn: str, text: str) -> None:
        """Tell the user something about a resource."""
        self._emit(Message(self._redact(text), severity, urn))

    def fail(self, text: str, urn: str) -> None:
        """Stop the run because of something that the user is told now; an empty text was told before."""
        if text:
            self.report(Severity.ERROR, urn, text)
        self.failed = True
        self.executor.stopped.set()

    def stop_with(self, error: Exception) -> None:
        """Stop the run because of an error that the command reports."""
        self.failed = True
        self.error = self.error or error
        self.executor.stopped.set()

    @property
    def stopped(self) -> threading.Event:
        """Set as soon as nothing new may begin."""
        return self.executor.stopped

    def _refuse_when_stopped(self) -> None:
        if self.executor.stopped.is_set():
            raise StoppedError

    @contextlib.contextmanager
    def _counted(self) -> Iterator[None]:
        with self._idle:
            self._refuse_when_stopped()
            self._active += 1
        try:
            yield
        finally:
            with self._idle:
                self._active -= 1
                self._idle.notify_all()

    def wait_until_idle(self) -> None:
        """Wait until every step that runs has ended and is saved."""
        with self._idle:
            while self._active:
                self._idle.wait(0.5)

    def run_deletes(self) -> None:
        """Delete what the program did not register, and what waits for it."""
        try:
            self.planner.check_targets()
            removal = Removal(
                self._base.resources,
                self.planner.olds,
                self.planner.decided,
                targets=self.settings.targets,
                dry_run=self.settings.dry_run,
                report=self.report,
            )
            layers = removal.plan()
        except PlanError as error:
            self.fail(error.text, error.urn)
            return
        self.failed = self.failed or self.planner.failed or removal.failed
        order = DeletionOrder(self._base.resources)
        with concurrent.futures.ThreadPoolExecutor(max(self.settings.parallel, 1), "delete") as pool:
            for layer in layers:
                needed: set[int] = set()
                for step in self._failed_steps:
                    for state in (step.old, step.new):
                        needed |= order.all_needs(state) if state is not None else set()
                running = [pool.submit(self._delete, step) for step in layer if id(step.resource) not in needed]
                concurrent.futures.wait(running)
                for future in running:
                    future.result()
                if self.executor.stopped.is_set():
                    return

    def _delete(self, step: Step) -> None:
        try:
            self.executor.run(step)
        except StepFailedError as error:
            self._note_failure(error)
        except StoppedError:
            return
        except FlireoError as error:
            self.stop_with(error)

    def finish(self) -> None:
        """Give the stack its outputs; after a failure those that are missing now stay as they were."""
        root = self._registered.get(stack_urn(self.settings.stack, self.settings.project))
        if root is None:
            return
        self.outputs = root.outputs
        if self._stack_outputs is None:
            return
        given = self._stack_outputs
        self.outputs = {**self.old_outputs, **given} if self.failed else given
        if not equal(root.outputs, self.outputs):
            with self._keeper.changing():
                root.outputs = self.outputs
