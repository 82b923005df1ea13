"""One YAML file: values, places, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flireo_iac.errors import Problem
from flireo_iac.stacks.document import MAX_DEPTH, plain_value, read_document
from flireo_iac.stacks.nodes import ListNode, MapNode, Node, ScalarNode, locate, merge


def read(text: str | bytes) -> tuple[MapNode | None, list[Problem]]:
    problems: list[Problem] = []
    return read_document("x.yaml", text.encode() if isinstance(text, str) else text, problems), problems


def data(node: Node) -> Any:
    match node:
        case MapNode():
            return {key: data(entry.node) for key, entry in node.entries.items()}
        case ListNode():
            return [data(item) for item in node.items]
        case ScalarNode():
            return node.value


def good(text: str) -> Any:
    node, problems = read(text)
    assert problems == []
    assert node is not None
    return data(node)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("OFF", "OFF"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("null", None),
        ("", None),
        ("12", 12),
        ("-3", -3),
        ("+31201234567", 31201234567),
        ("012", "012"),
        ("0", 0),
        ("0x1F", 31),
        ("0o17", 15),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("1.50", 1.5),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("1.2.3", "1.2.3"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("1e999", "1e999"),
        ("2026-01-30", "2026-01-30"),
        ("12345678901234567890", "12345678901234567890"),
        ("9007199254740993", "9007199254740993"),
        ("9" * 6000, "9" * 6000),
        ("007.5", 7.5),
    ],
)
def test_plain_scalar_is_read_by_the_core_rules_of_yaml_1_2(written: str, value: Any) -> None:
    read_value = good(f"key: {written}\n")["key"]
    assert read_value == value
    assert type(read_value) is type(value)


def test_quoted_scalar_is_text() -> None:
    assert good("a: '12'\nb: \"true\"\nc: !!str 12\nd: !!int '7'\n") == {"a": "12", "b": "true", "c": "12", "d": 7}


def test_block_scalars_are_what_yaml_says() -> None:
    assert good("a: |\n  one\n    two\n\nb: >-\n  x\n  y\nc: |+\n  z\n\n") == {
        "a": "one\n  two\n",
        "b": "x y",
        "c": "z\n\n",
    }


def test_every_value_has_line_and_column() -> None:
    node, _ = read("# é\nname: A\nllm_config:\n  tools: [{type: endCall}, {type:  x}]\n")
    assert node is not None
    assert str(locate(node, ("name",))[0]) == "x.yaml:2:7"
    assert str(locate(node, ("llm_config", "tools", 1, "type"))[0]) == "x.yaml:4:36"
    assert str(locate(node, ("llm_config", "tools", 1, "type"), is_about_key=True)[0]) == "x.yaml:4:29"
    assert str(locate(node, ("llm_config", "model"))[0]) == "x.yaml:4:3"


@pytest.mark.parametrize(
    ("text", "place", "rule", "words"),
    [
        ("a: [1\nb: 2\n", "x.yaml:2:2", "FL101", "not valid YAML"),
        ("a:\n\t- b\n", "x.yaml:2:1", "FL101", "a tab"),
        ("- a\n", "x.yaml:1:1", "FL101", "has to hold a mapping"),
        ("just text\n", "x.yaml:1:1", "FL101", "has to hold a mapping"),
        ("a: 1\n---\nb: 2\n", "x.yaml:2:1", "FL101", "second document"),
        ("a: 1\nb:\n  c: 1\n  c: 2\n", "x.yaml:4:3", "FL102", '"c" stands twice, the first time in line 3'),
        ("a: !!python/object:os.system x\n", "x.yaml:1:4", "FL101", "!!python/object:os.system"),
        ("a: !foo x\n", "x.yaml:1:4", "FL101", '"!foo"'),
        ("a: !foo {b: 1}\n", "x.yaml:1:4", "FL101", '"!foo"'),
        ("a: *b\n", "x.yaml:1:4", "FL101", "has no anchor"),
        ("a: &a [*a]\n", "x.yaml:1:8", "FL101", "inside its own anchor"),
        ("a: {{x}}\n", "x.yaml:1:5", "FL101", "needs quotes"),
        ("a: [${var.x}]\n", "x.yaml:1:6", "FL101", 'Write "${'),
        ("a: b: c\n", "x.yaml:1:5", "FL101", "quotes"),
        ("? [a]\n: b\n", "x.yaml:1:3", "FL101", "a key has to be text"),
        ("é: €\nb: é\x07\n", "x.yaml:2:5", "FL101", "control character U+0007"),
        (b"a: x\nb: \xe9\xff\n", "x.yaml:2:4", "FL101", "not UTF-8"),
        ("a: 'never closed\n", "x.yaml:2:1", "FL101", "not valid YAML"),
        ("<<: 3\n", "x.yaml:1:5", "FL101", '"<<" takes'),
    ],
)
def test_broken_file_is_a_problem_with_its_place(text: str | bytes, place: str, rule: str, words: str) -> None:
    node, problems = read(text)
    assert node is None
    assert [(f"{each.file}:{each.line}:{each.column}", each.rule) for each in problems] == [(place, rule)]
    assert words in problems[0].text


@pytest.mark.parametrize("text", ["", "\n\n", "# only words\n", "---\n", "~\n", "\ufeff"])
def test_empty_file_is_an_empty_mapping(text: str) -> None:
    assert good(text) == {}


def test_byte_order_mark_of_a_yaml_file_is_ignored() -> None:
    assert good("\ufeffa: 1\n") == {"a": 1}


def test_anchors_and_merge_keys_work() -> None:
    text = "base: &b {x: 1, y: 2}\none: {<<: *b, y: 3}\ntwo:\n  <<: [{z: 1}, *b]\n  again: *b\n"
    assert good(text)["one"] == {"y": 3, "x": 1}
    assert good(text)["two"] == {"again": {"x": 1, "y": 2}, "z": 1, "x": 1, "y": 2}


def test_alias_bomb_is_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    node, problems = read("\n".join(lines))
    assert node is None
    assert [each.rule for each in problems] == ["FL101"]
    assert "aliases" in problems[0].text


@pytest.mark.parametrize("text", ["a: " + "[" * 50_000, "a: " + "{a: " * 50_000, "- " * 50_000])
def test_deep_nesting_is_refused_without_harm(text: str) -> None:
    node, problems = read(text)
    assert node is None
    assert f"at most {MAX_DEPTH}" in problems[0].text


@given(st.text())
def test_any_text_is_read_or_is_one_problem(text: str) -> None:
    node, problems = read(text.encode("utf-8", "surrogatepass"))
    assert (node is None) == bool(problems)


@given(st.binary())
def test_any_bytes_are_read_or_a_problem(content: bytes) -> None:
    node, problems = read(content)
    assert (node is None) == bool(problems)
    assert all(each.line >= 1 and each.column >= 1 for each in problems)


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53))
def test_number_keeps_its_value(number: float) -> None:
    assert plain_value(repr(number)) == number


def test_merge_lays_mappings_over_each_other_and_lists_replace() -> None:
    base, over = read("a: {b: 1, c: [1, 2], d: x}\ne: 1\n")[0], read("a: {c: [3], d: null, f: {g: null, h: 1}}\n")[0]
    assert base is not None
    assert over is not None
    merged = merge(base, over)
    assert data(merged) == {"a": {"b": 1, "c": [3], "f": {"h": 1}}, "e": 1}
    assert data(base) == {"a": {"b": 1, "c": [1, 2], "d": "x"}, "e": 1}
