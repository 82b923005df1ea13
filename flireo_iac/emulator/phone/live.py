"""A call that is going on: the row that the API shows, and what only the emulator knows of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flireo_iac.emulator.phone import voice
from flireo_iac.emulator.phone.callees import Callee
from flireo_iac.emulator.store import Organization, Row, Store

COLLECTION = "calls"
GOING_ON = frozenset({"ringing", "connecting", "in-progress"})


@dataclass
class LiveCall:
    """One call.

    Args:
        store: Timestamps.
        organization: Whose call.
        id: Of its row.
        agent: The configuration that speaks.
        callee: Who is at the other end.
        variables: Values for the slots of the agent's texts.
        ended: Called with the row when it is over; None when nobody needs to know.
        answered_at: Moment on the timeline at which it was answered; None until then.
    """

    store: Store
    organization: Organization
    id: str
    agent: Row
    callee: Callee
    variables: dict[str, str] = field(default_factory=dict)
    ended: Callable[[Row], None] | None = None
    answered_at: float | None = None

    @property
    def row(self) -> Row:
        """The row; it must be there."""
        found = self.organization.get(COLLECTION, self.id)
        if found is None:
            raise LookupError(f"the call {self.id} was taken away")
        return found

    @property
    def going_on(self) -> bool:
        """False when it has ended, or its row was taken away."""
        found = self.organization.get(COLLECTION, self.id)
        return found is not None and found["status"] in GOING_ON

    def change(self, **values: Any) -> Row:
        """Change fields of the row."""
        row = self.row
        stamp = {"updated_at": self.store.now(after=row["updated_at"])}
        return self.organization.put(COLLECTION, {**row, **values, **stamp})

    def speak(self, text: str) -> None:
        """Have the agent say something, slots filled."""
        self.add("assistant", voice.fill(text, self.variables))

    def add(self, role: str, content: str) -> None:
        """Add a line to the transcript.

        Args:
            role: ``assistant``, ``user`` or ``system``.
            content: What was said.
        """
        self.change(messages=[*self.row["messages"], {"role": role, "content": content}])
