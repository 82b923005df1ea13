"""A pull into a stack that is there: only what differs changes, where it stands, and the rest stays to the byte."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flireo_iac.kinds import KINDS
from flireo_iac.pull.result import Pulled
from flireo_iac.stacks.load import load
from tests.pull.conftest import Org

AGENT = """\
# The front desk. Ask Ann before you change it.
name: Front desk ${var.city}     # the city comes last
first_message: "Good day."

stt_config: {provider: deepgram, model: nova-3-general, language: en}   # one line
llm_config:
  provider: openai
  model: ${var.model}
  temperature:   0.4
  prompt: desk.md          # beside
  tools:
  - template: book         # the shared one
  # hand over
  - type: transferCall
    destinations:
    - {type: number, number: "${var.front_desk}", description: A person}
  - type: endCall
max_duration_seconds: 600
"""
TOOL = """\
name: Book
tool_type: function
tool_config:
  name: book
  description: Books.
  parameters: {type: object}   # nothing asked
"""
ENVIRONMENT = """\
vars:
  city: Utrecht
  model: gpt-4o
  front_desk: "+31201234567"
resources:
  agents.desk:
    max_duration_seconds: 300   # short while we try
    llm_config: {max_completion_tokens: 100}
"""
Stack = tuple[Org, Path, str, dict[str, Any]]


@pytest.fixture
def stack(org: Org, tmp_path: Path) -> Stack:
    """A stack whose agent is deployed: the organization, the folder, the agent's id, its language model."""
    for path, text in {
        "Pulumi.yaml": "name: shop\nruntime: python\n",
        "agents/desk.yaml": AGENT,
        "agents/desk.md": "Be kind.\n",
        "tools/book.yaml": TOOL,
        "environments/dev.yaml": ENVIRONMENT,
    }.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    items = load(tmp_path, "dev").items
    org.api.create(KINDS["tool_template"], items["tools.book"].inputs)
    id_ = str(org.api.create(KINDS["agent"], items["agents.desk"].inputs)["id"])
    return org, tmp_path, id_, dict(items["agents.desk"].inputs["llm_config"])


def pulled(stack: Stack, **changes: Any) -> Pulled:
    """Change the agent in the dashboard, then pull."""
    org, folder, id_, _ = stack
    org.update("agent", id_, **changes)
    return org.pull(folder)


def read(stack: Stack, path: str = "agents/desk.yaml") -> str:
    return (stack[1] / path).read_text()


def test_nothing_differs(stack: Stack) -> None:
    found = pulled(stack)
    assert [each.path for each in found.changes] == [".flireo/ids/dev.json"]
    assert found.same == 2
    assert stack[0].pull(stack[1]).changes == ()


@pytest.mark.parametrize(
    ("changes", "old", "new"),
    [
        ({"first_message": "Hello: you"}, '"Good day."', '"Hello: you"'),
        ({"first_message": "${x}"}, '"Good day."', '"$${x}"'),
        ({"first_message": None}, 'first_message: "Good day."\n', ""),
        (
            {"stt_config": {"provider": "deepgram", "model": "nova-3-general", "language": "nl"}},
            "guage: en",
            "guage: nl",
        ),
    ],
)
def test_one_value_is_one_line(stack: Stack, changes: dict[str, Any], old: str, new: str) -> None:
    found = pulled(stack, **changes)
    assert read(stack) == AGENT.replace(old, new)
    assert found.by_hand == ()
    assert stack[0].pull(stack[1]).changes == ()


@pytest.mark.parametrize(
    ("changes", "old", "new"),
    [
        ({"temperature": 0.9}, "temperature:   0.4", "temperature: 0.9"),
        ({"voice": "ara"}, "  # hand over", "  # hand over"),
    ],
)
def test_inside_a_block(stack: Stack, changes: dict[str, Any], old: str, new: str) -> None:
    found = pulled(stack, llm_config={**stack[3], **changes})
    written = read(stack)
    assert [line for line in AGENT.replace(old, new).splitlines() if line not in written.splitlines()] == []
    assert len(written.splitlines()) - len(AGENT.splitlines()) in (0, 1)
    assert found.by_hand == ()
    assert stack[0].pull(stack[1]).changes == ()


def test_the_value_of_an_overlay_is_written_into_the_overlay(stack: Stack) -> None:
    pulled(stack, max_duration_seconds=120, llm_config={**stack[3], "max_completion_tokens": 200})
    assert read(stack) == AGENT
    expected = ENVIRONMENT.replace("300 ", "120 ").replace("100}", "200}")
    assert read(stack, "environments/dev.yaml") == expected


def test_a_prompt_is_written_to_its_file_byte_for_byte(stack: Stack) -> None:
    pulled(stack, llm_config={**stack[3], "messages": [{"role": "system", "content": "Two\r\n ${lines}  "}]})
    assert read(stack) == AGENT
    assert (stack[1] / "agents/desk.md").read_bytes() == b"Two\r\n $${lines}  "
    assert stack[0].pull(stack[1]).changes == ()


def test_tools_come_and_go_and_the_others_keep_their_comments(stack: Stack) -> None:
    book, hand_over, _ = stack[3]["tools"]
    found = pulled(stack, llm_config={**stack[3], "tools": [{"name": "new", "description": "New."}, book, hand_over]})
    written = read(stack)
    assert "  - template: book         # the shared one\n  # hand over\n  - type: transferCall\n" in written
    assert "  - name: new\n    description: New.\n" in written
    assert "endCall" not in written
    assert found.by_hand == ()
    assert stack[0].pull(stack[1]).changes == ()


def test_a_tool_that_left_its_template_is_written_out(stack: Stack) -> None:
    tools = [{**stack[3]["tools"][0], "description": "Books now."}, *stack[3]["tools"][1:]]
    pulled(stack, llm_config={**stack[3], "tools": tools})
    assert "  - name: book\n    description: Books now.\n" in read(stack)
    assert stack[0].pull(stack[1]).changes == ()


def test_a_template_that_changed_with_its_copies_stays_one(stack: Stack) -> None:
    org, folder, _, block = stack
    template = org.api.list(KINDS["tool_template"]).rows[0]
    config = {**template["tool_config"], "description": "Books now."}
    org.update("tool_template", template["id"], tool_config=config)
    found = pulled(stack, llm_config={**block, "tools": [{**block["tools"][0], **config}, *block["tools"][1:]]})
    assert read(stack, "tools/book.yaml") == TOOL.replace("Books.", "Books now.")
    assert read(stack) == AGENT
    assert found.by_hand == ()
    assert org.pull(folder).changes == ()


@pytest.mark.parametrize(
    ("changes", "place"),
    [({"name": "Front desk Zeist"}, "name"), ({"llm_config": {"model": "gpt-4o-mini"}}, "llm_config.model")],
)
def test_what_a_variable_says_is_left_to_a_person(stack: Stack, changes: dict[str, Any], place: str) -> None:
    if "llm_config" in changes:
        changes = {"llm_config": {**stack[3], **changes["llm_config"]}}
    stack[0].pull(stack[1])
    found = pulled(stack, **changes)
    assert [(each.item, each.field) for each in found.by_hand] == [("agents.desk", place)]
    assert read(stack) == AGENT
    assert read(stack, "environments/dev.yaml") == ENVIRONMENT


def test_messages_that_no_prompt_file_can_hold_go_into_the_file(stack: Stack) -> None:
    found = pulled(stack, llm_config={**stack[3], "messages": [{"role": "user", "content": "Hello."}]})
    written = read(stack)
    assert "prompt:" not in written
    assert "  messages:\n  - role: user\n    content: Hello.\n" in written
    assert found.by_hand == ()
    assert stack[0].pull(stack[1]).changes == ()


def test_a_shared_prompt_is_left_to_a_person(stack: Stack) -> None:
    (stack[1] / "agents/night.yaml").write_text(AGENT.replace("Front desk", "Night"))
    found = pulled(stack, llm_config={**stack[3], "messages": [{"role": "system", "content": "Changed."}]})
    assert [each.field for each in found.by_hand] == ["llm_config.prompt"]
    assert read(stack, "agents/desk.md") == "Be kind.\n"


def test_fields_that_no_file_names_are_the_dashboards(stack: Stack) -> None:
    found = pulled(stack, voicemail_message="Call again.")
    assert ("agents.desk", "voicemail_message") in {(each.item, each.field) for each in found.left}
    assert read(stack) == AGENT
    stack[0].pull(stack[1], is_adding=True)
    assert read(stack).startswith(AGENT)
    assert "voicemail_message: Call again.\n" in read(stack)
    assert stack[0].pull(stack[1], is_adding=True).changes == ()


def test_a_new_reference_is_a_name(stack: Stack, orgs: Callable[[], Org]) -> None:
    org, folder, id_, _ = stack
    number = org.create("phone_number")
    org.pull(folder)
    assert "agent_id" not in read(stack, "numbers/front_desk.yaml")
    org.update("phone_number", number["id"], agent_id=id_)
    org.pull(folder, is_adding=True)
    assert "agent_id: ${agents.desk.id}\n" in read(stack, "numbers/front_desk.yaml")


def test_comments_of_what_follows_stay_when_a_value_goes(stack: Stack) -> None:
    file = stack[1] / "agents/desk.yaml"
    file.write_text(AGENT.replace("max_dur", "# Long enough for all.\n\nmax_dur"))
    pulled(stack, llm_config={**stack[3], "tools": stack[3]["tools"][:2]})
    assert "    - {type: number" in read(stack)
    assert "# Long enough for all.\n\nmax_duration_seconds: 600\n" in read(stack)
    assert "endCall" not in read(stack)


def test_line_ends_of_the_file_stay(stack: Stack) -> None:
    file = stack[1] / "agents/desk.yaml"
    file.write_bytes(AGENT.replace("\n", "\r\n").encode())
    pulled(stack, first_message="Hello.")
    assert file.read_bytes() == AGENT.replace("Good day.", "Hello.").replace("\n", "\r\n").encode()


def test_the_state_tells_which_object_an_item_is(stack: Stack) -> None:
    org, folder, id_, _ = stack
    twin = org.create("agent", name="Front desk Utrecht")
    unsure = org.pull(folder, write=False)
    assert [each.item for each in unsure.by_hand] == ["agents.desk"]
    found = org.pull(folder, write=False, state={"agents.desk": id_, "tools.gone": "x"})
    assert found.by_hand == ()
    assert f'"agents.desk": "{id_}"' in text_of(found, ".flireo/ids/dev.json")
    (folder / ".flireo/ids").mkdir(parents=True)
    (folder / ".flireo/ids/dev.json").write_text(json.dumps({"items": {"agents.desk": twin["id"]}}))
    of_another_account = org.pull(folder, write=False, state={"agents.desk": "of another account"})
    assert f'"agents.desk": "{twin["id"]}"' in text_of(of_another_account, ".flireo/ids/dev.json")


def text_of(found: Pulled, path: str) -> str:
    """Give what a file is to hold."""
    there = {each.path: each.after for each in found.changes}
    return there[path].decode() if path in there else (found.folder / path).read_text()
