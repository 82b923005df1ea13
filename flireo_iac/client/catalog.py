"""The catalog of providers and models that an account shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flireo_iac.client.answers import MismatchError
from flireo_iac.client.api import FlireoApi
from flireo_iac.client.call import Call
from flireo_iac.client.reading import mapping
from flireo_iac.errors import ApiError

_NO_CATALOG = (404, 405)
"""What a server answers that has no catalog, as the successor (api notes, section 15)."""


def read_catalog(api: FlireoApi) -> Mapping[tuple[str, str], frozenset[str]] | None:
    """Give the models by category and provider, where the catalog names any; None when the server has no catalog.

    Source: api notes, section 11; contract, ByokProviderCatalog.

    Args:
        api: The account's API.

    Raises:
        ApiError: The server answered, and not with success or not as promised.
        TransportError: No answer came.
    """
    try:
        return api.http.request(Call(operation="read catalog", method="GET", path="/byok/config"), _catalog)
    except ApiError as error:
        if error.status in _NO_CATALOG:
            return None
        raise


def _catalog(value: Any) -> Mapping[tuple[str, str], frozenset[str]]:
    providers = mapping(value).get("providers")
    if not isinstance(providers, list) or not all(isinstance(each, dict) for each in providers):
        raise MismatchError('the list "providers" is missing')
    found: dict[tuple[str, str], frozenset[str]] = {}
    for each in providers:
        models = each.get("models") or []
        ids = frozenset(str(model["id"]) for model in models if isinstance(model, dict) and "id" in model)
        if ids:
            found[str(each.get("category")), str(each.get("id"))] = ids
    return found
