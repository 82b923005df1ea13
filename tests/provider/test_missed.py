"""A lead that had its turn and was deleted outside: no difference, unless another call is asked for by name."""

from __future__ import annotations

import pytest

from flireo_iac.allow import VARIABLE
from flireo_iac.kinds import KINDS
from flireo_iac.provider.dynamic import KindProvider
from flireo_iac.rows import GONE

LEAD = {"campaign_id": "c-1", "phone_number": "+31201234501", "variables": {"name": "Robin"}}


def test_who_was_called_is_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    lead = KindProvider(KINDS["campaign_lead"])
    gone = {**LEAD, "status": "completed", GONE: True}
    for wanted in (LEAD, {**LEAD, "variables": {"name": "Sam"}}):
        assert not lead.diff("c-1/l-1", gone, wanted).changes
    monkeypatch.setenv(VARIABLE, "call-again:*")
    asked = lead.diff("c-1/l-1", gone, LEAD)
    assert asked.changes
    assert asked.replaces == ["campaign_id"]
