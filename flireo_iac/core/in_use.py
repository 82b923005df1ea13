"""Whether callers or campaigns still depend on an object that is about to be deleted.

The server lets an agent go and leaves its numbers without one, so that calls are not answered (api notes, sections 8
and 11). So the lists of what can use it are looked at first, once in a run; what this run has deleted or pointed
elsewhere is known to them.
"""

from __future__ import annotations

from flireo_iac.allow import flag
from flireo_iac.core.canonical import canonical
from flireo_iac.core.inventory import OLD_S, Inventory
from flireo_iac.core.ports import Row
from flireo_iac.errors import BusyError, InUseError, NotFoundError
from flireo_iac.kinds import Kind
from flireo_iac.kinds._uses import USES, Use


def require_unused(kind: Kind, id_: str, item: str, inventory: Inventory) -> None:
    """Come back only when nothing live uses the object.

    Args:
        kind: What it is.
        id_: Its id.
        item: Pulumi's name of the resource, for the option that allows it.
        inventory: What the account holds.

    Raises:
        BusyError: It is doing something itself.
        InUseError: Something uses it, or it cannot be told.
        FlireoError: A list cannot be read.
    """
    if kind.why_busy is not None:
        inventory.listing_of(kind, "", OLD_S)
        row = inventory.find(kind, id_)[0]
        if row is not None and (why := kind.why_busy(canonical(kind.model, row))):
            raise BusyError(why, flag("in-use", item))
    users = [user for use in USES.get(kind.name, ()) for user in _users(use, id_, inventory, item)]
    if users:
        raise InUseError(f"{', '.join(users)} would be left without it", flag("in-use", item))


def _users(use: Use, id_: str, inventory: Inventory, item: str) -> list[str]:
    try:
        listing = inventory.listing(use.kind)
    except NotFoundError:
        return []  # a server without such a list has no such objects
    rows = [canonical(use.kind.model, row) for row in listing.rows]
    found = [_named(use, row) for row in rows if row.get(use.field) == id_ and use.is_live(row)]
    if not found and not listing.is_complete:
        raise InUseError(
            f"the list of {use.kind.endpoint.path} is not complete, so that it cannot be told what uses it",
            flag("in-use", item),
        )
    return found


def _named(use: Use, row: Row) -> str:
    key = use.kind.natural_key[0]
    return f'{use.kind.title} "{row.get(key) or row["id"]}"'
