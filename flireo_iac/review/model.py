"""A review as plain data: environments, the items that change in them, and what changes in each item."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

from flireo_iac.plan.forecast import Forecast
from flireo_iac.plan.model import Op
from flireo_iac.plan.rails import Finding

NOT_MADE = "(could not be made, see the problems)"
"""Stands for a value that the files do not give, because something is wrong with them."""


@dataclass(frozen=True)
class Piece:
    """Some words of a passage.

    Args:
        kind: ``same`` stays, ``gone`` goes, ``new`` comes.
        text: The words.
    """

    kind: Literal["same", "gone", "new"]
    text: str


@dataclass(frozen=True)
class Passage:
    """One piece of a text that differs: a paragraph, a heading, an entry of a list, a line of code.

    Args:
        kind: What happened to it.
        pieces: Its words, in reading order.
        heading: The nearest heading above it; empty when there is none.
        line: Line where it begins, from 1: in the new text, for ``removed`` in the old one.
        depth: How deep it is indented, in spaces.
        old_heading: For ``moved``: the nearest heading above its old place.
        same_as: The item whose passage says exactly the same, and was shown before; empty for the first one.
        shared: For the first one: the other items that have exactly the same passage.
    """

    kind: Literal["changed", "added", "removed", "moved"]
    pieces: tuple[Piece, ...]
    heading: str = ""
    line: int = 0
    depth: int = 0
    old_heading: str = ""
    same_as: str = ""
    shared: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether nothing of it stays as it was."""
        return all(piece.kind != "same" for piece in self.pieces)


@dataclass(frozen=True)
class TextChange:
    """A text that changed: a prompt, or another value of several words.

    Args:
        path: Place in the item, such as ``llm_config.messages[system].content``.
        label: What a person calls it: ``prompt``.
        operation: Whether the text is new, changed or gone.
        passages: What differs; empty when only spaces, line breaks or the numbers of list entries do.
        old_length: Characters before.
        new_length: Characters after.
        is_prompt: True for what the agent is told before a call.
        is_made: False when it could not be made, before or after; then it was not compared.
        note: What else the reader should know about it; may be empty.
    """

    path: str
    label: str
    operation: Literal["add", "change", "remove"]
    passages: tuple[Passage, ...]
    old_length: int
    new_length: int
    is_prompt: bool = False
    is_made: bool = True
    note: str = ""


@dataclass(frozen=True)
class FieldChange:
    """A value that changed.

    Args:
        path: Place in the item, such as ``llm_config.tools[book].url``.
        operation: Whether the value is new, changed or gone.
        old: Value before, secrets masked; None when there was none.
        new: Value after, secrets masked; None when there is none.
        is_secret: True when the value is a secret; ``old`` and ``new`` name it at most.
        is_replacement: True when the change makes a new object.
        note: What else the reader should know about it; may be empty.
    """

    path: str
    operation: Literal["add", "change", "remove"]
    old: Any = None
    new: Any = None
    is_secret: bool = False
    is_replacement: bool = False
    note: str = ""


@dataclass(frozen=True)
class Reached:
    """Something that meets a change, because it refers to what changes.

    Args:
        title: Kind and name: ``phone number "main"``.
        label: What the outside world knows it by, such as the number; may be empty.
        via: What it refers to: the changed item, or one on the way to it.
        is_active: False when it takes no calls.
    """

    title: str
    label: str
    via: str
    is_active: bool = True

    @property
    def shown(self) -> str:
        """The label with the title, as a line of text has it."""
        idle = "" if self.is_active else ", not active"
        return f"{self.label} ({self.title}{idle})" if self.label else f"{self.title}{idle and ' (not active)'}"


@dataclass(frozen=True)
class ItemChange:
    """What happens to one item.

    Args:
        op: What.
        kind: Name of its kind.
        title: Kind and name: ``agent "receptionist"``.
        name: Its name.
        consequences: What follows for people, in sentences; for deletes and replacements.
        fields: Values that change.
        texts: Texts that change.
        reached: What meets the change because it refers to the item, nearest first.
        itself: The item as people meet it; None when nobody does but through others.
        same_as: The environment where the item changes in exactly the same way and was shown before.
        verb: What happens to it, in words; empty for those of ``op``.
        badge: The same in a word or two; empty for that of ``op``.
    """

    op: Op
    kind: str
    title: str
    name: str
    consequences: tuple[str, ...] = ()
    fields: tuple[FieldChange, ...] = ()
    texts: tuple[TextChange, ...] = ()
    reached: tuple[Reached, ...] = ()
    itself: Reached | None = None
    same_as: str = ""
    verb: str = ""
    badge: str = ""

    @property
    def shown(self) -> str:
        """The title with what the outside world knows the item by: ``phone number "main" (+31201234567)``."""
        return f"{self.title} ({self.itself.label})" if self.itself is not None and self.itself.label else self.title

    @property
    def is_grave(self) -> bool:
        """Whether an object goes that people may rely on."""
        return self.op in ("delete", "replace", "sweep")


@dataclass(frozen=True)
class EnvironmentReview:
    """What the change does in one environment.

    Args:
        name: Name of the environment; empty for a stack without environments.
        items: What changes: what goes first, then agents, then the rest.
        resources: Items of the environment before the change.
        findings: What has to be asked for.
        forecast: Requests and time; None when that cannot be told.
        notes: What else the reader should know, in sentences.
        problems: What is wrong with the stack, a line each; then the items may not be whole.
        drift: What somebody changed in the account and this change would overwrite; None when nobody looked.
        summary: What happens, in one line; empty for a count of the items by ``op``.
    """

    name: str
    items: tuple[ItemChange, ...] = ()
    resources: int = 0
    findings: tuple[Finding, ...] = ()
    forecast: Forecast | None = None
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    drift: tuple[str, ...] | None = None
    summary: str = ""

    @property
    def counts(self) -> Counter[Op]:
        """The items by what happens to them."""
        return Counter(item.op for item in self.items)

    @property
    def reached(self) -> tuple[Reached, ...]:
        """What meets any of the changes, each once."""
        found: dict[str, Reached] = {}
        for item in self.items:
            for each in (item.itself, *item.reached) if item.itself is not None else item.reached:
                found.setdefault(each.title, each)
        return tuple(found.values())


@dataclass(frozen=True)
class Wording:
    """What a review is called, and what it says where nothing in it does.

    Args:
        heading: Its name.
        mark: First line of a comment, by which a pipeline finds the comment to edit.
        question: Heading of the page.
        nothing: What it says when there is nothing to show.
        losses: Heading over what is gone or goes.
        origin: What it was made from, in sentences; may hold words in back quotes.
        command: Command that shows all of it.
        is_plan: True for what a run would do, so that requests and time belong to it.
    """

    heading: str = "Flireo review"
    mark: str = "<!-- flireo review -->"
    question: str = "What this change does"
    nothing: str = "Nothing changes."
    losses: str = "Deleted and replaced"
    origin: str = "Made by `flireo review` from the files of the stack. Nothing was sent."
    command: str = "flireo review --format html"
    is_plan: bool = True


@dataclass(frozen=True)
class Review:
    """What a change means.

    Args:
        environments: Each environment that it reaches.
        untouched: Names of the environments that were looked at and that it does not reach.
        base: What it was compared with, as a person reads it; empty for a plan.
        head: What was compared, as a person reads it.
        notes: What else the reader should know, in sentences.
        wording: What it is called.
    """

    environments: tuple[EnvironmentReview, ...]
    untouched: tuple[str, ...] = ()
    base: str = ""
    head: str = ""
    notes: tuple[str, ...] = field(default=())
    wording: Wording = field(default=Wording())

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What has to be asked for, in any environment, each once."""
        return tuple(dict.fromkeys(finding for each in self.environments for finding in each.findings))
