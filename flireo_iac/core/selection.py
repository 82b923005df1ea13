"""Which items a person means, and which object each of them is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from flireo_iac.errors import SettingsError

_SHOWN = 10


@dataclass(frozen=True)
class Selection:
    """What a person named on the command line of a verb; nothing means all items.

    Args:
        verb: The verb, for texts.
        patterns: Items such as ``agents.desk``, patterns of items, or URNs.
        said: Id by item or URN.
    """

    verb: str
    patterns: tuple[str, ...] = ()
    said: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, verb: str, texts: Iterable[str]) -> Selection:
        """Read the arguments of a command line.

        Args:
            verb: The verb.
            texts: Each an item, a pattern, or ``ITEM=ID``.

        Raises:
            SettingsError: One of them is none of these, or an item is to be two objects.
        """
        patterns = []
        said: dict[str, str] = {}
        for text in texts:
            name, equals, id_ = text.rpartition("=")
            if not equals:
                patterns.append(text)
            elif not name or not id_:
                raise SettingsError(f'{verb} "{text}": ITEM=ID was expected. Name the item and the id.')
            elif said.setdefault(name, id_) != id_:
                raise SettingsError(f'{verb} "{text}": {name} is to be {said[name]} already. Name one of them.')
        return cls(verb, tuple(patterns), said)

    def wants(self, urn: str, key: str) -> bool:
        """Tell whether an item is meant, by its URN and its name in the stack."""
        if not self.patterns and not self.said:
            return True
        return any(_fits(each, urn, key) for each in (*self.said, *self.patterns))

    def check(self, keys: Mapping[str, str]) -> None:
        """Refuse what names nothing.

        Args:
            keys: The name in the stack of every item that there is, by URN.

        Raises:
            SettingsError: A name fits no item, or an id is for several.
        """
        for name in self.said:
            fitting = sorted(urn for urn, key in keys.items() if name in (urn, key))
            if len(fitting) > 1:
                raise SettingsError(
                    f'{self.verb} "{name}": is the name of {", ".join(fitting)}, one was expected. Take the URN.'
                )
        for name in (*self.said, *self.patterns):
            if not any(_fits(name, urn, key) for urn, key in keys.items()):
                shown = ", ".join(sorted(keys.values())[:_SHOWN]) or "none"
                raise SettingsError(
                    f'{self.verb} "{name}": the stack has no such item, there are: {shown}. Name another.'
                )


def _fits(pattern: str, urn: str, key: str) -> bool:
    return pattern == urn or fnmatchcase(key, pattern)
