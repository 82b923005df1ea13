"""A pull into a stack with several environments: what differs in one is written where the others do not see it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flireo_iac.pull.holding import held
from flireo_iac.stacks.load import load
from tests.pull.conftest import Org
from tests.pull.test_again import AGENT, ENVIRONMENT, TOOL

COMMENT = "# What differs in staging.\n"


@pytest.fixture
def stack(org: Org, tmp_path: Path) -> tuple[Org, Path, str]:
    """A stack with two environments, deployed from the first: the organization, the folder, the agent's id."""
    for path, text in {
        "Pulumi.yaml": "name: shop\nruntime: python\n",
        "agents/desk.yaml": AGENT,
        "agents/desk.md": "Be kind.\n",
        "tools/book.yaml": TOOL,
        "environments/dev.yaml": ENVIRONMENT,
        "environments/staging.yaml": COMMENT + ENVIRONMENT.partition("resources:")[0],
    }.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    items = load(tmp_path, "dev").items
    org.create("tool_template", **items["tools.book"].inputs)
    return org, tmp_path, str(org.create("agent", **items["agents.desk"].inputs)["id"])


def staging(folder: Path) -> dict[str, dict[str, Any]]:
    return held(load(folder, "staging"), {})


@pytest.mark.parametrize(
    ("changes", "written"),
    [
        ({"first_message": "Hello."}, "    first_message: Hello.\n"),
        ({"first_message": None}, "    first_message: null\n"),
        ({"max_duration_seconds": 90}, "    max_duration_seconds: 90 "),
        ({"llm_config": {"temperature": 0.9}}, "    llm_config: {max_completion_tokens: 100, temperature: 0.9}\n"),
    ],
)
def test_it_is_said_in_the_overlay(stack: tuple[Org, Path, str], changes: dict[str, Any], written: str) -> None:
    org, folder, id_ = stack
    before = staging(folder)
    block = load(folder, "dev").items["agents.desk"].inputs["llm_config"]
    if "llm_config" in changes:
        changes = {"llm_config": {**block, **changes["llm_config"]}}
    org.update("agent", id_, **changes)
    found = org.pull(folder)
    assert found.by_hand == ()
    assert written in (folder / "environments/dev.yaml").read_text()
    assert (folder / "agents/desk.yaml").read_text() == AGENT
    assert staging(folder) == before
    assert org.pull(folder).changes == ()


def test_another_prompt_is_a_file_of_the_environment(stack: tuple[Org, Path, str]) -> None:
    org, folder, id_ = stack
    before = staging(folder)
    block = load(folder, "dev").items["agents.desk"].inputs["llm_config"]
    for text in ("Be quick.\n", "Be ${quick}."):
        messages = [{"role": "system", "content": text}]
        org.update("agent", id_, llm_config={**block, "messages": messages})
        assert org.pull(folder).by_hand == ()
        assert (folder / "agents/desk.dev.md").read_text() == text.replace("${", "$${")
        assert load(folder, "dev").items["agents.desk"].inputs["llm_config"]["messages"] == messages
        assert org.pull(folder).changes == ()
    assert (folder / "agents/desk.md").read_text() == "Be kind.\n"
    assert staging(folder) == before


def test_what_others_fill_in_is_left_to_a_person(stack: tuple[Org, Path, str]) -> None:
    org, folder, id_ = stack
    org.pull(folder)
    block = load(folder, "dev").items["agents.desk"].inputs["llm_config"]
    org.update("agent", id_, name="Front desk Zeist", llm_config={**block, "tools": block["tools"][:1]})
    found = org.pull(folder)
    assert [each.field for each in found.by_hand] == ["name", "llm_config.tools"]
    assert (folder / "environments/dev.yaml").read_text() == ENVIRONMENT


def test_a_file_with_nothing_but_comments_keeps_them(stack: tuple[Org, Path, str]) -> None:
    org, folder, id_ = stack
    variables = {"${var.city}": "Utrecht", "${var.model}": "gpt-4o", "${var.front_desk}": "+31201234567"}
    text = AGENT
    for name, value in variables.items():
        text = text.replace(name, value)
    (folder / "agents/desk.yaml").write_text(text)
    (folder / "environments/dev.yaml").write_text(COMMENT)
    org.update("agent", id_, first_message="Hello.", max_duration_seconds=600)
    org.pull(folder)
    made = (folder / "environments/dev.yaml").read_text()
    assert made.startswith(f"{COMMENT}resources:\n  agents.desk:\n")
    assert "first_message: Hello." in made
    assert org.pull(folder).changes == ()


def test_a_new_object_is_told_to_be_in_every_environment(stack: tuple[Org, Path, str]) -> None:
    org, folder, _ = stack
    org.create("agent", name="Night")
    found = org.pull(folder)
    assert (folder / "agents/night.yaml").exists()
    assert [str(each) for each in found.left if each.item == "agents.night" and not each.field] == [
        "agents.night: is in staging too from now on; leave it out there with omit"
    ]


def test_what_the_environment_leaves_out_stays_out(stack: tuple[Org, Path, str]) -> None:
    org, folder, id_ = stack
    (folder / "environments/dev.yaml").write_text(ENVIRONMENT.partition("resources:")[0] + "omit: [agents.*]\n")
    org.create("phone_number", agent_id=id_)
    for _again in range(2):
        found = org.pull(folder)
        assert sorted(path.name for path in (folder / "agents").iterdir()) == ["desk.md", "desk.yaml"]
        assert (folder / "agents/desk.yaml").read_text() == AGENT
        assert "agents.desk: is left out in dev, and the account has it; take it out of omit to have it written" in [
            str(each) for each in found.left
        ]
        assert f"agent_id: {id_}\n" in (folder / "numbers/front_desk.yaml").read_text()
        assert found.by_hand == ()
    assert found.changes == ()
