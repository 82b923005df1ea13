"""What a state holds: told to the provider before a run, because a create may come before all that the state knows."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flireo_iac.errors import FlireoError
from flireo_iac.settings import STATE_ACCOUNTS, STATE_IDS

_LONGEST = 100_000
"""Characters of a variable; a longer one stops the start of a process. Past that ids are left out, of leads first."""


def told(content: bytes | None) -> dict[str, str]:
    """Give the environment variables that tell a provider what the state holds.

    Args:
        content: The state as it is stored, or as ``pulumi stack export`` prints it; None when there is none. What is
            no state counts as none, because the engine says what is wrong with it.
    """
    from flireo_iac.core.account import ACCOUNT

    resources = list(resources_of(content))
    accounts = {_mapping(each.get("outputs")).get(ACCOUNT) for each in resources}
    ids = sorted(ids_of(content))
    if len(",".join(ids)) > _LONGEST:
        ids = [each for each in ids if "/" not in each]  # leads are looked up in their campaign anyway
    return {
        STATE_ACCOUNTS: ",".join(sorted(account for account in accounts if isinstance(account, str))),
        STATE_IDS: text if len(text := ",".join(ids)) <= _LONGEST else "",
    }


def release_of(content: bytes | None) -> str | None:
    """Give the release that was deployed last; None when there is no state, or one of before releases were kept.

    Args:
        content: The state, as for ``told``.
    """
    for each in resources_of(content):
        if each.get("type") == "pulumi:pulumi:Stack":
            found = _mapping(each.get("outputs")).get("release")
            return found if isinstance(found, str) else None
    return None


def ids_of(content: bytes | None) -> frozenset[str]:
    """Give the ids of all objects that a state holds; for ``content`` see ``told``."""
    return frozenset(each["id"] for each in resources_of(content) if isinstance(each.get("id"), str))


@dataclass(frozen=True)
class Holding:
    """An object that a state holds.

    Args:
        urn: URN of its resource.
        id: Its id.
        account: Id of the account that it belongs to; None when the state does not say.
        is_live: False when it waits for its deletion.
    """

    urn: str
    id: str
    account: str | None
    is_live: bool = True


def holdings(content: bytes | None) -> Iterator[Holding]:
    """Give every object that a state holds; for ``content`` see ``told``."""
    from flireo_iac.core.account import ACCOUNT

    for each in resources_of(content):
        if isinstance(each.get("id"), str):
            account = _mapping(each.get("outputs")).get(ACCOUNT)
            known = account if isinstance(account, str) else None
            yield Holding(str(each.get("urn")), each["id"], known, not each.get("delete"))


def ids_in_state(folder: Path, stack: str) -> dict[str, str]:
    """Give the id of each item that the state of a stack holds; none where there is no state that can be read.

    Args:
        folder: Folder of the project.
        stack: Name of the stack.
    """
    from flireo_iac.plan.model import kind_of

    found: dict[str, str] = {}
    for each in holdings(_stored(folder, stack)):
        kind = kind_of(each.urn)
        if kind is not None and each.is_live:
            found[f"{kind.folder}.{each.urn.rpartition('::')[2]}"] = each.id
    return found


def _stored(folder: Path, stack: str) -> bytes | None:
    """Give the state from a folder or, when it is not kept in one, from the ``pulumi`` program."""
    with suppress(FlireoError):
        return content_of(None, folder, stack)
    program = shutil.which("pulumi")
    with suppress(FlireoError):
        return content_of(program, folder, stack) if program is not None else None
    return None


def content_of(program: str | None, folder: Path, stack: str) -> bytes | None:
    """Give the state of a stack as it is stored, or as ``pulumi`` prints it; None when there is none.

    Args:
        program: Path of the program; None for the local engine.
        folder: Folder of the project.
        stack: Name of the stack.

    Raises:
        FlireoError: It cannot be read.
    """
    from flireo_iac.engine.files.backend import Backend, find_root
    from flireo_iac.engine.files.project import load_project
    from flireo_iac.engine.hand_over import exported

    if program is not None:
        return exported(program, folder, stack)
    project = load_project(folder)
    return Backend(find_root(project, os.environ), project.name, stack).read()


def resources_of(content: bytes | None) -> Iterator[Mapping[str, Any]]:
    """Give every resource of a state as it is stored; for ``content`` see ``told``."""
    try:
        document = json.loads(content or b"{}")
    except ValueError:
        return
    stored = _mapping(_mapping(_mapping(document).get("checkpoint")).get("latest"))
    exported = _mapping(_mapping(document).get("deployment"))
    found = (stored or exported).get("resources")
    yield from map(_mapping, found if isinstance(found, list) else [])


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
