"""Laws of diff, patch and refresh, for every kind, over inputs that are drawn from its model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from flireo_iac.core.canonical import canonical, comparable, same
from flireo_iac.core.check import check
from flireo_iac.core.diff import diff, own, patch
from flireo_iac.core.refresh import answer_digests, refreshed
from flireo_iac.kinds import DIALECTS, KINDS, Kind, fields, in_dialect, marker, our_name
from flireo_iac.kinds._markers import Immutable, Secret, ServerDefault, Unordered
from tests import strategies

EVERY_KIND = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


def server_row(kind: Kind, body: Mapping[str, Any], before: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Do what the API does with a body: keys replace whole, null empties, defaults fill what is left out.

    Source: api notes, section 6.
    """
    row = dict.fromkeys(kind.inputs) if before is None else dict(before)
    for name, info in kind.inputs.items():
        default = marker(info, ServerDefault)
        if before is None and default is not None:
            row[name] = default.value
    row |= json.loads(json.dumps(canonical(kind.model, body)))
    return {"id": "1", **row}


def shown(kind: Kind, row: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what the server never gives back."""
    secrets = {name: marker(info, Secret) for name, info in kind.inputs.items()}
    hidden = {name for name, secret in secrets.items() if secret is not None and not secret.is_returned}
    return {name: value for name, value in row.items() if name not in hidden}


def compared(kind: Kind, row: Mapping[str, Any]) -> dict[str, Any]:
    """Give a row in the form in which equal means that no write is needed; what is emptied has its default."""
    defaults = {name: mark.value for name, info in kind.inputs.items() if (mark := marker(info, ServerDefault))}
    spelled = {name: defaults.get(name) if value is None else value for name, value in row.items()}
    return {name: comparable(kind.model, name, value) for name, value in canonical(kind.model, spelled).items()}


@EVERY_KIND
@strategies.LAW
@given(data=st.data())
def test_a_patch_makes_of_the_old_object_what_a_create_makes(kind: Kind, data: st.DataObject) -> None:
    old = data.draw(strategies.inputs(kind))
    new = data.draw(strategies.changed(kind, old))
    changes = diff(kind, old, new)
    if any(change.is_replacement for change in changes):
        return
    wanted = patch(kind, changes, new)
    after = server_row(kind, wanted.body, server_row(kind, own(old)))
    target = server_row(kind, own(new))
    kept = {our_name(kind.model, name) for name in wanted.kept}
    kept |= {name for name in kind.inputs if kind.is_only_on_create(name)}
    differing = {name for name in target if not same(compared(kind, after).get(name), compared(kind, target).get(name))}
    assert differing <= kept
    assert {change.written for change in changes} == {*wanted.body, *wanted.kept}
    assert refreshed(kind, new, shown(kind, after), {}).drifted == ()


@EVERY_KIND
@strategies.LAW
@given(data=st.data())
def test_a_second_run_has_nothing_to_do(kind: Kind, data: st.DataObject) -> None:
    inputs = data.draw(strategies.inputs(kind))
    assert diff(kind, inputs, inputs) == ()
    assert patch(kind, (), inputs).body == {}


@EVERY_KIND
@strategies.LAW
@given(data=st.data())
def test_no_road_that_inputs_travel_makes_a_change(kind: Kind, data: st.DataObject) -> None:
    inputs = data.draw(strategies.inputs(kind))
    spelled = canonical(kind.model, inputs)
    roads = {
        "JSON": json.loads(json.dumps(inputs)),
        "Pulumi's wire, where each number is a float": strategies.floated(inputs),
        "the contract's spelling": spelled,
        "Windows": strategies.walked(inputs, lambda value: _with_crlf(value)),
        "another order of what has none": _turned(kind.model, spelled),
        "null for what is left out": {**dict.fromkeys(set(kind.inputs) - set(spelled)), **inputs},
        **{f"the spelling of {dialect}": in_dialect(kind.model, inputs, dialect) for dialect in DIALECTS},
    }
    for road, arrived in roads.items():
        assert diff(kind, inputs, arrived) == (), road
        assert diff(kind, arrived, inputs) == (), road
    assert canonical(kind.model, spelled) == spelled
    assert [str(issue) for issue in check(kind, spelled) if issue.severity == "error"] == []


def _with_crlf(value: Any) -> Any:
    return value.replace("\r\n", "\n").replace("\n", "\r\n") if isinstance(value, str) else value


def _turned(model: type[BaseModel], values: Mapping[str, Any]) -> dict[str, Any]:
    """Turn every list round whose order has no meaning, and the order of the keys."""
    unordered = {name for name, info in fields(model).items() if marker(info, Unordered) is not None}
    turned = {key: value[::-1] if key in unordered else value for key, value in values.items()}
    return dict(reversed(turned.items()))


@EVERY_KIND
@strategies.LAW
@given(data=st.data())
def test_a_dialect_says_the_same_in_one_way(kind: Kind, data: st.DataObject) -> None:
    inputs = data.draw(strategies.inputs(kind))
    spelled = {dialect: in_dialect(kind.model, inputs, dialect) for dialect in DIALECTS}
    for body in spelled.values():
        assert same(canonical(kind.model, body), canonical(kind.model, inputs))
        for other in DIALECTS:
            assert in_dialect(kind.model, body, other) == spelled[other]


@EVERY_KIND
@strategies.LAW
@given(data=st.data())
def test_a_change_is_seen_from_both_sides(kind: Kind, data: st.DataObject) -> None:
    old = data.draw(strategies.inputs(kind))
    new = data.draw(strategies.changed(kind, old))
    there, back = diff(kind, old, new), diff(kind, new, old)
    assert [change.name for change in there] == [change.name for change in back]
    turned = {"add": "remove", "remove": "add", "change": "change"}
    assert [turned[change.operation] for change in there] == [change.operation for change in back]
    immutable = {name for name, info in kind.inputs.items() if marker(info, Immutable)}
    assert {change.name for change in there if change.is_replacement} == {change.name for change in there} & immutable


@EVERY_KIND
@strategies.LAW
@given(data=st.data())
def test_what_the_server_holds_after_a_create_is_no_drift(kind: Kind, data: st.DataObject) -> None:
    inputs = data.draw(strategies.inputs(kind))
    row = shown(kind, server_row(kind, own(inputs)))
    digests = answer_digests(kind, inputs, row)
    for known in ({}, digests):
        result = refreshed(kind, strategies.floated(inputs), row, known)
        assert result.drifted == ()
        assert same(result.inputs, inputs)


@EVERY_KIND
@strategies.LAW
@given(data=st.data())
def test_drift_is_seen_taken_over_once_and_undone_by_the_next_run(kind: Kind, data: st.DataObject) -> None:
    inputs = data.draw(strategies.inputs(kind))
    theirs = data.draw(strategies.changed(kind, inputs))
    written = {our_name(kind.model, key) for key in own(inputs)}
    row = shown(kind, server_row(kind, own(theirs)))
    result = refreshed(kind, inputs, row, {})
    assert set(result.drifted) <= written
    again = refreshed(kind, result.inputs, row, {})
    assert again.drifted == ()
    assert again.inputs == result.inputs
    brought_back = {change.name for change in diff(kind, result.inputs, inputs)}
    assert brought_back == set(result.drifted)
