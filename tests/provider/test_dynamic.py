"""The provider process against the emulator, over real sockets: every verb of every kind, and every way to fail."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from pulumi.runtime.proto import provider_pb2

from flireo_iac.emulator.server import Running, running
from flireo_iac.kinds import KINDS, Kind
from flireo_iac.provider.pickled import provider_constant
from tests.needed import make_needed
from tests.provider.dynamic_process import (
    SECRET,
    UNKNOWN,
    URN,
    FailedError,
    Provider,
    marked,
    plain,
    provider,
    struct,
)

LLM = {"provider": "openai", "model": "gpt-4o-mini"}
KEY = "fl_test_provider_canary_key"

# A change of each kind that its update endpoint accepts; None where every change is a replacement.
CHANGES: dict[str, dict[str, Any] | None] = {
    "agent": {"first_message": "Changed."},
    "tool_template": {"description": "Changed."},
    "analysis_template": {"user_prompt": "Changed {{transcript}}"},
    "phone_number": {"name": "Changed"},
    "sip_trunk": None,
    "byok_key": {"api_key": "another-key-entirely"},
    "domain": None,
    "campaign": {"timezone": "Europe/Berlin"},
    "campaign_lead": None,
}

# A change of each kind that makes a new object; None where there is none.
REPLACEMENTS: dict[str, dict[str, Any] | None] = {
    "agent": None,
    "tool_template": None,
    "analysis_template": None,
    "phone_number": {"phone_number": "+31201234999"},
    "sip_trunk": {"password": "another-password"},
    "byok_key": {"provider": "xai"},
    "domain": {"domain_name": "other.example.com"},
    "campaign": {"agent_id": "00000000-0000-4000-8000-000000000001"},
    "campaign_lead": {"variables": {"name": "Sam"}},
}


@pytest.fixture
def emulator() -> Iterator[Running]:
    with running(check_answers=True) as server:
        yield server


@pytest.fixture
def process(tmp_path: Path, emulator: Running) -> Iterator[Provider]:
    environ = {"FLIREO_API_KEY": KEY, "FLIREO_BASE_URL": emulator.url, "FLIREO_ALLOW": "replace:*"}
    with provider(tmp_path, environ) as started:
        yield started


def sent(emulator: Running, method: str = "") -> list[str]:
    log = httpx.get(f"{emulator.control_url}/requests").json()
    entries = log["requests"] if isinstance(log, dict) else log
    return [f"{each['method']} {each['path']}" for each in entries if method in ("", each["method"])]


def fault(emulator: Running, **order: Any) -> None:
    httpx.post(f"{emulator.control_url}/faults", json=order).raise_for_status()


def prepare(kind: str, emulator: Running) -> None:
    """Make what objects of a kind need in the account, and forget the requests for it."""
    make_needed(KINDS[kind], emulator.url, emulator.control_url, KEY)
    httpx.delete(f"{emulator.control_url}/requests").raise_for_status()


def test_the_provider_strings_never_change() -> None:
    """They are in users' state: another string, or another place of the object, makes resources undeletable."""
    assert {name: provider_constant(name) for name in KINDS} == {
        "agent": "gASMG2ZsaXJlb19pYWMucHJvdmlkZXIuZHluYW1pY4wFYWdlbnSTLg==",
        "analysis_template": "gASMG2ZsaXJlb19pYWMucHJvdmlkZXIuZHluYW1pY4wRYW5hbHlzaXNfdGVtcGxhdGWTLg==",
        "campaign": "gASMG2ZsaXJlb19pYWMucHJvdmlkZXIuZHluYW1pY4wIY2FtcGFpZ26TLg==",
        "campaign_lead": "gASMG2ZsaXJlb19pYWMucHJvdmlkZXIuZHluYW1pY4wNY2FtcGFpZ25fbGVhZJMu",
        "byok_key": "gASMG2ZsaXJlb19pYWMucHJvdmlkZXIuZHluYW1pY4wIYnlva19rZXmTLg==",
        "domain": "gASMG2ZsaXJlb19pYWMucHJvdmlkZXIuZHluYW1pY4wGZG9tYWluky4=",
        "phone_number": "gASMG2ZsaXJlb19pYWMucHJvdmlkZXIuZHluYW1pY4wMcGhvbmVfbnVtYmVyky4=",
        "sip_trunk": "gASMG2ZsaXJlb19pYWMucHJvdmlkZXIuZHluYW1pY4wJc2lwX3RydW5rky4=",
        "tool_template": "gASMG2ZsaXJlb19pYWMucHJvdmlkZXIuZHluYW1pY4wNdG9vbF90ZW1wbGF0ZZMu",
    }


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_every_verb_of_every_kind(kind: Kind, process: Provider, emulator: Running) -> None:
    prepare(kind.name, emulator)
    inputs = dict(kind.example)
    id_, outputs = process.create(kind.name, "thing", inputs)
    assert {key: outputs[key] for key in inputs} == inputs
    # The account, the list before the first create, the create; and a list that tells how the server spells the body.
    first = 4 if kind.name in ("agent", "sip_trunk") else 3 + bool(kind.parent)
    assert len(sent(emulator)) == first

    assert process.read(kind.name, id_, outputs, inputs)[0] == id_
    assert len(sent(emulator)) == first, "a read after a write of the same run needs no request"
    assert process.diff(kind.name, id_, outputs, inputs).changes == 1  # nothing
    assert len(sent(emulator)) == first, "diff sends nothing"

    change = CHANGES[kind.name]
    if change is not None:
        wanted = {**inputs, **change}
        answer = process.diff(kind.name, id_, outputs, wanted)
        assert answer.changes == 0  # the engine compares the inputs itself
        assert list(answer.replaces) == []
        outputs = process.update(kind.name, id_, outputs, wanted)
        assert {key: outputs[key] for key in wanted} == wanted
        assert len(sent(emulator)) == first + 1, "a change is one request"
    replacement = REPLACEMENTS[kind.name]
    if replacement is not None:
        answer = process.diff(kind.name, id_, outputs, {**inputs, **replacement})
        assert set(answer.replaces) >= set(replacement)
        assert answer.deleteBeforeReplace == kind.is_deleted_before_replaced

    process.delete(kind.name, id_, outputs)
    process.delete(kind.name, id_, outputs)  # what is gone is done
    found, left = process.read(kind.name, id_, outputs, inputs)[:2]
    assert found == (id_ if kind.is_remade_by_name else "")
    if kind.is_remade_by_name:
        answer = process.diff(kind.name, id_, left, inputs)  # before the program has asked for it, as in a refresh
        assert (list(answer.replaces), answer.deleteBeforeReplace) == ([kind.natural_key[0]], True)
    assert process.process.poll() is None


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_a_fresh_run_reads_one_list_and_finds_no_drift(kind: Kind, tmp_path: Path, emulator: Running) -> None:
    prepare(kind.name, emulator)
    environ = {"FLIREO_API_KEY": KEY, "FLIREO_BASE_URL": emulator.url}
    inputs = dict(kind.example)
    with provider(tmp_path, environ) as first:
        id_, outputs = first.create(kind.name, "thing", inputs)
    before = len(sent(emulator))
    with provider(tmp_path, environ) as second:
        found, read_outputs, read_inputs = second.read(kind.name, id_, outputs, inputs)
        assert found == id_
        read_inputs.pop("__provider")
        assert read_inputs == inputs
        assert second.diff(kind.name, id_, read_outputs, inputs).changes == 1
    assert len(sent(emulator)) == before + 1 + bool(kind.parent)


def test_drift_is_read_into_the_inputs_and_said(tmp_path: Path, emulator: Running) -> None:
    environ = {"FLIREO_API_KEY": KEY, "FLIREO_BASE_URL": emulator.url}
    inputs = dict(KINDS["agent"].example)
    with provider(tmp_path, environ) as process:
        id_, outputs = process.create("agent", "thing", inputs)
    edit = httpx.patch(f"{emulator.control_url}/objects/agents/{id_}", json={"first_message": "Hacked"})
    edit.raise_for_status()
    with provider(tmp_path, environ) as fresh:
        _, new_outputs, new_inputs = fresh.read("agent", id_, outputs, inputs)
        assert new_inputs["first_message"] == "Hacked"
        assert fresh.diff("agent", id_, new_outputs, inputs).changes == 0
        assert any("changed outside this stack: first_message" in each.message for each in fresh.engine.logged)


def test_a_secret_that_the_dashboard_added_is_marked(tmp_path: Path, emulator: Running) -> None:
    """No program ever marked it, so the provider has to, or it lies in the state in clear."""
    environ = {"FLIREO_API_KEY": KEY, "FLIREO_BASE_URL": emulator.url}
    inputs = dict(KINDS["agent"].example)
    with provider(tmp_path, environ) as process:
        id_, outputs = process.create("agent", "thing", inputs)
    tool = {"name": "f", "description": "d", "server": {"url": "https://x.example.com", "secret": "canary-dash"}}
    edit = {"webhook_secret": "canary-hook", "llm_config": {**inputs["llm_config"], "tools": [tool]}}
    httpx.patch(f"{emulator.control_url}/objects/agents/{id_}", json=edit).raise_for_status()
    constant = {"__provider": provider_constant("agent")}
    with provider(tmp_path, environ) as fresh:
        found = fresh.call(
            "Read",
            id=id_,
            urn=URN.format(name="x"),
            properties=struct(outputs | constant),
            inputs=struct(inputs | constant),
        )
        for values in (marked(found.inputs), marked(found.properties)):
            secret = values["llm_config"]["tools"][0]["server"]["secret"]
            assert secret[SECRET]
            assert secret["value"] == "canary-dash"
        assert "canary" not in "".join(each.message for each in fresh.engine.logged)


def test_check_names_all_failures_without_a_property_and_sends_nothing(process: Provider, emulator: Running) -> None:
    answer = process.check("agent", "desk", {"first_mesage": "x", "is_active": "yes"})
    assert [each.property for each in answer.failures] == ["", "", ""]
    assert sorted(each.reason.split(":")[0] for each in answer.failures) == ["first_mesage", "is_active", "name"]
    assert sent(emulator) == []


def test_check_passes_unknown_values_and_warns_under_the_resource(process: Provider) -> None:
    answer = process.check("phone_number", "main", {"phone_number": "+31201234567", "agent_id": UNKNOWN})
    assert not answer.failures
    assert answer.inputs.fields["agent_id"].string_value == UNKNOWN
    answer = process.check("agent", "desk", {"name": "A", "llm_config": {**LLM, "tempratur": 1}})
    assert not answer.failures
    (logged,) = process.engine.logged
    assert "tempratur" in logged.message
    assert logged.urn.endswith("::desk")


def test_an_error_is_one_line_without_a_traceback(process: Provider, emulator: Running) -> None:
    process.create("phone_number", "one", {"phone_number": "+31201234567"})
    with pytest.raises(FailedError) as failed:
        process.create("phone_number", "two", {"phone_number": "+31201234567"})
    assert failed.value.has_status
    message = failed.value.message
    assert "\n" not in message
    assert "Traceback" not in message
    assert message.startswith('create phone number "two": ')
    assert not failed.value.reasons, "nothing was made, so nothing is pending"
    assert "409" in message


def test_a_wrong_key_is_told_to_programs_too(tmp_path: Path, emulator: Running) -> None:
    environ = {"FLIREO_API_KEY": "wrong-canary", "FLIREO_BASE_URL": emulator.url}
    with provider(tmp_path, environ) as process, pytest.raises(FailedError) as failed:
        process.create("agent", "desk", {"name": "A"})
    assert failed.value.reasons == {"UNAUTHENTICATED"}
    assert "401" in failed.value.message
    assert "canary" not in failed.value.message


def test_a_missing_key_says_what_to_set(tmp_path: Path, emulator: Running) -> None:
    environ = {"FLIREO_BASE_URL": emulator.url}
    with provider(tmp_path, environ) as process, pytest.raises(FailedError, match="FLIREO_API_KEY"):
        process.create("agent", "desk", {"name": "A"})


def test_settings_come_from_the_stack_too(tmp_path: Path, emulator: Running) -> None:
    config = {"flireo:apiKey": KEY, "flireo:baseUrl": emulator.url}
    with provider(tmp_path, {}, config) as process:
        process.create("agent", "desk", {"name": "A"})
    assert sent(emulator, "POST") == ["POST /agents"]


def test_no_secret_is_in_an_error(tmp_path: Path) -> None:
    """A server that repeats in its error what it was sent, on one line and as JSON."""
    inputs = {"name": "T", "host": "sip.example.com", "auth_password": 'canary "pass"  word'}

    class Echo(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer(200, {"id": "org", "trunks": [], "agents": []})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self.answer(400, {"error": "Bad Request", "message": f"bad request: {body}"})

        def answer(self, status: int, value: Any) -> None:
            content = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        environ = {"FLIREO_API_KEY": KEY, "FLIREO_BASE_URL": f"http://127.0.0.1:{server.server_port}/api/v1"}
        with provider(tmp_path, environ) as process, pytest.raises(FailedError) as failed:
            process.create("sip_trunk", "carrier", inputs)
        server.shutdown()
    assert "bad request" in failed.value.message
    assert "[secret]" in failed.value.message
    assert "canary" not in failed.value.message


LOST = ["status:502-after-commit", "disconnect-after-commit", "html-after-commit"]


@pytest.mark.parametrize("kind", ["agent", "phone_number", "sip_trunk", "domain", "tool_template"])
@pytest.mark.parametrize("how", LOST)
def test_a_create_whose_answer_is_lost_is_found_and_kept(
    how: str, kind: str, process: Provider, emulator: Running
) -> None:
    """Never a second create: the one new object that matches is adopted, and said so."""
    prepare(kind, emulator)
    fault(emulator, kind=how, method="POST", times=1)
    id_, outputs = process.create(kind, "thing", dict(KINDS[kind].example))
    assert outputs["__answer"]
    assert len(sent(emulator, "POST")) == 1
    assert any(id_ in each.message and "lost" in each.message for each in process.engine.logged)


def test_a_lost_create_beside_older_twins_adopts_the_new_one(process: Provider, emulator: Running) -> None:
    old, _ = process.create("agent", "one", {"name": "Twin"})
    fault(emulator, kind="status:502-after-commit", method="POST", times=1)
    new, _ = process.create("agent", "two", {"name": "Twin"})
    assert new != old
    assert len(sent(emulator, "POST")) == 2


@pytest.mark.parametrize("how", ["status:502", "disconnect-before", "html"])
def test_a_create_that_made_nothing_stops_and_is_not_repeated(how: str, process: Provider, emulator: Running) -> None:
    fault(emulator, kind=how, method="POST", times=1)
    with pytest.raises(FailedError) as failed:
        process.create("agent", "desk", {"name": "A"})
    assert "Run again" in failed.value.message
    assert failed.value.reasons == {"OUTCOME_UNKNOWN"}, "it may still arrive"
    assert len(sent(emulator, "POST")) == 1
    assert httpx.get(f"{emulator.url}/agents", headers={"Authorization": f"Bearer {KEY}"}).json() == {"agents": []}


def test_a_lost_create_whose_list_fails_too_says_so(process: Provider, emulator: Running) -> None:
    process.create("agent", "first", {"name": "First"})
    fault(emulator, kind="status:502-after-commit", method="POST", times=1)
    fault(emulator, kind="status:400", method="GET", path="/agents", times=None)
    with pytest.raises(FailedError, match="could not be read") as failed:
        process.create("agent", "desk", {"name": "A"})
    assert failed.value.reasons == {"OUTCOME_UNKNOWN"}


def test_a_found_object_that_cannot_be_read_is_kept_by_its_id(
    process: Provider, tmp_path: Path, emulator: Running
) -> None:
    environ = {"FLIREO_API_KEY": KEY, "FLIREO_BASE_URL": emulator.url}
    fault(emulator, kind="status:502-after-commit", method="POST", times=1)
    fault(emulator, kind="status:400", method="GET", path="/agents/*", times=None)
    with pytest.raises(FailedError) as failed:
        process.create("agent", "desk", {"name": "A"})
    kept = provider_pb2.ErrorResourceInitFailed.FromString(failed.value.details["ErrorResourceInitFailed"])
    assert plain(kept.inputs)["name"] == "A"
    httpx.delete(f"{emulator.control_url}/faults").raise_for_status()

    # The next run updates it: it looks first, and writes only what is not as wanted.
    before = len(sent(emulator))
    outputs = process.update("agent", kept.id, plain(kept.properties), {"name": "A"}, {"name": "A"})
    assert outputs["__answer"]
    assert [each.split()[0] for each in sent(emulator)[before:]].count("PATCH") == 0
    httpx.patch(f"{emulator.control_url}/objects/agents/{kept.id}", json={"name": "B"}).raise_for_status()
    with provider(tmp_path, environ) as fresh:
        fresh.update("agent", kept.id, plain(kept.properties), {"name": "A"}, {"name": "A"})
    assert sent(emulator)[-1].startswith("PATCH")


def test_a_list_that_says_less_is_replaced_by_reads_of_each_object(tmp_path: Path, emulator: Running) -> None:
    environ = {"FLIREO_API_KEY": KEY, "FLIREO_BASE_URL": emulator.url}
    inputs = dict(KINDS["agent"].example)
    with provider(tmp_path, environ) as first:
        made = [first.create("agent", f"a{n}", {**inputs, "name": f"A{n}"}) for n in range(3)]
    httpx.put(f"{emulator.control_url}/settings", json={"lists": "brief"}).raise_for_status()
    before = len(sent(emulator))
    with provider(tmp_path, environ) as second:
        for n, (id_, outputs) in enumerate(made):
            wanted = {**inputs, "name": f"A{n}"}
            _, new_outputs, new_inputs = second.read("agent", id_, outputs, wanted)
            assert second.diff("agent", id_, new_outputs, new_inputs).changes == 1
            assert new_inputs["llm_config"] == inputs["llm_config"]
        assert any("says less" in each.message for each in second.engine.logged)
    assert len(sent(emulator)) == before + 4  # one list, then one read an object


def test_an_object_that_only_the_list_lacks_is_not_gone(tmp_path: Path, emulator: Running) -> None:
    environ = {"FLIREO_API_KEY": KEY, "FLIREO_BASE_URL": emulator.url}
    with provider(tmp_path, environ) as first:
        id_, outputs = first.create("agent", "a", {"name": "A"})
    fault(emulator, kind="truncated", method="GET", path="/agents", times=None)
    with provider(tmp_path, environ) as second:
        assert second.read("agent", id_, outputs, {"name": "A"})[0] == id_
    assert f"GET /agents/{id_}" in sent(emulator)


def test_the_process_leaves_when_its_engine_is_gone(process: Provider) -> None:
    process.check("agent", "desk", {"name": "A"})
    process.engine_server.stop(None).wait()
    assert process.process.wait(timeout=20) == 0


def test_without_the_sdk_internals_the_plain_behaviour_remains(emulator: Running) -> None:
    """The fallback: no frame of the engine's call, so a plain exception with the same text."""
    from flireo_iac.provider import rpc

    assert rpc.current_call() is None
    with pytest.raises(rpc.ProviderFailure, match="what is wrong"):
        rpc.fail(None, "what is wrong")
    with pytest.raises(rpc.ProviderFailure, match="It is 7"):
        rpc.fail_unfinished(None, "half done.", "7", {}, {})
    rpc.say(None, "warning", "nobody hears this")


def test_a_timeout_of_the_program_is_the_time_of_the_operation(process: Provider, emulator: Running) -> None:
    id_, outputs = process.create("agent", "desk", {"name": "Desk"})
    constant = {"__provider": provider_constant("agent")}

    def update(timeout_s: float) -> None:
        fault(emulator, method="PATCH", kind="429", retry_after=4)
        olds, news = {**outputs, **constant}, {"name": "Desk 2", **constant}
        process.call(
            "Update", id=id_, urn=URN.format(name="desk"), olds=struct(olds), news=struct(news), timeout=timeout_s
        )

    with pytest.raises(FailedError, match="asks to wait 4 s"):
        update(3)
    assert len(sent(emulator, "PATCH")) == 1
    update(0)
    assert len(sent(emulator, "PATCH")) == 3
    told = [each.message for each in process.engine.logged if each.ephemeral]
    # The second update waits for the end of the first one's pause, and then for its own.
    assert len(told) == 2
    for text in told:
        assert re.fullmatch(r"the server asks for a pause \(HTTP 429\): waiting [34] s, until \d\d:\d\d:\d\d", text)
