"""Commands to a call that is in progress, at most ten a minute for each call from all processes of this machine.

Source: api notes, sections 3 (its own limit) and 13 (commands); contract, CallControlCommand.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from flireo_iac.client.answers import MismatchError
from flireo_iac.client.api import FlireoApi
from flireo_iac.client.budget import MARGIN_S, Budget, OnWait
from flireo_iac.client.call import Call, item_path
from flireo_iac.client.calls import PhoneCall, is_phone_number, read_call
from flireo_iac.client.reading import Record, mapping, record
from flireo_iac.errors import CallStateError, InvalidInputError, InvalidRequestError, NotFoundError
from flireo_iac.kinds import KINDS
from flireo_iac.kinds._providers import LLM
from flireo_iac.settings import Settings

COMMANDS_A_MINUTE = 10
"""Commands that one call takes in a minute. Source: api notes, section 3."""

_SIP = re.compile(r"sips?:[^\s@]+@[^\s@]+")


class CommandResult(Record):
    """The answer to a command. Source: contract, CallControlResponse."""

    success: bool
    message: str | None = None


def say(api: FlireoApi, call_id: str, content: str, *, end_after: bool = False) -> CommandResult:
    """Have the agent say something.

    Args:
        api: The account's API.
        call_id: Id of the call.
        content: The words.
        end_after: True hangs up after them.

    Raises:
        CallStateError: The call is not in progress.
        NotFoundError: There is no such call.
        InvalidInputError: There are no words, or the id cannot be one.
        ApiError: The server answered, and not with success or not as promised.
        TransportError: No answer came; ``may_have_arrived`` says whether it may have been said.
    """
    operation = f'say in call "{call_id}"'
    _require(bool(content.strip()), operation, "there is nothing to say, words were expected")
    return _command(api, call_id, operation, {"type": "say", "content": content, "end_after": end_after})


def inject(api: FlireoApi, call_id: str, content: str, *, trigger_response: bool = False) -> CommandResult:
    """Tell the agent something that the callee does not hear.

    Args:
        api: The account's API.
        call_id: Id of the call.
        content: What the agent is told.
        trigger_response: True has it answer at once.

    Raises:
        CallStateError: The call is not in progress.
        NotFoundError: There is no such call.
        InvalidInputError: There are no words, or the id cannot be one.
        ApiError: The server answered, and not with success or not as promised.
        TransportError: No answer came; ``may_have_arrived`` says whether the agent may have been told.
    """
    operation = f'inject into call "{call_id}"'
    _require(bool(content.strip()), operation, "there is nothing to tell, words were expected")
    body = {"type": "inject-context", "content": content, "trigger_response": trigger_response}
    return _command(api, call_id, operation, body)


def transfer_call(api: FlireoApi, call_id: str, destination: str, *, message: str | None = None) -> CommandResult:
    """Hand the callee over to somebody else.

    Args:
        api: The account's API.
        call_id: Id of the call.
        destination: E.164 number, or a SIP URI such as ``sip:desk@example.com``.
        message: Said before; None for nothing.

    Raises:
        CallStateError: The call is not in progress.
        NotFoundError: There is no such call.
        InvalidInputError: The destination is none, or the id cannot be one.
        ApiError: The server answered, and not with success or not as promised.
        TransportError: No answer came; ``may_have_arrived`` says whether it may have been handed over.
    """
    operation = f'transfer call "{call_id}"'
    is_place = is_phone_number(destination) or _SIP.fullmatch(destination) is not None
    expected = "a number such as +31201234567 or a SIP URI such as sip:desk@example.com was expected"
    _require(is_place, operation, f'"{destination}" is no destination, {expected}')
    return _command(api, call_id, operation, {"type": "transfer", "destination": destination, **_said(message)})


def end_call(api: FlireoApi, call_id: str, *, message: str | None = None) -> CommandResult:
    """Hang up.

    Args:
        api: The account's API.
        call_id: Id of the call.
        message: Said before; None for nothing.

    Raises:
        CallStateError: The call is not in progress.
        NotFoundError: There is no such call.
        InvalidInputError: The id cannot be one.
        ApiError: The server answered, and not with success or not as promised.
        TransportError: No answer came; ``may_have_arrived`` says whether it may have ended.
    """
    return _command(api, call_id, f'end call "{call_id}"', {"type": "end-call", **_said(message)})


def is_realtime(api: FlireoApi, call: PhoneCall) -> bool | None:
    """Tell whether a call is led by a realtime model, which takes few commands; None when its agent is not known.

    Only ending is dependable then: a transfer is not announced, and ``say`` and ``inject`` mostly fail. Source: api
    notes, section 9.

    Args:
        api: The account's API.
        call: The call.

    Raises:
        ApiError: The server answered, and not with success or not as promised.
        TransportError: No answer came.
    """
    agent = api.get(KINDS["agent"], call.agent_id) if call.agent_id is not None else None
    return is_realtime_config(agent or {})


def is_realtime_config(agent: Mapping[str, Any]) -> bool | None:
    """Tell whether an agent is a realtime model; None when it does not say, or names a provider that is not known.

    Args:
        agent: The agent, as the account shows it or as a call brings it along.
    """
    model = agent.get("llm_config")
    provider = LLM.get(model.get("provider")) if isinstance(model, dict) else None
    return provider.is_realtime if provider is not None else None


def command_budget(settings: Settings, call_id: str, *, on_wait: OnWait | None = None, **options: Any) -> Budget:
    """Give the turns that all processes of this machine share for the commands to one call.

    Args:
        settings: The key, and the folder that they share.
        call_id: Id of the call.
        on_wait: Called before long waits; None for nobody.
        **options: More for the budget, such as ``sleep``.
    """
    digest = hashlib.sha256(f"{settings.key}\n{settings.base_url}\n{call_id}".encode()).hexdigest()
    path = settings.state_dir / "commands" / f"v1-{digest[:32]}.sqlite"
    reason = f"the call has had its {COMMANDS_A_MINUTE} commands a minute"
    told = (lambda _, seconds: on_wait(reason, seconds)) if on_wait is not None else None
    window_s = settings.limit_window_s + MARGIN_S
    return Budget(path, COMMANDS_A_MINUTE, window_s=window_s, on_wait=told, **options)


def _command(api: FlireoApi, call_id: str, operation: str, body: dict[str, Any]) -> CommandResult:
    path = f"{item_path('/calls', call_id, operation)}/control"
    call = Call(
        operation, "POST", path, body=body, is_repeatable=False, is_counted_apart=True, look="at flireo calls show"
    )
    budget = command_budget(api.http.settings, call_id, on_wait=api.http.on_wait)
    try:
        budget.take()
        return api.http.request(call, _result)
    except InvalidRequestError as error:
        found = _looked_up(api, call_id) if error.status == 400 else None
        if found is None or found.is_in_progress:
            raise
        raise CallStateError(operation, found.status) from None
    finally:
        budget.close()


def _looked_up(api: FlireoApi, call_id: str) -> PhoneCall | None:
    """Look at a call that takes no command."""
    try:
        return read_call(api, call_id)
    except NotFoundError:
        return None


def _require(holds: bool, operation: str, what: str) -> None:
    if not holds:
        raise InvalidInputError([f"{operation}: {what}. Nothing was sent."])


def _said(message: str | None) -> dict[str, str]:
    return {"message": message} if message else {}


def _result(value: Any) -> CommandResult:
    found = record(CommandResult, mapping(value))
    if not found.success:
        raise MismatchError('"success" is not true')
    return found
