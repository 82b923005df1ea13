"""Prompts in Markdown: byte for byte, includes, and what goes wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flireo_iac.stacks.values import ItemRef, Place, SecretRef, Text
from tests.stacks.writing import Files

CORPUS = Path(__file__).resolve().parents[2].parent / "shared" / "corpus"

HARD = [
    "Plain.\n",
    "No newline at the end",
    "",
    "\n\n\n",
    "Windows\r\nlines\r\n",
    "Old\rMac\rlines",
    "mixed\r\nand\nboth\r",
    "\ttabs\t\tand trailing spaces   \n   \n",
    "{{x}} and {{ y.z }} and {x} and }} {{",
    "costs ${{amount}} now",
    "emoji 🚲🇳🇱👩‍🔧 and é e\u0301 ß 漢字\n",
    "\u00a0no-break\u2028line separator\u0085next line\x0bvertical\x0cform feed\x00null\x07bell",
    "Role: clerk\nTone: warm\nrules:\n  - one\n  - two\n",
    '{"json": ["like", 1, true, null], "a": {"b": "c"}}',
    "---\nfront: matter\n---\n# Title\n",
    "- yes\n- no\n- on\n- 012\n- 1:30\n",
    "%YAML 1.2\n--- !!python/object:os.system ls\n",
    "$ $$ $x $(x) `$y` \\$",
    "'quotes' \"double\" `back` \\n \\u0041 \\",
    "word " * 20_000,
]


@pytest.mark.parametrize("text", HARD)
def test_prompt_survives_byte_for_byte(files: Files, text: str) -> None:
    assert files.prompt(text).encode() == text.encode()


def test_dollar_brace_is_escaped_by_a_second_dollar(files: Files) -> None:
    assert files.prompt("a $${x} b $${ c $$${d}\n") == "a ${x} b ${ c $${d}\n"


@pytest.mark.parametrize("name", ["airline-policy.md", "retail-policy.md"])
def test_real_prompt_survives_byte_for_byte(files: Files, name: str) -> None:
    path = CORPUS / name
    if not path.is_file():
        pytest.skip(f"the corpus is not here: {name} is looked for in shared/corpus beside the repository")
    content = path.read_bytes()
    assert files.prompt(content).encode() == content


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text().filter(lambda text: "${" not in text and not text.startswith("\ufeff")))
def test_any_text_survives(files: Files, text: str) -> None:
    assert files.prompt(text.encode("utf-8")) == text


def test_prompt_becomes_the_first_message(files: Files) -> None:
    files.write("agents/a.md", "You are kind.\n")
    files.agent("  prompt: a.md\n  messages: [{role: assistant, content: Hi}]\n")
    assert files.inputs()["llm_config"] == {
        "provider": "openai",
        "model": "gpt-4o",
        "messages": [{"role": "system", "content": "You are kind.\n"}, {"role": "assistant", "content": "Hi"}],
    }


def test_everything_is_filled_in_inside_a_prompt(files: Files) -> None:
    files.variables(city="Utrecht", n="1.50")
    files.write("agents/b.yaml", "name: B\n")
    made = files.prompt("${var.city} ${var.n} ${agents.b.id} ${secret.word}\n")
    reference = ItemRef("agents", "b", "id", Place(""))
    assert made == Text(("Utrecht 1.50 ", reference, " ", SecretRef("word", Place("")), "\n"))


def test_prompt_file_can_be_named_by_a_variable_or_an_overlay(files: Files) -> None:
    files.write("environments/dev.yaml", "vars: {language: nl}\nresources: {agents.b: {llm_config: {prompt: nl.md}}}\n")
    files.write("agents/nl.md", "Dag")
    files.write("agents/en.md", "Hi")
    files.agent("  prompt: ${var.language}.md\n")
    files.agent("  prompt: en.md\n", name="b")
    for key in ("agents.a", "agents.b"):
        assert files.inputs(key)["llm_config"]["messages"][0]["content"] == "Dag"


def test_include_is_looked_for_beside_the_file_and_then_in_prompts(files: Files) -> None:
    files.variables(city="Utrecht")
    files.write("agents/near.md", "near\r\n")
    files.write("prompts/far.md", "far ${var.city} ${include deep/x.md}")
    files.write("prompts/deep/x.md", "x ${include y.md} ${include ../z.md}\n")
    files.write("prompts/deep/y.md", "y")
    files.write("prompts/z.md", "z")
    assert files.prompt("<${include near.md}>\n${include far.md}|${include near.md}") == (
        "<near\r\n>\nfar Utrecht x y z\n|near\r\n"
    )


def test_file_beside_wins_over_prompts(files: Files) -> None:
    files.write("agents/x.md", "beside")
    files.write("prompts/x.md", "prompts")
    assert files.prompt("${include x.md}") == "beside"


@pytest.mark.parametrize(
    ("content", "problem", "words"),
    [
        ("one\ntwo ${var.nope}", "agents/a.md:2:5 FL122", '"nope"'),
        ("é ${nothing}", "agents/a.md:1:3 FL121", "Write $${"),
        ("x\n\n  ${unclosed", "agents/a.md:3:3 FL121", "no closing brace"),
        ("${include nope.md}", "agents/a.md:1:1 FL131", "looked in agents/ and prompts/"),
        ("${include /etc/hostname}", "agents/a.md:1:1 FL131", "no path inside the stack"),
        ("${include ../../outside.md}", "agents/a.md:1:1 FL131", "outside the stack"),
        ("${include link.md}", "agents/a.md:1:1 FL131", "outside the stack"),
        ("x ${include a.md}", "agents/a.md:1:3 FL132", "agents/a.md includes itself"),
        ("${include one.md}", "prompts/two.md:1:5 FL132", "prompts/one.md includes itself"),
        (b"ok\nd\xe9j\xe0", "agents/a.md:2:2 FL133", "not UTF-8"),
        (b"\xef\xbb\xbfHello", "agents/a.md:1:1 FL133", "byte order mark"),
        ("${agents.nope.id}", "agents/a.md:1:1 FL124", 'no agent "nope"'),
        ("${agents.b.nope}", "agents/a.md:1:1 FL124", 'no field "nope"'),
    ],
)
def test_wrong_prompt_is_a_problem_in_the_markdown_file(
    files: Files, content: str | bytes, problem: str, words: str
) -> None:
    files.write("../outside.md", "secret")
    (files.folder / "agents").mkdir()
    (files.folder / "agents/link.md").symlink_to(files.folder.parent / "outside.md")
    files.write("prompts/one.md", "${include two.md}")
    files.write("prompts/two.md", "two ${include one.md}")
    files.write("agents/a.md", content)
    files.agent("  prompt: a.md\n")
    files.agent(name="b")
    assert files.found() == [problem]
    assert words in files.problems()[0].text


def test_circle_of_includes_names_every_place(files: Files) -> None:
    files.write("prompts/one.md", "${include two.md}")
    files.write("prompts/two.md", "two ${include one.md}")
    files.write("agents/a.md", "${include one.md}")
    files.agent("  prompt: a.md\n")
    text = files.problems()[0].text
    assert "prompts/two.md (prompts/one.md:1:1) -> prompts/one.md (prompts/two.md:1:5)" in text


@pytest.mark.parametrize(
    ("more", "problem", "words"),
    [
        ("  prompt: nope.md\n", "agents/a.yaml:5:11 FL131", '"nope.md" is not there'),
        ("  prompt: [a.md]\n", "agents/a.yaml:5:11 FL134", "prompt is a list"),
        ("  prompt:\n", "agents/a.yaml:5:10 FL134", "prompt is empty"),
        ("  prompt: ''\n", "agents/a.yaml:5:11 FL134", "prompt is empty"),
        ("  prompt: ${secret.x}\n", "agents/a.yaml:5:11 FL134", "expected the name of a text file"),
        ("  prompt: a.md\n  messages: {}\n", "agents/a.yaml:6:13 FL104", "expected a list"),
        (
            "  prompt: a.md\n  messages: [{role: user, content: x}, {role: system, content: y}]\n",
            "agents/a.yaml:6:40 FL134",
            "a system message besides",
        ),
    ],
)
def test_wrong_use_of_prompt_is_a_problem(files: Files, more: str, problem: str, words: str) -> None:
    files.write("agents/a.md", "Hi")
    files.agent(more)
    assert files.found() == [problem]
    assert words in files.problems()[0].text


def test_include_bomb_is_refused(files: Files) -> None:
    files.write("prompts/p0.md", "x" * 1000)
    for level in range(1, 40):
        files.write(f"prompts/p{level}.md", f"${{include p{level - 1}.md}}" * 10)
    files.write("agents/a.md", "${include p39.md}")
    files.agent("  prompt: a.md\n")
    assert [each.rule for each in files.problems()] == ["FL133"]


def test_broken_include_is_reported_once_for_many_agents(files: Files) -> None:
    files.write("prompts/rules.md", "${var.nope}")
    for name in ("a", "b", "c"):
        files.write(f"agents/{name}.md", "${include rules.md}")
        files.agent(f"  prompt: {name}.md\n", name=name)
    assert files.found() == ["prompts/rules.md:1:1 FL122"]
