"""Whether the key's account is the one that the state was made with.

A key is one organization, and nothing in a request says which: with another key the objects of the state look deleted,
and a create makes all of them anew. So the account's id is kept with each resource, and asked of the server once in a
run: before the first write, and before an object is believed to be gone.

Source: api notes, sections 1 and 11 (one key is one organization, ``GET /account``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any

from flireo_iac.core.ports import Api
from flireo_iac.errors import OtherAccountError

ACCOUNT = "__account"
"""Output that holds the id of the account which the object belongs to."""


class Account:
    """The account of this run's key, and the accounts that the state speaks of. Safe for threads.

    Args:
        api: Where the account is asked for.
        expected: Id that the settings demand; None takes any.
        is_other_allowed: True when the user said that another account is meant.
        seen: Accounts that the state speaks of, as far as they are known before; ``see`` adds to it.
        say: Takes a sentence for the reader, once.
    """

    def __init__(
        self,
        api: Api,
        *,
        expected: str | None = None,
        is_other_allowed: bool = False,
        seen: set[str] | None = None,
        say: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._api = api
        self._expected = expected
        self._is_other_allowed = is_other_allowed
        self._say = say
        self._asking = Lock()
        self._answer: tuple[str | None] | None = None
        self._seen = set() if seen is None else seen

    def see(self, remembered: object) -> None:
        """Remember an account that a resource of the state belongs to.

        Args:
            remembered: Its id; anything but a text says nothing, as in a state of an older release.
        """
        if isinstance(remembered, str) and remembered:
            self._seen.add(remembered)

    def check(self, remembered: object = None) -> str | None:
        """Give the id of the key's account, after holding it against what the state and the settings say.

        Args:
            remembered: Account that the resource at hand belongs to, as its outputs say; None when they do not.

        Returns:
            The id; None when the server has no such thing, and nothing can be held against it.

        Raises:
            OtherAccountError: The key is another account's, and nobody said that it is meant.
            ApiError: The account cannot be read.
            TransportError: No answer came.
        """
        self.see(remembered)
        held = self.held()
        if held is None or self._is_other_allowed:
            return held
        if self._expected is not None and self._expected != held:
            raise OtherAccountError(held, self._expected, is_demanded=True)
        strangers = sorted(each for each in list(self._seen) if each != held)
        if strangers:
            raise OtherAccountError(held, strangers[0])
        return held

    def held(self) -> str | None:
        """Give the id of the key's account, whatever was expected; None when the server has no such thing.

        Raises:
            ApiError: The account cannot be read.
            TransportError: No answer came.
        """
        with self._asking:
            if self._answer is None:
                self._answer = (self._api.account_id(),)
                if self._answer == (None,):
                    self._say(
                        "the server does not tell which account the key belongs to: "
                        "a key of another account would not be noticed"
                    )
            return self._answer[0]


def marked(outputs: Mapping[str, Any], account: str | None) -> dict[str, Any]:
    """Give the outputs with the account that they belong to; unchanged where it is not known."""
    return dict(outputs) if account is None else {**outputs, ACCOUNT: account}
