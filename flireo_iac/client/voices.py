"""Voices that an agent can speak with."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from flireo_iac.client.answers import MismatchError
from flireo_iac.client.api import FlireoApi
from flireo_iac.client.call import Call
from flireo_iac.rows import Row

OWN_PROVIDER = "local"
"""Provider of the voices that the platform itself offers. Source: contract, /voices."""

_GENDERS = {"female": "female", "woman": "female", "male": "male", "man": "male"}


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


def chosen(
    voices: Iterable[Row],
    *,
    language: str | None = None,
    gender: str | None = None,
    provider: str | None = None,
    search: str | None = None,
) -> tuple[Row, ...]:
    """Give the voices that fit, in the server's order.

    Args:
        voices: Voices as the API shows them.
        language: Language, or language and country: ``nl``, ``nl_BE`` or ``nl-BE``; None for all.
        gender: ``female`` or ``male``; None for all. A voice whose gender nothing names does not fit.
        provider: Provider of the voice; None for all.
        search: Part of its id, its name or its description; None for all.
    """
    return tuple(
        voice
        for voice in voices
        if (language is None or _speaks(voice, language))
        and (gender is None or gender_of(voice) == gender)
        and (provider is None or provider_of(voice) == provider.casefold())
        and (search is None or search.casefold() in _words(voice))
    )


def provider_of(voice: Row) -> str:
    """Give the provider of a voice: the platform itself where the voice names none."""
    named = voice.get("provider")
    return named.casefold() if isinstance(named, str) and named else OWN_PROVIDER


def gender_of(voice: Row) -> str | None:
    """Give ``female`` or ``male``, as the voice says it or its description does; None when neither does."""
    named = voice.get("gender")
    words = [named] if isinstance(named, str) else re.findall(r"[a-z]+", description_of(voice).casefold())
    return next((_GENDERS[word.casefold()] for word in words if word.casefold() in _GENDERS), None)


def description_of(voice: Row) -> str:
    """Give the description in English, else in any language; empty when there is none."""
    found = voice.get("description")
    if isinstance(found, dict):
        found = found.get("en") or next(iter(found.values()), "")
    return found if isinstance(found, str) else ""


def _speaks(voice: Row, language: str) -> bool:
    spoken = str(voice.get("language") or voice["id"]).replace("-", "_").casefold()
    wanted = language.replace("-", "_").casefold()
    return spoken == wanted or spoken.startswith(f"{wanted}_")


def _words(voice: Row) -> str:
    descriptions = voice.get("description")
    texts = descriptions.values() if isinstance(descriptions, dict) else [descriptions]
    return " ".join(str(each) for each in (voice["id"], voice.get("name"), *texts) if each).casefold()


def _voices(value: Any) -> tuple[Row, ...]:
    found = value.get("voices", value.get("data")) if isinstance(value, dict) else value
    if not isinstance(found, list) or not all(isinstance(voice, dict) for voice in found):
        raise MismatchError('the list "voices" is missing')
    if not all(isinstance(voice.get("id"), str) for voice in found):
        raise MismatchError("a voice in it has no id")
    return tuple(found)
