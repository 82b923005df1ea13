"""Objects of the account as commands put them into a state and show them, and the account that they belong to."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from flireo_iac.allow import Allowed
from flireo_iac.cli import output
from flireo_iac.client.api import FlireoApi
from flireo_iac.core.account import ACCOUNT, Account
from flireo_iac.core.existing import Existing
from flireo_iac.engine.deploy.taken import Taken
from flireo_iac.engine.model.state import Resource
from flireo_iac.engine.model.values import Secret
from flireo_iac.kinds import Kind, map_secrets
from flireo_iac.settings import Settings
from flireo_iac.waits import wait_text

_PROVIDER = "__provider"


def opened(settings: Settings) -> FlireoApi:
    """Open the API for a command, which tells its waits and warnings on stderr."""
    return FlireoApi(settings, on_wait=say_wait, on_warning=warn)


def account_of(api: FlireoApi, settings: Settings, resources: Iterable[Resource]) -> Account:
    """Give the account of the key, to be held against what settings and state say.

    Args:
        api: The API.
        settings: The settings.
        resources: What the state holds.
    """
    return Account(
        api,
        expected=settings.account,
        is_other_allowed=Allowed.load(os.environ).covers("other-account"),
        seen={str(each.outputs[ACCOUNT]) for each in resources if ACCOUNT in each.outputs},
        say=warn,
    )


def taken(kind: Kind, urn: str, made: Existing) -> Taken:
    """Give an object as the engine takes it into a state.

    Args:
        kind: What it is.
        urn: URN of the resource.
        made: What the state is to hold.
    """

    def sealed(values: Mapping[str, Any]) -> dict[str, Any]:
        return map_secrets(kind.model, values, Secret)

    outputs = {**made.outputs, _PROVIDER: made.inputs[_PROVIDER]}
    return Taken(urn, made.id, sealed(made.inputs), sealed(outputs))


def name_of(kind: Kind, row: Mapping[str, Any]) -> str:
    """Give what a person calls an object; empty when it has no name."""
    return " ".join(str(row[key]) for key in kind.natural_key if row.get(key) is not None)


def described(kind: Kind, row: Mapping[str, Any]) -> str:
    """Give id, name and age of an object."""
    name = name_of(kind, row)
    named = f'{row["id"]} "{name}"' if name else str(row["id"])
    return f"{named}, made {row['created_at']}" if row.get("created_at") else named


def say_wait(reason: str, seconds: float) -> None:
    """Tell a wait."""
    output.note(wait_text(reason, seconds))


def warn(text: str) -> None:
    """Tell a warning."""
    output.note(f"warning: {text}")
