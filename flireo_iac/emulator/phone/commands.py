"""Commands to a call that is in progress.

Source: api notes, section 13. Of realtime agents: end-call works, transfer goes without its announcement, say and
inject-context are refused, where the notes say that they mostly fail.
"""

from __future__ import annotations

import re

from flireo_iac.emulator.phone import configuration, voice
from flireo_iac.emulator.phone.conversation import End
from flireo_iac.emulator.phone.live import LiveCall
from flireo_iac.emulator.problems import RefusedError
from flireo_iac.emulator.store import Row

_DESTINATION = re.compile(r"\+[1-9][0-9]{6,14}|sips?:[^\s@]+(@[^\s@]+)?")
_NOT_FOR_REALTIME = frozenset({"say", "inject-context"})


def obey(call: LiveCall, command: Row) -> End | None:
    """Carry a command out.

    Args:
        call: A call in progress.
        command: The command, checked against the contract.

    Returns:
        How the call ends by it; None when it goes on.

    Raises:
        RefusedError: 400, the command is not for this call.
    """
    kind = command["type"]
    realtime = configuration.is_realtime(call.agent)
    if realtime and kind in _NOT_FOR_REALTIME:
        raise RefusedError(400, f"{kind} does not work with a realtime agent", param="type")
    if kind == "transfer" and _DESTINATION.fullmatch(command["destination"]) is None:
        raise RefusedError(400, "destination must be in E.164 format or a SIP URI", param="destination")
    call.change(commands=[*call.row["commands"], command])
    if kind == "inject-context":
        call.add("system", command["content"])
        if command["trigger_response"]:
            call.speak(voice.acknowledge(command["content"]))
        return None
    if kind == "say":
        call.add("assistant", command["content"])
        return End("agent_hangup") if command["end_after"] else None
    if command.get("message") and not realtime:
        call.add("assistant", command["message"])
    return End("transferred", "transferred") if kind == "transfer" else End("control_hangup")
