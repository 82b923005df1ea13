"""Resources come into a state and leave it, as one change that either fits or is refused."""

from __future__ import annotations

import pytest

from flireo_iac.engine.adopting import admit, forget
from flireo_iac.engine.deploy.adoption import Adopted
from flireo_iac.engine.files.snapshot import Operation, Snapshot, find_damage
from flireo_iac.engine.model.state import Resource
from flireo_iac.engine.unfinished import CREATING
from flireo_iac.errors import StateError
from tests.engine.test_unfinished import URN, thing

ROOT = "urn:pulumi:dev::test::pulumi:pulumi:Stack::test-dev"


def root(**outputs: str) -> Resource:
    return Resource(ROOT, "pulumi:pulumi:Stack", custom=False, outputs=dict(outputs))


def names(snapshot: Snapshot) -> list[str]:
    assert find_damage(snapshot.resources) == ""
    return [each.urn.rpartition("::")[2] for each in snapshot.resources]


def test_what_is_adopted_stands_after_what_it_needs() -> None:
    snapshot = Snapshot([root(kept="k"), thing("one", "1")])
    admit(snapshot, Adopted((thing("two", "2", "one"),), {"things.two": "2"}))
    assert names(snapshot) == ["test-dev", "one", "two"]
    assert snapshot.resources[0].outputs == {"kept": "k", "things.two": "2"}


@pytest.mark.parametrize("resource", [thing("one", "2"), thing("two", "2", "gone")])
def test_a_state_that_has_changed_meanwhile_stays(resource: Resource) -> None:
    snapshot = Snapshot([root(), thing("one", "1")])
    with pytest.raises(StateError, match="changed meanwhile"):
        admit(snapshot, Adopted((resource,), {}))
    assert names(snapshot) == ["test-dev", "one"]


def test_what_is_forgotten_leaves_with_its_output() -> None:
    snapshot = Snapshot([root(one="1", two="2"), thing("one", "1", protect=True), thing("two", "2", "one")])
    forget(snapshot, [URN + "one", URN + "two"])
    assert names(snapshot) == ["test-dev"]
    assert snapshot.resources[0].outputs == {}


def test_what_others_need_stays_unless_they_go_too() -> None:
    snapshot = Snapshot([root(), thing("one", "1"), thing("two", "2", "one"), thing("three", "3", "one")])
    with pytest.raises(StateError) as error:
        forget(snapshot, [URN + "one", URN + "two", URN + "never"])
    assert str(error.value).splitlines() == [
        f"{URN}never: the state does not hold it, so it cannot be forgotten.",
        f"{URN}one: {URN}three needs it. Remove that one too, or first.",
    ]
    assert names(snapshot) == ["test-dev", "one", "two", "three"]


def test_what_was_cut_off_is_settled_first() -> None:
    snapshot = Snapshot([root(), thing("one", "1")], [Operation(CREATING, thing("two"))])
    with pytest.raises(StateError, match="flireo recover"):
        admit(snapshot, Adopted((), {}))
    with pytest.raises(StateError, match="flireo recover"):
        forget(snapshot, [URN + "one"])
