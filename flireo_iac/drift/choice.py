"""What a person names on the command line: an item, several, or a place in one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from flireo_iac.core.check import suggestion
from flireo_iac.errors import SettingsError

_BELOW = (".", "[", " (")
"""What follows a path where a longer one goes on."""


@dataclass(frozen=True)
class Selector:
    """A name such as ``agents.desk``, ``agents.*`` or ``agents.desk.llm_config.temperature``.

    Args:
        option: The option that it was given to, for errors.
        item: Name of the item; ``*`` and ``?`` stand for any text.
        path: The place in it, everything below included; empty for the whole item.
    """

    option: str
    item: str
    path: str = ""

    @classmethod
    def read(cls, option: str, text: str) -> Selector:
        """Read a name.

        Raises:
            SettingsError: It names no item.
        """
        folder, _, rest = text.partition(".")
        name, _, path = rest.partition(".")
        if not folder or not name or (not path and text.endswith(".")):
            raise SettingsError(
                f'{option} "{text}": is no name of an item, expected one such as agents.desk, or '
                "agents.desk.first_message for a field. Name one."
            )
        return cls(option, f"{folder}.{name}", path)

    def __str__(self) -> str:
        """Give the name as it was written."""
        return f"{self.item}.{self.path}" if self.path else self.item

    def takes_item(self, key: str) -> bool:
        """Tell whether it is about an item, or about a place in it."""
        return fnmatchcase(key, self.item)

    def takes(self, key: str, path: str) -> bool:
        """Tell whether it is about a place."""
        return self.takes_item(key) and covers(self.path, path)


def covers(above: str, path: str) -> bool:
    """Tell whether a place is another one, or inside it; empty is the whole item."""
    return above in ("", "*", path) or path.startswith(tuple(f"{above}{sign}" for sign in _BELOW))


def check_known(selectors: Sequence[Selector], known: Iterable[str]) -> None:
    """Refuse names of items that are nowhere.

    Args:
        selectors: What was named.
        known: Names of the items of files and state.

    Raises:
        SettingsError: An item is neither in the files nor in the state.
    """
    keys = sorted(set(known))
    wrong = [each for each in selectors if not any(each.takes_item(key) for key in keys)]
    if wrong:
        raise SettingsError(
            "\n".join(
                f'{each.option} "{each}": no such item is in the files or in the state'
                f"{suggestion(each.item, keys) or ', there are: ' + (', '.join(keys[:10]) or 'none') + '.'}"
                for each in wrong
            )
        )
