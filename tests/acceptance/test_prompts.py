"""Prompts survive byte for byte: file, state, API, refresh; and the next plan is empty."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.deployment import Deployment

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"


def agent(name: str, prompt: str) -> str:
    return f"name: {name}\nllm_config:\n  provider: openai\n  model: gpt-4o-mini\n  prompt: {prompt}\n"


ODD = {
    "placeholders": "Hello {{caller_name}}, {{ spaced }} and {{{triple}}}.",
    "crlf": "one\r\ntwo\r\n\r\nthree\r\n",
    "mixed line ends": "one\ntwo\r\nthree\rfour",
    "tabs and trailing spaces": "\tindented \n  two  \n\n\n",
    "emoji and scripts": "Zoë 👩‍👩‍👧 日本語 العربية \u200b zero width\n",
    "no line end at the end": "last line",
    "looks like YAML": "Role: receptionist\nTone: kind\n- one\n- two: 3\n",
    "looks like JSON": '{"role": "system", "n": 1.0, "x": null}',
    "looks like a number": "0012",
    "looks like a boolean": "yes",
    "only spaces": "   ",
    "100 KB": "A line of a long prompt, with ünïcode.\n" * 2600,
    "backslashes and quotes": "C:\\new\\table 'single' \"double\" `back` %d %s {} $HOME $(x)",
}


def system_message(deployment: Deployment, name: str = "A") -> str:
    (found,) = [each for each in deployment.account("/agents")["agents"] if each["name"] == name]
    text: str = found["llm_config"]["messages"][0]["content"]
    return text


def test_odd_prompts_arrive_as_they_are(deployment: Deployment) -> None:
    for index, text in enumerate(ODD.values()):
        deployment.write(f"agents/a{index}.yaml", agent(f"A{index}", f"a{index}.md"))
        deployment.write(f"agents/a{index}.md", text.encode())
    deployment.good("up")
    for index, text in enumerate(ODD.values()):
        assert system_message(deployment, f"A{index}") == text
    deployment.good("refresh", "--expect-no-changes")
    deployment.good("preview", "--expect-no-changes")


def test_a_doubled_dollar_is_a_literal(deployment: Deployment) -> None:
    deployment.write("agents/a.yaml", agent("A", "a.md"))
    deployment.write("agents/a.md", "Say $${price} and {{name}}, not $$ or $5.")
    deployment.good("up")
    assert system_message(deployment) == "Say ${price} and {{name}}, not $$ or $5."
    deployment.good("preview", "--refresh", "--expect-no-changes")


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real prompts is not beside the repository")
def test_real_prompts_arrive_as_they_are(deployment: Deployment) -> None:
    prompts = sorted(path for path in CORPUS.glob("*.md") if path.name != "README.md")
    assert prompts
    for path in prompts:
        deployment.write(f"agents/{path.stem}.yaml", agent(path.stem, path.name))
        deployment.write(f"agents/{path.name}", path.read_bytes().replace(b"${", b"$${"))
    deployment.good("up")
    for path in prompts:
        assert system_message(deployment, path.stem).encode() == path.read_bytes()
    deployment.good("preview", "--refresh", "--expect-no-changes")
