"""What a pull comes to: the files it would write, and what it cannot."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from flireo_iac.errors import SettingsError
from flireo_iac.kinds import KINDS
from flireo_iac.pull.forms import Needed


@dataclass(frozen=True, order=True)
class Remark:
    """Something that a person should know about one place of an item.

    Args:
        item: Name of the item in the stack.
        field: The place; empty for the item as a whole.
        text: What is so.
    """

    item: str
    field: str
    text: str

    def __str__(self) -> str:
        """Give the remark as ``item field: text``."""
        return f"{self.item} {self.field}".strip() + f": {self.text}"


@dataclass(frozen=True)
class FileChange:
    """One file that differs from what the account says.

    Args:
        path: Path in the stack.
        before: What it holds; None when it is not there.
        after: What it is to hold.
    """

    path: str
    before: bytes | None
    after: bytes


@dataclass(frozen=True)
class Pulled:
    """What a pull would do.

    Args:
        folder: The stack's folder.
        stack: Name of its Pulumi stack.
        changes: The files that it would write, sorted.
        items: Names of the items that the account's objects are, sorted.
        same: How many item files say what the account says.
        needed: Secrets that the new files use, and somebody has to supply.
        left: What the account holds and the files do not say.
        by_hand: What differs and stands where only a person should change it.
        gone: Items whose object the account does not hold.
    """

    folder: Path
    stack: str
    changes: tuple[FileChange, ...]
    items: tuple[str, ...]
    same: int
    needed: tuple[Needed, ...]
    left: tuple[Remark, ...]
    by_hand: tuple[Remark, ...]
    gone: tuple[str, ...]

    @property
    def has_new_items(self) -> bool:
        """Whether it would write files of items that were not there."""
        places = {kind.single_file or kind.folder for kind in KINDS.values()}
        return any(each.before is None and PurePosixPath(each.path).parts[0] in places for each in self.changes)

    def write(self) -> None:
        """Write the files; each is whole or as it was.

        Raises:
            SettingsError: A file cannot be written; those before it are written.
        """
        write_files(self.folder, {change.path: change.after for change in self.changes})


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files into a folder, each in one go.

    Args:
        folder: The folder; made when it is not there.
        files: What each is to hold, by its path in the folder.

    Raises:
        SettingsError: A file cannot be written.
    """
    for name, content in files.items():
        path = (folder / name).resolve()
        fresh = path.with_name(f".{path.name}.new")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_bytes(content)
            if path.exists():
                shutil.copymode(path, fresh)
            fresh.replace(path)
        except OSError as error:
            fresh.unlink(missing_ok=True)
            raise SettingsError(f'write "{path}": {error.strerror}. Make room or rights, and pull again.') from None
