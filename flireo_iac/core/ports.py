"""What core asks of the API: five verbs over rows and the account's id, whatever HTTP lies below.

A row is one object as the API shows it, always with its ``id``. The client gives slots (BYOK keys) and single objects
(the domain) the same form, so that nothing above it knows their paths.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from flireo_iac.kinds import Kind
from flireo_iac.rows import Listing, Row

__all__ = ["Api", "Listing", "Row"]


class Api(Protocol):
    """Five verbs over the objects of a kind, and whose they are. Each raises ``ApiError`` or ``TransportError``."""

    def list(self, kind: Kind, within: str = "") -> Listing:
        """Give all objects of a kind; of one parent, whose id is ``within``, where they exist within one."""

    def get(self, kind: Kind, id_: str) -> Row | None:
        """Give one object; None when the server says that it is not there."""

    def create(self, kind: Kind, body: Mapping[str, Any], before_send: Callable[[], None] = lambda: None) -> Row:
        """Make an object, with exactly one request; ``before_send`` is called right before that goes out."""

    def update(self, kind: Kind, id_: str, body: Mapping[str, Any]) -> Row:
        """Change the given keys of an object, and give the whole of it."""

    def delete(self, kind: Kind, id_: str) -> bool:
        """Delete an object; False when it was gone already."""

    def account_id(self) -> str | None:
        """Give the id of the account that the key belongs to; None when the server has no such thing."""
