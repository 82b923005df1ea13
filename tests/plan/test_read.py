from __future__ import annotations

import json
from typing import Any

import pytest

from flireo_iac.errors import SettingsError
from flireo_iac.plan.read import plan_of, read_plan
from tests.plan.documents import document, step

CANARY = "canary-secret"
MARK = "4dabf18193072939515e22adb298388d"


@pytest.mark.parametrize("text", ["", "no json", "[]", "1", "{}", '{"steps": 3}', '{"steps": [{}]}', '{"steps": [3]}'])
def test_what_is_no_plan_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(SettingsError, match=r'^read plan "x\.json": ') as caught:
        read_plan(text, "x.json")
    assert "\n" not in str(caught.value)


def test_no_secret_is_kept_whichever_way_it_stands_there() -> None:
    inputs: dict[str, Any] = {
        "name": "Desk",
        "webhook_secret": CANARY,
        "first_message": {MARK: "1b47061264138c4ac30d75fd1eb44270", "plaintext": f'"{CANARY}"'},
        "llm_config": {"tools": [{"type": "function", "server": {"url": "https://x.example.com", "secret": CANARY}}]},
    }
    plan = read_plan(json.dumps(document(step("update", "Agent", "desk", inputs, inputs))), "x.json")
    assert CANARY not in repr(plan)
    assert plan.steps[0].new["name"] == "Desk"


def test_the_resources_of_the_state_are_counted_with_and_without_unchanged_ones() -> None:
    changed = [step("delete", "Agent", "a"), step("create", "Agent", "b"), step("update", "Agent", "c")]
    hidden = plan_of(document(*changed, unchanged=5), "x")
    shown = plan_of(document(*changed, *[step("same", "Agent", f"s{n}") for n in range(5)]), "x")
    assert hidden.resources == shown.resources == 7
    first = {"steps": [step("create", "Agent", "b")], "changeSummary": {"create": 2}}
    assert plan_of(first, "x").resources == 0


def test_a_failed_preview_is_told_from_a_whole_one() -> None:
    plan = document(step("update", "Agent", "a"))
    assert plan_of(plan, "x").errors == ()
    failed = {**plan, "diagnostics": [{"message": "error: no\nmore", "severity": "error"}, {"severity": "warning"}]}
    assert plan_of(failed, "x").errors == ("no",)
    assert plan_of({**plan, "result": "stopped"}, "x").errors == ("the preview stopped",)


def test_resources_of_others_and_the_engines_own_are_told_apart() -> None:
    other = {"op": "delete", "urn": "urn:pulumi:dev::shop::aws:s3/bucket:Bucket::b", "oldState": {"custom": True}}
    provider = {"op": "delete", "urn": "urn:pulumi:dev::shop::pulumi:providers:aws::default", "oldState": {}}
    component = {"op": "delete", "urn": "urn:pulumi:dev::shop::my:own:Thing::c", "oldState": {"custom": False}}
    nested = {"op": "delete", "urn": "urn:pulumi:dev::shop::my:own:Thing$pulumi-python:dynamic/flireo:Agent::d"}
    plan = plan_of(document(other, provider, component, nested), "x")
    assert [(each.item, each.kind.name if each.kind else None) for each in plan.steps] == [("b", None), ("d", "agent")]
