"""Which of two paths a server knows, where the successor renamed one (api notes, section 15)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from flireo_iac.errors import ApiError
from flireo_iac.settings import Dialect

T = TypeVar("T")


class Paths:
    """Chooses paths; with ``auto`` it learns from the first answer that is not 404, for all later calls.

    A path that a server does not know answers 404, so a create can be sent to the other one: nothing was made.

    Args:
        dialect: Spelling that the server uses.
    """

    def __init__(self, dialect: Dialect) -> None:
        self._is_successor = None if dialect == "auto" else dialect == "successor"

    @property
    def is_successor(self) -> bool | None:
        """Whether the server is a successor's; None while nobody knows."""
        return self._is_successor

    def call(self, path: str, successor_path: str | None, send: Callable[[str], T]) -> T:
        """Send a request to the right one of two paths.

        Args:
            path: Path of the target vintage.
            successor_path: The successor's; None when it is the same.
            send: Sends the request to a path.

        Raises:
            ApiError: The server's answer; where both paths answer 404, the answer of the first.
        """
        if successor_path is None:
            return send(path)
        if self._is_successor is not None:
            return send(successor_path if self._is_successor else path)
        try:
            answer = send(path)
        except ApiError as error:
            if error.status != 404:
                raise
            first = error
        else:
            self._is_successor = False
            return answer
        try:
            answer = send(successor_path)
        except ApiError as error:
            if error.status != 404:
                raise
            raise first from None
        self._is_successor = True
        return answer
