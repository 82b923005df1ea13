"""What a run tells while it goes on. A display turns it into text; nothing here decides anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from flireo_iac.engine.model.diff import Change
from flireo_iac.engine.model.state import Resource
from flireo_iac.engine.model.values import Properties


class Op(StrEnum):
    """What a step does; the words are Pulumi's."""

    SAME = "same"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    REPLACE = "replace"
    CREATE_REPLACEMENT = "create-replacement"
    DELETE_REPLACED = "delete-replaced"
    DISCARD = "discard"
    DISCARD_REPLACED = "discard-replaced"
    REMOVE_PENDING_REPLACE = "remove-pending-replace"
    REFRESH = "refresh"


class Severity(StrEnum):
    """How bad a message is."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class Phase:
    """A part of the run begins.

    Args:
        verb: ``preview``, ``update``, ``refresh`` or ``destroy``.
        dry_run: True when nothing will be changed.
        stack: Name of the stack.
        section: True for a part of another one, such as the refresh before an update.
    """

    verb: str
    dry_run: bool
    stack: str
    section: bool = False


@dataclass(frozen=True)
class StepStarted:
    """A step begins.

    Args:
        op: What it does.
        urn: Of which resource.
        old: The resource before; None for a create.
        new: The resource after, as far as it is known; None for a delete.
        changes: Changed inputs.
        changed_keys: Top-level keys that changed.
        replace_keys: Keys that make the resource a new one.
        internal: True for what a user did not write, such as the default provider.
    """

    op: Op
    urn: str
    old: Resource | None
    new: Resource | None
    changes: tuple[Change, ...] = ()
    changed_keys: tuple[str, ...] = ()
    replace_keys: tuple[str, ...] = ()
    internal: bool = False


@dataclass(frozen=True)
class StepEnded:
    """A step ended.

    Args:
        started: The event of its begin, with what is known now.
        failed: True when it failed; the reason is a message of its own.
        seconds: How long it took.
    """

    started: StepStarted
    failed: bool
    seconds: float


@dataclass(frozen=True)
class Message:
    """Words of the program, the provider or the engine.

    Args:
        text: The words, secrets already masked.
        severity: How bad.
        urn: About which resource; empty when about none.
        ephemeral: True for a passing status, which is not part of the report.
        output: True for lines that a child process printed.
    """

    text: str
    severity: Severity = Severity.INFO
    urn: str = ""
    ephemeral: bool = False
    output: bool = False


@dataclass(frozen=True)
class Summary:
    """A part of the run ended.

    Args:
        phase: Which one.
        counts: Resources by what was, or would be, done to them.
        seconds: How long it took.
        failed: True when something went wrong.
        outputs: Outputs of the stack.
        old_outputs: Outputs of the stack before.
        config: Configuration of the stack, secrets masked.
        stopped: True when a signal ended it early.
    """

    phase: Phase
    counts: Counter[Op]
    seconds: float
    failed: bool
    outputs: Properties = field(default_factory=dict)
    old_outputs: Properties = field(default_factory=dict)
    config: dict[str, str] = field(default_factory=dict)
    stopped: bool = False


Event = Phase | StepStarted | StepEnded | Message | Summary
Emit = Callable[[Event], None]


def has_changes(counts: Counter[Op]) -> bool:
    """Tell whether anything but "unchanged" was counted."""
    return any(number for op, number in counts.items() if op is not Op.SAME)
