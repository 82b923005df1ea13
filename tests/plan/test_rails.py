from __future__ import annotations

import shlex
from typing import Any

import pytest

from flireo_iac.allow import Allowed
from flireo_iac.plan.rails import Finding, closed, findings
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


CAMPAIGN = urn("Campaign", "renewals")
SCHEDULED = {"name": "Renewals", "status": "scheduled"}


def lead(op: str, number: int) -> dict[str, Any]:
    return step(op, "CampaignLead", f"renewals/+3120{number:07}", needs=(CAMPAIGN,))


def campaign(op: str, **outputs: Any) -> dict[str, Any]:
    made = step(op, "Campaign", "renewals", SCHEDULED)
    made["oldState"]["outputs"] = outputs
    return made


def test_a_campaign_is_judged_by_what_is_known_last() -> None:
    assert [each.rail for each in found(campaign("delete"))] == ["in-use"]
    assert found(campaign("delete", __now={"status": "completed"})) == ()
    assert found(campaign("delete", __gone=True)) == ()


def test_a_campaign_that_is_gone_is_made_anew_only_when_asked_for() -> None:
    (finding,) = found(campaign("replace", __gone=True))
    assert finding.flag == "--allow replace:renewals"
    assert "was deleted outside this stack, and would be made anew" in finding.text
    assert found(campaign("replace", __gone=True), allow="replace:renewals") == ()


def test_many_leads_do_not_hide_that_most_agents_go() -> None:
    agents = [step("delete" if n < 8 else "same", "Agent", f"a{n}") for n in range(11)]
    leads = [lead("same", n) for n in range(500)]
    (finding,) = found(campaign("same"), *agents, *leads)
    assert "8 of the 12 resources" in finding.text


def test_most_leads_of_a_campaign_go_only_when_asked_for() -> None:
    few = [lead("delete" if n < 3 else "same", n) for n in range(10)]
    many = [lead("delete" if n < 4 else "replace", n) for n in range(10)]
    others = [step("same", "Agent", f"a{n}") for n in range(40)]
    assert found(campaign("same"), *few, *others) == ()
    (finding,) = found(campaign("same"), *many, *others)
    assert '4 of the 10 of "renewals" would be deleted' in finding.text
    assert finding.flag == "--allow many-deletes"
    assert found(campaign("same"), *many, *others, allow="many-deletes") == ()
    assert found(campaign("same"), *many, unchanged=40) == ()  # how many there are is not known


def test_a_plan_says_that_nobody_is_added_to_a_completed_campaign() -> None:
    done = campaign("same", __now={"status": "completed"})
    said = closed(plan_of(document(done, lead("replace", 1), lead("create", 2), lead("delete", 3)), "test"))
    assert len(said) == 1
    assert "renewals/+31200000001" in said[0] or "renewals/+31200000002" in said[0]
    assert "1 more" in said[0]
    assert "a completed campaign is final" in said[0]
    assert closed(plan_of(document(campaign("same"), lead("create", 2)), "test")) == ()
