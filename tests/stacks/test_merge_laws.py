"""Laws of an overlay: it is a JSON Merge Patch (RFC 7396) that keeps the place of every value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from flireo_iac.errors import Problem
from flireo_iac.kinds import FILE_KINDS
from flireo_iac.stacks.document import read_document
from flireo_iac.stacks.folder import read_folder
from flireo_iac.stacks.load import resolve
from flireo_iac.stacks.nodes import ListNode, MapNode, Node, ScalarNode, merge
from tests import strategies
from tests.stacks.writing import Files

KEYS = st.sampled_from("abc")
LEAVES = st.booleans() | st.integers(0, 3) | st.sampled_from(["", "x", "y"])
SOLID = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=3))
VALUES = st.recursive(
    st.none() | LEAVES, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=3)
)
MAPPINGS = st.dictionaries(KEYS, VALUES, max_size=3)
SOLID_MAPPINGS = st.dictionaries(KEYS, SOLID, max_size=3)


def tree(value: dict[str, Any], file: str = "base.yaml") -> MapNode:
    """Read a mapping as the file of a stack."""
    problems: list[Problem] = []
    node = read_document(file, yaml.safe_dump(value).encode(), problems)
    assert problems == []
    assert node is not None
    return node


def plain(node: Node) -> Any:
    match node:
        case MapNode():
            return {key: plain(entry.node) for key, entry in node.entries.items()}
        case ListNode():
            return [plain(each) for each in node.items]
        case ScalarNode():
            return node.value


def merge_patch(target: Any, patch: Any) -> Any:
    """Do what RFC 7396, section 2, says."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge_patch(result.get(key), value)
    return result


def leaves(node: Node, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Node]]:
    if isinstance(node, MapNode):
        for key, entry in node.entries.items():
            yield from leaves(entry.node, (*path, key))
    else:
        yield path, node


@given(MAPPINGS, MAPPINGS)
def test_laws_of_a_merge_patch(base: dict[str, Any], overlay: dict[str, Any]) -> None:
    once = merge(tree(base), tree(overlay))
    assert plain(once) == merge_patch(base, overlay)
    assert plain(merge(once, tree(overlay))) == plain(once)


@given(MAPPINGS)
def test_an_empty_overlay_changes_nothing(base: dict[str, Any]) -> None:
    assert merge(tree(base), tree({})) == tree(base)


@given(SOLID_MAPPINGS)
def test_an_overlay_over_nothing_is_itself(overlay: dict[str, Any]) -> None:
    assert plain(merge(tree({}), tree(overlay))) == overlay
    assert plain(merge(tree(overlay), tree(overlay))) == overlay


@given(MAPPINGS)
def test_null_removes_and_leaves_no_trace(base: dict[str, Any]) -> None:
    assert plain(merge(tree(base), tree(dict.fromkeys("abc")))) == {}
    assert plain(merge(tree(base), tree({"d": None, "e": {"f": None}}))) == {**base, "e": {}}


@given(SOLID_MAPPINGS, SOLID_MAPPINGS, SOLID_MAPPINGS)
def test_overlays_without_null_may_be_put_together_first(one: Any, two: Any, three: Any) -> None:
    assume(_agree(one, two) and _agree(two, three) and _agree(one, three))
    first = merge(merge(tree(one), tree(two)), tree(three))
    assert plain(first) == plain(merge(tree(one), merge(tree(two), tree(three))))


def _agree(one: Any, two: Any) -> bool:
    """Tell whether no mapping stands against something else."""
    if isinstance(one, dict) and isinstance(two, dict):
        return all(_agree(one[key], two[key]) for key in one.keys() & two.keys())
    return isinstance(one, dict) == isinstance(two, dict)


@given(MAPPINGS, MAPPINGS)
def test_every_value_keeps_the_place_it_comes_from(base: dict[str, Any], overlay: dict[str, Any]) -> None:
    below, above = tree(base), tree(overlay, "overlay.yaml")
    from_overlay = dict(leaves(above))
    for path, node in leaves(merge(below, above)):
        wanted = from_overlay.get(path, dict(leaves(below)).get(path))
        assert wanted is not None
        assert node.place == wanted.place


@settings(strategies.LAW, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_an_overlay_gives_the_inputs_of_the_merged_file(files: Files, data: st.DataObject) -> None:
    # Leads of a campaign are checked beside each other, which drawn ones do not stand.
    kind = data.draw(st.sampled_from([each for each in FILE_KINDS if each.name != "campaign"]))
    base = data.draw(strategies.inputs(kind))
    removed = data.draw(st.sets(st.sampled_from(sorted(base))))
    overlay = {**data.draw(strategies.inputs(kind)), **dict.fromkeys(removed)}
    key = f"{kind.folder}.one"
    path = f"{kind.folder}/one.yaml"

    files.write(path, yaml.safe_dump(base))
    files.write("environments/dev.yaml", yaml.safe_dump({"resources": {key: overlay}}))
    laid_over = resolve(read_folder(files.folder), "dev")
    files.write(path, yaml.safe_dump(merge_patch(base, overlay)))
    files.write("environments/dev.yaml", "")
    merged = resolve(read_folder(files.folder), "dev")

    assert {name: item.inputs for name, item in laid_over.items.items()} == {
        name: item.inputs for name, item in merged.items.items()
    }
    assert sorted(problem.rule for problem in laid_over.problems) == sorted(problem.rule for problem in merged.problems)
    (files.folder / path).unlink()
