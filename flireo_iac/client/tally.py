"""Usage, summed up by agent, by number or by day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, timedelta
from decimal import Decimal
from typing import Literal

from flireo_iac.client.api import FlireoApi
from flireo_iac.client.calls import list_calls
from flireo_iac.client.usage import UsageLog

By = Literal["agent", "number", "day"]

UNKNOWN = "(unknown)"
"""Stands for an agent or a number that nothing names."""

_LONGEST_CALL = timedelta(days=1)


@dataclass(frozen=True)
class Sum:
    """What belongs together.

    Args:
        name: Agent, number or day (UTC); empty for all.
        calls: How many.
        minutes: Minutes that count.
        cost: In euro.
    """

    name: str
    calls: int
    minutes: int | float
    cost: Decimal


def summed(logs: Iterable[UsageLog], name: str = "") -> Sum:
    """Sum usage up.

    Args:
        logs: What was used.
        name: What they have in common.
    """
    rows = list(logs)
    return Sum(name, len(rows), sum(row.minutes for row in rows), sum((row.euros for row in rows), Decimal(0)))


def tally(logs: Iterable[UsageLog], by: By) -> tuple[Sum, ...]:
    """Sum usage up by what it has in common: days in their order, the rest the dearest first.

    Args:
        logs: What was used.
        by: Agent, number, or day in UTC.
    """
    groups: dict[str, list[UsageLog]] = {}
    for log in logs:
        groups.setdefault(_name(log, by), []).append(log)
    sums = [summed(rows, name) for name, rows in groups.items()]
    if by == "day":
        return tuple(sorted(sums, key=lambda each: each.name))
    return tuple(sorted(sums, key=lambda each: (-each.cost, each.name)))


def with_names(api: FlireoApi, logs: tuple[UsageLog, ...]) -> tuple[UsageLog, ...]:
    """Name the agents and numbers of usage that names none: the calls know them.

    Source: api notes, section 13: the target vintage's usage names the call alone.

    Args:
        api: The account's API.
        logs: What was used.

    Raises:
        ApiError: The server answered, and not with success or not as promised.
        TransportError: No answer came.
    """
    nameless = {log.call_id for log in logs if log.call_id and (log.agent_name is None or log.phone_number is None)}
    if not nameless:
        return logs
    moments = [log.created_at for log in logs]
    since, until = min(moments) - _LONGEST_CALL, max(moments)
    found = list_calls(api, since=since, until=until, keep=lambda call: call.id in nameless)
    calls = {call.id: call for call in found.rows}
    named = []
    for log in logs:
        call = calls.get(log.call_id or "")
        known = {} if call is None else {
            "agent_name": log.agent_name or call.agent_name,
            "phone_number": log.phone_number or call.phone_number or call.assistant_phone,
        }  # fmt: skip
        named.append(log.model_copy(update=known))
    return tuple(named)


def _name(log: UsageLog, by: By) -> str:
    match by:
        case "agent":
            return log.agent_name or UNKNOWN
        case "number":
            return log.phone_number or log.number_id or UNKNOWN
        case _:
            return log.created_at.astimezone(UTC).date().isoformat()
