"""Which dialect a server speaks, learned from its answers, and what follows for paths and bodies.

Two things differ for a client: the successor has other paths for some lists, and bodies are spelled in another way.
Answers are read in every dialect anyway. What an answer rules out stays ruled out for the run; what was never proven
is never guessed: before a body goes out whose spelling depends on it, one list is read that tells.

Source: api notes, sections 0, 5 and 15.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any, TypeVar

from flireo_iac.errors import (
    ApiError,
    NotFoundError,
    ServerError,
    SettingsError,
    TransportError,
    UnexpectedAnswerError,
)
from flireo_iac.kinds import DIALECTS, KINDS, Dialect, Kind
from flireo_iac.settings import Dialect as Setting

T = TypeVar("T")

_FLIREO: tuple[Dialect, ...] = ("dec2025", "jan2026")
_SNAKE: tuple[Dialect, ...] = ("jan2026", "successor")
_TELLS: Mapping[str, tuple[Dialect, ...]] = {
    **dict.fromkeys(("agent", "agents"), _FLIREO),
    **dict.fromkeys(("assistant", "assistants"), ("successor",)),
    **dict.fromkeys(("toolTemplate", "toolTemplates"), ("dec2025",)),
    **dict.fromkeys(("tool_template", "tool_templates"), _SNAKE),
}
"""Which dialects wrap an answer in a key. Source: api notes, sections 0, 5 and 16.29.

Analysis templates would tell, too; they do not, so that the requests of a run can be foreseen.
"""

_ADVICE = "set flireo:apiDialect (FLIREO_API_DIALECT) to dec2025, jan2026 or successor"


class Paths:
    """Chooses between two paths; with ``auto`` the one that answers anything but 404 is kept for all later calls.

    A path that a server does not know answers 404, so a create can be sent to the other one: nothing was made.

    Args:
        dialect: Dialect of the server; ``auto`` for any.
    """

    def __init__(self, dialect: Setting) -> None:
        self._is_successor = None if dialect == "auto" else dialect == "successor"
        self._is_successor_likely = False

    def expect_successor(self) -> None:
        """Ask the successor's path first, as long as none of the two is proven to be right."""
        self._is_successor_likely = True

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
        was_likely = self._is_successor_likely
        first, second = (successor_path, path) if was_likely else (path, successor_path)
        try:
            answer = send(first)
        except ApiError as error:
            if error.status != 404:
                raise
            refusal = error
        else:
            # The successor still answers on the old path: its own is tried from the next request on.
            if was_likely or not self._is_successor_likely:
                self._is_successor = was_likely
            return answer
        try:
            answer = send(second)
        except ApiError as error:
            if error.status != 404:
                raise
            raise _neither(refusal, first, second) from None
        self._is_successor = not was_likely
        return answer


def _neither(refusal: ApiError, first: str, second: str) -> ApiError:
    """Give the error for two paths that are not there; an object that is not there is answered in the same way."""
    if not isinstance(refusal, NotFoundError) or refusal.path != first:
        return refusal
    text = f"there is neither {first} nor {second} at this address. Check FLIREO_BASE_URL; if it is right, {_ADVICE}"
    return NotFoundError(text, status=404, method=refusal.method, path=first)


class ServerDialect:
    """What is known of the dialect that a server speaks. Safe for threads.

    Args:
        dialect: What the settings say; ``auto`` when they leave it to the answers.
    """

    def __init__(self, dialect: Setting) -> None:
        self.paths = Paths(dialect)
        self._possible: tuple[Dialect, ...] = DIALECTS if dialect == "auto" else (dialect,)
        self._lock = Lock()
        self._looking = Lock()

    def hear(self, kind: Kind, value: Any) -> None:
        """Learn from an answer; one that contradicts what is known already is no proof of anything.

        Args:
            kind: Kind that was asked for.
            value: JSON value of a good answer.
        """
        if not isinstance(value, Mapping):
            return
        told = [_TELLS[key] for key in (*kind.envelope.one, *kind.envelope.many) if key in value and key in _TELLS]
        with self._lock:
            left = tuple(each for each in self._possible if all(each in dialects for dialects in told))
            self._possible = left or self._possible
        if self._possible == ("successor",):
            self.paths.expect_successor()

    def spelled(self, spell: Callable[[Dialect], T], operation: str, look: Callable[[Kind], object]) -> T:
        """Spell a body as the server does; reads a list where that is not known and makes a difference.

        Args:
            spell: Gives the body in a dialect.
            operation: Beginning of an error.
            look: Reads the list of a kind, so that ``hear`` gets its answer.

        Raises:
            SettingsError: The answers do not tell.
            TransportError: The list could not be read; nothing was sent.
            ApiError: The server refuses to show it.
        """
        while True:
            possible = self._possible
            bodies = {dialect: spell(dialect) for dialect in possible}
            telling = _telling(bodies)
            if telling is None:
                return bodies[possible[0]]
            with self._looking:
                if self._possible == possible:
                    _look(telling, operation, look)
                if self._possible == possible:
                    raise SettingsError(
                        f"{operation}: it depends on the dialect of the server how the body is spelled, and the list "
                        f"of {telling.endpoint.path} does not tell which it is. Nothing was sent; {_ADVICE}."
                    )


def _telling(bodies: Mapping[Dialect, object]) -> Kind | None:
    """Give the kind whose list tells which of several bodies is right; None when they are all the same."""
    later = [body for dialect, body in bodies.items() if dialect in _SNAKE]
    if "dec2025" in bodies and any(bodies["dec2025"] != body for body in later[:1]):
        return KINDS["tool_template"]
    if any(body != later[0] for body in later):
        return KINDS["agent"]
    return None


def _look(kind: Kind, operation: str, look: Callable[[Kind], object]) -> None:
    try:
        look(kind)
    except (ServerError, UnexpectedAnswerError, TransportError) as error:
        # As the error of a write these would say that it may have been done.
        raise TransportError(
            f"the dialect of the server is not known, and the list that tells could not be read: "
            f"{error.text.rstrip('.')}. Nothing was sent; to do without the list, {_ADVICE}.",
            operation=operation,
            method="GET",
            path=error.path,
            may_have_arrived=False,
        ) from None
