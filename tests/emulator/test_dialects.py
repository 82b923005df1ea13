"""The same content in three spellings."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from flireo_iac.emulator import server
from flireo_iac.emulator.options import Dialect
from tests.emulator.conftest import client_of

TEMPLATES = {
    "tool-templates": {"name": "T", "tool_type": "end_call", "tool_config": {}},
    "analysis-templates": {"name": "T", "schema": {}},
}


@pytest.mark.parametrize(
    ("dialect", "agents", "tools", "analysis"),
    [
        ("dec2025", ("agent", "agents"), ("toolTemplate", "toolTemplates"), ("analysisTemplate", "analysisTemplates")),
        (
            "jan2026",
            ("agent", "agents"),
            ("tool_template", "tool_templates"),
            ("analysis_template", "analysis_templates"),
        ),
    ],
)
def test_envelopes(
    dialect: Dialect, agents: tuple[str, str], tools: tuple[str, str], analysis: tuple[str, str]
) -> None:
    with server.running(dialect=dialect, check_answers=True) as emulator, client_of(emulator) as api:
        bodies = {"agents": {"name": "A"}, **TEMPLATES}
        for (path, body), (one, many) in zip(bodies.items(), (agents, tools, analysis), strict=True):
            created = api.post(f"/{path}", json=body).json()
            assert list(created) == [one]
            assert api.get(f"/{path}").json() == {many: [created[one]]}


def test_the_default_voice_follows_the_dialect() -> None:
    with server.running(dialect="jan2026") as emulator, client_of(emulator) as api:
        agent = api.post("/agents", json={"name": "A"}).json()["agent"]
        assert agent["tts_config"] == {"provider": "elevenlabs", "model": "eleven_flash_v2_5"}


def test_config_blocks_and_requests_are_the_same_in_every_dialect() -> None:
    sent = {"provider": "openai", "voiceId": "alloy"}
    for dialect in ("dec2025", "jan2026", "successor"):
        with server.running(dialect=dialect) as emulator, client_of(emulator) as api:
            (agent,) = api.post("/agents", json={"name": "A", "tts_config": sent}).json().values()
            assert agent["tts_config"] == sent


def test_the_successor_serves_assistants_and_keeps_the_old_path() -> None:
    with server.running(dialect="successor", check_answers=True) as emulator, client_of(emulator) as api:
        assistant = api.post("/assistants", json={"name": "A"}).json()["assistant"]
        assert api.get("/agents").json() == api.get("/assistants").json() == {"assistants": [assistant]}
        assert api.get(f"/agents/{assistant['id']}").json() == {"assistant": assistant}
        answer = api.post("/numbers", json={"phone_number": "+31612345678", "assistant_id": assistant["id"]})
        number = answer.json()["number"]
        assert number["agent_id"] == number["assistant_id"] == assistant["id"]
        assert api.get("/organizations").json()["id"] == api.get("/account").json()["id"]


def test_the_successor_pages_analysis_templates_and_shows_one_bare() -> None:
    with server.running(dialect="successor", check_answers=True) as emulator, client_of(emulator) as api:
        created: list[dict[str, Any]] = [
            api.post("/analysis-templates", json={"name": str(n), "schema": {}}).json() for n in range(55)
        ]
        assert api.get(f"/analysis-templates/{created[0]['id']}").json() == created[0]
        first = api.get("/analysis-templates").json()
        assert first == {"data": created[:50], "total": 55, "limit": 50, "offset": 0}
        rest = api.get("/analysis-templates", params={"offset": 50}).json()
        assert rest["data"] == created[50:]


def test_the_dialect_changes_while_it_runs(own_api: httpx.Client, control: httpx.Client) -> None:
    control.put("/settings", json={"dialect": "jan2026"})
    assert own_api.get("/tool-templates").json() == {"tool_templates": []}
