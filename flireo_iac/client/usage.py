"""What calls have used up: minutes and money."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AliasChoices, Field, PlainSerializer

from flireo_iac.client.api import FlireoApi
from flireo_iac.client.call import Call
from flireo_iac.client.calls import period
from flireo_iac.client.history import HistoryPage, history_page, read_history
from flireo_iac.client.reading import Record, record

PRICE_A_MINUTE = Decimal("0.07")
"""Euro for each minute that has begun. Source: api notes, section 13."""


Money = Annotated[Decimal, PlainSerializer(float, when_used="json")]
"""An amount as it was written in JSON, so that sums of cents stay exact."""


class UsageLog(Record):
    """What one call has used. Source: contract, UsageLog; api notes, section 13 (other spellings)."""

    id: str
    call_id: str | None = None
    number_id: str | None = None
    duration_seconds: Annotated[
        int | float | None, Field(validation_alias=AliasChoices("duration_seconds", "duration_sec"))
    ] = None
    minutes_used: int | float | None = None
    cost: Money | None = None
    phone_number: str | None = None
    agent_name: str | None = None
    business_name: str | None = None
    call_type: str | None = None
    created_at: datetime

    @property
    def minutes(self) -> int | float:
        """Minutes that count: each that has begun."""
        return self.minutes_used if self.minutes_used is not None else math.ceil((self.duration_seconds or 0) / 60)

    @property
    def euros(self) -> Decimal:
        """What it costs, in euro; by the list price where the server names no cost."""
        return self.cost if self.cost is not None else PRICE_A_MINUTE * Decimal(str(self.minutes))


class UsageSummary(Record):
    """The server's own sums. Source: contract, UsageSummary."""

    total_calls: int
    total_minutes: Annotated[
        int | float | None, Field(validation_alias=AliasChoices("total_minutes", "total_duration_minutes"))
    ] = None
    total_cost: Money | None = None


@dataclass(frozen=True)
class Usage:
    """What was used in a time.

    Args:
        logs: One for each call, in the server's order.
        summary: The server's own sums; None when it gave none.
        is_complete: True when the paging proves that nothing is missing, and the sums of the server agree.
    """

    logs: tuple[UsageLog, ...]
    summary: UsageSummary | None
    is_complete: bool


def read_usage(api: FlireoApi, *, since: datetime | None = None, until: datetime | None = None) -> Usage:
    """Give what calls have used. Source: api notes, sections 4 and 13.

    Args:
        api: The account's API.
        since: From this moment on; None for no bound. Without a zone it is UTC.
        until: Up to this moment; None for no bound.

    Raises:
        ApiError: The server answered, and not with success or not as promised.
        TransportError: No answer came.
    """
    chosen = {key: value for key, value in period(since, until).items() if value is not None}
    found = read_history(
        lambda page: api.http.request(
            Call(operation="read usage", method="GET", path="/usage", params={**chosen, **page}),
            _page,
        ),
        lambda log: log.id,
        most=None,
    )
    summary = _summary(found.body)
    is_agreed = summary is None or summary.total_calls <= len(found.rows)
    return Usage(found.rows, summary, found.is_complete and is_agreed)


def _page(value: Any) -> HistoryPage[UsageLog]:
    page = history_page(UsageLog, ("logs", "usage"), value)
    _summary(page.body)
    return page


def _summary(body: Mapping[str, Any]) -> UsageSummary | None:
    given = body.get("summary")
    return record(UsageSummary, given) if isinstance(given, dict) else None
