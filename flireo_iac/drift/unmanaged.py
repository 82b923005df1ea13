"""What the account holds and no stack of a repository owns."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Set
from pathlib import Path

from flireo_iac.core.canonical import canonical
from flireo_iac.drift.model import Fate, ItemDrift
from flireo_iac.kinds import FILE_KINDS, KINDS, Kind
from flireo_iac.pull.record import FOLDER, read_record
from flireo_iac.rows import Listing, Row

_NOT_LOOKED_IN = frozenset({"node_modules", "venv", "site-packages", "__pycache__"})

Owned = Set[tuple[str, str]]
"""Objects by the name of their kind and their id."""


def unmanaged(listing: Callable[[Kind], Listing], owned: Owned) -> Iterator[ItemDrift]:
    """Give every object that nothing owns.

    Args:
        listing: Gives all objects of a kind.
        owned: What the stacks own.
    """
    for kind in FILE_KINDS:
        for row in listing(kind).rows:
            if (kind.name, str(row["id"])) not in owned:
                yield ItemDrift(kind, _called(kind, row), str(row["id"]), Fate.UNMANAGED)


def _called(kind: Kind, row: Row) -> str:
    spelled = canonical(kind.model, row)
    found = " ".join(str(spelled[name]) for name in kind.natural_key if isinstance(spelled.get(name), str))
    return found or str(row["id"])


def projects(folder: Path) -> list[Path]:
    """Find every stack's folder of the repository that a folder is in; only that folder where there is none.

    Args:
        folder: Folder of a stack.
    """
    here = folder.resolve()
    top = next((each for each in (here, *here.parents) if (each / ".git").exists()), None)
    if top is None:
        return [folder]
    found = []
    for place, folders, files in os.walk(top):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _NOT_LOOKED_IN)
        if "Pulumi.yaml" in files:
            found.append(Path(place))
    return found


def recorded(folder: Path) -> set[tuple[str, str]]:
    """Give the objects that were pulled into a stack, for whatever environment.

    Args:
        folder: The stack's folder.

    Raises:
        SettingsError: A record cannot be read.
    """
    kinds = {kind.folder: kind.name for kind in KINDS.values()}
    found = set()
    for path in (folder / FOLDER).glob("*.json"):
        for key, id_ in read_record(folder, path.stem).items():
            found.add((kinds.get(key.partition(".")[0], ""), id_))
    return found
