"""Calls, commands and usage: what is sent, what is read in each spelling, and what is never sent twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from flireo_iac.client import (
    FlireoApi,
    end_call,
    inject,
    list_calls,
    place_call,
    read_call,
    read_usage,
    say,
    transfer_call,
    watch_call,
)
from flireo_iac.client.commands import command_budget, is_realtime
from flireo_iac.errors import (
    ApiError,
    CallStateError,
    CreditsError,
    InvalidInputError,
    InvalidRequestError,
    NotFoundError,
    RateLimitError,
    ServerError,
    TransportError,
    UnexpectedAnswerError,
)
from flireo_iac.settings import Settings
from tests.client.scripted import Reply, Scripted, reply, reset

ID = "call-_+31612345678_abc123"
PLACED = {"success": True, "call_id": "call-outbound-1", "room_name": "r", "status": "dialing"}
AT = "2026-01-31T12:00:00.000Z"


def a_call(**changes: Any) -> dict[str, Any]:
    return {"id": ID, "status": "in-progress", "created_at": AT, "updated_at": AT, **changes}


def listing(key: str, rows: Sequence[Any]) -> Reply:
    """Serve a list in pages, as the API does, whatever is asked for."""

    def send(handler: Any) -> None:
        query = parse_qs(urlsplit(handler.path).query)
        limit, offset = int(query.get("limit", ["100"])[0]), int(query.get("offset", ["0"])[0])
        page = rows[offset : offset + limit]
        reply(200, {key: page, "pagination": {"total": len(rows), "limit": limit, "offset": offset}})(handler)

    return send


def sent(server: Scripted, number: int = -1) -> Any:
    return json.loads(server.seen[number].body)


def test_a_call_is_placed_once_with_what_was_asked_for(api: FlireoApi, server: Scripted) -> None:
    server.will(reply(200, PLACED))
    placed = place_call(api, "+31612345678", agent_id="a1", number_id="n1", first_message="Hi", context="{}")
    assert (placed.call_id, placed.status, placed.room_name) == ("call-outbound-1", "dialing", "r")
    assert [(each.method, each.path) for each in server.seen] == [("POST", "/api/v1/calls/outbound")]
    assert sent(server) == {
        "destination": "+31612345678",
        "agent_id": "a1",
        "number_id": "n1",
        "first_message": "Hi",
        "context": "{}",
    }


def test_a_successor_is_told_of_the_agent_in_its_own_words(
    server: Scripted, make_api: Callable[..., FlireoApi]
) -> None:
    server.will(reply(200, PLACED))
    place_call(make_api(server.url, dialect="successor"), "+31612345678", agent_config={"llm_config": {}})
    assert sent(server) == {"destination": "+31612345678", "assistant": {"llm_config": {}}}


def test_with_dialect_auto_a_request_that_costs_nothing_finds_out(
    server: Scripted, make_api: Callable[..., FlireoApi]
) -> None:
    server.will(reply(404, {"error": "Not Found"}), reply(200, {"assistants": []}), reply(200, PLACED))
    place_call(make_api(server.url, dialect="auto"), "+31612345678", agent_id="a1")
    assert server.methods == ["GET", "GET", "POST"]
    assert "assistant_id" in sent(server)


@pytest.mark.parametrize("destination", ["0612345678", "+31 6 12", "+0612345678", "", "sip:a@b", "+3161234567890123"])
def test_what_is_no_number_is_refused_before_anything_is_sent(
    api: FlireoApi, server: Scripted, destination: str
) -> None:
    with pytest.raises(InvalidInputError, match=r"no telephone number, an E\.164 number such as"):
        place_call(api, destination, agent_id="a1")
    assert server.seen == []


@pytest.mark.parametrize("agents", [{}, {"agent_id": "a1", "agent_config": {}}])
def test_one_agent_calls(api: FlireoApi, server: Scripted, agents: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError, match="agent_id or agent_config is needed, and not both"):
        place_call(api, "+31612345678", **agents)
    assert server.seen == []


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (reply(500, {"error": "broken"}), ServerError),
        (reply(502, "<html>"), ServerError),
        (reset, TransportError),
        (reply(200, b""), UnexpectedAnswerError),
        (reply(200, {"success": False, "call_id": "x", "status": "dialing"}), UnexpectedAnswerError),
        (reply(402, {"error": {"code": "insufficient_credits", "message": "No credits"}}), CreditsError),
        (reply(400, {"error": "the agent is inactive"}), InvalidRequestError),
    ],
)
def test_no_post_is_repeated(api: FlireoApi, server: Scripted, answer: Reply, error: type[Exception]) -> None:
    server.will(answer)
    with pytest.raises(error):
        place_call(api, "+31612345678", agent_id="a1")
    assert server.methods == ["POST"]
    server.will(answer)
    with pytest.raises(error):
        say(api, ID, "hello")
    assert server.methods.count("POST") == 1


def test_no_secret_of_an_agent_enters_an_error(api: FlireoApi, server: Scripted) -> None:
    server.will(reply(400, {"error": "bad webhook_secret canary-secret-1"}))
    with pytest.raises(ApiError) as caught:
        place_call(api, "+31612345678", agent_config={"webhook_secret": "canary-secret-1"})
    assert "canary-secret-1" not in str(caught.value)


@pytest.mark.parametrize(
    ("spelled", "field", "value"),
    [
        ({"agent_phone": "+1"}, "assistant_phone", "+1"),
        ({"assistant_name": "Desk"}, "agent_name", "Desk"),
        ({"assistant_id": "a1"}, "agent_id", "a1"),
        ({"duration_seconds": 12.5}, "duration_seconds", 12.5),
        ({"ended_at": AT}, "is_over", True),
        ({"status": "something-new"}, "is_over", False),
        ({"status": "rejected"}, "is_over", True),
    ],
)
@pytest.mark.parametrize("envelope", [False, True])
def test_a_call_is_read_in_every_spelling(
    api: FlireoApi, server: Scripted, spelled: dict[str, Any], field: str, value: Any, envelope: bool
) -> None:
    body = a_call(**spelled, later=1)
    server.will(reply(200, {"call": body} if envelope else body))
    call = read_call(api, ID)
    assert getattr(call, field) == value
    assert call.model_extra == {"updated_at": AT, "later": 1}
    assert server.paths == ["/api/v1/calls/call-_%2B31612345678_abc123"]


def test_a_message_without_words_is_an_empty_one(api: FlireoApi, server: Scripted) -> None:
    server.will(reply(200, a_call(messages=[{"role": "assistant", "content": None, "tool_calls": []}])))
    assert [said.content for said in read_call(api, ID).messages or ()] == [""]


def test_an_answer_that_is_no_call_is_an_error_without_its_values(api: FlireoApi, server: Scripted) -> None:
    server.will(reply(200, a_call(messages=[{"role": "user", "content": ["canary"]}])))
    with pytest.raises(UnexpectedAnswerError, match=r"messages\.0\.content: not as promised") as caught:
        read_call(api, ID)
    assert "canary" not in str(caught.value)


def test_calls_are_filtered_by_the_server_in_utc(api: FlireoApi, server: Scripted) -> None:
    server.will(listing("calls", []))
    amsterdam = timezone(timedelta(hours=1))
    list_calls(
        api, status="ended", since=datetime(2026, 1, 31, 1, tzinfo=amsterdam), until=datetime(2026, 2, 1, tzinfo=UTC)
    )
    assert parse_qs(urlsplit(server.paths[0]).query) == {
        "status": ["ended"],
        "start_date": ["2026-01-31T00:00:00.000Z"],
        "end_date": ["2026-02-01T00:00:00.000Z"],
        "limit": ["200"],
        "offset": ["0"],
    }


CALLS = [a_call(id=f"c{number}", agent_name="Desk" if number % 3 else "Night") for number in range(450)]


@pytest.mark.parametrize(
    ("options", "expected", "requests", "is_complete"),
    [
        ({}, 450, 3, True),
        ({"most": 10}, 10, 1, False),
        ({"most": 250}, 250, 2, False),
        ({"most": 450}, 450, 3, True),
        ({"offset": 440}, 10, 1, True),
        ({"keep": lambda call: call.agent_name == "Night"}, 150, 3, True),
        ({"most": 70, "keep": lambda call: call.agent_name == "Night"}, 70, 2, False),
    ],
)
def test_pages_are_followed_until_enough_is_found(
    api: FlireoApi, server: Scripted, options: dict[str, Any], expected: int, requests: int, is_complete: bool
) -> None:
    server.will(listing("calls", CALLS))
    found = list_calls(api, **options)
    assert len(found.rows) == len({call.id for call in found.rows}) == expected
    assert (len(server.seen), found.is_complete, found.total) == (requests, is_complete, 450)


def test_calls_that_come_while_the_list_is_read_hide_none(api: FlireoApi, server: Scripted) -> None:
    later = [a_call(id=f"new{number}") for number in range(30)] + CALLS
    server.will(listing("calls", CALLS), listing("calls", later))
    found = list_calls(api)
    assert found.is_complete
    assert {call.id for call in found.rows} >= {call["id"] for call in CALLS}


def test_a_list_that_loses_calls_or_repeats_itself_is_not_complete(api: FlireoApi, server: Scripted) -> None:
    server.will(listing("calls", CALLS), listing("calls", CALLS[100:]))
    assert not list_calls(api).is_complete
    same = {"calls": CALLS[:200], "pagination": {"total": 450}}
    server.will(reply(200, same))
    found = list_calls(api)
    assert (len(found.rows), found.is_complete, len(server.seen)) == (200, False, 2)


def test_a_list_that_does_not_page_is_whole_when_it_is_short(api: FlireoApi, server: Scripted) -> None:
    server.will(reply(200, {"data": CALLS[:5]}))
    assert list_calls(api).is_complete


@pytest.mark.parametrize(
    ("command", "body"),
    [
        (lambda api: say(api, ID, "Hi", end_after=True), {"type": "say", "content": "Hi", "end_after": True}),
        (
            lambda api: inject(api, ID, "VIP", trigger_response=True),
            {"type": "inject-context", "content": "VIP", "trigger_response": True},
        ),
        (lambda api: end_call(api, ID), {"type": "end-call"}),
        (lambda api: end_call(api, ID, message="Bye"), {"type": "end-call", "message": "Bye"}),
        (
            lambda api: transfer_call(api, ID, "sip:desk@example.com", message="One moment"),
            {"type": "transfer", "destination": "sip:desk@example.com", "message": "One moment"},
        ),
    ],
)
def test_a_command_is_sent_as_the_contract_says(
    api: FlireoApi, server: Scripted, command: Callable[[FlireoApi], Any], body: Any
) -> None:
    server.will(reply(200, {"success": True, "message": "Command sent successfully"}))
    assert command(api).message == "Command sent successfully"
    assert (server.paths, sent(server)) == (["/api/v1/calls/call-_%2B31612345678_abc123/control"], body)


@pytest.mark.parametrize(
    "command",
    [
        lambda api: say(api, ID, " "),
        lambda api: inject(api, ID, ""),
        lambda api: transfer_call(api, ID, "next door"),
        lambda api: say(api, "..", "Hi"),
    ],
)
def test_a_command_that_cannot_be_meant_is_not_sent(
    api: FlireoApi, server: Scripted, command: Callable[[FlireoApi], Any]
) -> None:
    with pytest.raises(InvalidInputError):
        command(api)
    assert server.seen == []


def test_a_command_to_a_call_that_is_over_says_so(api: FlireoApi, server: Scripted) -> None:
    server.will(reply(400, {"error": "Call is not active"}), reply(200, a_call(status="ended")))
    with pytest.raises(CallStateError) as caught:
        say(api, ID, "Hi")
    assert str(caught.value).startswith(f'say in call "{ID}": the call is ended, one that is in-progress was expected')
    assert server.methods == ["POST", "GET"]


def test_a_command_that_is_refused_for_another_reason_says_that_one(api: FlireoApi, server: Scripted) -> None:
    server.will(reply(400, {"error": "content is too long"}), reply(200, a_call()))
    with pytest.raises(InvalidRequestError, match="content is too long"):
        say(api, ID, "Hi")


def test_ten_commands_a_minute_for_a_call_whatever_process_sends_them(tmp_path: Path) -> None:
    settings = Settings(key="k" * 8, base_url="http://127.0.0.1:1", state_dir=tmp_path)
    now, waits = [1000.0], []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        now[0] += seconds

    def budget(call_id: str, process: str) -> Any:
        told: list[tuple[str, float]] = []
        made = command_budget(
            settings,
            call_id,
            on_wait=lambda *words: told.append(words),
            sleep=sleep,
            clock=lambda: now[0],
            process=process,
        )
        return made, told

    (one, _), (other, told), (elsewhere, _) = budget(ID, "1"), budget(ID, "2"), budget("c2", "1")
    for _ in range(10):
        one.take()
    assert waits == []
    elsewhere.take()
    assert waits == []
    other.take()
    assert 60 <= now[0] - 1000 <= 63
    assert told[0][0] == "the call has had its 10 commands a minute"
    for each in (one, other, elsewhere):
        each.close()


def test_what_a_call_says_of_its_limit_is_not_about_the_key(
    server: Scripted, make_api: Callable[..., FlireoApi]
) -> None:
    """Ten commands a minute left for a call must not become ten requests a minute for the key."""
    api = make_api(server.url, operation_timeout_s=0.5)
    limit = {"X_RateLimit_Limit": "10", "X_RateLimit_Remaining": "0", "X_RateLimit_Reset": "99999999999"}
    server.will(reply(429, {"error": {"code": "rate_limit_exceeded"}}, Retry_After="60", **limit))
    with pytest.raises(RateLimitError):
        end_call(api, ID)
    server.will(reply(200, a_call()))
    waited: list[float] = []
    api.http.on_wait = lambda reason, seconds: waited.append(seconds)
    read_call(api, ID)
    assert waited == []


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        ({"id": "a1", "llm_config": {"provider": "xai_realtime"}}, True),
        ({"id": "a1", "llm_config": {"provider": "openai"}}, False),
        ({"id": "a1"}, None),
    ],
)
def test_a_realtime_agent_is_known_by_its_model(
    api: FlireoApi, server: Scripted, agent: dict[str, Any], expected: bool | None
) -> None:
    server.will(reply(200, a_call(agent_id="a1")), reply(200, {"agent": agent}))
    assert is_realtime(api, read_call(api, ID)) is expected


def log(number: int, **changes: Any) -> dict[str, Any]:
    return {"id": f"u{number}", "call_id": f"c{number}", "created_at": AT, **changes}


def test_usage_is_read_whole_and_its_money_stays_exact(api: FlireoApi, server: Scripted) -> None:
    rows = [log(number, duration_seconds=84, minutes_used=2, cost=0.14) for number in range(450)]
    server.will(listing("logs", rows))
    usage = read_usage(api)
    assert (len(usage.logs), usage.is_complete, len(server.seen)) == (450, True, 3)
    assert sum(each.euros for each in usage.logs) == Decimal("63.00")


@pytest.mark.parametrize(
    ("row", "minutes", "euros"),
    [
        ({"duration_sec": 84}, 2, "0.14"),
        ({"duration_seconds": 60}, 1, "0.07"),
        ({"duration_seconds": 0}, 0, "0"),
        ({"minutes_used": 3, "cost": 0.3}, 3, "0.3"),
    ],
)
@pytest.mark.parametrize("key", ["logs", "usage"])
def test_usage_is_read_in_every_spelling(
    api: FlireoApi, server: Scripted, row: dict[str, Any], minutes: int, euros: str, key: str
) -> None:
    summary = {"total_calls": 1, "total_duration_minutes": 2.5, "total_cost": 0.14}
    server.will(reply(200, {key: [log(1, **row)], "pagination": {"total": 1}, "summary": summary}))
    usage = read_usage(api)
    assert (usage.logs[0].minutes, usage.logs[0].euros) == (minutes, Decimal(euros))
    assert usage.summary is not None
    assert (usage.summary.total_minutes, usage.summary.total_cost) == (2.5, Decimal("0.14"))


def test_usage_that_the_server_counts_otherwise_is_not_complete(api: FlireoApi, server: Scripted) -> None:
    server.will(reply(200, {"logs": [log(1)], "pagination": {"total": 1}, "summary": {"total_calls": 2}}))
    assert not read_usage(api).is_complete
    server.will(reply(200, {"logs": [], "pagination": {"total": 0}, "summary": {"total_calls": "many"}}))
    with pytest.raises(UnexpectedAnswerError, match="total_calls: not as promised"):
        read_usage(api)


def watched(api: FlireoApi, **options: Any) -> tuple[list[str], list[float]]:
    """Follow a call on a clock that stands still but for the sleeps."""
    now, sleeps = [0.0], []

    def sleep(seconds: float) -> None:
        sleeps.append(seconds)
        now[0] += seconds

    found = [call.status for call in watch_call(api, ID, sleep=sleep, clock=lambda: now[0], **options)]
    return found, sleeps


def test_a_call_is_followed_until_it_is_over_and_summed_up(api: FlireoApi, server: Scripted) -> None:
    ended = a_call(status="ended", ended_at=AT)
    server.will(
        reply(404, {"error": "Not Found"}),
        reply(200, a_call(status="connecting")),
        reply(200, a_call()),
        reply(200, ended),
        reply(200, {**ended, "summary": "Done."}),
    )
    assert watched(api) == (["connecting", "in-progress", "ended", "ended"], [2.0] * 4)


def test_a_summary_that_never_comes_is_not_waited_for_long(api: FlireoApi, server: Scripted) -> None:
    server.will(reply(200, a_call(status="failed")))
    found, sleeps = watched(api, report_s=6)
    assert (found, sum(sleeps)) == (["failed"] * 4, 6)


def test_a_call_that_is_not_there_or_never_ends_is_given_up(api: FlireoApi, server: Scripted) -> None:
    server.will(reply(404, {"error": "Not Found"}))
    with pytest.raises(NotFoundError, match="flireo calls lists"):
        watched(api)
    assert len(server.seen) == 7, "ten seconds may pass before it appears"
    server.will(reply(200, a_call()))
    with pytest.raises(TransportError, match="it is not over after 1 minutes"):
        watched(api, longest_s=60)
