"""What a command on a stack was asked to do, and how it becomes the ``pulumi`` program."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from flireo_iac.allow import VARIABLE, Allowed
from flireo_iac.cli import output
from flireo_iac.cli._choosing import EngineChoice, ask, must_ask, pulumi_program
from flireo_iac.cli._state import told
from flireo_iac.errors import SettingsError

if TYPE_CHECKING:
    from flireo_iac.plan.model import Plan

_PROGRAM = "pulumi"


class Choice:
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
        self._asks = False
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
        if self.verb in ("up", "destroy"):
            content = exported(program, self.cwd, self.stack)
            os.environ.update(told(content))
            self._warn_of_abandoned(content, self._plan_on(program) if self.verb == "up" else None)
            if self._asks:
                ask("Do you want to perform this update?")
        sys.stdout.flush()
        sys.stderr.flush()
        os.execvp(program, self.arguments())  # noqa: S606 - the same command on the other engine

    def _warn_of_abandoned(self, content: bytes | None, plan: Plan | None) -> None:
        from flireo_iac.cli._abandoned import warn_of_abandoned
        from flireo_iac.engine.files.project import load_project

        if self.stack is None:
            return
        with suppress(SettingsError):  # a project that only the program understands
            project = load_project(self.cwd)
            warn_of_abandoned(project.folder, project.name, self.stack.rpartition("/")[2], content, plan)

    def _plan_on(self, program: str) -> Plan:
        """Have the program plan, and stop what has to be asked for: its own up has no hook before the first write.

        The plan is shown here, so that the program need not make it once more.
        """
        from flireo_iac.cli._planning import plan_of_pulumi, stop_what_must_be_asked_for
        from flireo_iac.plan import text

        is_silent = self.flags["--json"] or self.flags["--skip-preview"]
        asks = self.must_ask(yes=self.flags["--yes"] or self.flags["--skip-preview"], as_json=self.flags["--json"])
        plans_again = asks and self.flags["--diff"]  # only the program itself shows every property
        output.note("planning ...")
        command = [program, "preview", *self._options()]
        begun = time.monotonic()
        plan = plan_of_pulumi([*command, "--refresh"] if self.flags["--refresh"] else command)
        plan_s = time.monotonic() - begun
        stop_what_must_be_asked_for(self.verb, plan, self.allowed)
        if not is_silent and not plans_again:
            for line in (*text.steps(plan), text.summary(plan)):
                output.data(line)
        self._foresee(plan, plan_s, runs=2 if plans_again else 1)
        if not plans_again:
            self._asks = asks
            self.flags.update({"--yes": True, "--skip-preview": True})
        return plan

    def _foresee(self, plan: Plan, plan_s: float, *, runs: int) -> None:
        from flireo_iac.cli._costs import foreseen, is_dialect_named, settings_of, tell
        from flireo_iac.plan.forecast import requests_of, requests_of_refresh, steps_of

        is_refreshed = self.flags["--refresh"]
        refresh = requests_of_refresh(plan) * runs if is_refreshed else []
        known = plan.kinds_before if is_refreshed else frozenset()
        settings = settings_of({})
        waves = requests_of(plan, self.allowed, known, is_dialect_known=is_dialect_named(settings))
        tell(foreseen([*refresh, *waves], settings, plan_s, steps_of(plan), runs))

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
