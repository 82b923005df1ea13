"""What is asked of a pull."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path


@dataclass(frozen=True)
class Choice:
    """What is asked for.

    Args:
        folder: The stack's folder, as the user names it.
        stack: Name of the Pulumi stack.
        environment: Its environment; None when the stack has none.
        only: Names of items, ``*`` and ``?`` stand for any text; empty for all.
        is_adding: True writes fields, too, that an item's file does not name.
    """

    folder: Path
    stack: str
    environment: str | None
    only: tuple[str, ...] = ()
    is_adding: bool = False

    def wants(self, key: str) -> bool:
        """Tell whether an item is asked for."""
        return not self.only or any(fnmatchcase(key, pattern) for pattern in self.only)
