from __future__ import annotations

import email.utils
import socket
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flireo_iac.client import FlireoApi
from flireo_iac.client.answers import Answer
from flireo_iac.client.hints import asked_wait_s, quota_of
from flireo_iac.errors import (
    ApiError,
    FlireoError,
    InvalidRequestError,
    RateLimitError,
    ServerError,
    TransportError,
    UnexpectedAnswerError,
)
from flireo_iac.kinds import KINDS
from tests.client.scripted import Reply, Scripted, cut, dripping, reply, reset, silent

AGENT = KINDS["agent"]
BYOK = KINDS["byok_key"]
ROW = {"id": "a1", "name": "A"}
GOOD = reply(200, {"agent": ROW, "agents": [ROW]})
BUSY = reply(429, {"error": {"code": "rate_limit_exceeded", "message": "slow down"}}, Retry_After="0")

VERBS: dict[str, Callable[[FlireoApi], object]] = {
    "GET": lambda api: api.get(AGENT, "a1"),
    "PATCH": lambda api: api.update(AGENT, "a1", {"name": "A"}),
    "DELETE": lambda api: api.delete(AGENT, "a1"),
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_what_can_be_repeated_is_repeated_after_a_server_error(
    server: Scripted, api: FlireoApi, verb: str, status: int
) -> None:
    server.will(reply(status, "<html>"), reply(status, ""), GOOD)
    VERBS[verb](api)
    assert server.methods == [verb] * 3


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(
    "bad", [reset, cut(200, b'{"agent"', 4000), reply(200, '{"agent": {"id'), reply(200, "<html>")]
)
def test_what_can_be_repeated_is_repeated_after_a_broken_answer(
    server: Scripted, api: FlireoApi, verb: str, bad: Reply
) -> None:
    server.will(bad, GOOD)
    VERBS[verb](api)
    assert server.methods == [verb] * 2


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_create_is_never_repeated_after_a_server_error(server: Scripted, api: FlireoApi, status: int) -> None:
    server.will(reply(status, "", Retry_After="0"), GOOD)
    with pytest.raises(ServerError):
        api.create(AGENT, {"name": "A"})
    assert server.methods == ["POST"]


@pytest.mark.parametrize("bad", [reset, cut(201, b'{"agent"', 4000)])
def test_a_create_whose_answer_is_lost_may_have_arrived(server: Scripted, api: FlireoApi, bad: Reply) -> None:
    server.will(bad, GOOD)
    with pytest.raises(TransportError, match="may have been done") as caught:
        api.create(AGENT, {"name": "A"})
    assert caught.value.may_have_arrived
    assert server.methods == ["POST"]


@pytest.mark.parametrize(
    "body", ["", "<html>", "[]", {}, {"agent": None}, {"agent": {"name": "A"}}, '{"agent": {"id": "a']
)
def test_a_create_answered_with_something_else_is_not_repeated(server: Scripted, api: FlireoApi, body: object) -> None:
    server.will(reply(201, body), GOOD)
    with pytest.raises(UnexpectedAnswerError, match="may have been done: look at the account"):
        api.create(AGENT, {"name": "A"})
    assert server.methods == ["POST"]


def test_a_create_is_repeated_after_429_because_the_server_has_not_acted(server: Scripted, api: FlireoApi) -> None:
    server.will(BUSY, BUSY, GOOD)
    assert api.create(AGENT, {"name": "A"})["id"] == "a1"
    assert server.methods == ["POST"] * 3


def test_a_create_is_repeated_when_no_connection_came_about(
    server: Scripted, make_api: Callable[..., FlireoApi]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        waits: list[str] = []
        api = make_api(
            f"http://127.0.0.1:{taken.getsockname()[1]}/api/v1",
            max_attempts=3,
            on_wait=lambda reason, _: waits.append(reason),
        )
        with pytest.raises(TransportError, match=r"Tried 3 times\. Check FLIREO_BASE_URL") as caught:
            api.create(AGENT, {"name": "A"})
    assert not caught.value.may_have_arrived
    assert caught.value.exit_code == 4


def test_a_host_without_address_is_no_traceback(make_api: Callable[..., FlireoApi]) -> None:
    api = make_api("http://no-such-host-here/api/v1", max_attempts=1)
    with pytest.raises(TransportError, match=r"create agent .* no connection to no-such-host-here") as caught:
        api.create(AGENT, {"name": "A"})
    assert not caught.value.may_have_arrived


def test_a_slot_is_overwritten_so_its_post_is_repeated(server: Scripted, api: FlireoApi) -> None:
    server.will(reply(502, ""), reset, reply(200, {"success": True, "byok_keys": {"openai_secret_id": "s1"}}))
    assert api.create(BYOK, {"provider": "openai", "api_key": "k"}) == {
        "id": "openai",
        "provider": "openai",
        "secret_id": "s1",
    }
    assert server.methods == ["POST"] * 3


@pytest.mark.parametrize("status", [400, 401, 402, 403, 405, 409, 418, 422, 501, 302])
def test_a_refusal_is_final(server: Scripted, api: FlireoApi, status: int) -> None:
    server.will(reply(status, {"error": "no"}), GOOD)
    with pytest.raises(ApiError):
        api.get(AGENT, "a1")
    assert len(server.seen) == 1


def test_a_refusal_whose_body_is_cut_is_still_a_refusal(server: Scripted, api: FlireoApi) -> None:
    server.will(cut(400, b'{"error"', 4000), GOOD)
    with pytest.raises(InvalidRequestError):
        api.create(AGENT, {"name": "A"})
    assert server.methods == ["POST"]


def test_it_gives_up_after_the_set_number_and_says_so(server: Scripted, api: FlireoApi) -> None:
    server.will(reply(503, {"error": "maintenance"}))
    with pytest.raises(ServerError, match=r'"maintenance"\). Tried 5 times\.'):
        api.list(AGENT)
    assert len(server.seen) == 5


def test_a_broken_answer_is_believed_after_three(server: Scripted, api: FlireoApi) -> None:
    server.will(reply(200, "<html>hello</html>"))
    with pytest.raises(UnexpectedAnswerError, match=r"no JSON.*Tried 3 times"):
        api.list(AGENT)
    assert len(server.seen) == 3


def test_what_may_be_done_twice_is_not_said_to_need_a_look(server: Scripted, api: FlireoApi) -> None:
    server.will(reply(200, "<html>hello</html>"))
    with pytest.raises(UnexpectedAnswerError, match="Run again; doing it twice does no harm"):
        api.update(AGENT, "a1", {"name": "B"})
    assert server.methods == ["PATCH"] * 3


def test_the_server_is_waited_for_as_long_as_it_asks(server: Scripted, make_api: Callable[..., FlireoApi]) -> None:
    waits: list[tuple[str, float]] = []
    api = make_api(server.url, on_wait=lambda reason, seconds: waits.append((reason, seconds)))
    server.will(reply(429, "", Retry_After="1"), GOOD)
    api.get(AGENT, "a1")
    assert 1 <= server.seen[1].at - server.seen[0].at < 3
    assert waits == []  # two seconds or less are not announced


def test_a_long_wait_is_announced_and_never_goes_beyond_the_deadline(
    server: Scripted, make_api: Callable[..., FlireoApi]
) -> None:
    waits: list[tuple[str, float]] = []
    api = make_api(server.url, on_wait=lambda reason, seconds: waits.append((reason, seconds)), operation_timeout_s=3.0)
    server.will(reply(503, "", Retry_After="60"))
    began = time.monotonic()
    with pytest.raises(ServerError, match="asks to wait 60 s"):
        api.get(AGENT, "a1")
    assert time.monotonic() - began < 10
    assert len(server.seen) == 1
    assert waits == []
    server.will(reply(503, "", Retry_After="3"), GOOD)
    api = make_api(server.url, on_wait=lambda reason, seconds: waits.append((reason, seconds)))
    api.get(AGENT, "a1")
    assert waits == [("the server failed (HTTP 503)", 3.0)]


@pytest.mark.parametrize("how", [silent, dripping])
@pytest.mark.parametrize("verb", ["GET", "POST"])
def test_a_server_that_does_not_come_to_an_end_meets_the_deadline(
    server: Scripted, make_api: Callable[..., FlireoApi], how: Callable[[Scripted], Reply], verb: str
) -> None:
    api = make_api(server.url, read_timeout_s=0.4, operation_timeout_s=1.0, max_attempts=50)
    server.will(how(server))
    began = time.monotonic()
    with pytest.raises(TransportError, match="did not answer in time") as caught:
        api.get(AGENT, "a1") if verb == "GET" else api.create(AGENT, {"name": "A"})
    assert time.monotonic() - began < 6
    assert caught.value.may_have_arrived
    if verb == "POST":
        assert server.methods == ["POST"]


def answer(status: int = 429, body: bytes = b"", **headers: str) -> Answer:
    return Answer(status, httpx.Headers({name.replace("_", "-"): value for name, value in headers.items()}), body)


NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        (answer(Retry_After="7"), 7),
        (answer(Retry_After=email.utils.formatdate(NOW + 9, usegmt=True)), 9),
        (answer(Retry_After=email.utils.formatdate(NOW - 9, usegmt=True)), 0),
        (answer(Retry_After="Thu, 01 Jan 1970 00:00:00"), 0),
        # The server's clock is an hour ahead: what counts is the difference between its own two dates.
        (
            answer(
                Retry_After=email.utils.formatdate(NOW + 3609, usegmt=True),
                Date=email.utils.formatdate(NOW + 3600, usegmt=True),
            ),
            9,
        ),
        # A date in an hour, and no word about the server's clock: it is ours that is wrong.
        (answer(Retry_After=email.utils.formatdate(NOW + 3609, usegmt=True)), None),
        (answer(body=b'{"error": {"code": "x", "retry_after": 12}}'), 12),
        (answer(body=b'{"error": "x", "retry_after": 2.5}'), 2.5),
        (answer(body=b'{"retry_after": true}'), None),
        (answer(body=b'{"retry_after": -1}'), None),
        (answer(body=b"[1]"), None),
        (answer(body=b"<html>"), None),
        (answer(Retry_After="soon"), None),
        (answer(Retry_After="-1"), None),
        (answer(Retry_After="Mon, 99 Foo 2026 00:00:00 GMT"), None),
        (answer(), None),
    ],
)
def test_how_long_an_answer_asks_to_wait(given: Answer, seconds: float | None) -> None:
    assert asked_wait_s(given, lambda: NOW) == seconds


@given(
    status=st.sampled_from([200, 429, 503]),
    headers=st.dictionaries(
        st.sampled_from(["Retry-After", "Date", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"]),
        st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40)
        | st.integers(-5, 10**400).map(str)
        | st.datetimes().map(lambda moment: email.utils.format_datetime(moment)),
    ),
    body=st.binary(max_size=20) | st.floats(allow_nan=True).map(lambda number: f'{{"retry_after": {number}}}'.encode()),
)
def test_no_header_breaks_the_clock(status: int, headers: dict[str, str], body: bytes) -> None:
    odd = Answer(status, httpx.Headers(headers), body)
    seconds, quota = asked_wait_s(odd, lambda: NOW), quota_of(odd, lambda: NOW)
    assert seconds is None or seconds >= 0
    assert quota is None or (quota.remaining >= 0 and 0 < quota.resets_in_s <= 120)


def test_a_connection_that_the_server_dropped_is_not_used_for_a_create(server: Scripted, api: FlireoApi) -> None:
    def drop(handler: Any) -> None:
        reply(200, {"agents": []})(handler)
        handler.wfile.flush()
        handler.close_connection = True

    server.will(drop, GOOD)
    api.list(AGENT)
    time.sleep(0.1)
    assert api.create(AGENT, {"name": "A"})["id"] == "a1"
    assert server.methods == ["GET", "POST"]


HOUR_S = 3600


@pytest.mark.parametrize(
    ("limit", "remaining", "reset_s", "skew_s", "expected"),
    [
        ("100", "0", 20, None, (0, 20)),
        ("100", "1", 20, None, (1, 20)),
        ("0", "0", 20, None, None),
        ("100", "0", -5, None, None),
        ("100", "0", None, None, None),
        # Nothing says what time it is there: an end in an hour is a wrong clock.
        ("100", "0", HOUR_S, None, None),
        # The server's clock is an hour ahead or behind, and its Date says so.
        ("100", "3", HOUR_S + 20, HOUR_S, (3, 20)),
        ("100", "3", -HOUR_S + 20, -HOUR_S, (3, 20)),
        ("100", "9" * 400, 20, None, (1_000_000_000, 20)),
    ],
)
def test_what_an_answer_says_of_the_servers_window(
    limit: str, remaining: str, reset_s: int | None, skew_s: int | None, expected: tuple[int, float] | None
) -> None:
    headers = {"X_RateLimit_Limit": limit, "X_RateLimit_Remaining": remaining}
    headers["X_RateLimit_Reset"] = "soon" if reset_s is None else str(int(NOW) + reset_s)
    if skew_s is not None:
        headers["Date"] = email.utils.formatdate(NOW + skew_s, usegmt=True)
    quota = quota_of(answer(200, b"", **headers), lambda: NOW)
    assert (quota and (quota.remaining, quota.resets_in_s)) == expected


def test_when_the_server_says_its_window_is_empty_the_next_request_waits(
    server: Scripted, make_api: Callable[..., FlireoApi]
) -> None:
    empty = {"X_RateLimit_Limit": "100", "X_RateLimit_Remaining": "0"}

    def say(handler: object) -> None:
        # A whole second is the header's resolution, so the pause is between one and two seconds.
        reply(200, {"agent": ROW}, X_RateLimit_Reset=str(int(time.time()) + 2), **empty)(handler)  # type: ignore[arg-type]

    server.will(say, GOOD)
    api = make_api(server.url)
    api.get(AGENT, "a1")
    api.get(AGENT, "a1")
    assert server.seen[1].at - server.seen[0].at > 0.9


def test_a_429_is_no_failed_attempt(server: Scripted, make_api: Callable[..., FlireoApi]) -> None:
    server.will(*[BUSY] * 8, reply(503, ""), *[BUSY] * 3, GOOD)
    make_api(server.url, max_attempts=2, backoff_s=0.001).update(AGENT, "a1", {"name": "A"})
    assert len(server.seen) == 13


def test_a_429_without_an_end_is_given_up_at_the_deadline(server: Scripted, make_api: Callable[..., FlireoApi]) -> None:
    server.will(BUSY)
    began = time.monotonic()
    with pytest.raises(RateLimitError, match="slow down") as caught:
        make_api(server.url, operation_timeout_s=2.0).create(AGENT, {"name": "A"})
    assert isinstance(caught.value, FlireoError)
    assert len(server.seen) > 5
    assert time.monotonic() - began < 10


def test_the_server_is_asked_no_oftener_than_it_has_requests_left(
    server: Scripted, make_api: Callable[..., FlireoApi]
) -> None:
    resets_at = int(time.time()) + 3
    in_old_window = 0

    def count_down(handler: Any) -> None:
        nonlocal in_old_window
        is_old = time.time() < resets_at
        in_old_window += is_old
        headers = {"X_RateLimit_Remaining": str(3 - in_old_window if is_old else 100)}
        headers["X_RateLimit_Reset"] = str(resets_at if is_old else resets_at + 60)
        reply(200, {"agent": ROW}, X_RateLimit_Limit="100", **headers)(handler)

    server.will(count_down)
    # Two clients, as two processes are: what one of them hears, both heed.
    first, second = make_api(server.url, requests_per_minute=90), make_api(server.url, requests_per_minute=90)
    for api in (first, second, first, second, first):
        api.get(AGENT, "a1")
    assert in_old_window <= 3
    assert len(server.seen) == 5
