"""What the verbs do within a run: update, destroy and refresh, over the state of a stack.

Source: pulumi notes on the engine; the design, section 4.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from flireo_iac.engine.deploy.deployment import Deployment, Settings
from flireo_iac.engine.deploy.refresh import Refreshed, Refresher, provider_config
from flireo_iac.engine.files.backend import Backend
from flireo_iac.engine.files.config import Config
from flireo_iac.engine.files.keeper import Keeper
from flireo_iac.engine.files.keys import Keys
from flireo_iac.engine.files.project import Project
from flireo_iac.engine.files.snapshot import Snapshot
from flireo_iac.engine.files.store import Store
from flireo_iac.engine.model.events import Emit, Event, Phase, Summary
from flireo_iac.engine.model.redact import Redactor
from flireo_iac.engine.model.urns import stack_urn
from flireo_iac.engine.model.values import Properties
from flireo_iac.engine.planning.targets import Targets
from flireo_iac.engine.rehearsal import Rehearsal, rehearsed
from flireo_iac.engine.result import Run
from flireo_iac.engine.serving.processes import Processes
from flireo_iac.engine.serving.program import start_program, watch_program
from flireo_iac.errors import EngineError


@dataclass(frozen=True)
class Choices:
    """How a run was asked for.

    Args:
        parallel: Provider calls at once, at least 1.
        targets: What the run is about.
        continue_on_error: True goes on with what does not depend on what failed.
    """

    parallel: int
    targets: Targets
    continue_on_error: bool


class Verbs:
    """Carries out the verbs over one stack.

    Args:
        project: The project.
        backend: Files of the stack.
        keys: Opens and makes secrets.
        variables: The engine's environment.
        choices: How the run was asked for.
        emit: Takes events.
    """

    def __init__(
        self,
        project: Project,
        backend: Backend,
        keys: Keys,
        variables: Mapping[str, str],
        choices: Choices,
        emit: Emit,
    ) -> None:
        self._project = project
        self._backend = backend
        self._keys = keys
        self._variables = variables
        self._choices = choices
        self._emit = emit
        self._redact = Redactor()
        self.store = Store(project, backend, keys, emit, self._redact)
        self.processes = Processes(project, variables, choices.parallel, self._tell, self._redact)
        self._told: list[Event] | None = None
        self._refreshed: tuple[bytes | None, Refreshed] | None = None
        self._rehearsal: Rehearsal | None = None

    def forget(self) -> None:
        """Forget what a preview found."""
        self._refreshed = self._rehearsal = None

    @property
    def is_rehearsed(self) -> bool:
        """Whether the last preview found nothing to change, so that a run as planned needs no program."""
        return self._rehearsal is not None

    def _tell(self, event: Event) -> None:
        if self._told is not None:
            self._told.append(event)
        self._emit(event)

    def update(self, run: Run, *, refresh: bool, as_planned: bool) -> None:
        """Make what is there what the program says.

        Args:
            run: The run.
            refresh: True reads what is really there first.
            as_planned: True does not run the program again where the last preview found nothing to change.
        """
        self._keys.start(self._backend)
        self.processes.start_provider()
        base, content = self.store.load()
        config = self._keys.config()
        for text in config.secrets():
            self._redact.learn(text)
        run.config = config.shown()
        begun = self._begin(run, base, content, refresh=refresh)
        if begun is None:
            return
        base = begun
        rehearsal, self._rehearsal = self._rehearsal, None
        if as_planned and rehearsal is not None and rehearsal.holds(content, refresh=refresh):
            rehearsal.play(run, self._emit)
            self.save(run, rehearsal.snapshot)
            return
        self._told = [] if run.phase.dry_run else None
        deployment = self._deployment(run, base, config, config.properties(), changed=refresh)
        self.processes.serve().host = deployment
        run.program = start_program(
            self._project,
            deployment.settings,
            self._variables,
            self.processes.serve().address,
            self.processes.hear_line,
        )
        try:
            watch_program(run.program, deployment)
        finally:
            run.program.end()
        deployment.wait_until_idle()
        if not run.stopped.is_set() and not deployment.failed:
            deployment.run_deletes()
        self._finish(run, deployment)
        if self._told is not None:
            self._rehearsal = rehearsed(run, deployment, self._told, content, refresh=refresh)
            self._told = None

    def destroy(self, run: Run, *, refresh: bool) -> None:
        """Delete everything; ``refresh`` reads what is really there first."""
        self._keys.start(self._backend)
        base, content = self.store.load_existing()
        begun = self._begin(run, base, content, refresh=refresh)
        if begun is None:
            return
        base = begun
        deployment = self._deployment(run, base, Config({}, frozenset()), provider_config(base), changed=refresh)
        deployment.run_deletes()
        self._finish(run, deployment)

    def refresh(self, run: Run, *, clear: bool) -> None:
        """Take what is really there into the state; ``clear`` forgets creates whose end was never seen."""
        self._keys.start(self._backend)
        base, _ = self.store.load_existing()
        if not run.phase.dry_run:
            self._keys.for_writing()
        if clear:
            base.operations = []
        else:
            self.store.warn_of_pending(base)
        unknown = self._choices.targets.unknown(resource.urn for resource in base.resources)
        if unknown:
            raise EngineError(f"no resource is called {', '.join(unknown)}, expected URNs of this stack (--target).")
        found = self._refresher(run, base).run(base)
        run.counts += found.counts
        run.steps += found.ended
        run.failed = found.failed
        run.unauthenticated = found.unauthenticated
        self.save(run, found.snapshot)
        self._take_outputs(run, found.snapshot)

    def _begin(self, run: Run, base: Snapshot, content: bytes | None, *, refresh: bool) -> Snapshot | None:
        """Give what a run starts from, after a look at what is really there; None when the run ends here."""
        if not run.phase.dry_run:
            self._keys.for_writing()
        self.store.warn_of_pending(base)
        if not refresh:
            return base
        found = self._refresh_first(run, base, content)
        if found.failed or run.stopped.is_set():
            self.save(run, found.snapshot)
            run.failed = True
            return None
        return found.snapshot

    def _finish(self, run: Run, deployment: Deployment) -> None:
        deployment.failed = deployment.failed or run.cancelled
        deployment.finish()
        run.counts += deployment.executor.counts
        run.steps += deployment.executor.ended
        run.failed = deployment.failed or deployment.planner.failed
        run.unauthenticated = run.unauthenticated or deployment.executor.unauthenticated
        run.outputs = deployment.outputs
        run.old_outputs = deployment.old_outputs
        if run.keeper is not None:
            run.keeper.close(write=deployment.error is None)
        if deployment.error is not None:
            raise deployment.error

    def _deployment(
        self, run: Run, base: Snapshot, config: Config, provider: Properties, *, changed: bool
    ) -> Deployment:
        run.busy = True
        dry_run = run.phase.dry_run
        settings = Settings(
            project=self._project.name,
            stack=self._backend.stack,
            folder=self._project.folder,
            config=config,
            dry_run=dry_run,
            parallel=self._choices.parallel,
            continue_on_error=self._choices.continue_on_error,
            targets=self._choices.targets,
        )
        run.keeper = Keeper(base, None, None) if dry_run else Keeper(base, self._backend, self._keys.for_writing())
        if changed:
            run.keeper.commit()
        return Deployment(
            settings, base, run.keeper, self.processes.configured(provider), self._tell, self._redact, run.stopped
        )

    def save(self, run: Run, snapshot: Snapshot) -> None:
        """Write the state, unless the run is a preview."""
        if run.phase.dry_run:
            return
        run.keeper = Keeper(snapshot, self._backend, self._keys.for_writing())
        run.keeper.close(write=True)

    def _take_outputs(self, run: Run, snapshot: Snapshot) -> None:
        root = snapshot.live().get(stack_urn(self._backend.stack, self._project.name))
        if root is not None:
            run.outputs = run.old_outputs = root.outputs

    # Refresh before another verb

    def _refresh_first(self, run: Run, base: Snapshot, content: bytes | None) -> Refreshed:
        if self._refreshed is not None and self._refreshed[0] == content:
            found = self._refreshed[1]
            self._refreshed = None
            copies = [resource.copy() for resource in found.snapshot.resources]
            return Refreshed(Snapshot(copies, base.operations))
        begun = time.monotonic()
        phase = Phase("refresh", run.phase.dry_run, self._backend.stack, section=True)
        self._emit(phase)
        found = self._refresher(run, base).run(base)
        run.unauthenticated = found.unauthenticated
        self._emit(Summary(phase, found.counts, time.monotonic() - begun, found.failed))
        if run.phase.dry_run and not found.failed:
            kept = [resource.copy() for resource in found.snapshot.resources]
            self._refreshed = (content, Refreshed(Snapshot(kept, base.operations)))
        return found

    def _refresher(self, run: Run, base: Snapshot) -> Refresher:
        run.busy = True
        return Refresher(
            self.processes.configured(provider_config(base)),
            targets=self._choices.targets,
            parallel=self._choices.parallel,
            emit=self._emit,
            redact=self._redact,
            stopped=run.stopped,
        )
