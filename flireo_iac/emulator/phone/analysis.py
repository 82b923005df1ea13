"""The stand-in for the analysis: fills the schema of the agent's plan, the same each time."""

from __future__ import annotations

from typing import Any

from flireo_iac.emulator.store import Row

MAX_DEPTH = 20
THRESHOLD = 2
_FORMATS = {
    "date": "2026-01-01",
    "date-time": "2026-01-01T00:00:00Z",
    "time": "00:00:00",
    "email": "someone@example.com",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


def of_call(agent: Row, messages: list[Row], found: Row) -> Row | None:
    """Analyse a call.

    Args:
        agent: The configuration that spoke.
        messages: The transcript.
        found: What the callee's script says that is found; it goes over what the schema gives.

    Returns:
        The result; None when the agent has no plan that is switched on, or too little was said.
    """
    plan = agent.get("analysis_plan") or {}
    data = plan.get("structuredDataPlan") or plan.get("structured_data_plan") or {}
    threshold = plan.get("minMessagesThreshold", plan.get("min_messages_threshold", THRESHOLD))
    spoken = sum(message["role"] != "system" for message in messages)
    if not data.get("enabled") or spoken < threshold:
        return None
    result = fill(data.get("schema") or {})
    return {**(result if isinstance(result, dict) else {}), **found}


def fill(schema: Any, depth: int = 0) -> Any:
    """Give the plainest value that fits a JSON Schema, as far as the common keywords go.

    Args:
        schema: The schema; of anything but an object comes None.
        depth: How deep it stands; what is deeper than 20 becomes None.
    """
    if not isinstance(schema, dict) or depth > MAX_DEPTH:
        return None
    for known in ("const", "default"):
        if known in schema:
            return schema[known]
    for several in ("enum", "examples"):
        if isinstance(schema.get(several), list) and schema[several]:
            return schema[several][0]
    for choice in ("anyOf", "oneOf", "allOf"):
        if isinstance(schema.get(choice), list) and schema[choice]:
            return fill(schema[choice][0], depth + 1)
    return _of_type(schema, depth)


def _of_type(schema: Row, depth: int) -> Any:
    named = schema.get("type", "object" if "properties" in schema else None)
    kind = named[0] if isinstance(named, list) and named else named
    if kind == "object":
        properties = schema.get("properties")
        known = properties if isinstance(properties, dict) else {}
        return {name: fill(each, depth + 1) for name, each in known.items()}
    if kind == "array":
        return [fill(schema.get("items"), depth + 1)] * min(_whole(schema.get("minItems")), 100)
    if kind in {"integer", "number"}:
        return schema.get("minimum", 0)
    if kind == "boolean":
        return False
    if kind == "string":
        text = _FORMATS.get(str(schema.get("format")), "")
        return text + "x" * (min(_whole(schema.get("minLength")), 1000) - len(text))
    return None


def _whole(value: Any) -> int:
    return value if isinstance(value, int) else 0
