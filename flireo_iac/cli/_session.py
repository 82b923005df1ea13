"""An engine with its display: how a command on a stack runs on the local engine."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from flireo_iac.cli import output
from flireo_iac.cli._choice import Choice
from flireo_iac.cli._choosing import ask
from flireo_iac.cli._state import told
from flireo_iac.errors import ExitCode, FlireoError

if TYPE_CHECKING:
    from flireo_iac.engine.model.events import Emit
    from flireo_iac.engine.result import Result
    from flireo_iac.engine.run import Engine
    from flireo_iac.engine.show.display import TextDisplay
    from flireo_iac.engine.show.report import JsonReport
    from flireo_iac.plan.forecast import Wave


class Session:
    """An engine with its display."""

    def __init__(self, choice: Choice, *, as_json: bool, diff: bool) -> None:
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
        self._is_printed = False
        self._choice = choice
        self._recorder = Recorder(shown)
        self._costs = Costs()
        try:
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
        except FlireoError as error:
            self._print_failed(error)
            raise

    @staticmethod
    def _ask_passphrase() -> None:
        """Ask before the live display begins, which would wipe the question away."""
        known = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE")
        if sys.stdin.isatty() and not any(name in os.environ for name in known):
            os.environ[known[0]] = typer.prompt(
                "Passphrase of the stack", hide_input=True, default="", show_default=False, err=True
            )

    def __enter__(self) -> Session:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, FlireoError):
            self._print_failed(error)
        if self.display is not None:
            self.display.close()
        self.engine.close()
        self._costs.close()

    def _print_document(self, *, must_arrive: bool = True, **more: Any) -> None:
        """Print the one document of the command, if one was asked for."""
        if self.report is not None and not self._is_printed:
            self._is_printed = True
            output.data_json({**self.report.document, **self._costs.plain(), **more}, must_arrive=must_arrive)

    def _print_failed(self, error: FlireoError) -> None:
        """Let who asked for a document have one of a run that an error ended."""
        if self.report is not None and not self._is_printed:
            self.report.fail(str(error))
            self._print_document(must_arrive=False)

    def show(self, action: Callable[[Engine], Result]) -> Result:
        """Run a verb, and print its document if one was asked for."""
        self._costs.start()
        result = action(self.engine)
        self._costs.stop()
        self._print_document(must_arrive=False)
        is_told = self.report is None and result.exit_code == ExitCode.DONE
        if is_told and (compared := self._costs.comparison()) is not None:
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
            self._print_document(rails=plain_rails(self._recorder.plan, self._choice.allowed))
        return result

    def plan_first(self, action: Callable[[Engine], Result], *, is_shown: bool) -> None:
        """Plan a run; the command ends here when the plan fails.

        Args:
            action: Makes the plan.
            is_shown: False shows it only when it fails.
        """
        result = action(self.engine) if is_shown else self._recorder.quietly(lambda: action(self.engine))
        if result.exit_code != ExitCode.DONE:
            self._print_document()
            raise typer.Exit(result.exit_code)
        if is_shown and self.display is not None:
            self.display.diff = False  # what was shown need not be shown again
            output.data("", must_arrive=False)

    def warn_of_abandoned(self, *, makes_nothing: bool = False) -> None:
        """Say which creates were cut off that this run does not settle; ``makes_nothing`` for a destroy."""
        from flireo_iac.cli._abandoned import warn_of_abandoned

        engine, plan = self.engine, None if makes_nothing else self._recorder.plan
        warn_of_abandoned(engine.project.folder, engine.project.name, engine.stack, engine.backend.read(), plan)

    def stop_what_must_be_asked_for(self) -> None:
        """End the command here when the plan does what has to be asked for."""
        from flireo_iac.cli._planning import stop_what_must_be_asked_for

        stop_what_must_be_asked_for(self._choice.verb, self._recorder.plan, self._choice.allowed)

    def foresee(self, *, is_read: bool, with_refresh: bool = False, as_planned: bool = False) -> None:
        """Say what the planned run is going to cost.

        Args:
            is_read: True when the provider process of the run has read what is there already.
            with_refresh: True counts the refresh, too.
            as_planned: True when the run takes over a plan that changes nothing.

        Raises:
            SettingsError: The run is about to begin, sends requests, and a setting that it needs is missing or wrong.
        """
        from flireo_iac.cli._costs import is_dialect_named, settings_of
        from flireo_iac.plan.forecast import requests_of, requests_of_refresh, steps_of

        plan = self._recorder.plan
        known = plan.kinds_before if is_read or with_refresh else frozenset()
        is_named = is_dialect_named(settings_of(self.engine.config()))
        waves = requests_of(plan, self._choice.allowed, known, is_dialect_known=is_named)
        refresh = requests_of_refresh(plan) if with_refresh else []
        plan_s = 0.0 if as_planned and self.engine.is_rehearsed else self._recorder.seconds
        if self._choice.verb != "preview":
            self._require_settings(waves)
        self._costs.foresee([*refresh, *waves], self.engine.config(), plan_s, steps_of(plan))

    def foresee_refresh(self) -> None:
        """Count what the refresh of the state is going to cost.

        Raises:
            SettingsError: It sends requests, and a setting that it needs is missing or wrong.
        """
        from flireo_iac.plan.forecast import Steps, requests_of_refresh
        from flireo_iac.plan.read import read_state

        plan = read_state(self.engine.backend.read())
        waves = requests_of_refresh(plan)
        self._require_settings(waves)
        self._costs.foresee(waves, self.engine.config(), None, Steps(reads=plan.resources))

    def _require_settings(self, waves: Sequence[Wave]) -> None:
        """Let a missing key, say, stop a run before it begins, and not each of its steps."""
        from flireo_iac.settings import Settings

        if any(wave.reads + wave.writes for wave in waves):
            Settings.load(self.engine.config(), os.environ)

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
