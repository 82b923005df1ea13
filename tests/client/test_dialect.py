"""What is learned of a server's dialect, what that costs, and how bodies go out."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from flireo_iac.client import FlireoApi
from flireo_iac.emulator.options import DIALECTS
from flireo_iac.emulator.server import Running, running
from flireo_iac.errors import InvalidRequestError, NotFoundError, SettingsError, TransportError
from flireo_iac.kinds import KINDS
from tests.client.conftest import KEY
from tests.client.scripted import Reply, Scripted, reply

AGENT, TOOL, TRUNK, CAMPAIGN = (KINDS[name] for name in ("agent", "tool_template", "sip_trunk", "campaign"))
NOT_FOUND = reply(404, {"error": "Not Found"})
PAGE = reply(404, "<html>not found</html>")
ROW = {"id": "a1", "name": "A"}

WRITTEN: dict[str, Any] = {
    "name": "A",
    "llm_config": {
        "provider": "openai",
        "model": "m",
        "tools": [
            {"type": "end_call"},
            {
                "type": "transferCall",
                "destinations": [{"type": "number", "number": "+31201234567", "description": "x"}],
            },
            {"name": "f", "description": "d", "async_response": "One moment.", "parameters": {"async_response": 1}},
        ],
    },
    "tts_config": {"provider": "openai", "voice_id": "alloy", "new_thing": {"voice_id": 1}},
    "analysis_plan": {"structuredDataPlan": {"enabled": True}, "min_messages_threshold": 3},
}
CAMEL = ("endCall", "transferCall", "asyncResponse", "voiceId", "structuredDataPlan", "minMessagesThreshold")
SNAKE = ("end_call", "transfer_call", "async_response", "voice_id", "structured_data_plan", "min_messages_threshold")


def spelling(agent: dict[str, Any]) -> tuple[str, ...]:
    hang_up, hand_over, function = agent["llm_config"]["tools"]
    assert function["parameters"] == {"async_response": 1}
    assert agent["tts_config"]["new_thing"] == {"voice_id": 1}
    (said,) = function.keys() & {"asyncResponse", "async_response"}
    (voice,) = agent["tts_config"].keys() & {"voiceId", "voice_id"}
    plan = sorted(agent["analysis_plan"], reverse=True)
    return (hang_up["type"], hand_over["type"], said, voice, *plan)


def stored(emulator: Running, collection: str) -> list[dict[str, Any]]:
    headers = {"Authorization": f"Bearer {KEY}"}
    found: list[dict[str, Any]] = httpx.get(
        f"{emulator.control_url}/objects/{collection}", headers=headers, trust_env=False
    ).json()["objects"]
    return found


def asked(emulator: Running) -> list[str]:
    log = httpx.get(f"{emulator.control_url}/requests", trust_env=False).json()["requests"]
    httpx.delete(f"{emulator.control_url}/requests", trust_env=False)
    return [f"{each['method']} {each['path']}" for each in log]


@pytest.mark.parametrize("setting", ["auto", "named"])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_body_goes_out_as_the_server_spells_it(
    make_api: Callable[..., FlireoApi], dialect: str, setting: str
) -> None:
    with running(dialect=dialect) as emulator:
        api = make_api(emulator.url, dialect=dialect if setting == "named" else "auto")
        api.list(AGENT)
        made = api.create(AGENT, WRITTEN)
        assert spelling(stored(emulator, "agents")[0]) == (CAMEL if dialect == "dec2025" else SNAKE)
        api.update(AGENT, made["id"], {"tts_config": {"provider": "openai", "voiceId": "echo"}})
        voice = "voiceId" if dialect == "dec2025" else "voice_id"
        assert stored(emulator, "agents")[0]["tts_config"] == {"provider": "openai", voice: "echo"}
        requests = asked(emulator)
        looks = [each for each in requests if each == "GET /tool-templates"]
        assert len(requests) - len(looks) == 3
        # The envelope of agents tells the successor; between the other two one list tells, once.
        assert len(looks) == (setting == "auto" and dialect != "successor")
        last = "agents" if dialect != "successor" else "assistants"
        assert requests[-1] == f"PATCH /{last}/{made['id']}"


def test_nothing_is_asked_when_a_list_has_told_already_or_nothing_depends_on_it(
    make_api: Callable[..., FlireoApi],
) -> None:
    with running(dialect="jan2026") as emulator:
        api = make_api(emulator.url, dialect="auto")
        api.create(AGENT, {"name": "A", "llm_config": {"provider": "openai", "model": "m"}})
        assert asked(emulator) == ["POST /agents"]
        api.create(TOOL, TOOL.example)
        api.create(AGENT, WRITTEN)
        assert asked(emulator) == ["POST /tool-templates", "POST /agents"]


def test_threads_that_need_to_know_ask_once(make_api: Callable[..., FlireoApi]) -> None:
    with running(dialect="jan2026", latency_ms=30) as emulator:
        api = make_api(emulator.url, dialect="auto")
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda number: api.create(AGENT, {**WRITTEN, "name": str(number)}), range(8)))
        assert asked(emulator).count("GET /tool-templates") == 1
        assert {spelling(agent) for agent in stored(emulator, "agents")} == {SNAKE}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_trunk_has_the_names_that_the_server_knows(make_api: Callable[..., FlireoApi], dialect: str) -> None:
    body = {"name": "T", "host": "sip.example.com", "username": "u", "password": "p", "provider": "carrier"}
    with running(dialect=dialect) as emulator:
        row = make_api(emulator.url, dialect="auto").create(TRUNK, body)
        assert row["host"] == "sip.example.com"
        (post,) = (
            each
            for each in httpx.get(f"{emulator.control_url}/requests", trust_env=False).json()["requests"]
            if each["method"] == "POST"
        )
    later = {"name", "address", "auth_username", "auth_password", "provider"}
    assert set(post["body_keys"]) == (later if dialect == "successor" else set(body))


def test_a_campaign_says_what_later_servers_require(server: Scripted, make_api: Callable[..., FlireoApi]) -> None:
    server.will(reply(200, {"campaign": ROW}))
    api = make_api(server.url)
    api.create(CAMPAIGN, {"name": "C", "agent_id": "a1", "schedule_end_time": "12:00"})
    assert json.loads(server.seen[-1].body) == {
        "name": "C",
        "agent_id": "a1",
        "schedule_start_time": "09:00:00",
        "schedule_end_time": "12:00",
        "timezone": "Europe/Amsterdam",
    }
    api.update(CAMPAIGN, "a1", {"name": "D"})
    assert json.loads(server.seen[-1].body) == {"name": "D"}


def test_the_page_of_a_proxy_is_no_proof(server: Scripted, make_api: Callable[..., FlireoApi]) -> None:
    server.will(PAGE)
    with pytest.raises(InvalidRequestError, match="nothing of the API at this address"):
        make_api(server.url, dialect="auto").list(AGENT)
    server.will(NOT_FOUND)
    with pytest.raises(NotFoundError, match=r"neither /agents nor /assistants .* set flireo:apiDialect .* to dec2025"):
        make_api(server.url, dialect="auto").list(AGENT)
    # One bad answer on the way rules nothing out.
    server.will(PAGE, NOT_FOUND, reply(200, {"agents": [ROW]}))
    api = make_api(server.url, dialect="auto")
    with pytest.raises(InvalidRequestError):
        api.list(AGENT)
    assert api.list(AGENT).rows == (ROW,)
    assert server.paths[-1] == "/api/v1/agents"


@pytest.mark.parametrize("answer", [reply(502, "<html>"), reply(200, {"items": []})], ids=["502", "no list"])
def test_nothing_is_sent_while_the_list_that_tells_cannot_be_read(
    server: Scripted, make_api: Callable[..., FlireoApi], answer: Reply
) -> None:
    server.will(answer)
    with pytest.raises(TransportError, match=r"dialect .* not known.*set flireo:apiDialect") as caught:
        make_api(server.url, dialect="auto").create(AGENT, WRITTEN)
    assert not caught.value.may_have_arrived
    assert set(server.methods) == {"GET"}


def test_lists_that_do_not_tell_are_an_error_that_says_what_to_set(
    server: Scripted, make_api: Callable[..., FlireoApi]
) -> None:
    server.will(reply(200, {"data": []}))
    with pytest.raises(
        SettingsError, match=r"/tool-templates does not tell .* Nothing was sent; set flireo:apiDialect"
    ):
        make_api(server.url, dialect="auto").create(AGENT, WRITTEN)
    assert server.methods == ["GET"]


def test_an_answer_that_contradicts_the_others_changes_nothing(
    server: Scripted, make_api: Callable[..., FlireoApi]
) -> None:
    api = make_api(server.url, dialect="auto")
    server.will(reply(200, {"toolTemplates": []}), reply(200, {"assistants": [ROW]}), reply(200, {"agent": ROW}))
    api.list(TOOL)
    api.list(AGENT)
    api.create(AGENT, WRITTEN)
    assert [path.rpartition("/")[2] for path in server.paths] == ["tool-templates", "agents", "agents"]
    assert spelling(json.loads(server.seen[-1].body)) == CAMEL


def test_a_successor_that_answers_on_the_old_path_is_asked_on_its_own_and_else_on_the_old(
    server: Scripted, make_api: Callable[..., FlireoApi]
) -> None:
    def only_the_old_path(handler: Any) -> None:
        known = "/agents" in handler.path
        (reply(200, {"assistants": [ROW], "assistant": ROW}) if known else NOT_FOUND)(handler)

    server.will(only_the_old_path)
    api = make_api(server.url, dialect="auto")
    api.list(AGENT)
    api.get(AGENT, "a1")
    api.get(AGENT, "a1")
    assert [path.removeprefix("/api/v1/") for path in server.paths] == [
        "agents", "assistants/a1", "agents/a1", "agents/a1"
    ]  # fmt: skip
