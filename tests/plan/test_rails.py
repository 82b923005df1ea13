from __future__ import annotations

import shlex
from typing import Any

import pytest

from flireo_iac.allow import Allowed
from flireo_iac.plan.rails import Finding, findings
from flireo_iac.plan.read import plan_of
from tests.plan.documents import document, step, urn

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def found(*steps: dict[str, Any], unchanged: int = 0, allow: str = "") -> tuple[Finding, ...]:
    plan = plan_of(document(*steps, unchanged=unchanged), "test")
    return findings(plan, Allowed.load({"FLIREO_ALLOW": allow}))


def deletes(number: int) -> list[dict[str, Any]]:
    return [step("delete", "ToolTemplate", f"t{n}") for n in range(number)]


@pytest.mark.parametrize(
    ("gone", "of", "stops"),
    [(3, 10, False), (4, 10, True), (9, 9, False), (10, 10, True), (30, 100, False), (31, 100, True), (1, 10, False)],
)
def test_more_than_thirty_percent_of_ten_or_more(gone: int, of: int, stops: bool) -> None:
    got = found(*deletes(gone), unchanged=of - gone)
    assert bool(got) is stops
    if stops:
        assert got[0].rail == "many-deletes"
        assert len(got[0].items) == gone
        assert f"{gone} of the {of} resources" in got[0].text
        assert got[0].flag == "--allow many-deletes"
        assert found(*deletes(gone), unchanged=of - gone, allow="many-deletes") == ()


def test_replacements_count_once_and_creates_do_not_make_the_share_smaller() -> None:
    def replaced(item: str) -> list[dict[str, Any]]:
        return [step(op, "ToolTemplate", item) for op in ("create-replacement", "replace", "delete-replaced")]

    four = [each for n in range(4) for each in replaced(f"t{n}")]
    creates = [step("create", "ToolTemplate", f"new{n}") for n in range(50)]
    (got,) = found(*four, *creates, unchanged=6)
    assert "4 of the 10 resources" in got.text


def test_what_an_earlier_run_left_behind_is_no_deletion_of_this_one() -> None:
    left = [step("delete-replaced", "ToolTemplate", f"t{n}") for n in range(9)]
    assert found(*left, unchanged=10) == ()


def test_a_number_is_replaced_only_by_name() -> None:
    number = step(
        "replace", "PhoneNumber", "front desk", {"phone_number": "+3197010200001"}, {"phone_number": "+3197010200002"}
    )
    (got,) = found(number)
    assert got.items == ('phone number "front desk"',)
    assert "+3197010200001 would be given up" in got.text
    _, word = shlex.split(got.flag)
    assert found(number, allow=word) == ()
    assert found(number, allow="replace:front*") == ()
    assert found(number, allow="replace:back*,in-use:*") != ()


def test_other_kinds_are_replaced_without_asking() -> None:
    assert found(step("replace", "SipTrunk", "carrier")) == ()


AGENT_GOES = step("delete", "Agent", "desk")


@pytest.mark.parametrize(
    ("number", "stops"),
    [
        pytest.param(step("same", "PhoneNumber", "main", {"agent_id": "desk-id"}), True, id="keeps it"),
        pytest.param(step("update", "PhoneNumber", "main", {"agent_id": "desk-id"}, {}), True, id="is left without"),
        pytest.param(step("update", "PhoneNumber", "main", {"assistant_id": "desk-id"}, {}), True, id="other dialect"),
        pytest.param(
            step("update", "PhoneNumber", "main", {"agent_id": "desk-id"}, {"agent_id": "other-id"}), False, id="moves"
        ),
        pytest.param(
            step("update", "PhoneNumber", "main", {"agent_id": "desk-id"}, {"agent_id": UNKNOWN}), False, id="to a new"
        ),
        pytest.param(
            step("update", "PhoneNumber", "main", {"agent_id": "desk-id"}, {"is_active": False}), False, id="is off"
        ),
        pytest.param(step("delete", "PhoneNumber", "main", {"agent_id": "desk-id"}), False, id="goes too"),
        pytest.param(step("same", "PhoneNumber", "main", {"agent_id": "other-id"}), False, id="uses another"),
    ],
)
def test_an_agent_that_a_number_uses_stays(number: dict[str, Any], stops: bool) -> None:
    got = found(AGENT_GOES, number)
    assert bool(got) is stops
    if stops:
        assert (got[0].rail, got[0].items, got[0].flag) == ("in-use", ('phone number "main"',), "--allow in-use:desk")
        assert found(AGENT_GOES, number, allow="in-use:desk") == ()


def test_a_replaced_agent_that_its_number_follows_has_to_be_asked_for() -> None:
    agent = step("replace", "Agent", "desk")
    needs = (urn("Agent", "desk"),)
    follows = step("update", "PhoneNumber", "main", {"agent_id": "desk-id"}, {"agent_id": UNKNOWN}, needs=needs)
    leaves = step("update", "PhoneNumber", "main", {"agent_id": "desk-id"}, {"agent_id": UNKNOWN})
    assert [each.rail for each in found(agent, follows)] == ["in-use"]
    assert found(agent, leaves) == ()
