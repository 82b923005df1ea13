"""One request as the rest of the client describes it, before HTTP knows of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote

from flireo_iac.errors import InvalidInputError

LONGEST_ID = 500
"""Characters; an id of the API has 36, and httpx refuses very long addresses."""

Method = Literal["GET", "POST", "PATCH", "DELETE"]


@dataclass(frozen=True)
class Call:
    """One request, however often it is sent.

    Args:
        operation: What it is for, as an error begins: ``create agent "Receptionist"``.
        method: HTTP method.
        path: Path below the base URL, encoded.
        body: What is sent as JSON; None for no body.
        params: Query of the request; empty for none.
        is_repeatable: True when sending it twice has the effect of sending it once. A POST that creates is not.
        is_counted_apart: True when the server counts it apart from the key's other requests, so that what it says of
            its limit is not about those.
        secrets: Texts that no error may show, beside the key.
        before_send: Called before each attempt, once it has its turn; nothing is sent when it raises.
        look: Where a person sees whether it was done, when the answer to what is not repeatable is lost; empty where
            the next run finds out by itself.
    """

    operation: str
    method: Method
    path: str
    body: Mapping[str, Any] | None = field(default=None, repr=False)
    params: Mapping[str, int | str] = field(default_factory=dict)
    is_repeatable: bool = True
    is_counted_apart: bool = False
    secrets: frozenset[str] = field(default=frozenset(), repr=False)
    before_send: Callable[[], None] = lambda: None
    look: str = ""

    @property
    def advice_when_lost(self) -> str:
        """What to do when it is not known whether it was done, and doing it twice does harm."""
        return f"It may have been done: look {self.look or 'at the account'} before it is done again"


def item_path(collection: str, id_: str, operation: str) -> str:
    """Give the path of one object.

    The id is percent-encoded; one that would name another path is refused (api notes, section 1).

    Args:
        collection: Path of the collection.
        id_: Id of the object.
        operation: Beginning of the error.

    Raises:
        InvalidInputError: The id is empty, ``.`` or ``..``, too long, or no text that can be sent.
    """
    if id_ in ("", ".", "..") or len(id_) > LONGEST_ID:
        raise InvalidInputError(
            [f'{operation}: "{id_[:40]}" is no id, one of the API was expected. Name the object anew.']
        )
    try:
        return f"{collection}/{quote(id_, safe='')}"
    except UnicodeEncodeError:
        raise InvalidInputError([f"{operation}: the id is no valid text. Name the object anew."]) from None
