"""One request as the behaviours see it, and the answer they give."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flireo_iac.emulator.contract import Operation
from flireo_iac.emulator.options import Settings
from flireo_iac.emulator.phone.switchboard import Switchboard
from flireo_iac.emulator.problems import RefusedError
from flireo_iac.emulator.store import Organization, Row, Store


@dataclass(frozen=True)
class Page:
    """A part of a list.

    Args:
        total: Items in the whole list.
        limit: Items asked for; None when the whole list was.
        offset: Items left out at the front.
    """

    total: int
    limit: int | None
    offset: int

    def of(self, rows: list[Row]) -> list[Row]:
        """Give this part of a list."""
        return rows[self.offset :][: self.limit]


@dataclass(frozen=True)
class Answer:
    """A good answer, in the contract's own spelling.

    Args:
        body: A JSON object.
        status: HTTP status; None for the one that the contract names.
        page: Which part of a list this is; None for anything but a list.
    """

    body: dict[str, Any]
    status: int | None = None
    page: Page | None = None


@dataclass(frozen=True)
class Exchange:
    """One request that came through authentication and limits.

    Args:
        operation: What is asked, from the contract.
        organization: Whose key was sent.
        store: Ids and timestamps.
        settings: As they are at this moment.
        phone: The calls that are going on.
        path: Values of the path's parameters.
        query: Values of the query; of a repeated one the last.
        body: The JSON body; None when there was none.
    """

    operation: Operation
    organization: Organization
    store: Store
    settings: Settings
    phone: Switchboard
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None

    @property
    def successor(self) -> bool:
        """True when the answer is to be as a successor writes it."""
        return self.settings.dialect == "successor"

    def accept(self, spellings: Mapping[str, tuple[str, ...]] | None = None) -> Row:
        """Check the body against the contract and give what the API keeps of it.

        Unknown keys at the top are left out, unless the body is one of several shapes; whatever stands inside a value
        stays as it was sent.

        Args:
            spellings: Other spellings of a key, best first; None when there are none.

        Raises:
            RefusedError: 400 with the field at fault.
        """
        schema = self.operation.request
        if schema is None:
            raise LookupError(f"{self.operation.name} takes no body")
        body = dict(self.body) if isinstance(self.body, dict) else self.body
        if isinstance(body, dict):
            for name, others in (spellings or {}).items():
                other = next((each for each in others if each in body), None)
                if name not in body and other is not None:
                    body[name] = body[other]
        problems = schema.problems(body)
        if problems:
            raise RefusedError(400, "; ".join(text for _, text in problems[:5]), param=problems[0][0] or None)
        return {
            name: int(value) if name in schema.integers and isinstance(value, float) else value
            for name, value in body.items()
            if not schema.properties or name in schema.properties
        }


Handler = Callable[[Exchange], Answer]
