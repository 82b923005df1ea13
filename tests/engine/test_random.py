"""Random stacks, changes, failures and drift: whatever happens, one good run at the end leaves nothing to do."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flireo_iac.engine.model.state import Resource
from flireo_iac.engine.planning.graph import DeletionOrder, dependents_of
from tests.engine.lab import Lab, thing

NAMES = "abcdefg"


def random_things(chance: random.Random) -> list[dict[str, Any]]:
    names = chance.sample(NAMES, chance.randint(1, len(NAMES)))
    things = []
    for place, name in enumerate(names):
        props: dict[str, Any] = {
            "text": chance.choice(["one", "two", "one\ntwo\n"]),
            "kind": chance.choice(["x", "x", "x", "y"]),
            "dbr": chance.random() < 0.3,
            "engine_diff": chance.random() < 0.5,
        }
        options: dict[str, Any] = {}
        others = names[:place]
        if others and chance.random() < 0.6:
            props["refs"] = {chance.choice(["other", "kind"]): chance.choice(others)}
        if others and chance.random() < 0.3:
            options["depends_on"] = [chance.choice(others)]
        if chance.random() < 0.1:
            options["delete_before_replace"] = chance.random() < 0.5
        if chance.random() < 0.3:
            props["secrets"] = {"token": chance.choice(["canary-1", "canary-2"])}
        if "kind" in props.get("refs", {}):
            del props["kind"]
        things.append(thing(name, opts=options, **props))
    return things


@pytest.mark.parametrize("seed", range(3))
def test_random_histories(lab: Lab, seed: int) -> None:
    chance = random.Random(seed)
    outside = False
    for _ in range(6):
        lab.want(*random_things(chance), exports={"fixed": "value"})
        if chance.random() < 0.5:
            lab.faults(
                {
                    "method": chance.choice(["create", "update", "delete", "read"]),
                    "name": chance.choice([None, *NAMES]),
                    "kind": chance.choice(["error", "status"]),
                }
            )
        ids = lab.ids() if lab.state_path.exists() else {}
        if ids and chance.random() < 0.3:
            getattr(lab, chance.choice(["lose", "edit"]))(chance.choice(sorted(ids)))
            outside = True
        verb = chance.choice(["up", "up", "up", "refresh", "destroy"]) if lab.state_path.exists() else "up"
        options: dict[str, Any] = {"refresh": outside} if verb != "refresh" else {}
        if chance.random() < 0.3 and verb != "refresh":
            options["continue_on_error"] = True
        result = lab.run(verb, **options)
        assert result.exit_code in (0, 1), lab.messages()
        if not outside:
            nothing_is_lost(lab)
        outside = outside and result.exit_code != 0
    lab.faults()
    lab.up(refresh=True)
    lab.settled()
    assert lab.run("destroy").exit_code == 0
    assert list((lab.cloud / "objects").iterdir()) == []
    written = "\n".join(path.read_text() for path in lab.backend_files("**/*") if path.is_file())
    assert "canary" not in written


def nothing_is_lost(lab: Lab) -> None:
    """Every object is in the state, and every live entry of the state is an object."""
    entries = [found for found in lab.latest().get("resources", []) if ":Thing" in found["type"]]
    objects = {path.name for path in (lab.cloud / "objects").iterdir()}
    assert objects <= {found["id"] for found in entries}
    assert {found["id"] for found in entries if not found.get("pendingReplacement")} <= objects


@st.composite
def states(draw: st.DrawFn) -> list[Resource]:
    made: list[Resource] = []
    for index in range(draw(st.integers(0, 12))):
        names = [resource.urn for resource in made]
        needed = draw(st.lists(st.sampled_from(names), max_size=3, unique=True)) if names else []
        parent = draw(st.sampled_from(["", *names]))
        made.append(
            Resource(
                f"urn:pulumi:s::p::t::{index}", "t", custom=draw(st.booleans()), parent=parent, dependencies=needed
            )
        )
    return made


@given(states(), st.data())
def test_nothing_is_deleted_before_what_needs_it(state: Sequence[Resource], data: st.DataObject) -> None:
    condemned = data.draw(st.lists(st.sampled_from(state), unique_by=id)) if state else []
    layers = DeletionOrder(state).layers(condemned)
    assert sorted(resource.urn for layer in layers for resource in layer) == sorted(found.urn for found in condemned)
    gone: set[str] = set()
    for layer in layers:
        assert layer
        for resource in layer:
            users = {user.urn for user in condemned if resource.urn in set(user.needs())}
            assert users <= gone
        gone |= {resource.urn for resource in layer}
    for resource in state:
        order = DeletionOrder(state)
        below = order.all_needs(resource)
        for dependent in dependents_of(resource, state, set()):
            assert id(resource) in order.all_needs(dependent)
        assert id(resource) not in below
