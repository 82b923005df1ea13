"""What a run may do although it has to be asked for: ``FLIREO_ALLOW`` and the option ``--allow``.

A permission is a word, or a word and the name of an item: ``many-deletes``, ``replace:main-number``. ``*`` in a name
stands for any text.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flireo_iac.errors import SettingsError

VARIABLE = "FLIREO_ALLOW"

ITEM_WORDS = {
    "replace": "replace a phone number or a campaign by a new one",
    "in-use": "delete or replace an agent that a number or a campaign uses",
    "call-again": "take away a lead that was called already, so that the campaign calls it again",
    "overwrite": "store a key over one that the account holds and this state does not know",
    "twin": "create an object although the account holds one like it",
}
"""Words that name an item, and what they allow."""

RUN_WORDS = {
    "many-deletes": "delete or replace a large part of the stack",
    "other-account": "write to another account than the one that the state was made with",
}
"""Words that stand alone, and what they allow."""


FEWEST_RESOURCES = 10
"""A smaller number is not held against the share below: there, one deletion is many already."""

LARGEST_SHARE = 0.3
"""Share of what is there that a run may delete or replace without being asked."""


def is_many(number: int, of: int) -> bool:
    """Tell whether so many deletes of so many have to be asked for."""
    return of >= FEWEST_RESOURCES and number > LARGEST_SHARE * of


@dataclass(frozen=True)
class Allowed:
    """What was asked for.

    Args:
        words: Permissions, such as ``many-deletes`` and ``replace:main-number``.

    Raises:
        SettingsError: One of them is not known, or lacks its item.
    """

    words: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        for word in sorted(self.words):
            _check(word)

    @classmethod
    def load(cls, environ: Mapping[str, str], more: Iterable[str] = ()) -> Allowed:
        """Read the permissions of the environment.

        Args:
            environ: Environment variables; in ``FLIREO_ALLOW`` permissions are separated by commas.
            more: Further ones, in the same form.

        Raises:
            SettingsError: One of them is not known, or lacks its item.
        """
        texts = [environ.get(VARIABLE, ""), *more]
        return cls(frozenset(word.strip() for text in texts for word in text.split(",") if word.strip()))

    def __str__(self) -> str:
        """Give the value for the environment variable."""
        return ",".join(sorted(self.words))

    def covers(self, word: str, item: str = "") -> bool:
        """Tell whether something may be done.

        Args:
            word: One of ``ITEM_WORDS`` or ``RUN_WORDS``.
            item: Pulumi's name of the resource; empty for one of ``RUN_WORDS``.
        """
        if word in RUN_WORDS:
            return word in self.words
        return any(
            _matches(pattern, item)
            for known, _, pattern in (each.partition(":") for each in self.words)
            if known == word
        )


def word(about: str, item: str = "") -> str:
    """Give a permission as a user types it into a shell: ``replace:main``."""
    return shlex.quote(f"{about}:{item}" if item else about)


def flag(about: str, item: str = "") -> str:
    """Give the option that allows something: ``--allow replace:main``."""
    return f"--allow {word(about, item)}"


def _matches(pattern: str, item: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), item, re.DOTALL) is not None


def _check(text: str) -> None:
    word, _, item = text.partition(":")
    if word in ITEM_WORDS and not item:
        raise SettingsError(f'--allow "{text}": names no item, expected {word}:<item>. Name the item, or * for all.')
    if text not in RUN_WORDS and word not in ITEM_WORDS:
        known = ", ".join([*(f"{each}:<item>" for each in ITEM_WORDS), *RUN_WORDS])
        raise SettingsError(f'--allow "{text}": is not known, expected one of {known}. Mend it, or {VARIABLE}.')
