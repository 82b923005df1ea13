"""Shows a run as text: a line for each step that ended, what belongs to it below, and a summary.

On a terminal the steps that run stand at the bottom, with a clock. Elsewhere every line is final.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterable

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from flireo_iac.engine.model.events import Event, Message, Op, Phase, Severity, StepEnded, StepStarted, Summary
from flireo_iac.engine.model.urns import STACK_TYPE, name_of, type_of
from flireo_iac.engine.show.difftext import Line, change_lines, is_shown, output_lines, property_lines

_TITLES = {"preview": "Previewing update", "update": "Updating", "refresh": "Refreshing", "destroy": "Destroying"}
_SIGNS = {
    Op.CREATE: "+",
    Op.UPDATE: "~",
    Op.DELETE: "-",
    Op.REPLACE: "+-",
    Op.CREATE_REPLACEMENT: "++",
    Op.DELETE_REPLACED: "--",
    Op.DISCARD: "-",
    Op.DISCARD_REPLACED: "--",
}
_COLOURS = {"+": "green", "~": "yellow", "-": "red", "+-": "magenta", "++": "green", "--": "red", "": "dim"}
_TO_DO = {
    Op.CREATE: ("create", "creating", "created"),
    Op.UPDATE: ("update", "updating", "updated"),
    Op.DELETE: ("delete", "deleting", "deleted"),
    Op.REPLACE: ("replace", "replacing", "replaced"),
    Op.CREATE_REPLACEMENT: ("create its replacement", "creating its replacement", "created its replacement"),
    Op.DELETE_REPLACED: ("delete the replaced one", "deleting the replaced one", "deleted the replaced one"),
    Op.DISCARD: ("forget", "forgetting", "forgot"),
    Op.DISCARD_REPLACED: ("forget the replaced one", "forgetting", "forgot the replaced one"),
    Op.REMOVE_PENDING_REPLACE: ("forget", "forgetting", "forgot"),
    Op.REFRESH: ("read", "reading", "read"),
    Op.SAME: ("keep", "looking at", "unchanged"),
}
_COUNTED = (
    (Op.CREATE, "+", "to create", "created"),
    (Op.UPDATE, "~", "to update", "updated"),
    (Op.DELETE, "-", "to delete", "deleted"),
    (Op.REPLACE, "+-", "to replace", "replaced"),
)
_SEVERITY_COLOURS = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.INFO: "default"}
_MOST_RUNNING = 12
_DYNAMIC = "pulumi-python:dynamic/"


class TextDisplay:
    """Takes events and prints.

    Args:
        console: Where to.
        diff: True shows every changed property.
        live: True shows the steps that run; for terminals.
    """

    def __init__(self, console: Console, *, diff: bool = False, live: bool = False) -> None:
        self._console = console
        self.diff = diff
        self._lock = threading.RLock()  # a signal handler may tell something while a line is printed
        self._phase: Phase | None = None
        self._running: dict[str, tuple[StepStarted, float]] = {}
        self._status: dict[str, str] = {}
        self._waiting: dict[str, list[Message]] = {}
        self._refreshing = False
        self._live = Live(get_renderable=self._footer, console=console, transient=True) if live else None

    def __call__(self, event: Event) -> None:
        """Show an event."""
        with self._lock:
            if isinstance(event, Phase):
                self._begin(event)
            elif isinstance(event, StepStarted):
                self._running[event.urn] = (event, time.monotonic())
            elif isinstance(event, StepEnded):
                self._end_step(event)
            elif isinstance(event, Message):
                self._take(event)
            else:
                self._summarise(event)

    def close(self) -> None:
        """Print what is left and end the live part, as before an error is printed by others."""
        with self._lock:
            for urn in list(self._waiting):
                self._flush(urn)
            if self._live is not None and self._live.is_started:
                self._live.stop()

    def _print(self, text: Text | str = "") -> None:
        self._console.print(text, soft_wrap=True, highlight=False)

    def _begin(self, phase: Phase) -> None:
        title = _TITLES[phase.verb]
        if phase.dry_run and phase.verb != "preview" and not phase.section:
            title = f"Previewing {phase.verb}"
        if phase.section:
            self._print(Text("  Refreshing first:", "bold"))
        else:
            self._phase = phase
            self._print(Text(f"{title} ({phase.stack}):", "bold"))
        self._refreshing = phase.verb == "refresh"
        if self._live is not None and not self._live.is_started:
            self._live.start()

    def _end_step(self, event: StepEnded) -> None:
        step = event.started
        self._running.pop(step.urn, None)
        self._status.pop(step.urn, None)
        if step.internal and not event.failed:
            return
        if self._is_worth_a_line(event):
            self._print(self._step_line(event))
            if self.diff and not event.failed:
                self._print_lines(self._detail_lines(step), indent=6)
            for message in self._waiting.pop(step.urn, []):
                self._print_message(message, indent=6)

    def _is_worth_a_line(self, event: StepEnded) -> bool:
        op = event.started.op
        dry_run = self._phase is not None and self._phase.dry_run
        if event.failed:
            return True
        if op is Op.SAME or (event.started.urn in self._waiting and op is Op.REFRESH):
            return False
        # A replacement is one line in a preview, and its two halves in an update.
        return op is not Op.REPLACE if not dry_run else op not in (Op.CREATE_REPLACEMENT, Op.DELETE_REPLACED)

    def _step_line(self, event: StepEnded) -> Text:
        step = event.started
        dry_run = self._phase is not None and self._phase.dry_run
        to_do, _, done = _TO_DO[step.op]
        sign = _SIGNS.get(step.op, " ")
        if event.failed:
            words = f"failed to {to_do}"
        elif self._refreshing:
            words = "is gone" if step.op is Op.DELETE else "was changed outside"
        else:
            words = to_do if dry_run else done
        keys = [key for key in (step.replace_keys or _keys(step)) if is_shown(key)]
        if keys and step.op in (Op.UPDATE, Op.REPLACE):
            words += f" [{', '.join(keys)}]"
        if not dry_run and event.seconds >= 1:
            words += f" ({event.seconds:.0f}s)"
        colour = "bold red" if event.failed else _COLOURS.get(sign, "default")
        return Text.assemble("  ", (f"{sign:2} ", colour), title(step.urn), "  ", (words, colour))

    def _detail_lines(self, step: StepStarted) -> Iterable[Line]:
        if step.op in (Op.CREATE, Op.CREATE_REPLACEMENT) and step.new is not None and not step.changes:
            return property_lines("+", step.new.inputs)
        return change_lines(step.changes)

    def _print_lines(self, lines: Iterable[Line], indent: int) -> None:
        for sign, text in lines:
            self._print(Text(f"{' ' * indent}{sign or ' '} {text}", _COLOURS[sign]))

    def _take(self, message: Message) -> None:
        if message.ephemeral:
            self._status[message.urn] = message.text
            if self._live is None:
                self._print(Text(f"     {title(message.urn)}: {message.text}", "dim"))
        elif message.output:
            self._print(Text(f"   | {message.text}"))
        elif message.urn and type_of(message.urn) != STACK_TYPE:
            self._waiting.setdefault(message.urn, []).append(message)
            if message.urn not in self._running and message.severity is not Severity.ERROR:
                self._flush(message.urn)
        else:
            self._print_message(message, indent=2)

    def _flush(self, urn: str) -> None:
        self._print(Text(f"     {title(urn)}"))
        for message in self._waiting.pop(urn, []):
            self._print_message(message, indent=6)

    def _print_message(self, message: Message, indent: int) -> None:
        colour = _SEVERITY_COLOURS[message.severity]
        margin = " " * indent
        lines = message.text.rstrip("\n").splitlines() or [""]
        label = "" if message.severity is Severity.INFO else f"{message.severity}: "
        self._print(Text.assemble(margin, (label, colour), lines[0]))
        for line in lines[1:]:
            self._print(Text(f"{margin}{' ' * len(label)}{line}"))

    def _summarise(self, event: Summary) -> None:
        for urn in list(self._waiting):
            self._flush(urn)
        self._running.clear()
        self._status.clear()
        dry_run = event.phase.dry_run
        self._refreshing = self._phase is not None and self._phase.verb == "refresh"
        if event.phase.section:
            if not event.counts - Counter({Op.SAME: event.counts[Op.SAME]}) and not event.failed:
                self._print(Text(f"     nothing was changed outside ({event.counts[Op.SAME]} resources read)", "dim"))
            return
        self.close()
        outputs = list(output_lines(event.old_outputs, event.outputs, changed_only=dry_run))
        if outputs and event.phase.verb != "destroy":
            self._print(Text("Outputs:", "bold"))
            self._print_lines(outputs, indent=2)
        self._print(Text.assemble(("Resources: ", "bold"), self._counts(event.counts, event.phase)))
        self._print(Text.assemble(("Duration: ", "bold"), duration(event.seconds)))
        if event.failed:
            end = "was stopped" if event.stopped else "failed"
            self._print(Text(f"The {event.phase.verb} {end}.", "bold red"))

    def _counts(self, counts: Counter[Op], phase: Phase) -> Text:
        words = Text()
        for op, sign, to_do, done in _COUNTED:
            if counts[op]:
                text = to_do if phase.dry_run and phase.verb != "refresh" else done
                if phase.verb == "refresh":
                    text = "gone" if op is Op.DELETE else "changed outside"
                words.append(", " if words else "").append(f"{sign} {counts[op]} {text}", _COLOURS[sign])
        if counts[Op.SAME] or not words:
            words.append(", " if words else "").append(f"{counts[Op.SAME]} unchanged")
        return words

    def _footer(self) -> Group:
        # Rich calls this from its own thread, at times of its choosing.
        with self._lock:
            running = list(self._running.values())
            lines = []
            for step, begun in running[:_MOST_RUNNING]:
                seconds = time.monotonic() - begun
                words = self._status.get(step.urn) or _TO_DO[step.op][1]
                lines.append(
                    Text.assemble(
                        "  ", (f"{_SIGNS.get(step.op, '.'):2} ", "dim"), title(step.urn), f"  {words} {seconds:.0f}s"
                    )
                )
            if len(running) > _MOST_RUNNING:
                lines.append(Text(f"     and {len(running) - _MOST_RUNNING} more"))
            return Group(*lines)


def _keys(step: StepStarted) -> tuple[str, ...]:
    return step.changed_keys or tuple(dict.fromkeys(str(change.path[0]) for change in step.changes))


def title(urn: str) -> str:
    """Name a resource for a reader: its type without what all have in common, and its name."""
    if not urn:
        return ""
    return f"{type_of(urn).removeprefix(_DYNAMIC)} {name_of(urn)}"


def duration(seconds: float) -> str:
    """Give a duration for a reader."""
    if seconds < 60:
        return f"{max(round(seconds), 1)}s"
    return f"{int(seconds) // 60}m{int(seconds) % 60:02}s"
