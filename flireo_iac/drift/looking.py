"""What the account holds of each resource of the state: one list a kind, and an object itself only to confirm."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from flireo_iac.core.account import ACCOUNT, Account
from flireo_iac.core.inventory import Inventory
from flireo_iac.core.lifecycle import Lifecycle
from flireo_iac.core.ports import Api
from flireo_iac.drift.model import Applied, Held
from flireo_iac.rows import GONE


def look(
    api: Api, inventory: Inventory, account: Account, applied: Iterable[Applied], say: Callable[[str], None]
) -> dict[str, Held]:
    """Look at the objects of a state; sends no write.

    Args:
        api: The account.
        inventory: What it holds, read once for each kind.
        account: Whose account it is.
        applied: The resources.
        say: Takes a sentence for the reader.

    Returns:
        What the account holds of each, by URN.

    Raises:
        OtherAccountError: The key is another account's.
        UnprovenAbsenceError: An object answers 404, though it is not certain that it is gone.
        FlireoError: The account cannot be read.
    """
    lifecycle = Lifecycle(api, inventory, account)
    found = {}
    for each in applied:
        account.see(each.outputs.get(ACCOUNT))

        def tell(severity: str, text: str, title: str = f'{each.kind.title} "{each.name}"') -> None:
            if severity == "warning":
                say(f"{title}: {text}")

        held = lifecycle.read(each.kind, each.id, each.inputs, each.outputs, tell)
        held = None if held is not None and GONE in held.outputs else held
        row = inventory.find(each.kind, each.id)[0] if held is not None else None
        found[each.urn] = Held(held.inputs, row) if held is not None else Held()
        if held is None or dict(held.inputs) != dict(each.inputs):
            account.check()  # before anything is told about an account that may be another one
    return found
