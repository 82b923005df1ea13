"""The local engine: previews, updates, refreshes and destroys one stack.

Source: pulumi notes on the engine; the design, section 4.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final

from flireo_iac.engine.adopting import Program
from flireo_iac.engine.files.backend import Backend, find_root
from flireo_iac.engine.files.keys import Keys
from flireo_iac.engine.files.project import choose_stack, load_project
from flireo_iac.engine.files.snapshot import Snapshot
from flireo_iac.engine.model.events import Emit, Message, Phase, Severity, Summary
from flireo_iac.engine.planning.targets import Targets
from flireo_iac.engine.processes.interrupts import Interrupts
from flireo_iac.engine.result import Result, Run
from flireo_iac.engine.verbs import Choices, Verbs
from flireo_iac.errors import EngineError, ExitCode

DEFAULT_PARALLEL: Final = 16


class Engine:
    """Runs a stack of a project. Use it as a context manager: it ends its processes.

    Args:
        folder: Folder of the project, or one below it.
        stack: Name of the stack; None takes FLIREO_STACK, PULUMI_STACK or the only stack there is.
        emit: Takes events, from several threads; None drops them.
        environment: Environment variables; None takes those of this process.
        parallel: Provider calls at once, at least 1. A dynamic provider takes four at once.
        targets: URNs that the run is about; none means all.
        continue_on_error: True goes on with what does not depend on what failed.
        message: Kept in the history of the stack.

    Raises:
        SettingsError: The project, the stack or a file of them is wrong.
    """

    def __init__(
        self,
        folder: Path,
        stack: str | None = None,
        *,
        emit: Emit | None = None,
        environment: Mapping[str, str] | None = None,
        parallel: int = DEFAULT_PARALLEL,
        targets: Sequence[str] = (),
        continue_on_error: bool = False,
        message: str = "",
    ) -> None:
        variables = dict(os.environ if environment is None else environment)
        self._variables = variables
        self.project = load_project(folder)
        self.stack = choose_stack(self.project, stack, variables)
        self.backend = Backend(find_root(self.project, variables), self.project.name, self.stack)
        self._emit: Emit = emit or (lambda event: None)
        self._message = message
        self._keys = Keys(self.project, self.stack, variables)
        choices = Choices(parallel, Targets(targets), continue_on_error)
        self._verbs = Verbs(self.project, self.backend, self._keys, variables, choices, self._emit)

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the provider process and the services."""
        self._verbs.processes.close()

    def tell_children(self, name: str, value: str) -> None:
        """Set an environment variable of the program and the provider, before a run."""
        self._variables[name] = value

    # What a user can ask for

    @property
    def is_rehearsed(self) -> bool:
        """Whether the last preview found nothing to change, so that an ``up`` as planned takes no time of its own."""
        return self._verbs.is_rehearsed

    def preview(self, *, refresh: bool = False) -> Result:
        """Tell what an update would do; nothing is changed, and no lock is taken.

        Args:
            refresh: True reads what is really there first.

        Raises:
            FlireoError: Files, passphrase, state, program or provider are not usable.
        """
        return self._run(
            "preview", dry_run=True, body=lambda run: self._verbs.update(run, refresh=refresh, as_planned=False)
        )

    def up(self, *, refresh: bool = False, as_planned: bool = False) -> Result:
        """Make what is there what the program says.

        Args:
            refresh: True reads what is really there first, unless a preview of this engine just did.
            as_planned: True does not run the program again where a preview of this engine just found nothing to
                change; nothing but the state is looked at for that.

        Raises:
            FlireoError: Files, passphrase, state, lock, program or provider are not usable.
        """
        return self._run(
            "update",
            dry_run=False,
            body=lambda run: self._verbs.update(run, refresh=refresh, as_planned=as_planned),
        )

    def refresh(self, *, preview: bool = False, clear_pending_creates: bool = False) -> Result:
        """Take what is really there into the state.

        Args:
            preview: True only tells what would change in the state.
            clear_pending_creates: True forgets creates whose end was never seen.

        Raises:
            FlireoError: Passphrase, state, lock or provider are not usable.
        """
        return self._run(
            "refresh", dry_run=preview, body=lambda run: self._verbs.refresh(run, clear=clear_pending_creates)
        )

    def destroy(self, *, preview: bool = False, refresh: bool = False) -> Result:
        """Delete everything.

        Args:
            preview: True only tells what would be deleted.
            refresh: True reads what is really there first.

        Raises:
            FlireoError: Passphrase, state, lock or provider are not usable.
        """
        return self._run("destroy", dry_run=preview, body=lambda run: self._verbs.destroy(run, refresh=refresh))

    def state(self, *, may_be_new: bool = False) -> Snapshot:
        """Read the state.

        Args:
            may_be_new: True gives an empty one for a stack that is not there yet.

        Raises:
            EngineError: There is no such stack.
            FlireoError: State or passphrase are not usable.
        """
        store = self._verbs.store
        return (store.load() if may_be_new else store.load_existing())[0]

    def program(self, base: Snapshot) -> Program:
        """Give the program of the stack, to be run over a state without anything being carried out.

        Raises:
            PassphraseError: The passphrase is missing or wrong.
        """
        return Program(self.project, self.stack, base, self._keys.config(), self._variables, self._emit)

    def config(self) -> dict[str, str]:
        """Give the configuration of the stack by full key, secrets in clear.

        Raises:
            PassphraseError: The passphrase is missing or wrong.
        """
        return self._keys.config().values

    def settle(self, change: Callable[[Snapshot], None], *, may_be_new: bool = False) -> None:
        """Change the state without running anything.

        Args:
            change: Changes it, with the lock held; raises when it cannot.
            may_be_new: True makes a state for a stack that is not there yet.

        Raises:
            EngineError: It was interrupted; the state is as it was, or changed.
            FlireoError: Passphrase, state or lock are not usable.
        """

        def body(run: Run) -> None:
            self._keys.start(self.backend)
            base = self.state(may_be_new=may_be_new)
            self._keys.for_writing()
            change(base)
            self._verbs.save(run, base)

        result = self._run("import", dry_run=False, body=body)
        if result.exit_code != ExitCode.DONE:
            what = "interrupted while its state was changed. The state is as before or as wanted: run again."
            raise EngineError(f'stack "{self.stack}": {what}', exit_code=result.exit_code)

    def forget(self) -> None:
        """Forget what a preview read: time has passed since, as when a person had to answer."""
        self._verbs.forget()
        self._verbs.processes.end_provider()  # it may remember too

    # The course of a run

    def _run(self, verb: str, *, dry_run: bool, body: Callable[[Run], None]) -> Result:
        run = Run(Phase(verb, dry_run, self.stack), time.monotonic())
        started_at = int(time.time())
        self._emit(run.phase)
        hard_stop = False
        try:
            with Interrupts(lambda: self._stop(run), lambda: self._stop_at_once(run)), self._locked(dry_run=dry_run):
                body(run)
                run.settled = True
                run.failed = run.failed or run.cancelled
                if not dry_run:
                    self._add_history(run, started_at)
        except KeyboardInterrupt:
            hard_stop = run.failed = True
            self._end_children(run)
            self.backend.unlock()  # where the signal hit while it was given back
            self._tell_cut_off(run)
        finally:
            self._verbs.processes.release()
        seconds = time.monotonic() - run.begun
        self._emit(
            Summary(
                run.phase,
                run.counts,
                seconds,
                run.failed,
                run.outputs,
                run.old_outputs,
                run.config,
                stopped=run.cancelled or hard_stop,
            )
        )
        exit_code = ExitCode.CANCELLED if hard_stop else run.exit_code()
        return Result(verb, dry_run, run.counts, tuple(run.steps), run.outputs, run.failed, exit_code, seconds)

    @contextmanager
    def _locked(self, *, dry_run: bool) -> Iterator[None]:
        if dry_run:
            yield
            return
        try:
            for lock in self.backend.lock():
                words = f"a run that is gone left its lock, which is removed: it was held by {lock.holder}."
                self._emit(Message(words, Severity.WARNING))
            yield
        finally:
            self.backend.unlock()

    def _stop(self, run: Run) -> None:
        if run.settled:
            return  # all is done and said to be so; what is left is a moment
        if not run.busy:
            raise KeyboardInterrupt  # nothing runs yet, there is nothing to wait for
        run.cancelled = True
        run.stopped.set()
        self._emit(
            Message(
                "stopping: what runs may end and is saved, nothing new begins. Ctrl-C again stops at once.",
                Severity.WARNING,
            )
        )

    def _stop_at_once(self, run: Run) -> None:
        # In a signal handler: the main thread may hold any lock, so nothing may be waited for.
        if run.keeper is not None:
            run.cut_off = run.keeper.freeze()
        if run.program is not None:
            run.program.kill()
        self._verbs.processes.cut_off()

    def _end_children(self, run: Run) -> None:
        if run.program is not None:
            run.program.end()
        self._verbs.processes.end_provider()

    def _tell_cut_off(self, run: Run) -> None:
        if run.cut_off and not run.phase.dry_run:
            lines = "\n".join(f"  {operation.type} {operation.resource.urn}" for operation in run.cut_off)
            words = (
                "stopped at once; whether these happened is not known, they stay in the state as pending. Run again."
            )
            self._emit(Message(f"{words}\n{lines}", Severity.WARNING))

    def _add_history(self, run: Run, started_at: int) -> None:
        self.backend.add_history(
            {
                "kind": run.phase.verb,
                "startTime": started_at,
                "message": self._message,
                "environment": {},
                "config": self._keys.stack_config.values,
                "result": "failed" if run.failed else "succeeded",
                "endTime": int(time.time()),
                "version": 0,
                "resourceChanges": {str(op): count for op, count in run.counts.items()},
            }
        )
