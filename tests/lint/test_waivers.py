"""A comment silences one rule in one place, says why, and is reported when it does nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from flireo_iac.lint.report import examine_whole
from tests.stacks.writing import Files

MODEL = "name: A\nllm_config:\n  provider: anthropic\n{above}  model: gpt-4o{beside}\n"


def found(environments: list[str] | None = None) -> list[str]:
    return [
        f"{each.file}:{each.line}:{each.column} {each.rule}" for each in examine_whole(Path(), environments).problems
    ]


@pytest.mark.parametrize(
    ("head", "above", "beside"),
    [
        ("", "", "  # flireo: allow FL204 our gateway takes it"),
        ("", "  # flireo: allow FL204 our gateway takes it\n", ""),
        ("", "# flireo: allow FL204 our gateway takes it\n\n  # another comment\n", ""),
        ("", "", "  #flireo:allow FL204 our gateway takes it"),
        ("# Our agents.\n# flireo: allow FL204 our gateway takes it\n", "", ""),
        ("", "", "  # flireo: allow FL204, FL205 our gateway takes it"),
    ],
)
def test_waiver_silences_the_rule_and_keeps_the_reason(files: Files, head: str, above: str, beside: str) -> None:
    files.write("agents/a.yaml", head + MODEL.format(above=above, beside=beside))
    report = examine_whole(Path())
    left = {problem.rule for problem in report.problems}
    assert left == ({"FL403"} if "FL205" in beside else set())
    assert [(each.problem.rule, each.reason) for each in report.waived] == [("FL204", "our gateway takes it")]


@pytest.mark.parametrize(
    ("above", "beside", "expected"),
    [
        ("", "  # flireo: allow FL204", ["5:18 FL401", "5:10 FL204"]),
        ("", "  # flireo: allow FL999 why not", ["5:10 FL204", "5:18 FL402"]),
        ("", "  # flireo: allow FL103 why not", ["5:10 FL204", "5:18 FL402"]),
        ("", "  # flireo: allow it", ["5:10 FL204", "5:18 FL402"]),
        ("", "  # flireo: allow FL205 why not", ["5:10 FL204", "5:18 FL403"]),
        ("  # flireo: allow FL204 too far away\n  temperature: 1\n", "", ["5:3 FL403", "7:10 FL204"]),
    ],
)
def test_wrong_waiver_is_a_warning_and_silences_nothing(
    files: Files, above: str, beside: str, expected: list[str]
) -> None:
    files.write("agents/a.yaml", "# An agent.\n" + MODEL.format(above=above, beside=beside))
    assert sorted(found()) == sorted(f"agents/a.yaml:{each}" for each in expected)
    assert all(problem.severity == "warning" for problem in examine_whole(Path()).problems)


def test_waiver_inside_a_text_value_is_none(files: Files) -> None:
    block, quoted = "|\n  Hello\n  # flireo: allow FL204 because\n", "'x # flireo: allow FL1 y'"
    files.write("agents/a.yaml", f"name: A\nfirst_message: {block}voicemail_message: {quoted}\n")
    assert found() == []


def test_what_fails_the_deployment_cannot_be_waived(files: Files) -> None:
    files.write("agents/a.yaml", "# flireo: allow FL103 we like it\nname: A\nnope: 1\n")
    assert found() == ["agents/a.yaml:1:1 FL402", "agents/a.yaml:3:1 FL103"]


def test_rule_of_a_prompt_is_waived_where_the_prompt_is_named(files: Files) -> None:
    files.write("agents/a.md", "It is {{now}}.\n${include shared.md}\n")
    files.write("prompts/shared.md", "TODO: more.\n")
    files.agent("  prompt: a.md\n")
    assert found() == ["agents/a.md:1:7 FL301", "prompts/shared.md:1:1 FL305"]
    files.agent("  prompt: a.md  # flireo: allow FL301,FL305 our webhook fills it in\n")
    assert found() == []


def test_waiver_of_one_agent_leaves_what_is_about_another(files: Files) -> None:
    files.write("prompts/shared.md", "Call `book()` with the day.\n")
    files.agent("  prompt: shared.md  # flireo: allow FL302 the platform adds it\n", name="a")
    files.agent("  prompt: shared.md\n", name="b")
    problems = examine_whole(Path()).problems
    assert [problem.rule for problem in problems] == ["FL302"]
    assert 'agent "b"' in problems[0].text


def test_waiver_that_one_environment_needs_is_not_idle_in_another(files: Files) -> None:
    files.write("agents/a.yaml", MODEL.format(above="", beside="").replace("gpt-4o", "${var.model}"))
    files.write("environments/dev.yaml", "vars: {model: claude-3-sonnet}\n")
    files.write("environments/prod.yaml", "vars: {model: gpt-4o}\n")
    assert found() == ["agents/a.yaml:4:10 FL204"]
    files.write(
        "agents/a.yaml", MODEL.format(above="", beside="").replace("gpt-4o", "${var.model}  # flireo: allow FL204 ours")
    )
    assert found() == []
    assert found(["dev"]) == []
