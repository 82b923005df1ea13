from __future__ import annotations

import itertools
from typing import Any

import pytest

from flireo_iac.allow import Allowed
from flireo_iac.cli._costs import Happened, comparison, sentence
from flireo_iac.plan.forecast import (
    Circumstances,
    Forecast,
    Steps,
    Wave,
    forecast,
    requests_of,
    requests_of_refresh,
    steps_of,
)
from flireo_iac.plan.read import plan_of
from tests.plan.documents import document, step, urn


def cost(*steps: dict[str, Any], allow: str = "", known: frozenset[str] = frozenset()) -> tuple[int, int]:
    plan = plan_of(document(*steps), "test")
    found = forecast(requests_of(plan, Allowed.load({"FLIREO_ALLOW": allow}), known), Circumstances())
    return found.reads, found.writes


@pytest.mark.parametrize(
    ("steps", "reads", "writes"),
    [
        pytest.param([], 0, 0, id="nothing"),
        pytest.param([step("same", "Agent", "a")], 0, 0, id="no change"),
        pytest.param([step("create", "Agent", "a"), step("create", "Agent", "b")], 2, 2, id="account and one list"),
        pytest.param([step("update", "Agent", "a")], 2, 1, id="a look before it is overwritten"),
        pytest.param([step("create", "Agent", "a"), step("update", "Agent", "b")], 2, 2, id="one list serves both"),
        pytest.param([step("delete", "ToolTemplate", "a")], 1, 1, id="a delete"),
        pytest.param([step("delete", "Agent", "a"), step("delete", "Agent", "b")], 3, 2, id="who uses the agents"),
        pytest.param([step("delete", "ByokKey", "a")], 2, 1, id="a slot is looked at"),
        pytest.param([step("delete", "Domain", "a")], 2, 1, id="the only one is looked at"),
        pytest.param([step("replace", "SipTrunk", "a")], 2, 2, id="a replacement is two writes"),
        pytest.param([step("delete-replaced", "SipTrunk", "a")], 1, 1, id="what was left behind"),
    ],
)
def test_requests_are_counted(steps: list[dict[str, Any]], reads: int, writes: int) -> None:
    assert cost(*steps) == (reads, writes)


def test_a_body_that_dialects_spell_in_different_ways_takes_a_list_that_tells_which() -> None:
    inputs = {"name": "A", "tts_config": {"provider": "openai", "voiceId": "alloy"}}
    agent = step("create", "Agent", "a", new=inputs)
    assert cost(agent) == (3, 1)
    assert cost(agent, known=frozenset({"tool_template"})) == (2, 1)
    assert cost(agent, step("create", "ToolTemplate", "t")) == (3, 2)
    assert cost(step("update", "Agent", "a", inputs, {**inputs, "name": "B"})) == (2, 1)
    assert cost(step("update", "Agent", "a", {"name": "A"}, inputs)) == (3, 1)
    trunk = step("replace", "SipTrunk", "t", new={"name": "T", "host": "sip.example.com"})
    assert cost(trunk) == (3, 2)
    waves = requests_of(plan_of(document(agent, trunk), "test"), Allowed(), is_dialect_known=True)
    assert sum(wave.reads for wave in waves) == 3


def test_what_is_known_or_allowed_is_not_looked_at() -> None:
    update, delete = step("update", "Agent", "a"), step("delete", "Agent", "b")
    assert cost(update, known=frozenset({"agent"})) == (1, 1)
    assert cost(delete, allow="in-use:b") == (1, 1)
    assert cost(delete, allow="in-use:c") == (3, 1)


def test_resources_of_other_providers_cost_nothing() -> None:
    other = {"op": "create", "urn": "urn:pulumi:dev::shop::aws:s3/bucket:Bucket::b", "newState": {"custom": True}}
    assert cost(other) == (0, 0)


def test_a_refresh_is_one_list_a_kind_and_a_full_page_asks_for_another() -> None:
    steps = [step("same", "Agent", f"a{n}") for n in range(120)]
    steps += [step("same", "AnalysisTemplate", f"t{n}") for n in range(50)]
    steps += [step("create", "SipTrunk", "new")]
    found = forecast(requests_of_refresh(plan_of(document(*steps), "test")), Circumstances())
    assert (found.reads, found.writes) == (1 + 2, 0)


def test_four_at_once_and_one_layer_after_the_other() -> None:
    agents = [step("create", "Agent", f"a{n}") for n in range(8)]
    numbers = [step("create", "PhoneNumber", f"n{n}", needs=(urn("Agent", f"a{n}"),)) for n in range(8)]
    waves = requests_of(plan_of(document(*agents, *numbers), "test"), Allowed())
    found = forecast(waves, Circumstances(round_trip_s=1.0, engine_s=10.0))
    # the account, a list, eight agents in two turns, a list, eight numbers in two turns
    assert found.seconds == pytest.approx(10 + 1 + 1 + 2 + 1 + 2)
    assert found.full_after_s is None


def test_a_budget_that_is_used_up_is_waited_for_and_told() -> None:
    waits = [0.0] * 10 + [60.0] * 10
    found = forecast([Wave(writes=20)], Circumstances(waits=lambda number: waits[:number], round_trip_s=0.5))
    assert found.full_after_s == pytest.approx(1.0)
    assert found.seconds == pytest.approx(60 + 3 * 0.5)


def test_more_requests_never_take_less_time() -> None:
    circumstances = Circumstances(round_trip_s=0.2, waits=lambda number: [n // 9 * 6.0 for n in range(number)])
    seconds = [forecast([Wave(reads=2), Wave(writes=n)], circumstances).seconds for n in range(60)]
    assert all(later >= earlier for earlier, later in itertools.pairwise(seconds))


def test_the_sentence() -> None:
    assert sentence(Forecast(8, 45, 31.4, 90), 0.0) == "45 writes and 8 reads, about 31 s at 90 requests a minute."
    assert sentence(Forecast(1, 1, 700, 90), 0.0) == "1 write and 1 read, about 12 min at 90 requests a minute."
    assert "(the budget is used up at " in sentence(Forecast(8, 450, 310, 90, 12.0), 0.0)


def test_only_what_was_off_by_much_is_told() -> None:
    assert comparison(Forecast(8, 45, 31, 90), Happened(8, 45, 33)) is None
    assert comparison(Forecast(8, 45, 1, 90), Happened(8, 45, 4)) is None
    assert "45 writes and 9 reads in 31 s" in (comparison(Forecast(8, 45, 31, 90), Happened(9, 45, 31)) or "")
    assert "in 70 s" in (comparison(Forecast(8, 45, 31, 90), Happened(8, 45, 70)) or "")


def test_leads_cost_what_they_send_and_the_engine_a_step_each() -> None:
    campaign = urn("Campaign", "renewals")
    number = {"phone_number": "+31201234501"}

    def leads(op: str) -> list[dict[str, Any]]:
        return [step(op, "CampaignLead", f"renewals/{n}", number, needs=(campaign,)) for n in range(5)]

    new = [step("create", "Campaign", "renewals", new={"name": "R", "leads": [number]}), *leads("create")]
    assert cost(*new)[1] == 1
    assert steps_of(plan_of(document(*new), "test")) == Steps(writes=6)
    fewer = step("update", "Campaign", "renewals", {"name": "R", "leads": [number]}, {"name": "R", "leads": []})
    assert cost(fewer, *leads("delete"))[1] == 5
    renamed = step("update", "Campaign", "renewals", {"name": "R", "leads": [number]}, {"name": "S", "leads": []})
    assert cost(renamed)[1] == 1
    assert steps_of(plan_of(document(*leads("replace")), "test")) == Steps(writes=5, deletes=5)
    there = step("same", "Campaign", "renewals", {"name": "R", "leads": [number]})
    assert cost(there, *leads("create")) == (3, 0)  # a run that was cut off had made them
    there["oldState"]["inputs"]["leads"] = [{**number, "variables": {"name": "another"}}]
    assert cost(there, *leads("create"))[1] == 5
