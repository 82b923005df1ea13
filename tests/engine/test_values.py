"""Values on the wire, in the state, and side by side."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.protobuf import struct_pb2
from hypothesis import given
from hypothesis import strategies as st

from flireo_iac.engine.model import values
from flireo_iac.engine.model.diff import compare, inverted
from flireo_iac.engine.model.paths import covers, format_path, parse_path, put_back
from flireo_iac.engine.model.state import Resource, decode, decode_resource, encode, plain_resource
from flireo_iac.engine.model.values import (
    SECRET_SIGNATURE,
    SIGNATURE,
    UNKNOWN,
    Reference,
    Secret,
    equal,
    mark_outputs,
    mark_secrets,
    masked,
    read_struct,
    unwrap,
    write_struct,
)

names = st.text(max_size=8).filter(lambda name: name != SIGNATURE)
numbers = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False).map(values.whole)
plain = st.recursive(
    st.none() | st.booleans() | numbers | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)
references = st.builds(Reference, st.just("urn:pulumi:s::p::t::n"), st.none() | st.text(min_size=1), st.just(""))
anything = st.recursive(
    plain | references | st.just(UNKNOWN),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3) | inner.map(Secret),
    max_leaves=12,
)
properties = st.dictionaries(names, anything, max_size=5)
plain_properties = st.dictionaries(names, plain, max_size=5)


@given(properties)
def test_what_goes_to_the_program_comes_back(sent: dict[str, Any]) -> None:
    wire = struct_pb2.Struct.FromString(write_struct(sent, for_program=True).SerializeToString())
    assert equal(read_struct(wire), sent)


@given(properties)
def test_what_goes_to_the_provider_has_no_marks(sent: dict[str, Any]) -> None:
    wire = write_struct(sent, for_program=False)
    assert SECRET_SIGNATURE not in str(wire)
    back = read_struct(wire)
    assert not values.contains(back, Secret)
    assert equal(set(back), set(sent))


def unseal(place: str, text: str) -> str:
    return text.removeprefix(f"sealed {place} ")


@given(properties)
def test_what_is_stored_comes_back_and_shows_no_secret(stored: dict[str, Any]) -> None:
    def seal(place: str, text: str) -> str:
        return f"sealed {place} {text}"

    text = json.dumps(encode(stored, seal, "here"))
    back = decode(json.loads(text), unseal, "here")
    assert equal(back, stored)


@given(properties, properties)
def test_equal_is_what_a_diff_of_the_bare_values_finds_nothing_in(left: dict[str, Any], right: dict[str, Any]) -> None:
    assert equal(left, left)
    assert equal(left, right) == equal(right, left)
    assert (compare(left, right) == ()) == equal(unwrap(left), unwrap(right))


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        (True, 1, False),
        (0, False, False),
        (1, 1.0, True),
        ({"a": None}, {}, True),
        ([None], [], False),
        (Secret("x"), "x", False),
        (Secret({"a": None}), Secret({}), True),
        (UNKNOWN, UNKNOWN, True),
        ("1", 1, False),
        (None, Secret(None), False),
    ],
)
def test_equality_at_its_edges(left: Any, right: Any, same: bool) -> None:
    assert equal({"k": left}, {"k": right}) is same


def test_marks_of_secrets_go_where_the_provider_answered() -> None:
    sent = {"a": Secret("x"), "b": {"c": Secret("y"), "d": 1}, "e": [Secret("z"), 2], "f": 3, "g": Secret({"h": 1})}
    answer = {"a": "x", "b": {"c": "y", "d": 1, "new": 2}, "e": ["z", 2], "f": 3, "g": {"h": 1}, "more": "x"}
    marked = mark_secrets(answer, sent)
    assert isinstance(marked["a"], Secret)
    assert isinstance(marked["b"]["c"], Secret)
    assert (marked["b"]["d"], marked["b"]["new"], marked["f"], marked["more"]) == (1, 2, 3, "x")
    assert isinstance(marked["e"], Secret)  # one secret in a list makes all of it secret
    assert isinstance(marked["g"], Secret)
    outputs = mark_outputs({"a": "x", "id": "1", "token": "t"}, {"a": Secret("other")}, ["token", "absent"])
    assert [isinstance(outputs[key], Secret) for key in ("a", "id", "token")] == [True, False, True]


def test_assets_are_refused_and_numbers_stay_whole() -> None:
    wire = struct_pb2.Struct()
    wire.update({"file": {SIGNATURE: "c44067f5952c0a294b673a41bacd8c17", "text": "x"}})
    with pytest.raises(values.UnsupportedValueError):
        read_struct(wire)
    wire = struct_pb2.Struct()
    wire.update({"n": 3, "big": 1e20, "huge": 1e21, "half": 0.5})
    assert json.dumps(read_struct(wire)) == '{"n": 3, "big": 100000000000000000000, "huge": 1e+21, "half": 0.5}' or (
        json.loads(json.dumps(read_struct(wire))) == {"n": 3, "big": 1e20, "huge": 1e21, "half": 0.5}
    )
    assert masked({"s": Secret("x"), "u": UNKNOWN}) == {"s": "[secret]", "u": values.UNKNOWN_TEXT}
    for odd in (float("inf"), float("-inf")):
        assert decode(encode(odd, unseal, ""), unseal, "") == odd


@given(st.lists(st.text(min_size=1, max_size=5) | st.integers(0, 9), min_size=1, max_size=4))
def test_paths_are_written_as_they_are_read(steps: list[str | int]) -> None:
    path = tuple(step if isinstance(step, int) else step.replace("\\", "") or "x" for step in steps)
    assert parse_path(format_path(path)) == path


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a", ("a",)),
        ("a.b[0].c", ("a", "b", 0, "c")),
        ('a["b.c"][1]', ("a", "b.c", 1)),
        ('["x y"].z', ("x y", "z")),
        ("a[*].b", ("a", "*", "b")),
        ("*", ("*",)),
        ("a[", None),
        (".a", None),
        ("a..b", None),
    ],
)
def test_paths(text: str, path: tuple[str | int, ...] | None) -> None:
    assert parse_path(text) == path


@pytest.mark.parametrize(
    ("ignored", "new", "old", "result", "failed"),
    [
        (["a"], {"a": 2, "b": 2}, {"a": 1, "b": 1}, {"a": 1, "b": 2}, []),
        (["a"], {"b": 2}, {"a": 1}, {"a": 1, "b": 2}, []),
        (["a"], {"a": 2}, {}, {}, []),
        (["a.b"], {"a": {"b": 2, "c": 2}}, {"a": {"b": 1, "c": 1}}, {"a": {"b": 1, "c": 2}}, []),
        (["a.b"], {}, {"a": {"b": 1}}, {}, ["a.b"]),
        (["a.b"], {"a": {"b": 2}}, {}, {"a": {}}, []),
        (["a.b"], {"a": {"b": 2}}, {"a": 1}, {"a": {}}, []),
        (["a.b.c"], {"a": {"b": {"c": 2}}}, {"a": 1}, {"a": {"b": {"c": 2}}}, ["a.b.c"]),
        (["a[0]"], {"a": [2, 2]}, {"a": [1, 1]}, {"a": [1, 2]}, []),
        (["a[1]"], {"a": [2]}, {"a": [1, 1]}, {"a": [2]}, ["a[1]"]),
        (["a[*].b"], {"a": [{"b": 2}, {"b": 2}]}, {"a": [{"b": 1}, {"b": 1}]}, {"a": [{"b": 1}, {"b": 1}]}, []),
        (["*"], {"a": 2, "c": 2}, {"a": 1, "b": 1}, {"a": 1, "b": 1}, []),
    ],
)
def test_ignored_changes(
    ignored: list[str], new: dict[str, Any], old: dict[str, Any], result: dict[str, Any], failed: list[str]
) -> None:
    before = json.dumps(new)
    assert put_back(new, old, ignored) == (result, failed)
    assert json.dumps(new) == before


def test_ignored_secrets_stay_secret() -> None:
    result, _ = put_back({"a": "new"}, {"a": Secret("old")}, ["a"])
    assert isinstance(result["a"], Secret)
    assert result["a"].value == "old"
    assert covers(("a", "*"), ("a", 1, "b"))
    assert not covers(("a", "b"), ("a",))


@given(plain_properties, plain_properties)
def test_a_diff_turned_round_is_the_diff_the_other_way(left: dict[str, Any], right: dict[str, Any]) -> None:
    there = {(change.path, change.kind) for change in inverted(compare(left, right))}
    assert there == {(change.path, change.kind) for change in compare(right, left)}


def test_a_resource_is_stored_whole() -> None:
    resource = Resource(
        urn="urn:pulumi:s::p::t::n",
        type="t",
        custom=True,
        id="1",
        inputs={"a": Secret("x")},
        property_dependencies={"a": []},
        protect=True,
        extra={"stackTrace": [{"sourcePosition": "x"}]},
    )
    plain_form = plain_resource(resource, lambda place, text: f"sealed {place} {text}")
    assert plain_form["propertyDependencies"] == {"a": []}
    assert "outputs" not in plain_form
    assert plain_form["inputs"]["a"]["ciphertext"].endswith('"x"')
    back = decode_resource(json.loads(json.dumps(plain_form)), unseal)
    for name in Resource.__dataclass_fields__:
        if name not in ("inputs", "encoded"):
            assert getattr(back, name) == getattr(resource, name), name
    assert equal(back.inputs, resource.inputs)
