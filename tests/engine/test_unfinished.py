"""A pending create becomes a resource of the state, where the run itself would have put it."""

from __future__ import annotations

import pytest

from flireo_iac.engine.deploy.taken import Taken
from flireo_iac.engine.files.snapshot import Operation, Snapshot, find_damage
from flireo_iac.engine.model.state import Resource
from flireo_iac.engine.model.values import Secret
from flireo_iac.engine.unfinished import CREATING, settle
from flireo_iac.errors import StateError

URN = "urn:pulumi:dev::shop::test:Thing::"


def thing(name: str, id_: str = "", *needs: str, **values: object) -> Resource:
    """Make a resource."""
    made = Resource(URN + name, "test:Thing", True, id_, {"size": 1, "token": Secret("t")})
    made.dependencies = [URN + each for each in needs]
    for key, value in values.items():
        setattr(made, key, value)
    return made


def taken(name: str) -> Taken:
    """Say what the create of ``one`` has made."""
    return Taken(URN + name, "new", {"size": 1, "token": "t"}, {"size": 1, "token": "t", "digest": "d", "at": "now"})


def test_it_has_what_a_create_would_have_left() -> None:
    pending = thing("one", "", "base", additional_secret_outputs=["digest"])
    snapshot = Snapshot([thing("base", "b")], [Operation(CREATING, pending), Operation("updating", thing("base", "b"))])
    settle(snapshot, [taken("one")], [])
    (_, made) = snapshot.resources
    assert (made.id, made.dependencies, made.outputs["at"]) == ("new", [URN + "base"], "now")
    assert made.created
    assert [key for key, value in made.outputs.items() if isinstance(value, Secret)] == ["token", "digest"]
    assert isinstance(made.inputs["token"], Secret)
    assert [each.type for each in snapshot.operations] == ["updating"]


def test_what_it_replaces_waits_for_its_deletion() -> None:
    old = thing("one", "old")
    after = thing("two", "2", "one")
    snapshot = Snapshot([old, after], [Operation(CREATING, thing("one"))])
    settle(snapshot, [taken("one")], [])
    assert [(each.id, each.delete) for each in snapshot.resources] == [("new", False), ("old", True), ("2", False)]
    assert find_damage(snapshot.resources) == ""


def test_what_was_deleted_first_is_replaced() -> None:
    snapshot = Snapshot([thing("one", "old", pending_replacement=True)], [Operation(CREATING, thing("one"))])
    settle(snapshot, [taken("one")], [])
    assert [(each.id, each.delete) for each in snapshot.resources] == [("new", False)]


def test_the_last_of_several_pending_creates_counts_and_all_are_forgotten() -> None:
    first, last = thing("one", protect=False), thing("one", protect=True)
    snapshot = Snapshot([], [Operation(CREATING, first), Operation(CREATING, last)])
    settle(snapshot, [taken("one")], [])
    assert [each.protect for each in snapshot.resources] == [True]
    assert snapshot.operations == []


def test_what_is_dropped_is_forgotten_and_the_rest_stays() -> None:
    snapshot = Snapshot([], [Operation(CREATING, thing("one")), Operation(CREATING, thing("two"))])
    settle(snapshot, [], [URN + "one"])
    assert [each.resource.urn for each in snapshot.operations] == [URN + "two"]


def test_a_create_that_is_not_pending_any_more_stops() -> None:
    with pytest.raises(StateError, match="not pending any more"):
        settle(Snapshot(), [taken("one")], [])
