"""Whatever is wrong with a stack is found at once, each with rule, place and the nearest spelling."""

from __future__ import annotations

from pathlib import Path

import pytest

from flireo_iac.errors import SettingsError, StackError
from flireo_iac.stacks.folder import read_folder
from flireo_iac.stacks.load import load
from tests.stacks.writing import Files


@pytest.mark.parametrize(
    ("path", "text", "problem", "words"),
    [
        ("agents/x.yaml", "name: A\nfirst_mesage: x\n", "agents/x.yaml:2:1 FL103", 'did you mean "first_message"?'),
        ("agents/x.yaml", "name: A\nid: x\n", "agents/x.yaml:2:1 FL109", "set by the server"),
        ("agents/x.yaml", "name: [A]\n", "agents/x.yaml:1:7 FL104", "is a list, expected text"),
        ("agents/x.yaml", "name: ''\n", "agents/x.yaml:1:7 FL106", "is empty"),
        ("agents/x.yaml", "name: A\nprotect: yes\n", "agents/x.yaml:2:10 FL104", "expected true or false"),
        ("agents/x.yaml", "name: A\nmax_duration_seconds: 0\n", "agents/x.yaml:2:23 FL106", "at least 1"),
        ("agents/x.yaml", "name: A\nmax_duration_seconds: 012\n", "agents/x.yaml:2:23 FL104", "a whole number"),
        ("agents/x.yaml", "name: A\nis_active: yes\n", "agents/x.yaml:2:12 FL104", "expected true or false"),
        (
            "agents/x.yaml",
            "name: A\nllm_config: {provider: openai, model: m, tools: [{type: endcall}]}\n",
            "agents/x.yaml:2:57 FL106",
            '"endcall"',
        ),
        (
            "agents/x.yaml",
            "name: A\nllm_config: {provider: opnai, model: m}\n",
            "agents/x.yaml:2:24 FL201",
            "opnai",
        ),
        ("agents/x.yaml", "name: A\nllm_config: {provider: openai}\n", "agents/x.yaml:2:13 FL105", "llm_config.model"),
        ("numbers/x.yaml", "phone_number: 0201234567\n", "numbers/x.yaml:1:15 FL106", "E.164"),
        ("numbers/x.yaml", "", "numbers/x.yaml:1:1 FL105", "phone_number"),
        ("agents/X.yaml", "name: A\n", "agents/X.yaml FL110", "cannot name an item"),
        ("agents/a b.yaml", "name: A\n", "agents/a b.yaml FL110", "cannot name an item"),
        ("agents/team/x.yaml", "name: A\n", "agents/team/x.yaml FL110", "directly in agents/"),
        ("agents/good.yml", "name: A\n", "agents/good.yml FL111", "agents/good.yaml"),
        ("agent/x.yaml", "name: A\n", "agent FL110", 'Did you mean "agents"?'),
        ("numbers.yaml", "phone_number: '+31201234567'\n", "numbers.yaml FL110", "items stand in numbers/"),
        ("domian.yaml", "domain_name: mail.example.com\n", "domian.yaml FL110", 'Did you mean "domain.yaml"?'),
        ("domains/domain.yaml", "domain_name: mail.example.com\n", "domains/domain.yaml FL111", "domain.yaml"),
        ("domains/two.yaml", "domain_name: two.example.com\n", "domains/two.yaml:1:1 FL222", "only one"),
        ("numbers/x.yaml", "phone_number: +31201234567\n", "numbers/x.yaml:1:15 FL221", "numbers.good"),
        ("agents/x.yaml", "name: ${agents.good.nme}\n", "agents/x.yaml:1:7 FL124", 'did you mean "name"?'),
        ("agents/x.yaml", "name: ${agents.god.name}\n", "agents/x.yaml:1:7 FL124", 'did you mean "good"?'),
        ("agents/x.yaml", "name: ${agent.good.name}\n", "agents/x.yaml:1:7 FL124", 'did you mean "agents"?'),
        ("agents/x.yaml", "name: ${agents.x.id}\n", "agents/x.yaml:1:7 FL126", "agents.x -> agents.x"),
        (
            "numbers/x.yaml",
            "phone_number: '+31201234560'\nagent_id: ${numbers.good.id}\n",
            "numbers/x.yaml:2:11 FL127",
            "expected ${agents.<item>.id}",
        ),
        (
            "numbers/x.yaml",
            "phone_number: '+31201234560'\nagent_id: ${agents.good.name}\n",
            "numbers/x.yaml:2:11 FL127",
            "expected ${agents.<item>.id}",
        ),
        (
            "numbers/x.yaml",
            "phone_number: '+31201234560'\nagent_id: good\n",
            "numbers/x.yaml:2:11 FL127",
            "Write ${agents.good.id}",
        ),
    ],
)
def test_what_is_wrong_is_found_at_its_place(files: Files, path: str, text: str, problem: str, words: str) -> None:
    files.agent(name="good")
    files.write("numbers/good.yaml", "phone_number: '+31201234567'\nagent_id: ${agents.good.id}\n")
    files.write("domain.yaml", "domain_name: mail.example.com\n")
    assert files.found() == []
    files.write(path, text)
    assert files.found() == [problem]
    assert words in files.problems()[0].text


def test_secret_in_clear_is_a_warning_without_the_secret(files: Files) -> None:
    files.write("trunks/t.yaml", "name: T\nhost: sip.example.com\npassword: canary-1\n")
    assert [(str(each.line), each.rule, each.severity) for each in files.problems()] == [("3", "FL130", "warning")]
    assert "canary" not in str(files.problems())


def test_wrong_secret_is_named_without_its_value(files: Files) -> None:
    files.write(
        "trunks/t.yaml", "name: T\nhost: sip.example.com\npassword: [canary-1]\nusername: {canary-2: canary-3}\n"
    )
    assert [each.rule for each in files.problems()].count("FL104") == 2
    assert "canary" not in str(files.problems())


def test_circle_of_references_is_reported_with_its_places(files: Files) -> None:
    files.write("agents/a.yaml", "name: A ${agents.b.name}\n")
    files.write("agents/b.yaml", "name: B ${agents.c.name}\n")
    files.write("agents/c.yaml", "name: C ${agents.a.name}\n")
    found = files.problems()
    assert [each.rule for each in found] == ["FL126"]
    for place in ("agents/a.yaml:1:9", "agents/b.yaml:1:9", "agents/c.yaml:1:9"):
        assert place in f"{found[0]}"


def test_second_key_for_one_provider_is_a_problem(files: Files) -> None:
    files.write("byok/one.yaml", "provider: openai\napi_key: ${secret.x}\n")
    files.write("byok/two.yaml", "provider: openai\napi_key: ${secret.y}\n")
    assert files.found() == ["byok/two.yaml:1:11 FL221"]


def test_everything_is_found_at_once_and_sorted(files: Files) -> None:
    files.write("agents/a.yaml", "nam: x\nllm_config: {provider: openai}\n")
    files.write("agents/b.yaml", "name: B\nname: C\n")
    files.write("numbers/n.yaml", "phone_number: x\nagent_id: ${agents.c.id}\n")
    files.write("tools/t.yaml", "a: [\n")
    with pytest.raises(StackError) as caught:
        load(Path(), None)
    places = [(each.file, each.line, each.rule) for each in caught.value.problems]
    assert places == sorted(places)
    assert {rule for _, _, rule in places} == {"FL101", "FL102", "FL103", "FL105", "FL106", "FL124"}


def test_reference_to_a_broken_file_brings_no_second_problem(files: Files) -> None:
    files.write("agents/a.yaml", "name: [\n")
    files.write("numbers/n.yaml", "phone_number: '+31201234567'\nagent_id: ${agents.a.id}\n")
    assert [each.rule for each in files.problems()] == ["FL101"]


def test_file_that_is_a_dangling_link_is_a_problem(files: Files) -> None:
    files.agent(name="good")
    (files.folder / "agents/gone.yaml").symlink_to("nowhere.yaml")
    assert files.found() == ["agents/gone.yaml FL101"]


def test_hidden_and_other_files_are_not_read(files: Files) -> None:
    files.agent()
    for path in ("agents/.a.yaml.swp", "agents/.b.yaml", "agents/notes.txt", "agents/a.yaml~", "other/x.yaml"):
        files.write(path, "{ broken")
    assert files.found() == []


def test_files_are_named_the_way_the_folder_is(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    files.write("agents/a.yaml", "nam: x\n")
    monkeypatch.chdir(files.folder.parent)
    with pytest.raises(StackError) as caught:
        load(Path("stack"))
    assert {each.file for each in caught.value.problems} == {"stack/agents/a.yaml"}


@pytest.mark.parametrize("name", ["nowhere", "hollow", "x" * 300])
def test_folder_without_a_stack_is_an_error(files: Files, name: str) -> None:
    (files.folder / "hollow").mkdir()
    with pytest.raises(SettingsError, match=f'read stack "{name}"'):
        read_folder(Path(name))
