"""``flireo account``: the account that the key belongs to."""

from __future__ import annotations

import typer

from flireo_iac.cli import output
from flireo_iac.cli._options import AsJson, StackFolder, StackName

_FIRST = ("name", "id", "minutes_balance", "monthly_usage_minutes", "active_calls", "active_numbers", "active_agents")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("account")(account)


def account(
    stack: StackName = None,
    cwd: StackFolder = None,
    as_json: AsJson = False,
) -> None:
    """Show the account that the key belongs to: its balance, and what is in use."""
    from flireo_iac.cli._at_hand import AtHand
    from flireo_iac.cli._calling import clean
    from flireo_iac.client.account import read_account

    with AtHand("account", cwd, stack).api() as api:
        found = read_account(api.http)
    if as_json:
        output.data_json(found)
        return
    for name in dict.fromkeys((*_FIRST, *found)):
        value = found.get(name)
        if isinstance(value, str | int | float):
            output.data(f"{name.replace('_', ' '):<22} {clean(str(value))}")
