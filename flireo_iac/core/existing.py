"""A resource as the state should hold it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flireo_iac.core.account import marked
from flireo_iac.core.canonical import canonical
from flireo_iac.core.diff import own
from flireo_iac.core.ports import Row
from flireo_iac.core.refresh import ANSWER, has_moved_on
from flireo_iac.errors import FlireoError
from flireo_iac.kinds import Kind, our_name
from flireo_iac.rows import NOW


@dataclass(frozen=True)
class Existing:
    """A resource as the state should hold it.

    Args:
        id: Id of the object.
        inputs: Inputs in force.
        outputs: The inputs and what the server added.
    """

    id: str
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]


class UnfinishedError(FlireoError):
    """The object exists, but what it holds is not known to be what was asked for.

    Args:
        text: What went wrong after the object was made.
        existing: The object as far as it is known.
    """

    def __init__(self, text: str, existing: Existing) -> None:
        self.existing = existing
        super().__init__(text)


def existing(
    kind: Kind, inputs: Mapping[str, Any], row: Row, digests: Mapping[str, str], account: str | None = None
) -> Existing:
    """Put together what the state should hold.

    Args:
        kind: What it is.
        inputs: Inputs in force.
        row: The object as the server showed it.
        digests: Digests of what it answered, see ``answer_digests``.
        account: Whose object it is; None where that is not known.
    """
    outputs = marked({**server_set(kind, row), **own(inputs), ANSWER: dict(digests)}, account)
    if moved := _moved_on(kind, inputs, row):
        outputs = {**outputs, NOW: moved}
    return Existing(str(row["id"]), inputs, outputs)


def _moved_on(kind: Kind, inputs: Mapping[str, Any], row: Row) -> dict[str, Any]:
    """Give what the platform has made of inputs by itself: no drift, and yet what is in force."""
    theirs = canonical(kind.model, row)
    ours = {our_name(kind.model, key): value for key, value in own(inputs).items()}
    return {
        name: theirs[name] for name in ours if name in theirs and has_moved_on(kind, name, ours[name], theirs[name])
    }


def server_set(kind: Kind, row: Mapping[str, Any]) -> dict[str, Any]:
    """Give the fields that only the server sets."""
    theirs = canonical(kind.model, row)
    return {name: theirs[name] for name in kind.outputs if theirs.get(name) is not None}
