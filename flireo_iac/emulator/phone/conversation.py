"""How a call goes, step by step: ringing, who picks up, what is said, how it ends.

A conversation is a generator. It yields what it waits for and is sent the answer; what it returns is how it ended.
It returns None when nobody hangs up: the longest duration then ends the call.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from flireo_iac.emulator.phone import configuration, voice
from flireo_iac.emulator.phone.callees import Tool, Turn
from flireo_iac.emulator.phone.live import LiveCall

REPLY_S = 1.0
NOBODY_S = 30.0


@dataclass(frozen=True)
class PickUp:
    """The call is answered now."""


@dataclass(frozen=True)
class AskTool:
    """A tool is called.

    Args:
        tool: Its definition in the agent.
        call: Its name and arguments.
    """

    tool: dict[str, Any]
    call: Tool


@dataclass(frozen=True)
class AskAssistant:
    """The webhook is asked who answers this call."""


@dataclass(frozen=True)
class End:
    """How a call ended.

    Args:
        reason: In a word, such as ``user_hangup``.
        status: The last status of the call.
        error: What went wrong; None when nothing did.
    """

    reason: str
    status: str = "ended"
    error: str | None = None


Wait = float | PickUp | AskTool | AskAssistant
Conversation = Generator[Wait, Any, End | None]


def outbound(call: LiveCall) -> Conversation:
    """Call somebody."""
    if call.callee.picks_up == "nobody":
        yield NOBODY_S
        return End("no_answer", "failed", "nobody answered")
    yield call.callee.after_s
    if call.callee.picks_up == "busy":
        return End("busy", "failed", "the line is busy")
    return (yield from _talk(call))


def inbound(call: LiveCall) -> Conversation:
    """Be called by somebody: the webhook may say who answers, or that nobody does."""
    answer = yield AskAssistant()
    if isinstance(answer.get("error"), str):
        call.speak(answer["error"])
        return End("rejected", "rejected", answer["error"])
    call.agent = configuration.overridden(call.agent, _override(call, answer))
    call.change(agent_config=call.agent)
    yield call.callee.after_s
    return (yield from _talk(call))


def _override(call: LiveCall, answer: dict[str, Any]) -> dict[str, Any]:
    """Read what an answer to assistant-request changes; an assistant that is not there changes nothing."""
    given: dict[str, Any] = {}
    if isinstance(answer.get("assistant_id"), str):
        given |= call.organization.get("agents", answer["assistant_id"].lower()) or {}
    for part in ("assistant", "assistant_override"):
        if isinstance(answer.get(part), dict):
            given |= answer[part]
    for limit in ("maxDurationSeconds", "max_duration_seconds"):
        if isinstance(answer.get(limit), int):
            given[limit] = answer[limit]
    return given


def _talk(call: LiveCall) -> Conversation:
    yield PickUp()
    if call.callee.picks_up == "voicemail" and call.agent.get("voicemail_detection"):
        yield REPLY_S
        if call.agent.get("voicemail_message"):
            call.speak(call.agent["voicemail_message"])
        return End("voicemail")
    if call.agent.get("first_message"):
        call.speak(call.agent["first_message"])
    for turn in call.callee.script:
        end = yield from _turn(call, turn)
        if end is not None:
            return end
    if call.callee.hangs_up:
        yield REPLY_S
        return End("user_hangup")
    if call.agent.get("autonomous_silence_handling"):
        yield float(call.agent.get("silence_timeout_seconds") or 8)
        return End("silence_timeout")
    return None


def _turn(call: LiveCall, turn: Turn) -> Conversation:
    yield turn.after_s
    reply = turn.reply
    if turn.says is not None:
        said = voice.fill(turn.says, call.variables)
        call.add("user", said)
        reply = voice.echo(said) if reply is ... else reply
    if turn.tool is not None:
        result = yield from _tool(call, turn.tool)
        if isinstance(result, End):
            return result
        text = voice.as_text(result)
        call.variables["result"] = text
        reply = f"{turn.tool.name}: {text}" if turn.reply is ... else reply
    if isinstance(reply, str):
        yield REPLY_S
        call.speak(reply)
    return End("user_hangup") if turn.hangs_up else None


def _tool(call: LiveCall, wanted: Tool) -> Generator[Wait, Any, Any]:
    """Call a tool; the built-in ones end the call, of the others comes the result."""
    tool = configuration.tool(call.agent, wanted.name)
    if tool is None:
        return {"error": f"the agent has no tool {wanted.name}"}
    if tool.get("type") in {"endCall", "end_call"}:
        _note(call, wanted)
        return End("agent_hangup")
    if tool.get("type") in {"transferCall", "transfer_call"}:
        _note(call, wanted)
        message = tool["destinations"][0].get("message")
        if message and not configuration.is_realtime(call.agent):
            call.speak(message)
        return End("transferred", "transferred")
    return (yield AskTool(tool, wanted))


def _note(call: LiveCall, wanted: Tool) -> None:
    """Write down that a built-in tool was called; nobody is asked about it."""
    entry = {"name": wanted.name, "arguments": wanted.arguments}
    call.change(tool_calls=[*call.row["tool_calls"], entry])
