"""Whose objects a state holds: told to the provider before a run, so that the first create is held against it too."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def accounts_in(content: bytes | None) -> frozenset[str]:
    """Give the accounts that a state speaks of.

    Args:
        content: The state as it is stored, or as ``pulumi stack export`` prints it; None when there is none.

    Returns:
        Their ids; empty also for what is no state, because the engine says what is wrong with it.
    """
    from flireo_iac.core.account import ACCOUNT

    try:
        document = json.loads(content or b"{}")
    except ValueError:
        return frozenset()
    held = (_mapping(each).get("outputs") for each in _resources(document))
    found = (_mapping(outputs).get(ACCOUNT) for outputs in held)
    return frozenset(account for account in found if isinstance(account, str))


def _resources(document: Any) -> list[Any]:
    stored = _mapping(_mapping(_mapping(document).get("checkpoint")).get("latest"))
    exported = _mapping(_mapping(document).get("deployment"))
    found = (stored or exported).get("resources")
    return found if isinstance(found, list) else []


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
