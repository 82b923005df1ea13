"""Agents: what the server fills in, and what becomes of the numbers of one that is deleted."""

from __future__ import annotations

from typing import Any

from flireo_iac.emulator.exchange import Exchange, Handler
from flireo_iac.emulator.problems import RefusedError
from flireo_iac.emulator.resource import Resource
from flireo_iac.emulator.store import Row

REALTIME = frozenset({"xai_realtime", "google_realtime", "openai_live"})


class Agents(Resource):
    """``/agents``, and ``/assistants`` in a successor."""

    collection = "agents"
    large = frozenset({"stt_config", "llm_config", "tts_config", "analysis_plan", "speech_config"})

    def defaults(self, exchange: Exchange, given: Row) -> Row:
        """Fill what was left out. The set is inferred: api notes, sections 6 and 16.4 to 16.6."""
        row: Row = {
            "name": None,
            "business_name": None,
            "notification_email": None,
            "first_message": None,
            "is_active": True,
            "max_duration_seconds": None,
            "autonomous_silence_handling": False,
            "silence_timeout_seconds": 8,
            "voicemail_detection": False,
            "voicemail_message": None,
            "webhook_url": None,
            "webhook_secret": None,
            "webhook_events": None,
            "analysis_plan": None,
        }
        if given.get("llm_config", {}).get("provider") in REALTIME:
            row["tts_config"] = None
        else:
            row["stt_config"] = {"provider": "deepgram", "model": "nova-3-general", "language": "nl"}
            row["tts_config"] = _tts(exchange)
        row["llm_config"] = {
            "provider": "openai",
            "model": "gpt-4o-mini",
            "temperature": 0.7,
            "messages": [],
            "tools": [],
        }
        if exchange.successor:
            row.update(gdpr_mode=False, speech_config=None, notification_emails=None, recording_consent=None)
        return row

    def filled(self, exchange: Exchange, given: Row) -> Row:
        """Fill the documented defaults inside config blocks: temperature, async, threshold."""
        del exchange
        filled = dict(given)
        if isinstance(given.get("llm_config"), dict):
            filled["llm_config"] = _llm(given["llm_config"])
        if isinstance(given.get("analysis_plan"), dict):
            filled["analysis_plan"] = _plan(given["analysis_plan"])
        return filled

    def before_delete(self, exchange: Exchange, row: Row) -> None:
        """Refuse while a campaign names the agent, else take it off its numbers (inferred: api notes, section 8)."""
        if any(campaign["agent_id"] == row["id"] for campaign in exchange.organization.rows("campaigns")):
            raise RefusedError(409, "a campaign uses the agent")
        for number in exchange.organization.rows("numbers"):
            if number.get("agent_id") == row["id"]:
                exchange.organization.put("numbers", {**number, "agent_id": None})


def _tts(exchange: Exchange) -> Row:
    if exchange.settings.dialect == "dec2025":
        return {"provider": "openai", "voiceId": "alloy"}
    return {"provider": "elevenlabs", "model": "eleven_flash_v2_5"}


def _llm(block: Row) -> Row:
    filled = {**block, "temperature": block.get("temperature", 0.7)}
    if "tools" in block:
        filled["tools"] = [function_tool(tool) for tool in block["tools"]]
    return filled


def function_tool(tool: Any) -> Any:
    """Give a flat function tool its default for ``async``; any other tool stays as it is."""
    flat = isinstance(tool, dict) and "type" not in tool and "name" in tool
    return {**tool, "async": tool.get("async", False)} if flat else tool


def _plan(block: Row) -> Row:
    if "minMessagesThreshold" in block or "min_messages_threshold" in block:
        return block
    spelling = "min_messages_threshold" if "structured_data_plan" in block else "minMessagesThreshold"
    return {**block, spelling: 2}


def routes() -> dict[tuple[str, str], Handler]:
    """Give the handlers of this resource."""
    return Agents().routes()
