"""Random programs, failures and drift against a model of what has to be there; and the same programs on pulumi.

The model is small: what the last good run wanted is what the account holds, a protected thing is never deleted, and
what fails changes nothing that was not asked for. The state file is checked after every run (``lab.check``).
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from flireo_iac.engine.result import Result
from tests.engine.lab import STACK, Lab
from tests.engine.test_random import NAMES, nothing_is_lost, random_things

FAULTS = st.builds(
    lambda fault, name: {**fault, "name": name},
    st.sampled_from(
        [
            {"method": "create", "kind": "error"},
            {"method": "create", "kind": "die"},
            {"method": "create-after", "kind": "partial"},
            {"method": "update", "kind": "status"},
            {"method": "update", "kind": "die"},
            {"method": "delete", "kind": "error"},
        ]
    ),
    st.sampled_from([None, *NAMES]),
)
"""What fails once in a run: with an error, after the object was made, or with the death of the provider process."""


def wanted(lab: Lab, things: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Give what a program wants each thing to hold, with the ids that the state knows."""
    ids = lab.ids()
    return {
        each["name"]: {
            **each["props"],
            **each.get("secrets", {}),
            **{key: ids[other] for key, other in each.get("refs", {}).items()},
            "name": each["name"],
            "serial": ids[each["name"]],
        }
        for each in things
    }


def held(lab: Lab) -> dict[str, dict[str, Any]]:
    """Give what the account holds, by name; a name that is there twice fails."""
    found: dict[str, dict[str, Any]] = {}
    for path in (lab.cloud / "objects").iterdir():
        content = json.loads(path.read_text())
        assert content["name"] not in found, f"{content['name']} is there twice"
        found[content["name"]] = content
    return found


def protected(things: list[dict[str, Any]]) -> set[str]:
    return {each["name"] for each in things if each.get("opts", {}).get("protect")}


class Histories(RuleBasedStateMachine):
    """One stack, its account, and what the last good run wanted."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.lab = Lab(self.folder)
        self.lab.want()
        self.things: list[dict[str, Any]] = []
        self.is_outside = False

    def teardown(self) -> None:
        try:
            self.lab.faults()
            self._unprotect()
            assert self._run("up").exit_code == 0, self.lab.messages()
            self.lab.settled()
            assert self._run("destroy").exit_code == 0, self.lab.messages()
            assert held(self.lab) == {}
        finally:
            self.lab.close()
            shutil.rmtree(self.folder)

    # What a rule draws must not hang on what the processes did: that would make a failure impossible to repeat.

    @rule(pick=st.integers(0, 1000), how=st.sampled_from(["lose", "edit"]))
    def somebody_meddles(self, pick: int, how: str) -> None:
        ids = self.lab.ids() if self.lab.state_path.exists() else {}
        there = sorted(name for name, id_ in ids.items() if (self.lab.cloud / "objects" / id_).exists())
        if there:
            name = there[pick % len(there)]
            if how == "lose":
                self.lab.lose(name)
            else:
                self.lab.edit(name, text="edited")
            self.is_outside = True

    @rule(seed=st.integers(0, 2**32 - 1), fault=st.none() | FAULTS, goes_on=st.booleans())
    def up(self, seed: int, fault: dict[str, Any] | None, goes_on: bool) -> None:
        chance = random.Random(seed)
        if not self.things or chance.random() < 0.7:
            self.things = random_things(chance)
            for each in self.things:
                if chance.random() < 0.15:
                    each.setdefault("opts", {})["protect"] = True
            self.lab.want(*self.things)
        self.lab.faults(*([fault] if fault is not None else []))
        before = self._protected_in_state()
        result = self._run("up", continue_on_error=goes_on)
        if result.exit_code == 0:
            assert held(self.lab) == wanted(self.lab, self.things)
            self.is_outside = False
        assert before <= self._held_or_released(before)

    @rule()
    def refresh(self) -> None:
        if not self.lab.state_path.exists():
            return
        before = held(self.lab)
        if self.lab.run("refresh").exit_code == 0:
            self.is_outside = False
            assert set(self.lab.ids().values()) == {each["serial"] for each in before.values()}
        assert held(self.lab) == before

    @rule()
    def destroy(self) -> None:
        if not self.lab.state_path.exists():
            return
        before = self._protected_in_state()
        result = self._run("destroy")
        if result.exit_code == 0:
            assert held(self.lab) == {}
            assert before == set()
            self.is_outside = False
        assert before <= self._held_or_released(before)

    @invariant()
    def nothing_is_lost(self) -> None:
        if self.lab.state_path.exists() and not self.is_outside:
            nothing_is_lost(self.lab)

    def _run(self, verb: str, **options: Any) -> Result:
        result = self.lab.run(verb, refresh=self.is_outside, **options)
        assert result.exit_code in (0, 1), self.lab.messages()
        return result

    def _protected_in_state(self) -> set[str]:
        """Name what is protected and there."""
        if not self.lab.state_path.exists():
            return set()
        there = {path.name for path in (self.lab.cloud / "objects").iterdir()}
        return {each["id"] for each in self.lab.resources().values() if each.get("protect") and each["id"] in there}

    def _held_or_released(self, ids: set[str]) -> set[str]:
        """Give those ids that are there; what the program no longer protects may go."""
        there = {path.name for path in (self.lab.cloud / "objects").iterdir()}
        released = {id_ for id_ in ids if id_.rpartition("-")[0] in self._unprotected()}
        return there | released

    def _unprotected(self) -> set[str]:
        return {each["name"] for each in self.things} - protected(self.things)

    def _unprotect(self) -> None:
        """Register everything that is protected once more, without protection, so that all of it can go."""
        self.things = [{**each, "opts": {**each.get("opts", {}), "protect": False}} for each in self.things]
        known = {each["name"] for each in self.things}
        resources = self.lab.resources() if self.lab.state_path.exists() else {}
        kept = [name for name, each in resources.items() if each.get("protect") and name not in known]
        self.things += [{"name": name, "props": {"text": "kept"}} for name in kept]
        self.lab.want(*self.things)


TestHistories = Histories.TestCase
TestHistories.settings = settings(
    max_examples=max(1, settings().max_examples // 30),
    stateful_step_count=8,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # to make a history smaller takes hundreds of runs
)


def on_pulumi(lab: Lab, verb: str) -> int:
    """Run a verb of the pulumi program on the lab's project."""
    done = subprocess.run(
        ["pulumi", verb, "--yes", "--skip-preview", "--non-interactive", "--stack", STACK],
        cwd=lab.project,
        env={
            **lab.environment,
            "PATH": f"{lab.environment['PATH']}{os.pathsep}{os.environ['PATH']}",
            "PULUMI_BACKEND_URL": f"file://{lab.project}",
            "PULUMI_SKIP_UPDATE_CHECK": "1",
        },
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    return done.returncode


def picture(lab: Lab) -> Any:
    """Give account and state without what is made up by chance."""
    names = {path.name: json.loads(path.read_text())["name"] for path in (lab.cloud / "objects").iterdir()}
    entries = lab.latest().get("resources", [])
    text = json.dumps(
        {
            "account": sorted(json.dumps(each, sort_keys=True) for each in held(lab).values()),
            "state": sorted(
                (each["urn"], each.get("id"), each.get("protect", False), sorted(each.get("dependencies", [])))
                for each in entries
                if ":Thing" in each["type"]
            ),
        }
    )
    for id_, name in names.items():
        text = text.replace(id_, f"id of {name}")
    return json.loads(text)


@pytest.mark.engine_pulumi
@pytest.mark.skipif(shutil.which("pulumi") is None, reason="the pulumi program is not on PATH")
@pytest.mark.parametrize("seed", [0, *(pytest.param(number, marks=pytest.mark.sweep) for number in range(1, 12))])
def test_both_engines_make_the_same_of_random_programs(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    ours, theirs = Lab(tmp_path / "ours"), Lab(tmp_path / "theirs")
    try:
        ours.want()
        assert ours.run("up").exit_code == 0
        # A stack is made once: salt and passphrase go with its file.
        shutil.copytree(ours.project, theirs.project, dirs_exist_ok=True)
        for _ in range(4):
            things = random_things(chance)
            for lab in (ours, theirs):
                lab.want(*things)
            assert (ours.run("up").exit_code == 0) == (on_pulumi(theirs, "up") == 0)
            assert picture(ours) == picture(theirs)
        assert (ours.run("destroy").exit_code, on_pulumi(theirs, "destroy")) == (0, 0)
        assert picture(ours) == picture(theirs)
    finally:
        ours.close()
        theirs.close()
