"""What a person said about creates that were cut off: which object each made, or that it is to be forgotten."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from flireo_iac.errors import SettingsError


@dataclass(frozen=True)
class Choices:
    """What a person said.

    Args:
        taken: Id by the name or the URN of a resource.
        forgotten: Names or URNs.

    Raises:
        SettingsError: A name is in both.
    """

    taken: Mapping[str, str] = field(default_factory=dict)
    forgotten: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        for name in self.forgotten.intersection(self.taken):
            raise SettingsError(f'recover "{name}": is in --take and in --forget, one of them was expected. Leave one.')

    @classmethod
    def read(cls, take: Iterable[str], forget: Iterable[str]) -> Choices:
        """Read the options of the command line.

        Args:
            take: Each ``NAME=ID``.
            forget: Names.

        Raises:
            SettingsError: One of them is not of that form, or a name is there twice.
        """
        taken: dict[str, str] = {}
        for text in take:
            name, _, id_ = text.rpartition("=")
            if not name or not id_:
                raise SettingsError(f'--take "{text}": NAME=ID was expected. Name the resource and the id.')
            if taken.setdefault(name, id_) != id_:
                raise SettingsError(f'--take "{text}": {name} is to be {taken[name]} already. Name one of them.')
        return cls(taken, frozenset(forget))

    def id_of(self, urn: str) -> str | None:
        """Give the id that a person named for a resource; None when none was named."""
        return self.taken.get(urn, self.taken.get(urn.rpartition("::")[2]))

    def forgets(self, urn: str) -> bool:
        """Tell whether a create is to be forgotten."""
        return urn in self.forgotten or urn.rpartition("::")[2] in self.forgotten

    def check(self, urns: Collection[str]) -> None:
        """Refuse what a person said of names that do not tell which create is meant.

        Args:
            urns: Every create that has not ended.

        Raises:
            SettingsError: A name fits several of them, or one to forget fits none.
        """
        for name in (*self.taken, *self.forgotten):
            fitting = [urn for urn in urns if name in (urn, urn.rpartition("::")[2])]
            if len(fitting) > 1:
                raise several(name, fitting)
            if not fitting and name in self.forgotten:
                raise SettingsError(
                    f'recover "{name}": is to be forgotten, but no create of that name is pending, one was expected. '
                    "Leave out --forget; see what is left with: flireo recover."
                )

    def unused(self, urns: Iterable[str]) -> tuple[str, ...]:
        """Give the names to take over that belong to none of these resources."""
        known = {name for urn in urns for name in (urn, urn.rpartition("::")[2])}
        return tuple(name for name in self.taken if name not in known)


def several(name: str, urns: Iterable[str]) -> SettingsError:
    """Give the error for a name that several resources have."""
    return SettingsError(
        f'recover "{name}": is the name of {", ".join(urns)}, one was expected. Take the URN for the name.'
    )
