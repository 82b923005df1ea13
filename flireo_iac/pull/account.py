"""What the account holds, read with one list a kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flireo_iac.client.api import FlireoApi
from flireo_iac.kinds import FILE_KINDS, KINDS, Kind, marker, our_name, shapes
from flireo_iac.kinds._markers import Secret, Since
from flireo_iac.rows import Row


@dataclass(frozen=True)
class Account:
    """What the account holds.

    Args:
        rows: The objects of each kind that was read, by the kind's name, in the server's order.
        incomplete: Names of kinds whose list does not prove that it is whole.
    """

    rows: Mapping[str, tuple[Row, ...]]
    incomplete: frozenset[str] = frozenset()


_NAMES = tuple(kind.name for kind in FILE_KINDS)


def read_account(api: FlireoApi, names: Iterable[str] = _NAMES) -> Account:
    """Read the lists of some kinds, and one list of leads for each campaign; sends no write.

    Where a list says less than its objects do, its objects are read one by one.

    Args:
        api: The account.
        names: Names of the kinds.

    Raises:
        FlireoError: A list cannot be read.
    """
    rows: dict[str, tuple[Row, ...]] = {}
    incomplete: set[str] = set()
    for name in names:
        kind = KINDS[name]
        listing = api.list(kind)
        found = listing.rows
        first = next((row for row in found if _looks_brief(kind, row)), None)
        if first is not None and _says_less(first, api.get(kind, str(first["id"]))):
            whole = (api.get(kind, str(row["id"])) for row in found)
            found = tuple(row for row in whole if row is not None)
        if name == "campaign":
            found = tuple(_with_leads(api, row, incomplete) for row in found)
        rows[name] = found
        if not listing.is_complete:
            incomplete.add(name)
    return Account(rows, frozenset(incomplete))


def _with_leads(api: FlireoApi, campaign: Row, incomplete: set[str]) -> Row:
    """Give a campaign with its leads, as its file says them; without, where the list does not show all of them."""
    if not campaign.get("total_leads"):
        return campaign
    kind = KINDS["campaign_lead"]
    listing = api.list(kind, str(campaign["id"]))
    if not listing.is_complete or len(listing.rows) != campaign["total_leads"]:
        incomplete.add(kind.name)
        return campaign
    return {**campaign, "leads": [{key: row[key] for key in _OF_A_LEAD if row.get(key)} for row in listing.rows]}


_OF_A_LEAD = ("phone_number", "variables")


def _says_less(row: Row, whole: Row | None) -> bool:
    return whole is not None and any(key not in row for key in whole)


def _looks_brief(kind: Kind, row: Row) -> bool:
    """Tell whether a row of a list lacks what every object has: a field that is required, or a block."""
    if kind.endpoint.style != "collection":
        return False
    shown = {our_name(kind.model, key) for key in row}
    for name, info in kind.inputs.items():
        secret = marker(info, Secret)
        is_expected = info.is_required() or shapes(kind.model)[name].block is not None
        if is_expected and name not in shown and secret is None and marker(info, Since) is None:
            return True
    return False
