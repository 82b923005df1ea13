"""``flireo preview``, ``up``, ``refresh``, ``destroy`` and ``cancel``: one stack, on either engine."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from flireo_iac.allow import VARIABLE, Allowed
from flireo_iac.cli import output
from flireo_iac.cli._choosing import EngineChoice, ask, must_ask, pulumi_program
from flireo_iac.cli._state import told
from flireo_iac.errors import ExitCode

if TYPE_CHECKING:
    from flireo_iac.engine.model.events import Emit
    from flireo_iac.engine.result import Result
    from flireo_iac.engine.run import Engine
    from flireo_iac.engine.show.display import TextDisplay
    from flireo_iac.engine.show.report import JsonReport

_PROGRAM = "pulumi"


_STACK = typer.Option(None, "-s", "--stack", help="Name of the stack; default FLIREO_STACK, or the only one there is.")
_CWD = typer.Option(Path(), "-C", "--cwd", help="Folder of the stack.", show_default="here")
_YES = typer.Option(False, "-y", "--yes", help="Do not ask.")
_ENGINE = typer.Option(EngineChoice.AUTO, "--engine", help="auto takes the pulumi program if it is on PATH.")
_REFRESH = typer.Option(False, "-r", "--refresh", help="Read what is really there first.")
_EXPECT = typer.Option(False, "--expect-no-changes", help="Exit with 7 if there are changes.")
_JSON = typer.Option(False, "-j", "--json", help="Print JSON: one document; an up on pulumi prints one event a line.")
_DIFF = typer.Option(False, "--diff", help="Show every changed property.")
_TARGET = typer.Option(None, "-t", "--target", help="URN to limit the run to; * and ** stand for any text. Repeatable.")
_SKIP = typer.Option(False, "-f", "--skip-preview", help="Do not show what would happen first.")
_GO_ON = typer.Option(False, "--continue-on-error", help="Go on with what does not depend on what failed.")
_PARALLEL = typer.Option(None, "-p", "--parallel", min=1, help="Operations at once; the local engine does 16.")
_MESSAGE = typer.Option("", "-m", "--message", help="Kept in the history of the stack.")
_ALLOW = typer.Option(None, "--allow", help="Let the run do what has to be asked for; it says what. Repeatable.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (preview, up, refresh, destroy, cancel):
        app.command(command.__name__)(command)


def preview(
    stack: str | None = _STACK,
    cwd: Path = _CWD,
    engine: EngineChoice = _ENGINE,
    refresh: bool = _REFRESH,
    expect_no_changes: bool = _EXPECT,
    as_json: bool = _JSON,
    diff: bool = _DIFF,
    target: list[str] | None = _TARGET,
    parallel: int | None = _PARALLEL,
    message: str = _MESSAGE,
    allow: list[str] | None = _ALLOW,
) -> None:
    """Say what up would do. Changes nothing."""
    choice = _Choice("preview", stack, cwd, target, parallel, message, allow=allow)
    choice.flags.update({"--refresh": refresh, "--expect-no-changes": expect_no_changes, "--json": as_json})
    choice.flags["--diff"] = diff
    choice.hand_over(engine)
    with _Session(choice, as_json=as_json, diff=diff) as session:
        result = session.show_plan(lambda run: run.preview(refresh=refresh), is_refreshed=refresh)
        session.exit(result, expect_no_changes=expect_no_changes)


def up(
    stack: str | None = _STACK,
    cwd: Path = _CWD,
    yes: bool = _YES,
    engine: EngineChoice = _ENGINE,
    refresh: bool = _REFRESH,
    expect_no_changes: bool = _EXPECT,
    as_json: bool = _JSON,
    diff: bool = _DIFF,
    target: list[str] | None = _TARGET,
    skip_preview: bool = _SKIP,
    continue_on_error: bool = _GO_ON,
    parallel: int | None = _PARALLEL,
    message: str = _MESSAGE,
    allow: list[str] | None = _ALLOW,
) -> None:
    """Make what is there what the stack says."""
    from flireo_iac.cli._gates import obey

    choice = _Choice("up", stack, cwd, target, parallel, message, continue_on_error, allow)
    choice.flags.update({"--refresh": refresh, "--expect-no-changes": expect_no_changes, "--json": as_json})
    choice.flags.update({"--diff": diff, "--yes": yes, "--skip-preview": skip_preview})
    obey("up", cwd, stack, engine)
    choice.hand_over(engine)
    asks = choice.must_ask(yes=yes or skip_preview, as_json=as_json)
    with _Session(choice, as_json=as_json, diff=diff) as session:
        session.plan_first(lambda run: run.preview(refresh=refresh), is_shown=not skip_preview)
        session.stop_what_must_be_asked_for()
        session.foresee(is_read=refresh and not asks)
        if asks:
            session.ask("Do you want to perform this update?")
        result = session.show(lambda run: run.up(refresh=refresh, as_planned=not asks))
        session.exit(result, expect_no_changes=expect_no_changes)


def refresh(
    stack: str | None = _STACK,
    cwd: Path = _CWD,
    yes: bool = _YES,
    engine: EngineChoice = _ENGINE,
    preview_only: bool = typer.Option(False, "--preview-only", help="Only say what would change in the state."),
    clear_pending_creates: bool = typer.Option(
        False, "--clear-pending-creates", help="Forget creates whose end was never seen."
    ),
    expect_no_changes: bool = _EXPECT,
    as_json: bool = _JSON,
    diff: bool = _DIFF,
    target: list[str] | None = _TARGET,
    skip_preview: bool = _SKIP,
    parallel: int | None = _PARALLEL,
    message: str = _MESSAGE,
    allow: list[str] | None = _ALLOW,
) -> None:
    """Take what is really there into the state. Changes nothing else."""
    choice = _Choice("refresh", stack, cwd, target, parallel, message, allow=allow)
    choice.flags.update({"--expect-no-changes": expect_no_changes, "--json": as_json, "--diff": diff, "--yes": yes})
    choice.flags.update({"--preview-only": preview_only, "--clear-pending-creates": clear_pending_creates})
    choice.flags["--skip-preview"] = skip_preview
    choice.hand_over(engine)
    asks = not preview_only and choice.must_ask(yes=yes or skip_preview, as_json=as_json)
    with _Session(choice, as_json=as_json, diff=diff) as session:
        if asks:
            session.plan_first(lambda run: run.refresh(preview=True), is_shown=True)
            session.ask("Do you want to take this into the state?")
        session.foresee_refresh()
        result = session.show(
            lambda run: run.refresh(preview=preview_only, clear_pending_creates=clear_pending_creates)
        )
        session.exit(result, expect_no_changes=expect_no_changes)


def destroy(
    stack: str | None = _STACK,
    cwd: Path = _CWD,
    yes: bool = _YES,
    engine: EngineChoice = _ENGINE,
    refresh: bool = _REFRESH,
    as_json: bool = _JSON,
    diff: bool = _DIFF,
    target: list[str] | None = _TARGET,
    skip_preview: bool = _SKIP,
    continue_on_error: bool = _GO_ON,
    parallel: int | None = _PARALLEL,
    message: str = _MESSAGE,
    allow: list[str] | None = _ALLOW,
) -> None:
    """Delete everything that the stack made."""
    choice = _Choice("destroy", stack, cwd, target, parallel, message, continue_on_error, allow)
    choice.flags.update({"--refresh": refresh, "--json": as_json, "--diff": diff, "--yes": yes})
    choice.flags["--skip-preview"] = skip_preview
    choice.hand_over(engine)
    asks = choice.must_ask(yes=yes or skip_preview, as_json=as_json)
    with _Session(choice, as_json=as_json, diff=diff) as session:
        session.plan_first(lambda run: run.destroy(preview=True, refresh=refresh), is_shown=not skip_preview)
        session.foresee(is_read=refresh and not asks)
        if asks:
            session.ask(f"Do you want to delete all this from the stack {session.engine.stack}?")
        session.exit(session.show(lambda run: run.destroy(refresh=refresh)))


def cancel(
    stack: str | None = _STACK,
    cwd: Path = _CWD,
    yes: bool = _YES,
    engine: EngineChoice = _ENGINE,
) -> None:
    """Remove the lock that a run left behind."""
    choice = _Choice("cancel", stack, cwd, None, None, "")
    choice.flags["--yes"] = yes
    choice.hand_over(engine)
    with _Session(choice, as_json=False, diff=False) as session:
        locks = session.engine.backend.locks()
        if not locks:
            output.note(f'stack "{session.engine.stack}": is not locked.')
            return
        for lock in locks:
            output.note(f"locked by {lock.holder}{' (that process is gone)' if lock.gone else ''}")
        if choice.must_ask(yes=yes, as_json=False):
            session.ask("Remove the lock? A run that still goes on would then write over another one.")
        for lock in locks:
            lock.path.unlink(missing_ok=True)
        output.note(f'stack "{session.engine.stack}": is not locked any more.')


class _Choice:
    """What was asked for, and on which engine it runs."""

    def __init__(
        self,
        verb: str,
        stack: str | None,
        cwd: Path,
        target: list[str] | None,
        parallel: int | None,
        message: str,
        continue_on_error: bool = False,
        allow: list[str] | None = None,
    ) -> None:
        self.verb = verb
        self.stack = stack
        self.cwd = cwd
        self.targets = target or []
        self.parallel = parallel
        self.message = message
        self.continue_on_error = continue_on_error
        self.flags = {"--continue-on-error": continue_on_error}
        self.allowed = Allowed.load(os.environ, allow or [])
        os.environ[VARIABLE] = str(self.allowed)  # the provider of either engine reads it there

    def hand_over(self, engine: EngineChoice) -> None:
        """Become the pulumi program, if it is to run."""
        program = pulumi_program(engine)
        if program is None:
            return
        from flireo_iac.engine.hand_over import ensure_stack, exported, named_stack

        self.stack = named_stack(self.cwd, self.stack)
        if self.stack and self.verb in ("preview", "up"):
            ensure_stack(program, self.cwd, self.stack)
        if self.verb == "up":
            os.environ.update(told(exported(program, self.cwd, self.stack)))
            self._plan_on(program)
        sys.stdout.flush()
        sys.stderr.flush()
        os.execvp(program, self.arguments())  # noqa: S606 - the same command on the other engine

    def _plan_on(self, program: str) -> None:
        """Have the program plan, and stop what has to be asked for: its own up has no hook before the first write."""
        from flireo_iac.cli._costs import foreseen, settings_of, tell
        from flireo_iac.cli._planning import plan_of_pulumi, stop_what_must_be_asked_for
        from flireo_iac.plan.forecast import requests_of, requests_of_refresh

        output.note("planning ...")
        command = [program, "preview", *self._options()]
        is_refreshed = self.flags["--refresh"]
        begun = time.monotonic()
        plan = plan_of_pulumi([*command, "--refresh"] if is_refreshed else command)
        plan_s = time.monotonic() - begun
        stop_what_must_be_asked_for(self.verb, plan, self.allowed)
        # Its up previews, too, in another provider process that reads for itself.
        runs = 1 if self.flags["--skip-preview"] else 2
        refresh = requests_of_refresh(plan) * runs if is_refreshed else []
        waves = requests_of(plan, self.allowed, plan.kinds_before if is_refreshed else frozenset())
        tell(foreseen([*refresh, *waves], settings_of({}), plan_s, runs))

    def arguments(self) -> list[str]:
        """Give the command line for the pulumi program."""
        flags = [flag for flag, is_set in self.flags.items() if is_set]
        return [_PROGRAM, self.verb, *self._options(), *flags]

    def _options(self) -> list[str]:
        """Give the options with a value, the same for every verb of the program."""
        found: list[str] = []
        if self.stack and self.verb == "cancel":
            found += [self.stack]
        elif self.stack:
            found += ["--stack", self.stack]
        if self.cwd != Path():
            found += ["--cwd", str(self.cwd)]
        for urn in self.targets:
            found += ["--target", urn]
        if self.parallel is not None:
            found += ["--parallel", str(self.parallel)]
        return [*found, "--message", self.message] if self.message else found

    def must_ask(self, *, yes: bool, as_json: bool) -> bool:
        """Tell whether a person has to agree; without one that is an error, before anything is done."""
        return must_ask(self.verb, yes=yes, as_json=as_json)


class _Session:
    """An engine with its display."""

    def __init__(self, choice: _Choice, *, as_json: bool, diff: bool) -> None:
        from rich.console import Console

        from flireo_iac.cli._costs import Costs
        from flireo_iac.cli._planning import Recorder
        from flireo_iac.engine.run import DEFAULT_PARALLEL, Engine
        from flireo_iac.engine.show.display import TextDisplay
        from flireo_iac.engine.show.report import JsonReport

        self.report: JsonReport | None = None
        self.display: TextDisplay | None = None
        shown: Emit
        if as_json:
            shown = self.report = JsonReport()
        else:
            console = Console(file=output.steady_stdout(), highlight=False, soft_wrap=True)
            live = console.is_terminal and not os.environ.get("CI")
            shown = self.display = TextDisplay(console, diff=diff, live=live)
            if live and choice.verb in ("up", "refresh", "destroy"):
                self._ask_passphrase()
        self._choice = choice
        self._recorder = Recorder(shown)
        self._costs = Costs()
        self.engine: Engine = Engine(
            choice.cwd,
            choice.stack,
            emit=self._recorder,
            parallel=choice.parallel or DEFAULT_PARALLEL,
            targets=choice.targets,
            continue_on_error=choice.continue_on_error,
            message=choice.message,
        )
        if choice.verb == "up":
            for name, value in told(self.engine.backend.read()).items():
                self.engine.tell_children(name, value)

    @staticmethod
    def _ask_passphrase() -> None:
        """Ask before the live display begins, which would wipe the question away."""
        known = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE")
        if sys.stdin.isatty() and not any(name in os.environ for name in known):
            os.environ[known[0]] = typer.prompt(
                "Passphrase of the stack", hide_input=True, default="", show_default=False, err=True
            )

    def __enter__(self) -> _Session:
        return self

    def __exit__(self, *error: object) -> None:
        if self.display is not None:
            self.display.close()
        self.engine.close()
        self._costs.close()

    def show(self, action: Callable[[Engine], Result]) -> Result:
        """Run a verb, and print its document if one was asked for."""
        self._costs.start()
        result = action(self.engine)
        self._costs.stop()
        if self.report is not None:
            output.data_json({**self.report.document, **self._costs.plain()})
        elif result.exit_code == ExitCode.DONE and (compared := self._costs.comparison()) is not None:
            output.note(compared)
        return result

    def show_plan(self, action: Callable[[Engine], Result], *, is_refreshed: bool) -> Result:
        """Run a preview, and say what it means for an up.

        Args:
            action: Makes the plan.
            is_refreshed: True when the plan has read what is really there.
        """
        from flireo_iac.cli._planning import plain_rails, warn_of_rails

        result = action(self.engine)
        if result.exit_code == ExitCode.DONE:
            self.foresee(is_read=False, with_refresh=is_refreshed)
            warn_of_rails(self._recorder.plan, self._choice.allowed)
        if self.report is not None:
            rails = {"rails": plain_rails(self._recorder.plan, self._choice.allowed)}
            output.data_json({**self.report.document, **self._costs.plain(), **rails})
        return result

    def plan_first(self, action: Callable[[Engine], Result], *, is_shown: bool) -> None:
        """Plan a run; the command ends here when the plan fails.

        Args:
            action: Makes the plan.
            is_shown: False shows it only when it fails.
        """
        result = action(self.engine) if is_shown else self._recorder.quietly(lambda: action(self.engine))
        if result.exit_code != ExitCode.DONE:
            if self.report is not None:
                output.data_json(self.report.document)
            raise typer.Exit(result.exit_code)
        if is_shown and self.display is not None:
            self.display.diff = False  # what was shown need not be shown again
            output.data("")

    def stop_what_must_be_asked_for(self) -> None:
        """End the command here when the plan does what has to be asked for."""
        from flireo_iac.cli._planning import stop_what_must_be_asked_for

        stop_what_must_be_asked_for(self._choice.verb, self._recorder.plan, self._choice.allowed)

    def foresee(self, *, is_read: bool, with_refresh: bool = False) -> None:
        """Say what the planned run is going to cost.

        Args:
            is_read: True when the provider process of the run has read what is there already.
            with_refresh: True counts the refresh, too.
        """
        from flireo_iac.plan.forecast import requests_of, requests_of_refresh

        plan = self._recorder.plan
        waves = requests_of(plan, self._choice.allowed, plan.kinds_before if is_read or with_refresh else frozenset())
        refresh = requests_of_refresh(plan) if with_refresh else []
        self._costs.foresee([*refresh, *waves], self.engine.config(), self._recorder.seconds)

    def foresee_refresh(self) -> None:
        """Count what the refresh of the state is going to cost."""
        from flireo_iac.plan.forecast import requests_of_refresh
        from flireo_iac.plan.read import read_state

        plan = read_state(self.engine.backend.read())
        self._costs.foresee(requests_of_refresh(plan), self.engine.config(), None)

    def ask(self, question: str) -> None:
        """Ask a person; the command ends here when the answer is not yes."""
        ask(question)
        self.engine.forget()

    def exit(self, result: Result, *, expect_no_changes: bool = False) -> NoReturn:
        """End the command."""
        if result.exit_code == ExitCode.DONE and expect_no_changes and result.has_changes:
            output.error("there are changes, expected none (--expect-no-changes).")
            raise typer.Exit(ExitCode.DIFFERENCES)
        raise typer.Exit(result.exit_code)
