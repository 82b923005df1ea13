"""What it takes to believe that an object is gone.

A list can be short, a page can be missing, an address or a key can be wrong: each of them makes objects look deleted,
and whoever forgets an object makes a second one at the next run. So absence is believed only when three things agree:
the object itself answers 404, a complete list does not show it, and the account is the one that the object was made in.
What cannot be asked by itself is counted: its parent has to count as many as the list shows.
"""

from __future__ import annotations

from flireo_iac.core.account import Account
from flireo_iac.core.inventory import Inventory
from flireo_iac.errors import UnprovenAbsenceError
from flireo_iac.kinds import Kind


def prove_absent(
    kind: Kind, id_: str, inventory: Inventory, account: Account, remembered: object, *, is_list_fresh: bool
) -> None:
    """Come back only when an object that answered 404 is gone for certain.

    Args:
        kind: What it is.
        id_: Its id.
        inventory: What the account holds.
        account: Whose account it is.
        remembered: Account that the object belongs to, as the state says.
        is_list_fresh: True when the list of this run did not show the object before it was asked; False reads the
            list anew.

    Raises:
        OtherAccountError: The key is another account's.
        UnprovenAbsenceError: The list is not complete, or still shows the object.
        FlireoError: The account or the list cannot be read.
    """
    account.check(remembered)
    if kind.endpoint.style != "collection":
        return  # what was asked is all that there is: these kinds have no list beside it
    within = kind.parent_id(id_)
    path = kind.endpoint.path.replace(f"{{{kind.endpoint.within}}}", within)
    listing = inventory.listing(kind, within) if is_list_fresh else inventory.relist(kind, within)
    if not listing.is_complete:
        listing = inventory.relist(kind, within)
    if any(str(row["id"]) == id_ for row in listing.rows):
        raise UnprovenAbsenceError(path, "still shows it")
    if not listing.is_complete:
        raise UnprovenAbsenceError(path, "is not complete")
