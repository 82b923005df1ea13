"""Answers that are not a success, in the two shapes that the documentation shows.

Source: api notes, sections 2 and 16.1 to 16.3: flat for 400, 401, 403, 404 and 409, nested for 402 and 429.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

CODES = {
    400: "invalid_request",
    401: "unauthorized",
    402: "insufficient_credits",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    429: "rate_limit_exceeded",
}
TITLES = {400: "Invalid request", 404: "Not found", 500: "Internal server error"}
NESTED = frozenset({402, 429})


class RefusedError(Exception):
    """A request that is refused.

    Args:
        status: HTTP status.
        message: What is wrong, in a sentence; None when the title says all.
        param: The field at fault; None when no single one is.
        headers: Headers that the answer carries beside the usual ones.
        details: Everything that is wrong, where the API lists it; None where it does not.
    """

    def __init__(
        self,
        status: int,
        message: str | None = None,
        *,
        param: str | None = None,
        headers: dict[str, str] | None = None,
        details: list[str] | None = None,
    ) -> None:
        super().__init__(message or title(status))
        self.status = status
        self.message = message
        self.param = param
        self.headers = headers or {}
        self.details = details


def title(status: int) -> str:
    """Give the short text of a status."""
    return TITLES.get(status) or HTTPStatus(status).phrase


def body(problem: RefusedError, shape: str) -> dict[str, Any]:
    """Write a problem as the API writes it.

    Args:
        problem: What is refused, and why.
        shape: ``documented`` (by status), ``flat`` or ``nested``.
    """
    optional: dict[str, Any] = {"param": problem.param} if problem.param else {}
    if problem.details is not None:
        optional["details"] = problem.details
    if shape == "nested" or (shape == "documented" and problem.status in NESTED):
        code = CODES.get(problem.status, "server_error")
        return {"error": {"code": code, "message": problem.message or title(problem.status), **optional}}
    text = {"message": problem.message} if problem.message else {}
    return {"error": title(problem.status), **text, **optional}
