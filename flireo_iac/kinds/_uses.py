"""What keeps an object in use: live objects of other kinds that refer to it, whoever made them.

Source: api notes, sections 8, 11 and 12; contract, Number, Campaign.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flireo_iac.kinds._spec import Kind
from flireo_iac.kinds.campaign import CAMPAIGN, why_busy
from flireo_iac.kinds.phone_number import PHONE_NUMBER


@dataclass(frozen=True)
class Use:
    """One way of being used.

    Args:
        kind: What uses the object.
        field: Field that holds the object's id.
        is_live: From a row to whether it counts.
    """

    kind: Kind
    field: str
    is_live: Callable[[Mapping[str, Any]], bool]


USES: Mapping[str, tuple[Use, ...]] = {
    "agent": (
        Use(PHONE_NUMBER, "agent_id", lambda row: row.get("is_active") is not False),
        Use(CAMPAIGN, "agent_id", lambda row: bool(why_busy(row))),
    )
}
"""By name of the kind that is used."""
