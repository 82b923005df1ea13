"""Creates that were cut off and that no run of their stack will settle: the stack does not make their item any more."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from flireo_iac.core.journal import Intent, Journal
from flireo_iac.core.settle import command
from flireo_iac.errors import JournalError
from flireo_iac.kinds import KINDS


@dataclass(frozen=True)
class Holder:
    """A stack as the journal knows it, and what its state holds.

    Args:
        prefix: What the URNs of the stack begin with.
        folder: Place of the project.
        ids: Ids of the objects that the state holds.
    """

    prefix: str
    folder: str
    ids: Collection[str]


def abandoned(journal: Journal, holder: Holder, planned: Collection[str]) -> tuple[Intent, ...]:
    """Give the creates of a stack that its next run does not settle.

    Args:
        journal: Creates of this machine; one that cannot be read tells nothing here, a create will say it.
        holder: The stack.
        planned: URNs that the run makes, changes or keeps.
    """
    try:
        found = journal.intents()
    except JournalError:
        return ()
    mine = [each for each in found if each.urn.startswith(holder.prefix) and each.urn not in planned]
    return tuple(each for each in mine if not _is_settled(each, holder) and not journal.is_under_way(each))


def _is_settled(intent: Intent, holder: Holder) -> bool:
    """Tell whether a state holds the object, as far as is known: another checkout may have a state of its own."""
    return intent.object_id is not None and (intent.object_id in holder.ids or intent.folder != holder.folder)


def told(intent: Intent) -> str:
    """Say what became of such a create, as far as it is known, and what settles it."""
    kind = KINDS.get(intent.kind)
    title = f'{kind.title if kind else intent.kind} "{intent.urn.rpartition("::")[2]}"'
    made = "may hold what it made" if intent.object_id is None else f"may hold {intent.object_id}, which it made"
    return (
        f"create {title}: a run was cut off, this run does not settle it, and the account {made}. "
        f"See what is left with: {command(intent.urn)}"
    )
