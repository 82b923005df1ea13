"""schemathesis over a running emulator: good and bad requests of every served operation, made from the contract.

All checks of schemathesis run. Left out on purpose:

- The deprecated chats, whose shape is not known.
- ``writeOnly`` of a tool's ``server.secret``: the notes say to expect it back, with the rest of its config block.
- Two checks of single operations, each with its reason below.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from flireo_iac.emulator import behaviours, contract, server
from flireo_iac.emulator.contract import METHODS

KEY = "fl_test_schemathesis"
HEADERS = {"Authorization": f"Bearer {KEY}"}

# Good by the contract, and still refused by the server.
REFUSES = {
    "createNumber": "agents and trunks that do not exist",
    "updateNumber": "as createNumber",
    "createToolTemplate": "a tool_config of another tool_type",
    "updateToolTemplate": "as createToolTemplate",
    "createSipTrunk": "an empty name or host",
    "createCampaign": "a time zone that does not exist",
    "updateCampaign": "as createCampaign",
    "createOutboundCall": "an agent that does not exist, no number",
    "controlCall": "a call that is not in progress",
    "setByokConfig": "a provider without a key",
    "createOrganization": "an empty name, another parent",
    "updateOrganization": "a content period that is longer than the other",
    "createWorkflow": "no name or definition, a graph that cannot be followed",
    "updateWorkflow": "as createWorkflow",
    "createMcpServer": "no name or url, a url that is not public https",
    "updateMcpServer": "as createMcpServer",
    "setByok": "an empty key",
    "addDomain": "a name that is no domain; no Resend key",
    "listResendDomains": "no Resend key",
    "syncResendDomain": "no Resend key",
}
# Bad by the contract, and still let through.
ALLOWS = {
    "listAnalysisTemplates": "limit and offset are clamped or ignored: the contract has no 400 here",
    "getOrganization": "include_children that is no boolean: the contract has no 400 here",
    "listCalls": "limit and offset, as listAnalysisTemplates",
    "getUsage": "limit and offset, as listAnalysisTemplates",
}

QUICK = settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
)


@functools.cache
def document() -> dict[str, Any]:
    text = resources.files("flireo_iac.emulator").joinpath("openapi.yaml").read_text(encoding="utf-8")
    whole: dict[str, Any] = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return whole


def served_contract(*, later: bool) -> dict[str, Any]:
    """Give the contract as a successor serves it, or without what only successors have."""
    whole = copy.deepcopy(document())
    paths = {}
    for path, item in whole["paths"].items():
        kept = {key: value for key, value in item.items() if later or not _is_later(value)}
        if any(method in kept for method in METHODS):
            paths[path] = kept
    whole["paths"] = paths
    schemas = whole["components"]["schemas"]
    for tool in ("FunctionTool", "OpenAIFunctionTool"):
        del schemas[tool]["properties"]["server"]["properties"]["secret"]["writeOnly"]
    # These blocks are drawn for createAgent already, and slow to draw.
    for block in ("stt_config", "llm_config", "tts_config", "analysis_plan"):
        schemas["TransientAgent"]["properties"][block] = {"type": "object"}
    for block in ("stt_config", "tts_config", "tools"):
        del schemas["WorkflowNode"]["properties"][block]
    del whole["servers"]
    return whole


def _is_later(operation: Any) -> bool:
    return isinstance(operation, dict) and "x-since" in operation


LATER = [each.name for each in contract.load().operations if each.since and not each.path.startswith("/chats")]
schema = schemathesis.openapi.from_dict(served_contract(later=False))
later_schema = schemathesis.openapi.from_dict(served_contract(later=True)).include(operation_id=LATER)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with server.running(check_answers=True, seed=1) as emulator:
        yield emulator.url


@schema.parametrize()
@QUICK
def test_every_operation_keeps_the_contract(case: schemathesis.Case[Any], url: str) -> None:
    name = case.operation.definition.raw["operationId"]
    left_out: list[Any] = [positive_data_acceptance] if name in REFUSES else []
    left_out += [negative_data_rejection] if name in ALLOWS else []
    case.call_and_validate(base_url=url, headers=HEADERS, excluded_checks=left_out)


@pytest.fixture(scope="module")
def later_url() -> Iterator[str]:
    with server.running(check_answers=True, seed=1, dialect="successor") as emulator:
        yield emulator.url


@later_schema.parametrize()
@settings(QUICK, max_examples=2)
def test_every_operation_of_a_successor_keeps_the_contract(case: schemathesis.Case[Any], later_url: str) -> None:
    name = case.operation.definition.raw["operationId"]
    left_out: list[Any] = [positive_data_acceptance] if name in REFUSES else []
    left_out += [negative_data_rejection] if name in ALLOWS else []
    case.call_and_validate(base_url=later_url, headers=HEADERS, excluded_checks=left_out)


@pytest.mark.parametrize(
    ("collection", "first"),
    [
        ("agents", {"name": "A"}),
        ("tool-templates", {"name": "T", "tool_type": "endCall", "tool_config": {}}),
        ("analysis-templates", {"name": "T", "schema": {}}),
        ("numbers", {"phone_number": "+31612345678"}),
    ],
)
def test_changes_of_an_object_that_exists_keep_the_contract(collection: str, first: dict[str, Any], url: str) -> None:
    answer = httpx.post(f"{url}/{collection}", json=first, headers={"Authorization": "Bearer fl_test_changes"})
    (body,) = answer.json().values()
    operation = schema[f"/{collection}/{{id}}"]["PATCH"]

    @QUICK
    @given(case=operation.as_strategy())
    def change(case: schemathesis.Case[Any]) -> None:
        case.path_parameters = {"id": body["id"]}
        answer = case.call_and_validate(
            base_url=url,
            headers={"Authorization": "Bearer fl_test_changes"},
            excluded_checks=[positive_data_acceptance],
        )
        assert answer.status_code in {200, 400}

    change()


def test_the_operations_of_the_contract_are_the_ones_that_were_tried() -> None:
    operations = {operation.name for operation in contract.load().operations}
    assert set(REFUSES) | set(ALLOWS) <= operations
    served = {(operation.method, operation.path) for operation in contract.load().operations}
    assert served - set(behaviours.routes()) == set()
    missing = set(behaviours.routes()) - served
    assert missing == {("PATCH", "/sip-trunks/{id}")}, "only the update of trunks is left out by the contract"


def test_the_copy_of_the_contract_is_equal_to_the_shared_one() -> None:
    repository = Path(__file__).resolve().parents[2]
    shared = repository.parent / "shared" / "api" / "openapi.yaml"
    if not shared.is_file():
        pytest.skip("no folder shared/api beside the repository, so there is nothing to compare with")
    own = resources.files("flireo_iac.emulator").joinpath("openapi.yaml").read_bytes()
    assert own == shared.read_bytes()
