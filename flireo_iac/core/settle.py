"""Finds out what became of a create whose answer is lost. A create is never sent a second time.

The ids that the account held before are known; the list is read anew, a few times, because the server may still be
at work. Exactly one new object that shows everything that was sent is the one. Anything else stops, and says what to
look at. Source: design, section 7: the API has no idempotency key.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from flireo_iac.core.canonical import canonical, same
from flireo_iac.core.inventory import Inventory
from flireo_iac.core.ports import Listing, Row
from flireo_iac.core.refresh import refreshed
from flireo_iac.errors import AmbiguousCreateError, ApiError, FlireoError, TransportError
from flireo_iac.kinds import Kind

WAITS_S = (0.0, 1.0, 3.0)
"""Seconds before each look at the list."""


def is_lost(error: FlireoError) -> bool:
    """Tell whether the server may have acted although this error came back."""
    if isinstance(error, TransportError):
        return error.may_have_arrived
    return isinstance(error, ApiError) and (error.status >= 500 or error.status < 400)


def is_twin(kind: Kind, inputs: Mapping[str, Any], row: Row) -> bool:
    """Tell whether a row has the natural key of the inputs."""
    ours, theirs = canonical(kind.model, inputs), canonical(kind.model, row)
    return all(same(ours.get(key), theirs.get(key)) for key in kind.natural_key)


def settle(
    kind: Kind,
    inputs: Mapping[str, Any],
    before: Listing,
    error: FlireoError,
    inventory: Inventory,
    sleep: Callable[[float], None] = time.sleep,
) -> Row:
    """Give the one object that a lost create has made.

    Args:
        kind: What it is.
        inputs: What was sent.
        before: What the account held before the create.
        error: What came instead of an answer.
        inventory: What the account holds.
        sleep: Waits so many seconds.

    Raises:
        AmbiguousCreateError: It cannot be told which object it is, or whether there is one.
    """
    lost = f"the answer to the create was lost ({_short(error)})"
    known = {str(row["id"]) for row in before.rows}
    is_certain = before.is_complete
    for wait_s in WAITS_S:
        sleep(wait_s)
        try:
            listing = inventory.relist(kind)
        except FlireoError as second:
            raise AmbiguousCreateError(
                f"{lost}, and the list that would tell whether the object was made could not be read "
                f"({_short(second)}). Look for it in the dashboard before the next run."
            ) from None
        is_certain = is_certain and listing.is_complete
        if kind.endpoint.style == "slot":
            found = _changed_slot(kind, inputs, before, listing)
            if found is not None:
                return found
            continue
        twins = [row for row in listing.rows if str(row["id"]) not in known and is_twin(kind, inputs, row)]
        if twins:
            return _the_one(kind, inputs, twins, lost, is_certain=is_certain)
    if kind.endpoint.style == "slot":
        raise AmbiguousCreateError(
            f"{lost}, and it is not known whether the key was stored. Run again; storing it twice does no harm."
        )
    doubt = "" if is_certain else ", though the list may be incomplete"
    raise AmbiguousCreateError(
        f"{lost}; the account holds no new {kind.title} of that name{doubt}. It was not sent a second time. Run again."
    )


def _changed_slot(kind: Kind, inputs: Mapping[str, Any], before: Listing, after: Listing) -> Row | None:
    slot = str(inputs[kind.endpoint.slot_field])
    output = kind.endpoint.slot_output
    old, new = ({str(row["id"]): row for row in listing.rows}.get(slot) for listing in (before, after))
    return new if new is not None and (old is None or old.get(output) != new.get(output)) else None


def _the_one(kind: Kind, inputs: Mapping[str, Any], twins: list[Row], lost: str, *, is_certain: bool) -> Row:
    matching = [row for row in twins if not refreshed(kind, inputs, row, {}).drifted]
    if len(twins) == 1 and matching and is_certain:
        return twins[0]
    ids = tuple(str(row["id"]) for row in twins)
    if not is_certain:
        what = f"{', '.join(ids)} may be the object, or may have been there before: the list was not complete"
    elif len(twins) > 1:
        what = f"{len(twins)} new objects have the same name: {', '.join(ids)}"
    else:
        what = f"the new object of that name, {ids[0]}, does not hold what was sent"
    raise AmbiguousCreateError(
        f"{lost}, and {what}. Delete what is not wanted in the dashboard, then run again.", candidates=ids
    )


def _short(error: FlireoError) -> str:
    """Say what happened, without the advice that goes with it elsewhere."""
    if isinstance(error, ApiError):
        return f"HTTP {error.status}, {error.method} {error.path}"
    if isinstance(error, TransportError):
        return f"{error.text.partition('. ')[0].rstrip('.')}, {error.method} {error.path}"
    return error.reason.rstrip(".")
