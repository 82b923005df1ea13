"""Whatever stands in the files of a stack, it is loaded or becomes problems; it never becomes a traceback."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flireo_iac.kinds import KINDS
from flireo_iac.stacks.folder import read_folder
from flireo_iac.stacks.load import resolve
from tests.stacks.writing import Files

ENVIRONMENT = {
    "vars": {"a": "x", "list": [1], "map": {"b": 2}, "nothing": None, "again": "${var.a}"},
    "omit": ["agents.z*"],
    "resources": {"agents.one": {"llm_config": {"model": "m"}}, "numbers": {"one": {"name": "N"}}},
}
AGENT = {
    "name": "A",
    "llm_config": {
        "provider": "openai",
        "model": "m",
        "prompt": "one.md",
        "messages": [{"role": "user", "content": "x"}],
        "tools": [
            {"template": "one"},
            {"type": "endCall"},
            {"name": "f", "description": "d", "server": {"url": "https://tools.example.com", "secret": "x"}},
        ],
    },
    "analysis_plan": {"template": "one", "structuredDataPlan": {"enabled": False}},
    "stt_config": {"provider": "deepgram", "model": "m", "language": "nl"},
    "tts_config": {"provider": "elevenlabs", "voice_id": "x"},
    "webhook_events": ["tool-calls"],
    "protect": True,
}
SCALARS = st.sampled_from(
    [None, True, False, 0, -1, 1.5, 10**30, "", "x", "one", "${var.a}", "x ${var.list}", "${var.map}", "${var.nothing}",
     "${secret.s}", "${agents.one.id}", "${numbers.one.phone_number}", "a ${agents.two.name} ${secret.s}", "${", "$${x",
     "endCall", "transfer_call", "function", "mcp", "one.md", "../x.md", "\0", "é\n", "yes", "+31201234567"]
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "name", "template", "provider", "function", "a", "prompt", "messages", "<<"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Give the path of every value inside a value."""
    below: list[tuple[Any, ...]] = [path]
    if isinstance(value, dict):
        return below + [found for key, each in value.items() for found in places(each, (*path, key))]
    if isinstance(value, list):
        return below + [found for index, each in enumerate(value) for found in places(each, (*path, index))]
    return below


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """Put another value at a path."""
    if not path:
        return new
    changed = copy.copy(value)
    changed[path[0]] = replaced(value[path[0]], path[1:], new)
    return changed


def base() -> dict[str, Any]:
    """Give a good stack: one item of each kind, and the environment."""
    items = {f"{kind.folder}/one.yaml": dict(kind.example) for kind in KINDS.values()}
    return {**items, "agents/one.yaml": AGENT, "environments/dev.yaml": ENVIRONMENT}


@settings(max_examples=75, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_value_anywhere_is_loaded_or_a_problem(files: Files, data: st.DataObject) -> None:
    stack = base()
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(sorted(stack)))
        stack[path] = replaced(stack[path], data.draw(st.sampled_from(places(stack[path]))), data.draw(VALUES))
    files.write("agents/one.md", "You are ${var.a} ${include more.md}\n")
    files.write("prompts/more.md", "more ${agents.one.id}")
    for path, content in stack.items():
        files.write(path, yaml.safe_dump(content, allow_unicode=True))
    loaded = resolve(read_folder(Path()), "dev")
    assert set(loaded.items) <= {f"{kind.folder}.one" for kind in KINDS.values()}
    for problem in loaded.problems:
        assert problem.file in {*stack, "agents/one.md", "prompts/more.md"}
        assert problem.line >= 1
        assert problem.text.endswith((".", "?"))
        assert "Unresolved" not in problem.text
        assert "object at 0x" not in problem.text


def test_the_stack_that_is_varied_is_good_but_for_its_references(files: Files) -> None:
    for path, content in base().items():
        files.write(path, yaml.safe_dump(content))
    files.write("agents/one.md", "You are ${var.a}\n")
    assert [each for each in files.problems() if each.severity == "error"] == []
