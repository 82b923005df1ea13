"""Create, read, update and delete of the five configuration resources, as the API notes say they behave."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from flireo_iac.emulator import server
from flireo_iac.emulator.server import Running
from tests.emulator.conftest import client_of

UNKNOWN = "00000000-0000-4000-8000-000000000000"


def made(api: httpx.Client, path: str, **body: Any) -> dict[str, Any]:
    answer = api.post(path, json=body)
    assert answer.status_code == 201, answer.text
    (found,) = answer.json().values()
    assert isinstance(found, dict)
    return found


def test_an_agent_with_only_a_name_is_filled_by_the_server(api: httpx.Client) -> None:
    agent = made(api, "/agents", name="Receptionist")
    assert agent["is_active"] is True
    assert agent["voicemail_detection"] is False
    assert agent["stt_config"] == {"provider": "deepgram", "model": "nova-3-general", "language": "nl"}
    assert agent["llm_config"] == {
        "provider": "openai",
        "model": "gpt-4o-mini",
        "temperature": 0.7,
        "messages": [],
        "tools": [],
    }
    assert agent["tts_config"] == {"provider": "openai", "voiceId": "alloy"}
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", agent["id"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", agent["created_at"])
    assert api.get(f"/agents/{agent['id']}").json() == {"agent": agent}


def test_a_realtime_agent_gets_no_speech_blocks(api: httpx.Client) -> None:
    agent = made(api, "/agents", name="R", llm_config={"provider": "xai_realtime", "model": "grok-realtime-v1"})
    assert agent["tts_config"] is None
    assert "stt_config" not in agent


def test_config_blocks_stay_as_sent_except_for_documented_defaults(api: httpx.Client) -> None:
    block = {
        "provider": "openai",
        "model": "gpt-4o",
        "invented_by_the_server_later": {"kept": [1, 2.5, None]},
        "messages": [{"role": "system", "content": "Line one\r\n\t{{name}} …😀 "}],
        "tools": [
            {"type": "endCall"},
            {"name": "book", "description": "Books", "extra": True},
            {"type": "transfer_call", "destinations": [{"type": "number", "number": "+311", "description": "d"}]},
        ],
    }
    plan = {"structured_data_plan": {"enabled": True}}
    agent = made(api, "/agents", name="A", llm_config=block, analysis_plan=plan, tts_config=TTS)
    tools: Any = block["tools"]
    filled = [tools[0], {**tools[1], "async": False}, tools[2]]
    assert agent["llm_config"] == {**block, "temperature": 0.7, "tools": filled}
    assert agent["analysis_plan"] == {**plan, "min_messages_threshold": 2}
    assert agent["tts_config"] == TTS


TTS = {"provider": "elevenlabs", "voice_id": "x", "later": 1}


def test_unknown_keys_at_the_top_are_ignored(api: httpx.Client) -> None:
    agent = made(api, "/agents", name="A", invented=1, id=UNKNOWN)
    assert "invented" not in agent
    assert agent["id"] != UNKNOWN


def test_patch_changes_present_keys_only_and_null_clears(api: httpx.Client) -> None:
    agent = made(api, "/agents", name="A", first_message="Hi", llm_config={"provider": "openai", "model": "gpt-4o"})
    changed = api.patch(f"/agents/{agent['id']}", json={"first_message": None, "is_active": False}).json()["agent"]
    assert changed["updated_at"] > agent["updated_at"]
    assert changed == {
        **agent,
        "first_message": None,
        "is_active": False,
        "updated_at": changed["updated_at"],
    }


def test_patch_replaces_a_config_block_whole(api: httpx.Client) -> None:
    agent = made(api, "/agents", name="A", llm_config={"provider": "openai", "model": "gpt-4o", "voice": "old"})
    block = {"provider": "groq", "model": "m", "temperature": 0}
    assert api.patch(f"/agents/{agent['id']}", json={"llm_config": block}).json()["agent"]["llm_config"] == block


def test_an_empty_patch_changes_nothing_and_one_without_effect_moves_the_timestamp(api: httpx.Client) -> None:
    agent = made(api, "/agents", name="A")
    path = f"/agents/{agent['id']}"
    assert api.patch(path, json={}).json()["agent"] == agent
    assert api.patch(path, json={"name": "A"}).json()["agent"]["updated_at"] > agent["updated_at"]


def test_a_whole_float_is_kept_as_an_integer_where_the_contract_has_one(api: httpx.Client) -> None:
    agent = made(api, "/agents", name="A", max_duration_seconds=600.0)
    assert isinstance(agent["max_duration_seconds"], int)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": None}, "name"),
        ({"name": "A", "first_message": None}, "first_message"),
        ({"name": "A", "webhook_url": "not a url"}, "webhook_url"),
        ({"name": "A", "notification_email": "@"}, "notification_email"),
        ({"name": "A", "webhook_events": ["other"]}, "webhook_events[0]"),
        ({"name": "A", "llm_config": {"provider": "acme", "model": "m"}}, "llm_config.provider"),
        ({"name": "A", "llm_config": {"provider": "openai"}}, "llm_config.model"),
        (
            {"name": "A", "llm_config": {"provider": "openai", "model": "m", "tools": [{"type": "transferCall"}]}},
            "llm_config.tools[0].destinations",
        ),
        (
            {"name": "A", "llm_config": {"provider": "openai", "model": "m", "tools": [{"name": "1 a"}]}},
            "llm_config.tools[0].description",
        ),
        ({"name": "A", "tts_config": {"provider": "openai", "speed": 9}}, "tts_config.speed"),
    ],
)
def test_a_bad_agent_is_refused_naming_the_field(api: httpx.Client, body: dict[str, Any], param: str) -> None:
    answer = api.post("/agents", json=body)
    assert answer.status_code == 400
    error = answer.json()
    assert error["error"] == "Invalid request"
    assert error["param"] == param
    assert param in error["message"]


def test_a_refusal_never_repeats_the_value(api: httpx.Client) -> None:
    answer = api.post("/sip-trunks", json={"name": "t", "host": "h", "password": ["canary-secret"]})
    assert answer.status_code == 400
    assert "canary" not in answer.text


@pytest.mark.parametrize("field", ["name", "is_active", "stt_config", "llm_config", "silence_timeout_seconds"])
def test_null_is_refused_where_the_contract_has_none(api: httpx.Client, field: str) -> None:
    agent = made(api, "/agents", name="A")
    answer = api.patch(f"/agents/{agent['id']}", json={field: None})
    assert (answer.status_code, answer.json()["param"]) == (400, field)


def test_lists_hold_whole_objects_in_order_of_creation(api: httpx.Client) -> None:
    agents = [made(api, "/agents", name=name) for name in ("c", "a", "b")]
    assert api.get("/agents").json() == {"agents": agents}


def test_delete_answers_success_and_a_second_one_404(api: httpx.Client) -> None:
    path = f"/agents/{made(api, '/agents', name='A')['id']}"
    first, second = api.delete(path), api.delete(path)
    assert (first.status_code, first.json()) == (200, {"success": True})
    assert (second.status_code, second.json()["error"]) == (404, "Not found")


def test_ids_are_found_in_either_case(api: httpx.Client) -> None:
    agent = made(api, "/agents", name="A")
    assert api.get(f"/agents/{agent['id'].upper()}").json() == {"agent": agent}
    number = made(api, "/numbers", phone_number="+31612345678", agent_id=agent["id"].upper())
    assert (number["agent_id"], number["agent_name"]) == (agent["id"], "A")


def test_another_organization_sees_nothing(api: httpx.Client, shared: Running) -> None:
    path = f"/agents/{made(api, '/agents', name='A')['id']}"
    with client_of(shared) as other:
        assert other.get("/agents").json() == {"agents": []}
        assert [other.request(method, path, json={}).status_code for method in ("GET", "PATCH", "DELETE")] == [404] * 3
        assert other.get("/account").json()["id"] != api.get("/account").json()["id"]
    assert api.get(path).status_code == 200


@pytest.mark.parametrize("header", [None, "Bearer other", "Bearer", "Basic fl_x", "fl_x"])
def test_a_bad_key_is_401_in_the_flat_shape(shared: Running, header: str | None) -> None:
    answer = httpx.get(f"{shared.url}/agents", headers={"Authorization": header} if header else {})
    assert answer.status_code == 401
    assert answer.json() == {"error": "Unauthorized", "message": "Invalid or missing API key"}


def test_a_number_shows_the_names_of_what_it_refers_to(api: httpx.Client) -> None:
    agent = made(api, "/agents", name="A", business_name="B")
    trunk = made(api, "/sip-trunks", name="T", host="sip.example.com")
    number = made(api, "/numbers", phone_number="+31612345678", agent_id=agent["id"], transfer_trunk_id=trunk["id"])
    assert [number[name] for name in ("agent_name", "business_name", "transfer_trunk_name")] == ["A", "B", "T"]
    api.patch(f"/agents/{agent['id']}", json={"name": "New"})
    assert api.get(f"/numbers/{number['id']}").json()["number"]["agent_name"] == "New"


@pytest.mark.parametrize("field", ["agent_id", "transfer_trunk_id"])
def test_a_reference_to_nothing_is_400_on_create_and_update(api: httpx.Client, field: str) -> None:
    answer = api.post("/numbers", json={"phone_number": "+31612345678", field: UNKNOWN})
    assert (answer.status_code, answer.json()["param"]) == (400, field)
    number = made(api, "/numbers", phone_number="+31612345678")
    assert api.patch(f"/numbers/{number['id']}", json={field: UNKNOWN}).status_code == 400


def test_deleting_an_agent_or_trunk_detaches_numbers(api: httpx.Client) -> None:
    agent, trunk = made(api, "/agents", name="A"), made(api, "/sip-trunks", name="T", host="h")
    number = made(api, "/numbers", phone_number="+31612345678", agent_id=agent["id"], transfer_trunk_id=trunk["id"])
    api.delete(f"/agents/{agent['id']}")
    api.delete(f"/sip-trunks/{trunk['id']}")
    left = api.get(f"/numbers/{number['id']}").json()["number"]
    assert (left["agent_id"], left["transfer_trunk_id"], left["agent_name"]) == (None, None, None)


def test_the_same_number_twice_is_409_and_once_for_each_organization_is_not(api: httpx.Client, shared: Running) -> None:
    made(api, "/numbers", phone_number="+31612345678")
    assert api.post("/numbers", json={"phone_number": "+31612345678"}).status_code == 409
    with client_of(shared) as other:
        made(other, "/numbers", phone_number="+31612345678")


@pytest.mark.parametrize(
    "text",
    [
        "0612345678",
        "+0612345678",
        "+3161",
        "+31612345678\n",
        "+3\u0661\u0666\u0661\u0662\u0663\u0664\u0665\u0666",
        "+31 612345678",
    ],
)
def test_a_number_that_is_not_e164_is_refused(api: httpx.Client, text: str) -> None:
    answer = api.post("/numbers", json={"phone_number": text})
    assert (answer.status_code, answer.json()["message"]) == (400, "phone_number must be in E.164 format")


def test_a_number_cannot_be_changed_to_another(api: httpx.Client) -> None:
    number = made(api, "/numbers", phone_number="+31612345678")
    changed = api.patch(f"/numbers/{number['id']}", json={"phone_number": "+31687654321", "name": "n"}).json()["number"]
    assert (changed["phone_number"], changed["name"]) == ("+31612345678", "n")


def test_trunks_have_no_update(api: httpx.Client) -> None:
    trunk = made(api, "/sip-trunks", name="T", host="h")
    answer = api.patch(f"/sip-trunks/{trunk['id']}", json={"name": "U"})
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, DELETE"


@pytest.mark.parametrize(
    "body",
    [
        {"host": "sip.example.com", "username": "u", "password": "canary"},
        {"address": "sip.example.com", "auth_username": "u", "auth_password": "canary"},
        {"address": "sip.example.com:5060", "provider": "p", "username": "u", "password": "canary"},
    ],
)
def test_both_spellings_of_a_trunk_are_one_and_its_password_is_never_answered(
    api: httpx.Client, body: dict[str, Any]
) -> None:
    trunk = made(api, "/sip-trunks", name="T", **body)
    assert (trunk["host"], trunk["port"], trunk["username"]) == ("sip.example.com", 5060, "u")
    assert trunk.get("address") == body.get("address")
    assert "canary" not in api.get("/sip-trunks").text + str(trunk)


def test_a_trunk_in_the_spelling_of_the_first_sdk_is_kept_as_it_was_sent(api: httpx.Client) -> None:
    sent = {"outbound_address": "sip.example.com", "outbound_number": "+31851234567", "inbound_addresses": ["10.1.1.1"]}
    trunk = made(api, "/sip-trunks", name="T", provider="p", auth_password="canary", **sent)
    assert trunk.items() >= {"host": "sip.example.com", "address": "sip.example.com", "provider": "p"}.items()
    assert {name: trunk[name] for name in sent} == sent
    assert "canary" not in str(trunk)


@pytest.mark.parametrize(
    "body", [{"host": "h"}, {"name": "", "host": "h"}, {"name": "T"}, {"name": "T", "address": ""}]
)
def test_a_trunk_needs_a_name_and_a_host(api: httpx.Client, body: dict[str, Any]) -> None:
    assert api.post("/sip-trunks", json=body).status_code == 400


def test_a_tool_config_must_fit_its_type_also_after_a_patch(api: httpx.Client) -> None:
    config = {"name": "book", "description": "Books", "parameters": {"type": "object"}, "later": 1}
    tool = made(api, "/tool-templates", name="T", tool_type="function", tool_config=config)
    assert tool["tool_config"] == {**config, "async": False}
    transfer = {"destinations": [{"type": "number", "number": "+31612345678", "description": "d"}]}
    path = f"/tool-templates/{tool['id']}"
    wrong = api.patch(path, json={"tool_config": transfer})
    assert (wrong.status_code, wrong.json()["param"]) == (400, "tool_config.name")
    right = api.patch(path, json={"tool_type": "transfer_call", "tool_config": transfer})
    assert right.json()["toolTemplate"]["tool_config"] == transfer
    assert api.get("/tool-templates").json()["toolTemplates"] == [right.json()["toolTemplate"]]


def test_analysis_templates_honour_limit_and_offset_and_clamp_them(api: httpx.Client) -> None:
    names = [made(api, "/analysis-templates", name=str(n), schema={})["name"] for n in range(3)]

    def listed(**query: object) -> list[str]:
        answer = api.get("/analysis-templates", params={key: str(value) for key, value in query.items()})
        return [each["name"] for each in answer.json()["analysisTemplates"]]

    assert listed() == names
    assert listed(limit=2) == names[:2]
    assert listed(limit=2, offset=2) == names[2:]
    assert listed(limit=0) == names[:1]
    assert listed(limit="x", offset=-4) == names


def test_the_account_is_counted(api: httpx.Client) -> None:
    made(api, "/agents", name="A")
    made(api, "/agents", name="B", is_active=False)
    made(api, "/numbers", phone_number="+31612345678")
    account = api.get("/account").json()
    assert (account["active_agents"], account["active_numbers"], account["active_calls"]) == (1, 1, 0)


def test_voices_are_local_ones(api: httpx.Client) -> None:
    voices = api.get("/voices").json()["voices"]
    assert "nl_NL-pim-medium" in {voice["id"] for voice in voices}


def test_what_only_a_successor_has_is_not_there(api: httpx.Client) -> None:
    assert [api.get(path).status_code for path in ("/workflows", "/assistants", "/organizations", "/x")] == [404] * 4
    assert api.post("/byok/config", json={}).status_code == 405


def test_several_emulators_in_one_process_share_nothing() -> None:
    with (
        server.running() as one,
        server.running() as two,
        client_of(one, "fl_k") as first,
        client_of(two, "fl_k") as second,
    ):
        made(first, "/agents", name="A")
        assert second.get("/agents").json() == {"agents": []}
