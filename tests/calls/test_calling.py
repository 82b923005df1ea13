"""Calls from the command line: placed, followed, steered, listed; what costs money asks first."""

from __future__ import annotations

import csv
import functools
import io
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from flireo_iac.cli import _placing, _testing_live
from flireo_iac.cli._calling import table_of
from flireo_iac.client.calls import PhoneCall
from flireo_iac.client.watching import watch_call
from flireo_iac.errors import CallStateError, CreditsError, NotFoundError, SettingsError
from flireo_iac.smoke.live import Line
from tests.acceptance.deployment import pulumi_program
from tests.calls.conftest import CALLEE, Run, World

pytestmark = [pytest.mark.usefixtures("deployed"), pytest.mark.xdist_group("calling")]

SCRIPT = ["Hello?", {"says": "Tuesday at ten", "reply": "Booked \x1b[31mit"}, {"says": "Bye", "hangs_up": True}]


def test_a_call_of_a_deployed_agent_is_followed_to_its_end(
    world: World, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.control("PUT", f"/callees/{CALLEE}", json={"script": SCRIPT, "analysis": {"appointment_made": True}})
    monkeypatch.setattr(_placing, "watch_call", functools.partial(watch_call, sleep=world.advance))
    words = ["--agent", "receptionist", "-s", "dev", "--number", "numbers.main", "--context", "name=Ann"]
    done = run("call", "place", "--to", CALLEE, *words, "--first-message", "Hi {{name}}", "--wait", "--yes")
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[:4] == ["agent   Hi Ann", "caller  Hello?", "agent   You said: Hello?", "caller  Tuesday at ten"]
    assert "agent   Booked  [31mit" in lines
    assert "\x1b" not in done.stdout
    assert '"appointment_made": true' in done.stdout
    assert [word for word in ("connecting", "in-progress", "ended") if word in done.stderr.split()] == [
        "connecting",
        "in-progress",
        "ended",
    ]
    assert world.posts() == ["/calls/outbound"]


def test_a_smoke_test_calls_with_the_deployed_agent(world: World, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    file = Path("agents/receptionist.yaml")
    file.write_text(file.read_text().replace("how can I help?", "what do you want?"))
    Path("tests/booking.yaml").write_text(
        "agent: receptionist\nexpect: {transcript: [{speaker: agent, contains: how can i help}], "
        "analysis: {$.appointment_made: false}}\n"
    )
    world.control("PUT", f"/callees/{CALLEE}", json={"script": ["Hello?"]})
    monkeypatch.setattr(_testing_live, "Line", functools.partial(Line, sleep=world.advance))
    words = ["--live", "--to", CALLEE, "--max-cost", "0.70", "--number", "main", "--yes"]
    done = run("test", "booking", "-s", "dev", *words)
    assert done.exit_code == 0, (done.output, done.exception)
    assert "passed   booking  agents.receptionist" in done.stdout
    assert world.posts() == ["/calls/outbound"]


def test_ctrl_c_ends_the_command_and_not_the_call(world: World, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(_placing, "watch_call", functools.partial(watch_call, sleep=interrupted))
    done = run("call", "place", "--to", CALLEE, "--agent", "receptionist", "-s", "dev", "--wait", "--yes")
    assert done.exit_code != 0
    assert re.search(r"the call goes on; hang up with: flireo call end call-outbound-\w+", done.stderr)
    assert "/control" not in " ".join(world.posts())


def test_a_call_that_nobody_answers_ends_with_an_error(world: World, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    world.control("PUT", f"/callees/{CALLEE}", json={"picks_up": "nobody"})
    monkeypatch.setattr(_placing, "watch_call", functools.partial(watch_call, sleep=world.advance))
    done = run("call", "place", "--to", CALLEE, "--agent", "receptionist", "-s", "dev", "--wait", "--yes", "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["status"] in ("failed", "ended")
    assert "an answered call was expected" in done.stderr


def placed(run: Run, *words: str) -> str:
    done = run("call", "place", "--to", CALLEE, "-s", "dev", "--yes", *words)
    assert done.exit_code == 0, (done.output, done.exception)
    return str(done.stdout.strip())


def test_a_draft_sends_the_undeployed_prompt_and_what_the_saved_agent_adds(world: World, run: Run) -> None:
    Path("agents/receptionist.yaml").write_text(
        Path("agents/receptionist.yaml").read_text().replace("first_message: ", "first_message: Undeployed. ", 1)
        + "voicemail_message: null\nwebhook_secret: ${secret.hook}\nwebhook_url: https://example.com/${numbers.after_hours.id}\n"
    )
    with Path("agents/receptionist.md").open("a") as prompt:
        prompt.write("An undeployed line for ${var.company}.\n")
    environment = {"FLIREO_SECRET_HOOK": "canary-hook"}
    done = run("call", "place", "--to", CALLEE, "-s", "dev", "--yes", "--draft", "agents.receptionist", env=environment)
    assert done.exit_code == 0, (done.output, done.exception)
    request = world.request_of(done.stdout.strip())
    config = request["agent_config"]
    assert "agent_id" not in request
    assert config["first_message"].startswith("Undeployed. ")
    assert config["llm_config"]["messages"][0]["content"].endswith("An undeployed line for Example Bicycles.\n")
    assert config["webhook_secret"] == "canary-hook"
    assert "canary-hook" not in done.output
    number_id = config["webhook_url"].removeprefix("https://example.com/")
    assert number_id in [row["id"] for row in world.control("GET", "/objects/numbers")["objects"]]
    assert config["silence_timeout_seconds"] == 8, "the server's own value, which no file names"
    assert not {"name", "business_name", "id", "voicemail_message"} & config.keys()
    assert "cannot bring along business_name" in done.stderr
    saved = world.control("GET", "/objects/agents")["objects"]
    assert not any("ndeployed" in json.dumps(agent) for agent in saved), "a draft changes nothing that is saved"


def test_a_draft_of_another_environment_has_its_values(world: World, run: Run) -> None:
    done = run("call", "place", "--to", CALLEE, "-s", "prod", "--yes", "--draft", "after_hours")
    assert done.exit_code == 0, (done.output, done.exception)
    assert "agent_config" in world.request_of(done.stdout.strip())


@pytest.mark.parametrize(
    ("files", "texts"),
    [
        (
            {"agents/night.yaml": "name: N\nfirst_message: ${secret.nope} ${agents.receptionist.id}\n"},
            [
                "agents/night.yaml:2:16",
                'secret "nope" is not set',
                "FLIREO_SECRET_NOPE",
                "agents.receptionist is not deployed in prod",
                "flireo up --stack prod",
                "agents.night has no stt_config, llm_config, tts_config",
            ],
        ),
        (
            {"agents/night.yaml": "name: N\nfirst_mesage: x\n"},
            ["first_message", "agents/night.yaml:2:1"],
        ),
    ],
)
def test_a_draft_that_cannot_be_made_says_all_that_is_missing(
    world: World, run: Run, files: dict[str, str], texts: list[str]
) -> None:
    for name, text in files.items():
        Path(name).write_text(text)
    done = run("call", "place", "--to", CALLEE, "-s", "prod", "--yes", "--draft", "night")
    said = str(done.exception)
    assert [text for text in texts if text.lower() not in said.lower()] == []
    assert world.posts() == []


def test_a_realtime_draft_leaves_speech_out(world: World, run: Run) -> None:
    model = "llm_config: {provider: xai_realtime, model: m, voice: ara}\n"
    Path("agents/night.yaml").write_text(f"name: N\n{model}tts_config: {{provider: openai, voiceId: alloy}}\n")
    world.control("PUT", f"/callees/{CALLEE}", json={"script": [{"says": "Hm", "after_s": 600}]})
    call_id = placed(run, "--draft", "night")
    assert world.request_of(call_id)["agent_config"] == {
        "llm_config": {"provider": "xai_realtime", "model": "m", "voice": "ara"}
    }
    world.advance(4)
    done = run("call", "say", call_id, "Hello")
    assert done.exit_code == 1
    assert "say does not work with a realtime agent" in str(done.exception)
    assert "it cannot be told whether a realtime model leads it" in done.stderr


@pytest.mark.parametrize(
    ("words", "error", "text"),
    [
        (["--to", "0612345678", "--agent", "receptionist"], SettingsError, "no telephone number"),
        (["--to", CALLEE], SettingsError, "--agent or --draft is needed, and not both"),
        (["--to", CALLEE, "--agent", "a", "--draft", "b"], SettingsError, "--agent or --draft is needed"),
        (["--to", CALLEE, "--draft", "receptionst"], SettingsError, 'did you mean "receptionist"'),
        (["--to", CALLEE, "--agent", "night"], SettingsError, "it is not deployed in the stack"),
        (["--to", CALLEE, "--agent", "receptionist", "--number", "other"], SettingsError, "it is not deployed"),
        (["--to", CALLEE, "--draft", "receptionist", "--context", "@none.json"], SettingsError, "cannot be read"),
        (
            ["--to", CALLEE, "--draft", "receptionist", "--context", "a=b", "--context", "c"],
            SettingsError,
            "a text",
        ),
        (
            ["--to", CALLEE, "--agent", "00000000-0000-4000-8000-000000000000"],
            NotFoundError,
            "the agent or the number is not there",
        ),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_asked(
    run: Run, words: list[str], error: type[Exception], text: str
) -> None:
    done = run("call", "place", *words, "-s", "dev", "--yes")
    assert type(done.exception) is error, done.exception
    assert text in str(done.exception)


def test_without_a_terminal_a_call_needs_a_yes(world: World, run: Run) -> None:
    done = run("call", "place", "--to", CALLEE, "--agent", "receptionist", "-s", "dev")
    assert "call place: needs a yes, and there is no terminal to ask at" in str(done.exception)
    assert world.posts() == []


def test_a_stack_has_to_be_named_for_an_item(run: Run) -> None:
    done = run("call", "place", "--to", CALLEE, "--agent", "receptionist", "--yes")
    assert "an item is of a stack, and none is named. Name it with -s." in str(done.exception)


def test_without_credits_nobody_is_called(world: World, run: Run) -> None:
    world.control("PUT", "/settings", json={"minutes_balance": 0})
    try:
        done = run("call", "place", "--to", CALLEE, "--agent", "receptionist", "-s", "dev", "--yes")
    finally:
        world.control("PUT", "/settings", json={"minutes_balance": 1000})
    assert type(done.exception) is CreditsError
    assert "Top up the account" in str(done.exception)


@pytest.mark.parametrize("kind", ["disconnect-after-commit", "status:502-after-commit"])
def test_a_call_whose_answer_is_lost_is_not_placed_again(world: World, run: Run, kind: str) -> None:
    world.control("POST", "/faults", json={"method": "POST", "path": "/calls/outbound", "kind": kind})
    before = len(world.control("GET", "/calls?all=true")["calls"])
    done = run("call", "place", "--to", CALLEE, "--agent", "receptionist", "-s", "dev", "--yes")
    assert done.exit_code == 1
    assert "It may have been done: look for it with flireo calls --from 5m before it is done again" in str(
        done.exception
    )
    assert len(world.control("GET", "/calls?all=true")["calls"]) == before + 1


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ([], None),
        (["name=Ann", "note=a=b"], '{"name": "Ann", "note": "a=b"}'),
        (["Just a text"], "Just a text"),
        (["@c.json", "more=1"], '{"a": {"b": 1}, "more": "1"}'),
        (["@c.txt"], "lines\nof text\n"),
    ],
)
def test_a_context_is_sent_as_one_text(world: World, run: Run, given: list[str], sent: str | None) -> None:
    Path("c.json").write_text('{"a": {"b": 1}}')
    Path("c.txt").write_text("lines\nof text\n")
    call_id = placed(run, "--agent", "receptionist", *(word for each in given for word in ("--context", each)))
    assert world.request_of(call_id).get("context") == sent


def test_a_call_in_progress_is_steered(world: World, run: Run) -> None:
    world.control("PUT", f"/callees/{CALLEE}", json={"script": [{"says": "Hm", "after_s": 600}]})
    call_id = placed(run, "--agent", "receptionist")
    too_early = run("call", "say", call_id, "Hello")
    assert type(too_early.exception) is CallStateError
    assert "the call is connecting, one that is in-progress was expected" in str(too_early.exception)
    world.advance(5)
    for words in (["say", call_id, "One moment"], ["inject", call_id, "A VIP", "--respond"]):
        done = run("call", *words)
        assert (done.exit_code, done.stderr) == (0, "Command sent successfully.\n")
    done = run("call", "transfer", call_id, "sip:desk@example.com", "--message", "I connect you", "--json")
    assert json.loads(done.stdout) == {"success": True, "message": "Command sent successfully"}
    shown = run("calls", "show", call_id).stdout
    said = ["agent   One moment", "system  A VIP", "agent   I now know: A VIP", "agent   I connect you"]
    assert [line for line in said if line not in shown] == []
    late = run("call", "end", call_id, "--message", "Bye")
    assert type(late.exception) is CallStateError
    assert len(world.control("GET", f"/calls/{call_id}")["call"]["commands"]) == 3


def test_a_realtime_agent_is_warned_of(world: World, run: Run) -> None:
    body = {"name": "R", "llm_config": {"provider": "xai_realtime", "model": "m", "voice": "ara"}}
    headers = {"Authorization": "Bearer fl_test_calls"}
    agent = world.control("POST", "/objects/agents", json=body, headers=headers)["object"]
    call_id = placed(run, "--agent", agent["id"])
    world.advance(5)
    done = run("call", "inject", call_id, "A VIP")
    assert "warning: a realtime model leads the call, what it is told is mostly not taken in" in done.stderr
    assert run("call", "end", call_id).exit_code == 0


def test_calls_are_listed_filtered_and_paged(world: World, run: Run) -> None:
    for words in (["--agent", "receptionist"], ["--agent", "receptionist", "--number", "main"]):
        placed(run, *words)
        placed(run, "--draft", "after_hours")
    world.advance(3600)
    rows = json.loads(run("calls", "--json", "--all").stdout)
    assert rows["is_complete"]
    assert rows["total"] == len(rows["calls"]) >= 4
    two = run("calls", "--limit", "2", "--offset", "1", "--json")
    assert [call["id"] for call in json.loads(two.stdout)["calls"]] == [call["id"] for call in rows["calls"][1:3]]
    assert (
        run("calls", "--limit", "2").stderr == f"2 calls of {rows['total']}; more with --limit, --all or --offset 2.\n"
    )
    mine = json.loads(run("calls", "--agent", "receptionist", "-s", "dev", "--json", "--all").stdout)["calls"]
    assert {call["agent_name"] for call in mine} == {"Receptionist Teststad"}
    assert len(mine) < len(rows["calls"])
    assert json.loads(run("calls", "--status", "in-progress", "--json").stdout)["calls"] == []
    assert run("calls", "--to", "2020-01-01").stderr == "0 calls.\n"
    table = run("calls", "--number", "main", "-s", "dev").stdout.splitlines()
    assert table[0].split() == ["STARTED", "(UTC)", "STATUS", "LENGTH", "CALLER", "NUMBER", "AGENT", "ID"]
    assert all("+3197010200001" in line for line in table[1:])
    written = list(csv.DictReader(io.StringIO(run("calls", "--csv", "--all").stdout)))
    assert [row["id"] for row in written] == [call["id"] for call in rows["calls"]]


def test_a_narrow_terminal_gets_what_matters_most() -> None:
    call = PhoneCall(id="call-outbound-23a49832b22d", status="in-progress", agent_name="[red]A", caller_phone=CALLEE)
    headers = [[str(each.header) for each in table_of([call], width).columns] for width in (None, 90, 80)]
    assert headers[0] == ["STARTED (UTC)", "STATUS", "LENGTH", "CALLER", "NUMBER", "AGENT", "ID"]
    assert headers[1] == ["STARTED (UTC)", "STATUS", "LENGTH", "CALLER", "AGENT", "ID"]
    assert headers[2] == ["STARTED (UTC)", "STATUS", "LENGTH", "CALLER", "ID"]
    assert table_of([]).row_count == 0


def test_a_call_that_is_not_there_says_where_to_look(run: Run) -> None:
    done = run("calls", "show", "call-none")
    assert "flireo calls lists the calls of the account" in str(done.exception)


def test_two_forms_at_once_are_refused(run: Run) -> None:
    assert "--json and --csv name two forms" in str(run("calls", "--json", "--csv").exception)


def test_the_program_of_the_documentation_works(world: World, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).parents[2] / "docs/calls.md").read_text()
    (program,) = re.findall(r"```python\n(.*?)```", page, re.S)
    names: dict[str, Any] = {}
    exec(compile(program, "docs/calls.md", "exec"), names)
    names["watch_call"] = functools.partial(watch_call, sleep=world.advance)
    world.control("PUT", f"/callees/{CALLEE}", json={"script": SCRIPT})
    agents = world.control("GET", "/objects/agents")["objects"]
    assert "messages" in names["remind"](CALLEE, agents[0]["id"])
    newest = world.control("GET", "/calls?all=true")["calls"]
    assert any({"type": "say"}.items() <= sent.items() for call in newest for sent in call["commands"])
    assert names["minutes_of"]("ended") > 0


def test_key_and_secrets_come_from_the_configuration_of_the_stack(
    world: World, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))  # the local engine alone
    monkeypatch.delenv("FLIREO_API_KEY")
    with Path("agents/receptionist.yaml").open("a") as file:
        file.write("webhook_secret: ${secret.hook}\n")
    assert "the stacks are dev, prod, staging, one was expected. Name it with -s." in str(run("calls").exception)
    assert "there is no API key" in str(run("calls", "-s", "dev").exception)
    for name, value in (("flireo:apiKey", world.environ["FLIREO_API_KEY"]), ("hook", "canary-config")):
        assert run("config", "set", "--secret", name, "-s", "dev", input=value).exit_code == 0
    call_id = placed(run, "--draft", "receptionist")
    assert world.request_of(call_id)["agent_config"]["webhook_secret"] == "canary-config"
    assert run("calls", "show", call_id, "-s", "dev").exit_code == 0


@pytest.mark.engine_pulumi
@pytest.mark.skipif(pulumi_program() is None, reason="the pulumi program is not on PATH")
def test_a_state_is_read_through_the_pulumi_program(world: World, run: Run) -> None:
    call_id = placed(run, "--agent", "receptionist", "--number", "main")
    numbers = world.control("GET", "/objects/numbers")["objects"]
    main = next(row for row in numbers if row["phone_number"] == "+3197010200001")
    assert world.request_of(call_id)["number_id"] == main["id"]
    assert world.request_of(call_id)["agent_id"] == main["agent_id"]
