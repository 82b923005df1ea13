"""A courier without webhooks: nobody is told, every tool says that it cannot be reached."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flireo_iac.emulator.phone.callees import Tool
from flireo_iac.emulator.phone.live import LiveCall
from flireo_iac.emulator.store import Row


class Mute:
    """Delivers nothing."""

    def tell(self, call: LiveCall, event: str) -> None:
        """Tell nobody."""

    def ask_assistant(self, call: LiveCall, then: Callable[[Any], None]) -> None:
        """Go on with the saved configuration."""
        del call
        then({})

    def ask_tool(self, call: LiveCall, definition: Row, wanted: Tool, then: Callable[[Any], None]) -> None:
        """Write the call of the tool down, and go on without a result."""
        del definition
        result = {"error": "the tool cannot be reached"}
        entry = {"name": wanted.name, "arguments": wanted.arguments, "result": result}
        call.change(tool_calls=[*call.row["tool_calls"], entry])
        then(result)

    async def idle(self) -> None:
        """Have nothing to wait for."""
