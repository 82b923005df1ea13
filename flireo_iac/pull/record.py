"""Which object of the account an item is: ``.flireo/ids/<stack>.json``, a file of the stack that is committed.

Names are given once. The record is what keeps them when somebody renames an agent in the dashboard, and what tells two
agents of one name apart. It holds ids and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from flireo_iac.errors import SettingsError
from flireo_iac.kinds import KINDS
from flireo_iac.pull.account import Account

FOLDER = ".flireo/ids"
"""Where the records stand, seen from the stack's folder."""


def path_of(stack: str) -> str:
    """Give the path of a stack's record, relative to the folder."""
    return f"{FOLDER}/{stack}.json"


def read_record(folder: Path, stack: str) -> dict[str, str]:
    """Give the id of each item that was pulled, by the item's name; empty when nothing was.

    Args:
        folder: The stack's folder.
        stack: Name of the Pulumi stack.

    Raises:
        SettingsError: The file cannot be read, or is no record.
    """
    path = folder / path_of(stack)
    try:
        found = json.loads(path.read_text(encoding="utf-8"))["items"]
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise SettingsError(f'read "{path}": {error.strerror}. Make it readable.') from None
    except (ValueError, TypeError, KeyError):
        found = None
    if not isinstance(found, dict) or not all(isinstance(each, str) for each in found.values()):
        raise SettingsError(
            f'read "{path}": it is no record of ids, expected {{"items": {{"agents.name": "id"}}}}. '
            "Restore it from git, or delete it: objects are then told apart by their names."
        )
    return found


def record_text(ids: Mapping[str, str]) -> str:
    """Give the text of a record.

    Args:
        ids: Id of each item by its name in the stack.
    """
    return json.dumps({"items": dict(sorted(ids.items()))}, indent=2, ensure_ascii=False) + "\n"


def known_ids(record: Mapping[str, str], state: Mapping[str, str], account: Account) -> dict[str, str]:
    """Give the id of each item that is known, from the record and from the engine's state.

    The state knows better, unless the account does not hold what it says: it may be of another account.

    Args:
        record: Id of each item that was pulled.
        state: Id of each item that the state holds.
        account: What the account holds.
    """
    there = {(KINDS[name].folder, str(row["id"])) for name, rows in account.rows.items() for row in rows}
    found = dict(state)
    for key, id_ in record.items():
        folder = key.partition(".")[0]
        if (folder, found.get(key, "")) not in there:
            found[key] = id_
    return found
