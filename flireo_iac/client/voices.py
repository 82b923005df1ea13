"""Voices that an agent can speak with."""

from __future__ import annotations

from typing import Any

from flireo_iac.client.answers import MismatchError
from flireo_iac.client.api import FlireoApi
from flireo_iac.client.call import Call
from flireo_iac.rows import Row


def list_voices(api: FlireoApi) -> tuple[Row, ...]:
    """Give all voices that the platform itself offers, in the server's order.

    Source: api notes, sections 4 and 5 (everything at once, under ``voices``).

    Args:
        api: The account's API.

    Raises:
        ApiError: The server answered, and not with success or not as promised.
        TransportError: No answer came.
    """
    return api.http.request(Call(operation="list voices", method="GET", path="/voices"), _voices)


def _voices(value: Any) -> tuple[Row, ...]:
    found = value.get("voices", value.get("data")) if isinstance(value, dict) else value
    if not isinstance(found, list) or not all(isinstance(voice, dict) for voice in found):
        raise MismatchError('the list "voices" is missing')
    return tuple(found)
