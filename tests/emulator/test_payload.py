"""Bodies that are no good JSON: always 400, never 500, and the emulator lives on."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b"1",
        b'{"name": "A",}',
        b'{"name": NaN}',
        b'{"name": "A", "x": Infinity}',
        b'{"name": "A", "llm_config": {"provider": "openai", "model": "m", "x": 1e999}}',
        b'{"name": "\xff\xfe"}',
        b'{"name": "\\ud800"}',
        b'{"\\udfff": 1, "name": "A"}',
        b'{"max_duration_seconds": ' + b"9" * 5000 + b', "name": "A"}',
        b'{"name": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"name": "A", "analysis_plan": ' + b'{"x":' * 200 + b"1" + b"}" * 201,
    ],
)
def test_a_bad_body_is_400(api: httpx.Client, raw: bytes) -> None:
    answer = api.post("/agents", content=raw, headers=JSON)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"] == "Invalid request"
    assert api.get("/agents").json() == {"agents": []}


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/jsonx"])
def test_another_content_type_is_400(api: httpx.Client, kind: str) -> None:
    answer = api.post("/agents", content=b'{"name": "A"}', headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["message"]) == (400, "Content-Type must be application/json")


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON"])
def test_json_under_any_of_its_names_is_taken(api: httpx.Client, kind: str) -> None:
    assert api.post("/agents", content=b'{"name": "A"}', headers={"Content-Type": kind}).status_code == 201


@pytest.mark.parametrize("text", ["NUL \x00 in it", "CRLF\r\n\ttab  ", "😀 عربى", "{{x}} $${y}", "a" * 100_000])
def test_any_text_survives(api: httpx.Client, text: str) -> None:
    agent = api.post("/agents", json={"name": "A", "first_message": text}).json()["agent"]
    assert agent["first_message"] == text
    assert api.get(f"/agents/{agent['id']}").json()["agent"]["first_message"] == text


def test_a_huge_integer_survives(api: httpx.Client) -> None:
    huge = 10**400
    block = {"provider": "openai", "model": "m", "x": huge}
    assert api.post("/agents", json={"name": "A", "llm_config": block}).json()["agent"]["llm_config"]["x"] == huge


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(raw=st.binary(max_size=200), path=st.sampled_from(["/agents", "/byok", "/domains/sync", "/numbers"]))
def test_random_bytes_are_never_a_server_error(api: httpx.Client, raw: bytes, path: str) -> None:
    assert api.post(path, content=raw, headers=JSON).status_code == 400


@pytest.mark.parametrize("path", ["/agents/%00", "/agents/%ff%fe", "/agents/..%2fbyok", "/agents/", "/agents//", "/%"])
def test_odd_paths_are_404(api: httpx.Client, path: str) -> None:
    assert api.get(path).status_code == 404
