"""The account that the key belongs to."""

from __future__ import annotations

from typing import Any

from flireo_iac.client.answers import MismatchError
from flireo_iac.client.call import Call
from flireo_iac.client.dialect import Paths
from flireo_iac.client.http import Http
from flireo_iac.rows import Row


def read_account(http: Http) -> Row:
    """Give the account as the API shows it: id, name and counts.

    Source: api notes, sections 5 and 11 (GET /account, bare; the successor prefers /organizations and keeps this one).

    Args:
        http: Connections with the account's key.

    Raises:
        ApiError: The server answered, and not with success or not as promised.
        TransportError: No answer came.
    """

    def send(path: str) -> Row:
        return http.request(Call(operation="read account", method="GET", path=path), _account)

    return Paths("auto").call("/account", "/organizations", send)


def _account(value: Any) -> Row:
    if not isinstance(value, dict):
        raise MismatchError("the body is empty" if value is None else "the body is no object")
    for key in ("account", "organization", "data"):
        if isinstance(value.get(key), dict):
            value = value[key]
            break
    if not isinstance(value.get("id"), str):
        raise MismatchError("the account has no id")
    row: Row = value
    return row
