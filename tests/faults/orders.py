"""The faults of the matrix, as orders to the emulator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from time import time
from typing import Any

from flireo_iac.kinds import Kind
from tests.faults.samples import path_of

RETRY_AFTER_S = 10

METHODS = {"create": "POST", "refresh": "GET", "update": "PATCH", "delete": "DELETE"}
"""The verbs, and the method of the request that a fault meets."""

ONCE, FROM_THEN_ON, THROUGHOUT = "once", "from then on", "throughout"
LASTINGS = (ONCE, FROM_THEN_ON, THROUGHOUT)
"""A fault meets one request of the verb; that and all later ones; every request of the run."""


@dataclass(frozen=True)
class Fault:
    """One fault.

    Args:
        name: What a reader sees.
        kind: The emulator's word for it.
        details: Further fields of the order.
        is_timeout: True when the client has to wait for it.
        is_about_lists: True when it meets lists only, whatever the verb.
    """

    name: str
    kind: str
    details: Mapping[str, Any] = field(default_factory=dict)
    is_timeout: bool = False
    is_about_lists: bool = False

    @property
    def exit_code(self) -> int:
        """Exit code of a verb that it stops. Source: docs/exit-codes.md."""
        return 3 if self.kind in {"status:401", "status:403"} else 4

    @property
    def lastings(self) -> tuple[str, ...]:
        """How long it may last, see ``LASTINGS``; of a list there is no later request."""
        return (ONCE, THROUGHOUT) if self.is_about_lists else LASTINGS

    def order(self, kind: Kind, verb: str, lasting: str, message: str) -> dict[str, Any]:
        """Write the order that meets a verb of a kind.

        Args:
            kind: What the resource is.
            verb: One of ``METHODS``.
            lasting: One of ``LASTINGS``.
            message: What the answer says.
        """
        details = dict(self.details)
        if details.get("retry_after") == "date":
            details["retry_after"] = formatdate(time() + RETRY_AFTER_S, usegmt=True)
        if self.kind.startswith(("status", "429")):
            details["message"] = message
        if self.is_about_lists:
            times = 1 if lasting == ONCE else None
            return {"kind": self.kind, "method": "GET", "path": path_of(kind), "times": times, **details}
        if lasting == THROUGHOUT:
            return {"kind": self.kind, "times": None, **details}
        method = "POST" if verb == "update" and kind.endpoint.update == "post" else METHODS[verb]
        path = f"{path_of(kind)}*"
        return {"kind": self.kind, "method": method, "path": path, "spreads": lasting == FROM_THEN_ON, **details}


FAULTS = (
    *(Fault(f"HTTP {status}", f"status:{status}") for status in (502, 503, 504)),
    *(Fault(f"HTTP {status} after the commit", f"status:{status}-after-commit") for status in (502, 503, 504)),
    Fault("HTTP 429, with seconds", "429", {"retry_after": RETRY_AFTER_S}),
    Fault("HTTP 429, with a date", "429", {"retry_after": "date"}),
    Fault("HTTP 429, without a time", "429"),
    Fault("no answer in time", "timeout", is_timeout=True),
    Fault("no answer in time, after the commit", "timeout-after-commit", is_timeout=True),
    Fault("connection reset", "disconnect-before"),
    Fault("connection reset, after the commit", "disconnect-after-commit"),
    Fault("a gateway's page, HTTP 502", "html"),
    Fault("a gateway's page, HTTP 502, after the commit", "html-after-commit"),
    Fault("a page, HTTP 200", "html", {"status": 200}),
    Fault("a page, HTTP 200, after the commit", "html-after-commit", {"status": 200}),
    Fault("empty body", "empty"),
    Fault("half the body", "truncated-body"),
    Fault("wrong envelope", "wrong-envelope"),
    Fault("envelope of jan2026", "dialect:jan2026"),
    Fault("envelope of the successor", "dialect:successor"),
    Fault("HTTP 401 midway", "status:401"),
    Fault("HTTP 402", "status:402"),
    Fault("HTTP 403", "status:403"),
    Fault("list cut short", "truncated", is_about_lists=True),
    Fault("list with an id twice", "duplicates", is_about_lists=True),
)
