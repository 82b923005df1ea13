"""Requests a minute for each key, and the headers that tell of it."""

from __future__ import annotations

import time

import httpx

from flireo_iac.emulator import server
from flireo_iac.emulator.limits import Limiter
from tests.emulator.conftest import client_of

NAMES = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")


def test_a_window_lasts_a_minute_from_its_first_request() -> None:
    now = [1000.0]
    limiter = Limiter(lambda: now[0])
    assert [limiter.budget("a", 2, spend=True).remaining for _ in range(2)] == [1, 0]
    now[0] = 1059.5
    refused = limiter.budget("a", 2, spend=True)
    assert (refused.allowed, refused.reset, refused.wait_s) == (False, 1060, 1)
    assert limiter.budget("b", 2, spend=True).allowed
    now[0] = 1060.0
    assert limiter.budget("a", 2, spend=True) == limiter.budget("a", 2, spend=False)
    assert limiter.budget("a", 2, spend=False).remaining == 1


def test_a_shorter_window_begins_anew_after_its_own_time() -> None:
    now = [1000.0]
    limiter = Limiter(lambda: now[0])
    assert limiter.budget("a", 1, spend=True, window_s=5).reset == 1005
    assert limiter.budget("a", 1, spend=True, window_s=5).wait_s == 5
    now[0] = 1005.0
    assert limiter.budget("a", 1, spend=True, window_s=5).allowed
    with server.running(requests_per_minute=1, window_s=2) as emulator, client_of(emulator) as api:
        assert [api.get("/agents").status_code for _ in range(2)] == [200, 429]
        assert int(api.get("/agents").headers["Retry-After"]) <= 2


def test_the_request_above_the_limit_is_429_nested_with_retry_after() -> None:
    with server.running(requests_per_minute=3) as emulator, client_of(emulator) as api:
        left = [api.get("/agents").headers["X-RateLimit-Remaining"] for _ in range(3)]
        assert left == ["2", "1", "0"]
        answer = api.post("/agents", json={"name": "A"})
        assert answer.status_code == 429
        wait = int(answer.headers["Retry-After"])
        assert 30 <= wait <= 60
        assert answer.json()["error"] == {
            "code": "rate_limit_exceeded",
            "message": f"Too many requests. Please retry after {wait} seconds.",
        }
        assert abs(int(answer.headers["X-RateLimit-Reset"]) - time.time() - wait) <= 10
        with client_of(emulator) as other:
            assert other.get("/agents").json() == {"agents": []}
        assert httpx.get(f"{emulator.control_url}/requests").status_code == 200
        httpx.put(f"{emulator.control_url}/settings", json={"requests_per_minute": 4})
        assert api.get("/agents").json() == {"agents": []}


def test_every_answer_has_the_three_headers(own_api: httpx.Client) -> None:
    answers = [
        own_api.get("/agents"),
        own_api.get("/nothing"),
        own_api.post("/agents", content=b"{"),
        own_api.put("/agents"),
        httpx.get(str(own_api.base_url.join("agents"))),
    ]
    assert [each.status_code for each in answers] == [200, 404, 400, 405, 401]
    for answer in answers:
        assert all(answer.headers[name].isdigit() for name in NAMES)
