"""What is known of a create that was cut off, and what is to be done about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from flireo_iac.core.existing import Existing
from flireo_iac.core.ports import Row
from flireo_iac.core.settle import command
from flireo_iac.kinds import Kind


class Action(StrEnum):
    """What is done about a create."""

    TAKE = "take"
    """Its object is put into the state; without a pending operation, the next run does that by the journal."""
    CLEAR = "clear"
    """It is forgotten: nothing came of it."""
    LEAVE = "leave"
    """The next run settles it by itself."""
    ASK = "ask"
    """A person has to say what is meant."""


@dataclass(frozen=True)
class Unfinished:
    """A create whose end was not seen.

    Args:
        urn: URN of the resource.
        kind: What it is.
        inputs: What was sent, secrets in clear; None when only the journal knows of the create.
        replaces: Id of the object that the state holds for this URN; None when it holds none.
        is_planned: Whether the next run would create it; None when that is not known.
    """

    urn: str
    kind: Kind
    inputs: Mapping[str, Any] | None = None
    replaces: str | None = None
    is_planned: bool | None = True

    @property
    def name(self) -> str:
        """Pulumi's name of the resource."""
        return self.urn.rpartition("::")[2]


@dataclass(frozen=True)
class Proposal:
    """What is to be done about a create.

    Args:
        unfinished: The create.
        action: What.
        reason: Why, as a sentence without its full stop.
        row: The object that it made; None unless it is taken.
        candidates: Objects that could be it.
        made: What the state shall hold; None unless it is taken into the state.
        is_intent_kept: Whether the journal goes on to hold the create, because the next run needs it.
    """

    unfinished: Unfinished
    action: Action
    reason: str
    row: Row | None = None
    candidates: tuple[Row, ...] = ()
    made: Existing | None = None
    is_intent_kept: bool = False


def ways_out(proposal: Proposal, urns: Iterable[str] = ()) -> tuple[str, ...]:
    """Give the commands with which a person says what is meant.

    Args:
        proposal: What is asked.
        urns: Every create that has not ended, to tell whether the name alone says which is meant.
    """
    left = proposal.unfinished
    is_shared = any(urn != left.urn and urn.rpartition("::")[2] == left.name for urn in urns)
    name = left.urn if is_shared else left.name
    takes = () if left.is_planned is False else proposal.candidates
    return (
        *(command(left.urn, "--take", f"{name}={row['id']}") for row in takes),
        command(left.urn, "--forget", name),
    )
