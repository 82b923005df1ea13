"""A run while it goes on, and what it comes to."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field

from flireo_iac.engine.files.keeper import Keeper
from flireo_iac.engine.files.snapshot import Operation
from flireo_iac.engine.model.events import Op, Phase, StepEnded, has_changes
from flireo_iac.engine.model.values import Properties
from flireo_iac.engine.processes.children import Child
from flireo_iac.errors import ExitCode


@dataclass(frozen=True)
class Result:
    """What a run did, or would do.

    Args:
        verb: ``preview``, ``update``, ``refresh`` or ``destroy``.
        dry_run: True when nothing was changed.
        counts: Resources by what was, or would be, done to them.
        steps: Every step that ended.
        outputs: Outputs of the stack, secrets marked.
        failed: True when something went wrong.
        exit_code: Exit code of the command.
        seconds: How long it took.
    """

    verb: str
    dry_run: bool
    counts: Counter[Op]
    steps: tuple[StepEnded, ...]
    outputs: Properties
    failed: bool
    exit_code: int
    seconds: float

    @property
    def has_changes(self) -> bool:
        """Tell whether anything was, or would be, changed."""
        return has_changes(self.counts)


@dataclass
class Run:
    """A run under way: what the parts of the engine hand on to each other."""

    phase: Phase
    begun: float
    stopped: threading.Event = field(default_factory=threading.Event)
    busy: bool = False
    """True as soon as steps may run."""
    cancelled: bool = False
    settled: bool = False
    """True when all is done but the history and the lock, and a first signal comes too late to stop anything."""
    cut_off: list[Operation] = field(default_factory=list)
    """What was under way when the run was stopped at once."""
    keeper: Keeper | None = None
    program: Child | None = None
    counts: Counter[Op] = field(default_factory=Counter)
    steps: list[StepEnded] = field(default_factory=list)
    failed: bool = False
    unauthenticated: bool = False
    outputs: Properties = field(default_factory=dict)
    old_outputs: Properties = field(default_factory=dict)
    config: dict[str, str] = field(default_factory=dict)

    def exit_code(self) -> int:
        """Give the exit code of a run that came to its end."""
        if self.unauthenticated and self.failed:
            return ExitCode.AUTHENTICATION
        return ExitCode.FAILED if self.failed else ExitCode.DONE
