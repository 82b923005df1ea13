"""Templates are copied into agents, the way the API wants them."""

from __future__ import annotations

import pytest

from tests.stacks.writing import TOOL, Files

ANALYSIS = """name: After
system_prompt: Read.
user_prompt: '{{transcript}}'
schema: {type: object, properties: {topic: {type: string}}}
"""


def test_function_template_becomes_a_flat_tool(files: Files) -> None:
    files.write("tools/book.yaml", TOOL)
    files.agent("  tools: [{template: book}]\n")
    assert files.inputs()["llm_config"]["tools"] == [
        {"name": "book", "description": "Books.", "parameters": {"type": "object"}}
    ]


def test_keys_beside_the_template_are_laid_over_the_copy(files: Files) -> None:
    files.variables(host="hooks.example.com")
    files.write("tools/book.yaml", TOOL + "  url: https://${var.host}/x\n  async: true\n")
    files.agent("  tools: [{template: book, description: Mine, async: null, parameters: {required: [a]}}]\n")
    assert files.inputs()["llm_config"]["tools"] == [
        {
            "name": "book",
            "description": "Mine",
            "parameters": {"type": "object", "required": ["a"]},
            "url": "https://hooks.example.com/x",
        }
    ]
    assert files.inputs("tools.book")["tool_config"]["description"] == "Books."


def test_built_in_templates_keep_their_type(files: Files) -> None:
    files.write("tools/end.yaml", "name: End\ntool_type: endCall\ntool_config: {}\n")
    files.write(
        "tools/over.yaml",
        "name: Over\ntool_type: transferCall\n"
        "tool_config: {destinations: [{type: number, number: '+31201234567', description: x}]}\n",
    )
    files.agent("  tools:\n    - template: end\n    - template: over\n    - type: endCall\n")
    assert files.inputs()["llm_config"]["tools"] == [
        {"type": "endCall"},
        {"type": "transferCall", "destinations": [{"type": "number", "number": "+31201234567", "description": "x"}]},
        {"type": "endCall"},
    ]


def test_analysis_template_becomes_a_plan(files: Files) -> None:
    files.write("analysis/after.yaml", ANALYSIS)
    files.write("agents/a.yaml", "name: A\nanalysis_plan: {template: after, minMessagesThreshold: 5}\n")
    assert files.inputs()["analysis_plan"] == {
        "structuredDataPlan": {
            "enabled": True,
            "schema": {"type": "object", "properties": {"topic": {"type": "string"}}},
            "messages": [{"role": "system", "content": "Read."}, {"role": "user", "content": "{{transcript}}"}],
        },
        "minMessagesThreshold": 5,
    }


@pytest.mark.parametrize("key", ["structuredDataPlan", "structured_data_plan"])
def test_plan_may_be_overlaid_in_either_spelling(files: Files, key: str) -> None:
    files.write("analysis/after.yaml", ANALYSIS)
    files.write("agents/a.yaml", f"name: A\nanalysis_plan: {{template: after, {key}: {{enabled: false}}}}\n")
    plan = files.inputs()["analysis_plan"]
    assert list(plan) == [key]
    assert plan[key]["enabled"] is False
    assert plan[key]["schema"]["type"] == "object"


def test_changed_template_changes_its_agents(files: Files) -> None:
    files.write("tools/book.yaml", TOOL)
    files.agent("  tools: [{template: book}]\n")
    files.write("environments/dev.yaml", "resources: {tools.book: {tool_config: {description: Other.}}}\n")
    assert files.inputs()["llm_config"]["tools"][0]["description"] == "Other."


@pytest.mark.parametrize(
    ("more", "problem", "words"),
    [
        ("  tools: [{template: bok}]\n", "agents/a.yaml:5:22 FL135", 'did you mean "book"?'),
        ("  tools: [{template: [x]}]\n", "agents/a.yaml:5:22 FL136", "template is a list"),
        ("  tools: [{template: 3}]\n", "agents/a.yaml:5:22 FL136", "template is a number"),
        ("  tools: [{template: '${var.x}'}]\n", "agents/a.yaml:5:23 FL122", '"x"'),
        ("analysis_plan: {template: book}\n", "agents/a.yaml:5:27 FL135", "a file in analysis/"),
    ],
)
def test_wrong_template_is_a_problem(files: Files, more: str, problem: str, words: str) -> None:
    files.write("tools/book.yaml", TOOL)
    files.agent(more)
    assert files.found() == [problem]
    assert words in files.problems()[0].text


def test_wrong_template_is_reported_once_and_in_its_own_file(files: Files) -> None:
    files.write("tools/book.yaml", TOOL.replace("name: book", "name: '1 bad name'").replace("Books.", "[1]"))
    for name in ("a", "b", "c"):
        files.agent("  tools: [{template: book}]\n", name=name)
    found = files.found()
    assert found
    assert len(found) == len(set(found))
    assert {each.split(":")[0] for each in found} == {"tools/book.yaml"}


def test_broken_template_brings_no_second_problem(files: Files) -> None:
    files.write("tools/book.yaml", "name: [\n")
    files.agent("  tools: [{template: book}]\n")
    assert [each.rule for each in files.problems()] == ["FL101"]


def test_wrong_override_is_a_problem_in_the_agent(files: Files) -> None:
    files.write("tools/book.yaml", TOOL)
    files.agent("  tools: [{template: book, description: [1]}]\n")
    assert files.found() == ["agents/a.yaml:5:41 FL104"]
