"""Environments: variables, what is left out, overlays, and what goes wrong with them."""

from __future__ import annotations

import pytest

from flireo_iac.errors import StackError
from tests.stacks.writing import TOOL, Files


def test_stack_without_environments_needs_none(files: Files) -> None:
    files.agent()
    assert files.load("anything").environment is None
    assert files.load(None).problems == ()


def test_each_environment_has_its_own_variables(files: Files) -> None:
    files.write("environments/dev.yaml", "vars: {city: Teststad}\n")
    files.write("environments/prod.yml", "vars: {city: Utrecht}\n")
    files.write("agents/a.yaml", "name: ${var.city}\n")
    assert files.inputs(environment="dev")["name"] == "Teststad"
    assert files.inputs(environment="prod")["name"] == "Utrecht"


def test_only_the_environment_in_use_is_read(files: Files) -> None:
    files.write("environments/dev.yaml", "vars: {}\n")
    files.write("environments/prod.yaml", "vars: [\n")
    files.agent()
    assert files.found("dev") == []
    assert [each.rule for each in files.problems("prod")] == ["FL101"]


def test_overlay_merges_deep_replaces_lists_and_removes_by_null(files: Files) -> None:
    files.write(
        "agents/a.yaml",
        "name: A\nfirst_message: Hi\nwebhook_events: [status-update]\n"
        "tts_config: {provider: elevenlabs, voiceId: x, speed: 1}\n",
    )
    files.write(
        "environments/dev.yaml",
        "vars: {v: y}\n"
        "resources:\n"
        "  agents.a:\n"
        "    first_message: null\n"
        "    webhook_events: [tool-calls, end-of-call-report]\n"
        '    tts_config: {voiceId: "${var.v}", speed: null, stability: 0.5}\n'
        "    stt_config: {provider: deepgram, model: m, language: nl, keyterms: null}\n",
    )
    assert files.inputs() == {
        "name": "A",
        "webhook_events": ["tool-calls", "end-of-call-report"],
        "tts_config": {"provider": "elevenlabs", "voiceId": "y", "stability": 0.5},
        "stt_config": {"provider": "deepgram", "model": "m", "language": "nl"},
    }


def test_overlays_may_be_nested_by_folder(files: Files) -> None:
    files.agent()
    files.agent(name="b")
    files.write("environments/dev.yaml", "resources:\n  agents:\n    a: {name: X}\n    b: {name: Y}\n")
    assert (files.inputs()["name"], files.inputs("agents.b")["name"]) == ("X", "Y")


def test_overlay_keeps_its_own_place(files: Files) -> None:
    files.agent()
    files.write("environments/dev.yaml", "resources:\n  agents.a:\n    nme: x\n    max_duration_seconds: soon\n")
    assert files.found() == ["environments/dev.yaml:3:5 FL103", "environments/dev.yaml:4:27 FL104"]


def test_omitted_items_are_left_out(files: Files) -> None:
    for name in ("one", "two"):
        files.agent(name=name)
    files.write("domain.yaml", "domain_name: mail.example.com\n")
    files.write("environments/dev.yaml", "omit: [agents.o*, domains.domain]\n")
    assert list(files.load().items) == ["agents.two"]


def test_what_needs_an_omitted_item_is_a_problem(files: Files) -> None:
    files.agent("  tools: [{template: book}]\n")
    files.agent(name="b")
    files.write("tools/book.yaml", TOOL)
    files.write("numbers/n.yaml", "phone_number: '+31201234567'\nagent_id: ${agents.b.id}\n")
    files.write("environments/dev.yaml", "omit: [tools.*, agents.b]\n")
    assert files.found() == ["agents/a.yaml:5:22 FL135", "numbers/n.yaml:2:11 FL125"]
    assert all('left out in environment "dev"' in each.text for each in files.problems())


def test_overlay_of_an_omitted_item_is_fine(files: Files) -> None:
    files.agent()
    files.write("environments/dev.yaml", "omit: [agents.*]\nresources: {agents.a: {name: x}}\n")
    assert files.load().items == {}


@pytest.mark.parametrize("text", ["", "vars:\nomit:\nresources:\n", "# nothing yet\n"])
def test_environment_may_be_empty(files: Files, text: str) -> None:
    files.agent()
    files.write("environments/dev.yaml", text)
    assert files.found() == []


@pytest.mark.parametrize(
    ("text", "places", "words"),
    [
        ("var: {}\n", ["1:1 FL142"], 'did you mean "vars"?'),
        ("vars: [x]\n", ["1:7 FL142"], "vars is a list"),
        ("vars: {a b: 1}\n", ["1:8 FL142"], "cannot name a variable"),
        ("omit: agents.a\n", ["1:7 FL142"], "omit is text"),
        ("omit: [3]\n", ["1:8 FL142"], "an entry of omit is a number"),
        ("omit: [agents.b]\n", ["1:8 FL143"], "matches no item"),
        ("resources: []\n", ["1:12 FL142"], "resources is a list"),
        ("resources: {agents.receptionst: {}}\n", ["1:13 FL143"], 'did you mean "agents.receptionist"?'),
        ("resources: {agents: {b: {}}}\n", ["1:22 FL143"], '"agents.b"'),
        ("resources: {agents: 1}\n", ["1:21 FL142"], '"agents" is a number'),
        ("resources: {agents.a: 1}\n", ["1:23 FL142"], "a mapping of the changed fields"),
        ("resources: {agents.a: {}, agents: {a: {}}}\n", ["1:36 FL142"], "twice"),
        ("vars: {a: 1, a: 2}\n", ["1:14 FL102"], "stands twice"),
    ],
)
def test_wrong_environment_is_a_problem(files: Files, text: str, places: list[str], words: str) -> None:
    files.agent()
    files.agent(name="receptionist")
    files.write("environments/dev.yaml", text)
    assert files.found() == [f"environments/dev.yaml:{place}" for place in places]
    assert words in files.problems()[0].text


def test_pattern_that_matches_nothing_is_a_warning(files: Files) -> None:
    files.agent()
    files.write("environments/dev.yaml", "omit: ['numbers.*']\n")
    assert [(each.rule, each.severity) for each in files.problems()] == [("FL143", "warning")]
    assert files.load().errors == []


def test_unknown_environment_names_those_there_are(files: Files) -> None:
    files.agent()
    files.write("environments/dev.yaml", "")
    files.write("environments/prod.yaml", "")
    with pytest.raises(StackError) as caught:
        files.load("prd")
    assert [each.rule for each in caught.value.problems] == ["FL141"]
    assert 'there are: dev, prod; did you mean "prod"?' in str(caught.value)


def test_broken_environment_brings_no_second_problem(files: Files) -> None:
    files.write("agents/a.yaml", "name: ${var.city}\n")
    files.write("environments/dev.yaml", "vars: {city: x\n")
    assert [each.rule for each in files.problems()] == ["FL101"]
