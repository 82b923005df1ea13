"""What a run that was cut off has left in the state of a stack, and how it is put in order, on either engine.

A create is written into the state as a pending operation before it is sent. It has everything that the resource would
have but the id and what the provider answers; whoever finds these out can put the resource into the state as the run
itself would have. Source: pulumi notes, "Half-done operations".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from flireo_iac.engine.deploy.taken import Taken, take_over
from flireo_iac.engine.files.locks import Lock
from flireo_iac.engine.files.snapshot import Snapshot, ordered
from flireo_iac.errors import StateError

CREATING = "creating"
"""Type of the operation that a create leaves."""


@dataclass(frozen=True)
class Left:
    """What the state of a stack holds.

    Args:
        snapshot: Resources, and operations whose end was not seen. Of a resource that is settled only its place in
            the state, its id and what of its outputs is no secret have to be known.
        age_s: Seconds since the state was written, 0 or more.
    """

    snapshot: Snapshot
    age_s: float


class UnfinishedStack(Protocol):
    """A stack with what cut-off runs have left in it. Each raises ``EngineError`` when the state cannot be used."""

    engine: str
    stack: str
    project: str
    folder: Path

    def locks(self) -> tuple[Lock, ...]:
        """Give the locks of runs that are gone.

        Raises:
            LockedError: A run is at work.
        """

    def unlock(self) -> None:
        """Remove the locks of runs that are gone."""

    def left(self) -> Left:
        """Read the state."""

    def config(self) -> Mapping[str, str]:
        """Give the configuration of the stack by full key, secrets in clear."""

    def planned(self) -> tuple[str, ...]:
        """Give the URNs of what the next run would create, without sending a request."""

    def settle(self, taken: Sequence[Taken], dropped: Sequence[str]) -> None:
        """Put objects into the state, and forget pending operations.

        Args:
            taken: Objects that pending creates have made.
            dropped: URNs whose pending operations are forgotten.
        """

    def close(self) -> None:
        """End whatever was started."""


def settle(snapshot: Snapshot, taken: Sequence[Taken], dropped: Sequence[str]) -> None:
    """Change a state: take objects over, and forget pending operations.

    Raises:
        StateError: A create is not pending any more.
    """
    for found in taken:
        _take_over(snapshot, found)
    gone = {*dropped, *(found.urn for found in taken)}
    snapshot.operations = [each for each in snapshot.operations if each.resource.urn not in gone]


def _take_over(snapshot: Snapshot, taken: Taken) -> None:
    creates = [each.resource for each in snapshot.operations if each.type == CREATING]
    pending = [resource for resource in creates if resource.urn == taken.urn]
    if not pending:
        raise StateError(f"the create of {taken.urn} is not pending any more: the state has changed. Run again.")
    made = pending[-1].copy()
    take_over(made, taken)
    former = snapshot.live().get(taken.urn)
    if former is None:
        snapshot.resources.append(made)
    elif former.pending_replacement:
        snapshot.resources[snapshot.resources.index(former)] = made
    else:
        former.delete = True  # it was to be replaced: the next run deletes it
        snapshot.resources.insert(snapshot.resources.index(former), made)
    snapshot.resources = ordered(snapshot.resources)
