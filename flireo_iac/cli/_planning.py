"""Brings an engine and its plan together: records what a preview says, and stops a run that has to be asked for."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from flireo_iac.allow import Allowed
from flireo_iac.cli import output
from flireo_iac.engine.model.events import Phase, Severity, Summary
from flireo_iac.engine.show.report import JsonReport
from flireo_iac.errors import EngineError, ExitCode, RailError
from flireo_iac.plan import text
from flireo_iac.plan.model import Plan
from flireo_iac.plan.rails import closed, findings
from flireo_iac.plan.read import plan_of, read_plan

if TYPE_CHECKING:
    from flireo_iac.engine.model.events import Emit, Event
    from flireo_iac.engine.result import Result


class Recorder:
    """Takes the events of the local engine, keeps the plan of its last preview, and hands them on to a display.

    Its ``plan`` is the plan, and its ``seconds`` what that took without the refresh before it.

    Args:
        shown: The display.
    """

    def __init__(self, shown: Emit) -> None:
        self._shown = shown
        self._report = JsonReport(sames=True)
        self._held: list[Event] | None = None
        self._in_section = False
        self._is_preview = True
        self._section_s = 0.0
        self.plan = Plan((), 0)
        self.seconds = 0.0

    def __call__(self, event: Event) -> None:
        """Take an event."""
        if isinstance(event, Phase):
            self._is_preview = event.dry_run
            self._in_section = event.section
        if self._is_preview:
            self._record(event)
        # What a refresh finds is shown at once: the run that follows does not read again.
        if self._held is None or self._in_section:
            self._shown(event)
        else:
            self._held.append(event)
        if isinstance(event, Summary):
            self._in_section = False

    def _record(self, event: Event) -> None:
        self._report(event)
        if not isinstance(event, Summary):
            return
        if event.phase.section:
            self._section_s = event.seconds
            return
        self.plan = plan_of(self._report.document, "preview")
        self.seconds, self._section_s = event.seconds - self._section_s, 0.0

    def quietly(self, preview: Callable[[], Result]) -> Result:
        """Run a preview that shows nothing unless it fails."""
        held: list[Event] = []
        self._held = held
        went_well = False
        try:
            result = preview()
            went_well = result.exit_code == ExitCode.DONE
            return result
        finally:
            self._held = None
            if not went_well:
                for event in held:
                    self._shown(event)


def stop_what_must_be_asked_for(operation: str, plan: Plan, allowed: Allowed) -> None:
    """Stop a run before it writes.

    Args:
        operation: What is to run, such as ``up``.
        plan: What it is going to do.
        allowed: What was asked for.

    Raises:
        RailError: The plan does something that was not asked for.
    """
    found = findings(plan, allowed)
    if found:
        raise RailError([f"{each}\n  Nothing was done." for each in text.refusal(operation, found)])
    warn_of_closed(plan)


def warn_of_rails(plan: Plan, allowed: Allowed) -> None:
    """Say what would stop an up, without stopping anything."""
    for each in text.refusal("up would stop here", findings(plan, allowed)):
        output.note(f"warning: {each}")
    warn_of_closed(plan)


def warn_of_closed(plan: Plan) -> None:
    """Say what a run will not do, because nothing can change any more where it would."""
    for each in closed(plan):
        output.note(f"warning: {each}")


def plain_rails(plan: Plan, allowed: Allowed) -> list[dict[str, Any]]:
    """Give what would stop an up as JSON values."""
    return text.plain_findings(findings(plan, allowed))


def plan_of_pulumi(command: Sequence[str]) -> Plan:
    """Have the pulumi program make a plan.

    Args:
        command: Its preview, with all flags but the form of its answer.

    Raises:
        EngineError: The preview failed.
    """
    done = subprocess.run(
        [*command, "--json", "--show-sames", "--non-interactive"],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode:
        output.stderr.file.write(done.stderr)
        raise EngineError("\n".join(reasons(done.stdout)) or "the preview failed.", exit_code=done.returncode)
    return read_plan(done.stdout, "pulumi preview")


def reasons(document: str) -> list[str]:
    """Give the errors that the document of a run tells of, in its order; none where it is no such document."""
    try:
        diagnostics = json.loads(document).get("diagnostics") or []
    except (ValueError, AttributeError):
        return []
    return [
        str(each.get("message", "")).strip().removeprefix("error: ")
        for each in diagnostics
        if each.get("severity") == Severity.ERROR
    ]
