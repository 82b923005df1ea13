"""The ready application behind a real server, and the command that sends it samples."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from flireo_iac.webhooks import Answer, Event, Receiver, Spelling, ToolCalls, answer_tools, reject
from flireo_iac.webhooks.samples import EVENTS, EventName, Sample, sample
from tests.webhooks.serving import serving

SECRET = "whsec_canary_88d2"
PATH = "/flireo"


class Desk:
    """Keeps the events, and books what a tool asks for."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def __call__(self, event: Event) -> Answer | None:
        self.events.append(event)
        if isinstance(event, ToolCalls):
            return answer_tools({call.id: f"booked {call.arguments['day']}" for call in event.tool_call_list})
        return reject("closed") if event.type == "assistant-request" else None


@pytest.fixture(scope="module")
def desk() -> Desk:
    return Desk()


@pytest.fixture(scope="module")
def url(desk: Desk) -> Iterator[str]:
    with serving(Receiver(desk, ["old-secret", SECRET], path=PATH, largest_body=20_000)) as address:
        yield address + PATH


def post(url: str, made: Sample, **changes: Any) -> httpx.Response:
    sent = {"content": made.body, "headers": dict(made.headers), **changes}
    return httpx.post(url, trust_env=False, **sent)


def signed(event: EventName = "status-update", spelling: Spelling = "camel", secret: str | None = SECRET) -> Sample:
    return sample(event, spelling=spelling, secret=secret, sent_at=int(time.time()))


@pytest.mark.parametrize("spelling", ["camel", "snake"])
@pytest.mark.parametrize("event", EVENTS)
def test_every_event_arrives_typed_and_is_answered_in_its_spelling(
    desk: Desk, url: str, event: EventName, spelling: Spelling
) -> None:
    desk.events.clear()
    answer = post(url, signed(event, spelling))
    assert answer.status_code == 200
    assert [type(each).__name__ for each in desk.events] == [
        {"assistant-request": "AssistantRequest", "tool-calls": "ToolCalls", "status-update": "StatusUpdate"}.get(
            event, "EndOfCallReport"
        )
    ]
    one = {"toolCallId": "call_sample_1", "result": "booked monday"}
    results = [one if spelling == "camel" else {**one, "tool_call_id": "call_sample_1"}]
    expected = {"assistant-request": {"error": "closed"}, "tool-calls": {"results": results}}
    assert answer.json() == expected.get(event, {})


def test_the_former_secret_of_a_rotation_is_accepted_and_another_is_not(url: str) -> None:
    assert post(url, signed(secret="old-secret")).status_code == 200
    refused = post(url, signed(secret="guessed"))
    assert refused.status_code == 401
    assert "does not match" in refused.json()["error"]


def test_a_changed_an_unsigned_and_an_old_request_are_refused(desk: Desk, url: str) -> None:
    desk.events.clear()
    made = signed()
    assert post(url, made, content=made.body.replace(b"in-progress", b"ended")).status_code == 401
    assert post(url, signed(secret=None)).status_code == 401
    old = sample("status-update", secret=SECRET, sent_at=int(time.time()) - 400)
    answer = post(url, old)
    assert answer.status_code == 401
    assert " s old, at most 300 s was expected" in answer.json()["error"]
    assert desk.events == []


def test_a_signed_body_that_is_no_event_is_a_400(url: str) -> None:
    from flireo_iac.webhooks import sign

    body, at = b'{"message": {"type": "other"}}', int(time.time())
    headers = {"X-Webhook-Timestamp": str(at), "X-Webhook-Signature": sign(body, SECRET, at)}
    answer = httpx.post(url, content=body, headers=headers, trust_env=False)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("read webhook: ")


def test_a_large_body_is_refused_announced_or_not(url: str) -> None:
    made = signed()
    assert post(url, made, content=b"x" * 20_001).status_code == 413
    assert post(url, made, content=iter([b"x" * 15_000, b"x" * 15_000])).status_code == 413


def test_other_methods_and_paths_are_refused(url: str) -> None:
    got = httpx.get(url, trust_env=False)
    assert (got.status_code, got.headers["allow"]) == (405, "POST")
    assert httpx.post(url + "/other", trust_env=False).status_code == 404


async def _hello(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        for _ in range(2):
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})


def test_as_a_middleware_it_takes_one_path_and_awaits_its_handler() -> None:
    async def handle(event: Event) -> Answer | None:
        await asyncio.sleep(0)
        return reject("later")

    with serving(Receiver(handle, None, path=PATH, app=_hello)) as address:
        assert httpx.get(f"{address}/else", trust_env=False).text == "hello"
        unsigned = signed("assistant-request", secret=None)
        assert post(address + PATH, unsigned).json() == {"error": "later"}


def test_what_a_handler_raises_is_the_servers_to_answer() -> None:
    def handle(event: Event) -> None:
        raise RuntimeError("canary")

    with serving(Receiver(handle, [SECRET])) as address:
        answer = post(address, signed())
    assert answer.status_code == 500
    assert "canary" not in answer.text


def test_a_sender_that_leaves_is_no_error() -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        raise AssertionError(message)

    scope = {"type": "http", "method": "POST", "path": "/", "headers": []}
    asyncio.run(Receiver(lambda event: None, [SECRET])(scope, receive, send))


def test_without_a_secret_nothing_starts() -> None:
    with pytest.raises(ValueError, match="at least one secret"):
        Receiver(lambda event: None, [])


def test_the_program_of_the_documentation_works(monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).parents[2] / "docs/webhooks.md").read_text()
    programs = re.findall(r"```python\n(.*?)```", page, re.S)
    monkeypatch.setenv("WEBHOOK_SECRET", SECRET)
    names: dict[str, Any] = {}
    for program in programs:
        exec(compile(program, "docs/webhooks.md", "exec"), names)
    with serving(names["app"]) as address:
        answer = post(address + PATH, signed("tool-calls"))
        assert answer.json()["results"][0]["result"] == "book_appointment: done"
        assert "assistant" in post(address + PATH, signed("assistant-request")).json()
    made = signed("end-of-call-report")
    assert names["receive"](made.body, made.headers, [SECRET]) == "end-of-call-report"
    assert names["receive"](made.body, made.headers, ["other"]).startswith("401 verify webhook: ")


def test_the_library_needs_neither_pulumi_nor_an_http_client() -> None:
    names = "{'pulumi', 'httpx', 'grpc', 'typer', 'starlette'}"
    code = f"import sys, flireo_iac.webhooks; print(sorted({names} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    import typer

    from flireo_iac.cli.webhooks import register

    app = typer.Typer()
    register(app)
    monkeypatch.setenv("HOOK", SECRET)
    return lambda *words: CliRunner().invoke(app, ["webhooks", "send", *words])


def test_the_command_sends_signed_samples(run: Callable[..., Any], desk: Desk, url: str) -> None:
    desk.events.clear()
    done = run("tool-calls", "--to", url, "--secret-env", "HOOK", "--dialect", "jan2026")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["results"][0]["result"] == "booked monday"
    assert "tool-calls: HTTP 200" in done.stderr
    assert desk.events[0].spelling == "snake"
    done = run("status-update", "--to", url, "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["status"] == 401
    assert "not signed" in done.stderr


def test_the_command_asks_before_it_leaves_the_machine(run: Callable[..., Any]) -> None:
    done = run("tool-calls", "--to", "https://hooks.example.com/flireo")
    assert type(done.exception).__name__ == "SettingsError"
    assert "there is no terminal to ask at" in str(done.exception)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--to", "localhost:9000"), "is no address"),
        (("--to", "http://127.0.0.1:1/x"), "no connection to 127.0.0.1:1 came about"),
        (("--to", "http://127.0.0.1:1/x", "--secret-env", "NOBODY"), "the variable NOBODY is not set"),
    ],
)
def test_what_can_go_wrong_with_the_command_is_said(run: Callable[..., Any], words: Any, text: str) -> None:
    done = run("tool-calls", *words)
    assert text in str(done.exception)
