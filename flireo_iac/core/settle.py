"""Finds out what became of a create whose answer is not known: in this run, or in one that was cut off.

The objects of the same name that the account held before are known from the journal; the list is read anew, a few
times, because the server may still be at work. Exactly one new object that shows everything that was sent is the one.
None means that nothing was made, once nothing can arrive any more. Anything else stops, and says what to look at.
Source: design, section 7: the API has no idempotency key.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from flireo_iac.core.canonical import canonical, same
from flireo_iac.core.inventory import Inventory
from flireo_iac.core.journal import Intent, Journal
from flireo_iac.core.ports import Row
from flireo_iac.core.refresh import refreshed
from flireo_iac.errors import AmbiguousCreateError, ApiError, FlireoError, TransportError, UnexpectedAnswerError
from flireo_iac.kinds import Kind, our_name

WAITS_S = (0.0, 1.0, 3.0)
"""Seconds before each look at the list, in the run that lost the answer."""

_POLL_S = 2.0

_LONGEST_WAIT_S = 180.0
"""Longest wait for a process that is still at its create; longer than the deadline of an operation."""


def is_lost(error: FlireoError) -> bool:
    """Tell whether the server may have acted although this error came back."""
    if isinstance(error, TransportError):
        return error.may_have_arrived
    return isinstance(error, ApiError) and (error.status >= 500 or error.status < 400)


@contextmanager
def outcome_unknown() -> Iterator[None]:
    """Let errors tell that a create was sent, and that what came of it is not known."""
    try:
        yield
    except FlireoError as error:
        error.is_outcome_unknown = True
        raise


def natural_key(kind: Kind, values: Mapping[str, Any]) -> dict[str, Any]:
    """Give the values by which a person tells an object from others."""
    spelled = canonical(kind.model, values)
    return {name: spelled.get(name) for name in kind.natural_key}


def has_key(kind: Kind, key: Mapping[str, Any], row: Row) -> bool:
    """Tell whether a row has a natural key."""
    # Every create looks at every row of its kind, so no more of a row is spelled than the key.
    theirs = canonical(kind.model, {name: value for name, value in row.items() if our_name(kind.model, name) in key})
    return all(same(value, theirs.get(name)) for name, value in key.items())


def shows(kind: Kind, inputs: Mapping[str, Any], row: Row) -> bool:
    """Tell whether a row holds everything that was sent."""
    return not refreshed(kind, inputs, row, {}).drifted


@dataclass
class Settler:
    """Settles intents.

    Args:
        inventory: What the account holds.
        journal: Creates that are under way.
        settle_s: Seconds after which nothing can arrive any more.
        sleep: Waits so many seconds.
        is_known: Tells by kind and id whether the state holds an object, which then is nobody's lost one.
    """

    inventory: Inventory
    journal: Journal
    settle_s: float
    sleep: Callable[[float], None]
    is_known: Callable[[str, str], bool] = lambda kind, id_: False

    def after_loss(self, kind: Kind, inputs: Mapping[str, Any], intent: Intent, error: FlireoError) -> Row:
        """Give the one object that a create of this run has made.

        Args:
            kind: What it is.
            inputs: What was sent.
            intent: The create.
            error: What came instead of an answer.

        Raises:
            AmbiguousCreateError: It cannot be told which object it is, or whether there is one.
        """
        lost = f"the answer to the create was lost ({short(error)})"
        for wait_s in WAITS_S:
            self.sleep(wait_s)
            found = self._look(kind, inputs, intent, lost)
            if found is not None:
                return found
        raise AmbiguousCreateError(
            f"{lost}, and the account holds no new {kind.title} of that name yet. It was not sent a second time. "
            "Run again."
        )

    def of_earlier_run(
        self, kind: Kind, inputs: Mapping[str, Any] | None, intent: Intent, on_wait: Callable[[str, float], None]
    ) -> Row | None:
        """Give the one object that a create of another run has made; None when it certainly made none.

        Args:
            kind: What it is.
            inputs: What was sent; None when that is not known, because the file says something else now.
            intent: The create.
            on_wait: Takes the reason and the seconds of a wait.

        Raises:
            AmbiguousCreateError: It cannot be told which object it is, or whether there is one.
        """
        cut = "an earlier run was cut off while it created this"
        waited_s = 0.0
        while True:
            is_under_way = self.journal.is_under_way(intent)
            found = self._look(kind, inputs, intent, cut)
            if found is not None:
                return found
            left_s = self.settle_s - max(intent.age_s, waited_s)
            if left_s <= 0 and not is_under_way:
                return None
            if left_s <= 0 and waited_s >= _LONGEST_WAIT_S:
                raise AmbiguousCreateError(
                    "another run is still creating this, and has not said whether it did. Run again when it has ended."
                )
            if waited_s == 0:
                reason = "another run is still creating this" if is_under_way else f"{cut}, it may still arrive"
                on_wait(reason, max(left_s, _POLL_S))
            pause_s = min(_POLL_S, max(left_s, 0.1))
            self.sleep(pause_s)
            waited_s += pause_s

    def _look(self, kind: Kind, inputs: Mapping[str, Any] | None, intent: Intent, story: str) -> Row | None:
        """Look once; None when there is nothing new."""
        try:
            listing = self.inventory.relist(kind, str(intent.natural_key.get(kind.endpoint.within, "")))
        except FlireoError as error:
            raise AmbiguousCreateError(
                f"{story}, and the list that would tell whether the object was made could not be read "
                f"({short(error)}). It was not sent a second time. Run again."
            ) from None
        is_certain = intent.is_complete and listing.is_complete
        new = [
            row
            for row in listing.rows
            if str(row["id"]) not in intent.twins
            and not self.is_known(kind.name, str(row["id"]))
            and has_key(kind, intent.natural_key, row)
        ]
        has_rival = bool(new) and self._has_rival(intent)
        taken = {each.object_id for each in self.journal.intents() if each.id != intent.id}
        taken |= self.journal.made_for_others(intent.urn)
        twins = [row for row in new if str(row["id"]) not in taken]
        if not twins and not is_certain:
            raise AmbiguousCreateError(
                f"{story}, and the list of the account is not complete, so it cannot be told whether the object was "
                "made. It was not sent a second time. Run again, or look for it in the dashboard."
            )
        if not twins:
            return None
        if len(twins) > 1:
            what = f"{len(twins)} new objects have the same name: {', '.join(str(row['id']) for row in twins)}"
        elif not is_certain:
            what = f"{twins[0]['id']} may be the object, or may have been there before: the list was not complete"
        elif has_rival:
            what = f"{twins[0]['id']} may be another resource's, which was created under the same name at the same time"
        elif inputs is None:
            what = f"the file or the API key has changed since, so it cannot be told whether {twins[0]['id']} is it"
        elif not shows(kind, inputs, twins[0]):
            what = f"the new object of that name, {twins[0]['id']}, does not hold what was sent"
        else:
            return twins[0]
        raise ambiguous(story, what, intent.urn, twins)

    def _has_rival(self, intent: Intent) -> bool:
        """Tell whether another create under the same name has no answer; one that is under way is waited for."""
        for wait_s in (*WAITS_S, None):
            rivals = [
                each
                for each in self.journal.intents()
                if each.id != intent.id
                and each.object_id is None
                and (each.scope, each.kind) == (intent.scope, intent.kind)
                and dict(each.natural_key) == dict(intent.natural_key)
            ]
            if wait_s is None or not any(self.journal.is_under_way(each) for each in rivals):
                break
            self.sleep(wait_s)
        return bool(rivals)


def ambiguous(story: str, what: str, urn: str, rows: Sequence[Row]) -> AmbiguousCreateError:
    """Give the error for a create whose object cannot be told, with the ways out.

    Args:
        story: How it came to that.
        what: What is not certain.
        urn: URN of the resource.
        rows: The objects in question.
    """
    ids = tuple(str(row["id"]) for row in rows)
    return AmbiguousCreateError(f"{story}, and {what}. {advice(urn, ids)}", candidates=ids)


def command(urn: str, *choice: str) -> str:
    """Give the command line that settles a create by hand.

    Args:
        urn: URN of the resource; empty where the engine does not tell it.
        choice: The options.
    """
    stack = urn.partition("::")[0].removeprefix("urn:pulumi:")
    return shlex.join(["flireo", "recover", *(["-s", stack] if stack else []), *choice])


def advice(urn: str, ids: Sequence[str]) -> str:
    """Say how a person settles it."""
    name = urn.rpartition("::")[2] or "NAME"
    which = ids[0] if len(ids) == 1 else "ID"
    return (
        f"To take one over: {command(urn, '--take', f'{name}={which}')}. To have another one made: "
        f"{command(urn, '--forget', name)}. What is not wanted can be deleted in the dashboard."
    )


def short(error: FlireoError) -> str:
    """Say what happened, without the advice that goes with it elsewhere."""
    if isinstance(error, UnexpectedAnswerError):
        return f"{error.text.partition('. ')[0].rstrip('.')}, HTTP {error.status}, {error.method} {error.path}"
    if isinstance(error, ApiError):
        return f"HTTP {error.status}, {error.method} {error.path}"
    if isinstance(error, TransportError):
        return f"{error.text.partition('. ')[0].rstrip('.')}, {error.method} {error.path}"
    return error.reason.rstrip(".")
