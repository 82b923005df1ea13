"""Resources come into a state and leave it, as one change that either fits or is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from google.protobuf.json_format import MessageToDict
from pulumi.runtime.proto import resource_pb2

from flireo_iac.engine.adopting import admit, forget
from flireo_iac.engine.deploy.adoption import Adopted, Adoption
from flireo_iac.engine.deploy.deployment import Settings
from flireo_iac.engine.deploy.taken import Taken
from flireo_iac.engine.files.config import Config
from flireo_iac.engine.files.snapshot import Operation, Snapshot, find_damage
from flireo_iac.engine.model.redact import Redactor
from flireo_iac.engine.model.state import Resource
from flireo_iac.engine.model.values import Properties
from flireo_iac.engine.planning.goal import RefusedError
from flireo_iac.engine.planning.targets import Targets
from flireo_iac.engine.processes.provider_process import ProviderProcess
from flireo_iac.engine.unfinished import CREATING
from flireo_iac.errors import StateError
from tests.engine.test_unfinished import URN, thing

ROOT = "urn:pulumi:dev::test::pulumi:pulumi:Stack::test-dev"

PET = "urn:pulumi:dev::test::random:index/randomPet:RandomPet::"


def adoption(base: Snapshot, told: list[str]) -> Adoption:
    """Give a run that takes nothing and has no provider."""
    settings = Settings("test", "dev", Path(), Config({}, frozenset()), True, 1, False, Targets([]))

    def provider() -> ProviderProcess:
        raise AssertionError("no provider is needed")

    def take(urn: str, inputs: Properties) -> Taken | None:
        raise AssertionError(f"{urn} is of another provider")

    return Adoption(settings, base, provider, take, lambda event: told.append(getattr(event, "text", "")), Redactor())


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


def test_resources_of_other_providers_are_what_the_state_says() -> None:
    pet = Resource(f"{PET}old", "random:index/randomPet:RandomPet", custom=True, id="p", outputs={"length": 2})
    run = adoption(Snapshot([root(), pet]), [])
    answers = [
        run.register(resource_pb2.RegisterResourceRequest(type=pet.type, name=name, custom=True, version="4.16.0"))
        for name in ("old", "new")
    ]
    assert [(each.urn, each.id, each.unknown) for each in answers] == [
        (f"{PET}old", "p", False),
        (f"{PET}new", "", True),
    ]
    assert MessageToDict(answers[0].object) == {"length": 2}
    assert run.adopted() == Adopted((), {})


def test_what_only_pulumi_can_answer_stops() -> None:
    told: list[str] = []
    run = adoption(Snapshot([root()]), told)
    with pytest.raises(RefusedError) as error:
        run.look_up(resource_pb2.ResourceInvokeRequest(tok="aws:index/getRegion:getRegion"))
    run.refuse(str(error.value))
    assert run.failed
    assert told[-1].endswith("by the local engine. The program is run without pulumi here; nothing was changed.")
