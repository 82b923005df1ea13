"""`flireo test` without an account: what passes, what does not and why, and the forms in which it is told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
import typer

from flireo_iac.cli import main
from flireo_iac.errors import EmulatorError, SettingsError, StackError
from tests.smoke.conftest import Flireo
from tests.stacks.repository import Repository

WRONG = """agent: desk
caller:
  - says: I would like to come on Tuesday.
    agent_calls: {name: book, arguments: {day: Tuesday}, result: "\\u0001 <full>"}
    agent_says: "{{result}}"
  - says: Bye.
    agent_calls: {name: end_call}
expect:
  status: failed
  transcript:
    - {speaker: agent, contains: Wednesday}
    - {speaker: caller, equals: bye.}
    - {speaker: anyone, matches: "^T.esday$"}
    - {speaker: agent, never_contains: "{{CALLER"}
    - {speaker: anyone, never_matches: "T.esday"}
  tools:
    - {name: book, arguments: {$.day: Monday, $.year: {is_there: true}}}
    - {never: end_call}
  analysis:
    $.topic: {never_matches: book}
    $.day: {contains: Tue}
    $..week: 3
  max_duration_s: 1
"""


def test_the_command_needs_no_account_and_sends_nothing(shop: Repository) -> None:
    words = [sys.executable, "-m", "flireo_iac.cli", "test", "-s", "prod"]
    environ = {"PATH": os.environ["PATH"], "HOME": str(shop.folder), "HTTPS_PROXY": "http://127.0.0.1:9"}
    done = subprocess.run(words, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["passed   booking  agents.desk  5 s", "passed   closed  agents.night  3 s"]
    assert done.stderr == "2 tests (prod, offline): 2 passed.\n"


def test_every_expectation_that_does_not_hold_is_told_with_its_place(shop: Repository, flireo: Flireo) -> None:
    shop.write("stacks/tests/wrong.yaml", WRONG)
    done = flireo("test", "wrong", "-s", "dev", "--junit", "report.xml")
    assert done.exit_code == 1
    told = [line.strip() for line in done.stdout.splitlines() if "wrong.yaml" in line]
    assert told == [
        'tests/wrong.yaml:9:11  the call is "ended", "failed" was expected',
        'tests/wrong.yaml:11:34  no turn of the agent contains "Wednesday"; nearest is turn 1: '
        '"Good day {{caller}}, this is Example Bicycles."',
        'tests/wrong.yaml:12:33  no turn of the caller is "bye."; nearest is turn 4: "Bye."',
        'tests/wrong.yaml:13:34  no turn matches "^T.esday$"; nearest is turn 2: "I would like to come on Tuesday."',
        'tests/wrong.yaml:14:40  "{{CALLER" was not expected, turn 1 contains it: '
        '"Good day {{caller}}, this is Example Bicycles."',
        'tests/wrong.yaml:15:40  "T.esday" was not expected, turn 2 matches it: "I would like to come on Tuesday."',
        'tests/wrong.yaml:17:39  book is called, but $.day is "Tuesday", "Monday" was expected',
        "tests/wrong.yaml:17:55  book is called, but $.year is not there; there is day",
        "tests/wrong.yaml:18:15  end_call was not to be called, it is called with {}",
        'tests/wrong.yaml:20:14  $.topic is "booking", matches "book" was not expected',
        'tests/wrong.yaml:21:12  $.day is "", what contains "Tue" was expected',
        "tests/wrong.yaml:22:14  there is nothing at $..week; there is topic, day",
        "tests/wrong.yaml:23:19  the call took 5 s, at most 1 s were expected",
    ]
    assert "1 agent   Good day {{caller}}, this is Example Bicycles." in done.stdout
    assert "\x01" not in done.output
    root = ElementTree.parse("report.xml").getroot()
    (suite,) = root
    (case,) = suite
    counts = {"tests": "1", "failures": "1", "errors": "0", "skipped": "0"}
    assert (root.tag, suite.get("name"), counts.items() <= suite.attrib.items()) == ("testsuites", "dev", True)
    assert (case.get("classname"), case.get("name"), case.get("time")) == ("dev.agents.desk", "wrong", "5.000")
    failure = case.find("failure")
    assert failure is not None
    assert (failure.text or "").splitlines() == told
    assert "agent: � <full>" in (case.findtext("system-out") or "")


def test_a_document_and_a_report_hold_every_test(shop: Repository, flireo: Flireo) -> None:
    shop.write(
        "stacks/tests/booking.yaml", "agent: desk\npicks_up: busy\nexpect: {status: failed, tools: [{name: book}]}\n"
    )
    done = flireo("test", "-s", "dev", "--json", "--junit", "report.xml")
    assert done.exit_code == 1
    found = json.loads(done.stdout)
    assert {key: found[key] for key in ("stack", "mode", "passed", "failed", "skipped", "cost")} == {
        "stack": "dev", "mode": "offline", "passed": 0, "failed": 1, "skipped": 1, "cost": 0.0,
    }  # fmt: skip
    closed, booking = found["tests"]
    assert (closed["status"], closed["reason"], closed["call"]) == (
        "skipped",
        'agents.night is left out in environment "dev"',
        None,
    )
    assert booking["failures"] == [
        {"file": "tests/booking.yaml", "line": 3, "column": 41, "text": "book is not called; no tool is", "turn": None}
    ]
    assert (booking["call"]["status"], booking["call"]["error"]) == ("failed", "the line is busy")
    cases = ElementTree.parse("report.xml").getroot().findall("testsuite/testcase")
    assert [(case.get("name"), [each.tag for each in case]) for case in cases] == [
        ("closed", ["skipped"]),
        ("booking", ["failure"]),
    ]


def test_an_agent_without_words_does_not_repeat_what_it_hears(shop: Repository, flireo: Flireo) -> None:
    text = "agent: night\ncaller: [{says: Are you open?}]\nexpect: {transcript: [{speaker: agent, contains: open}]}\n"
    shop.write("stacks/tests/closed.yaml", text)
    done = flireo("test", "closed", "-s", "prod")
    assert 'no turn of the agent contains "open"; nearest is turn 1: "We are closed."' in done.stdout


def test_an_unanswered_call_passes_no_test_that_does_not_expect_it(shop: Repository, flireo: Flireo) -> None:
    shop.write("stacks/tests/closed.yaml", "agent: night\npicks_up: nobody\nexpect: {tools: [{never: book}]}\n")
    shop.write(
        "stacks/agents/night.yaml", "name: N\nllm_config: {provider: openai, model: m, tools: [{template: book}]}\n"
    )
    done = flireo("test", "closed", "-s", "prod")
    assert (done.exit_code, "an answered call was expected" in done.stdout) == (1, True)


def test_what_the_api_refuses_is_an_error_of_that_test(shop: Repository, flireo: Flireo) -> None:
    shop.write("stacks/agents/night.yaml", "name: N\nis_active: false\nllm_config: {provider: openai, model: m}\n")
    done = flireo("test", "-s", "prod")
    assert done.exit_code == 4
    assert "passed   booking" in done.stdout
    assert "ERROR    closed" in done.stdout
    assert "the agent is inactive" in done.stdout


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["bookin", "-s", "dev"], 'the stack has no such test; did you mean "booking"?'),
        ([], "the stacks are dev, prod, one was expected. Name it with -s."),
        (["-s", "dev", "--max-cost", "1", "--yes"], "--max-cost, --yes go with --live"),
        (["-s", "dev", "--base", "v1"], "--base goes with --changed"),
        (["-s", "dev", "--release", "v1", "--changed"], "goes with neither --live nor --changed"),
        (["-s", "dev", "--release", "v9"], "v9"),
        (["-s", "dev", "--live"], "--to and --max-cost are needed"),
        (["-s", "dev", "--live", "--to", "+31612345678", "--max-cost", "NaN"], '"NaN" is no amount'),
        (
            ["-s", "dev", "--junit", "no/such.xml"],
            'write JUnit report "no/such.xml": No such file or directory. Name a',
        ),
        (["-s", "dev", "--live", "--to", "0612345678", "--max-cost", "1"], "that is no telephone number"),
    ],
)
def test_what_cannot_be_meant_is_refused(shop: Repository, flireo: Flireo, words: list[str], text: str) -> None:
    done = flireo("test", *words)
    assert type(done.exception) is SettingsError
    assert text in str(done.exception)


def test_without_the_packages_of_the_emulator_it_says_what_to_install(
    shop: Repository, flireo: Flireo, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("flireo_iac.smoke.offline", "flireo_iac.emulator.server"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    done = flireo("test", "-s", "dev")
    assert type(done.exception) is EmulatorError
    assert "the package uvicorn is not installed, offline tests need the emulator" in str(done.exception)


ENDED = "expect: {status: ended}\n"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"agnt: desk\n{ENDED}", ["1:1  FL103", 'did you mean "agent"?', "FL105", "agent: is missing"]),
        (f"agent: desk\ncaller: hello\n{ENDED}", ["2:9  FL104", "is text, expected a list"]),
        (f"agent: dsk\n{ENDED}", ["1:8  FL602", '; did you mean "desk"?']),
        (f"agent: desk\nanalysis_finds: {{topc: a}}\n{ENDED}", ["2:18  FL603", 'did you mean "topic"?']),
        (f"agent: desk\nanalysis_finds: {{topic: a}}\n{ENDED}", ["2:25  FL603", '"a" is none of "booking", "hours"']),
        (
            f"agent: desk\ncaller: [{{agent_calls: {{name: book, arguments: {{day: 3}}}}}}]\n{ENDED}",
            ["2:54  FL603", "the arguments of book: day 3 is no string"],
        ),
        ("{transcript: [{speaker: agent, containz: x}]}", ["2:40  FL103", 'did you mean "contains"?']),
        ("{transcript: [{speaker: agnet, contains: x}]}", ["2:33  FL106", '; did you mean "agent"?']),
        ("{}", ["2:9  FL601", "expects nothing, so that the test cannot fail"]),
        ("{transcript: [{contains: a, matches: b}]}", ["2:23  FL601", "has contains and matches"]),
        ("{transcript: [{matches: 'a('}]}", ["2:33  FL601", "is no regular expression"]),
        ("{analysis: {topic: x}}", ["2:28  FL601", 'no JSON path: it has to begin with "$"']),
        ("{analysis: {'$.a[': x}}", ["2:29  FL601", "is no JSON path"]),
        ("{analysis: {$.topic: {equal: x}}}", ["2:38  FL601", 'did you mean "equals"?']),
        ("{analysis: {$.topic: {equals: x, contains: x}}}", ["2:30  FL601", "has equals and contains"]),
        ("{analysis: {$.topic: {is_there: maybe}}}", ["2:41  FL601", "expected true or false"]),
        ("{tools: [{name: book, never: book}]}", ["2:18  FL601", "name or never, and not both"]),
        ("{tools: [{never: book, arguments: {$.a: 1}}]}", ["2:43  FL601", "cannot stand beside never"]),
        ("{tools: [{never: bok}]}", ["2:26  FL602", 'did you mean "book"?']),
        ("{status: '${secret.webhook}'}", ["2:19  FL601", "${secret.webhook} cannot stand in a test"]),
        ("{status: '${var.compny}'}", ["2:19  FL122", 'did you mean "company"?']),
    ],
)
def test_a_mistake_in_a_test_is_found_by_both_commands_before_any_call(
    shop: Repository, flireo: Flireo, text: str, found: list[str]
) -> None:
    shop.write("stacks/tests/booking.yaml", text if text.startswith("ag") else f"agent: desk\nexpect: {text}\n")
    done = flireo("test", "-s", "prod")
    assert type(done.exception) is StackError
    said = "\n".join(map(str, done.exception.problems))
    assert [each for each in found if each not in said] == [], said
    checked = flireo("validate", "-e", "prod", "--json")
    assert checked.exit_code == 2
    problems = [each for each in json.loads(checked.stdout)["problems"] if each["file"] == "tests/booking.yaml"]
    assert {each["text"] for each in problems} == {each.text for each in done.exception.problems}


def test_a_stack_without_tests_says_where_they_go(shop: Repository, flireo: Flireo) -> None:
    for path in Path("tests").iterdir():
        path.unlink()
    assert "files such as tests/greeting.yaml were expected" in str(flireo("test", "-s", "dev").exception)


def test_a_key_in_a_test_is_found_and_a_variable_in_one_is_used(shop: Repository, flireo: Flireo) -> None:
    shop.write("stacks/environments/prod.yaml", "vars: {company: A, spoken: Bye}\n")
    text = "agent: night\ncontext: {key: sk-abcdefghijklmnopqrstuvwxyz123456}\nexpect: {status: '${var.spoken}'}\n"
    shop.write("stacks/tests/closed.yaml", text)
    problems = json.loads(flireo("validate", "-e", "prod", "--json").stdout)["problems"]
    assert [(each["rule"], each["file"]) for each in problems if each["rule"] in ("FL144", "FL161")] == [
        ("FL161", "tests/closed.yaml")
    ]


def test_an_interrupted_command_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    app = typer.Typer()
    app.command("test")(stop)
    monkeypatch.setattr(main, "app", app)
    monkeypatch.setattr(main, "register_commands", lambda: None)
    monkeypatch.setattr(sys, "argv", ["flireo"])
    with pytest.raises(SystemExit) as stopped:
        main.main()
    assert (stopped.value.code, capsys.readouterr().err) == (8, "error: cancelled.\n")


def test_a_tool_that_cannot_be_asked_is_a_failure(shop: Repository, flireo: Flireo) -> None:
    tools = "[{template: book}, {name: far, description: A, type: function, url: 'http://127.0.0.1:9/'}]"
    agent = f"name: N\nfirst_message: Yes?\nllm_config: {{provider: openai, model: gpt-4o, tools: {tools}}}\n"
    shop.write("stacks/agents/night.yaml", agent)
    called = "{agent_calls: {name: book, result: 1}}, {agent_calls: {name: far}}, {agent_calls: {name: far, result: 1}}"
    shop.write("stacks/tests/closed.yaml", f"agent: night\ncaller: [{called}]\nexpect: {{status: ended}}\n")
    done = flireo("test", "closed", "-s", "prod")
    assert done.exit_code == 1
    told = [line.strip() for line in done.stdout.splitlines() if "closed.yaml:" in line]
    assert len(told) == 2, told
    assert told[0].startswith(
        "tests/closed.yaml:2:31  book cannot be asked: the tool has no url, and the agent no webhook"
    )
    assert told[1].startswith("tests/closed.yaml:2:71  far cannot be asked: ")
