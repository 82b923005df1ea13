"""``flireo recover``: what killed runs have left, settled by a person or a pipeline, on either engine."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from flireo_iac.core.journal import Intent, Journal
from flireo_iac.emulator.server import Running, running
from tests.acceptance import cutting
from tests.acceptance.cutting import Point, Proxy, Started
from tests.acceptance.deployment import Deployment, Run
from tests.engine import checker

AGENT = """name: Desk
first_message: Good day.
webhook_url: https://hooks.example.com/desk
webhook_secret: ${secret.webhook}
webhook_events: [tool-calls]
llm_config: {provider: openai, model: gpt-4o-mini, temperature: 0.5, system_prompt: Be kind.}
"""
SECRET = "canary-webhook-secret"
URN = "urn:pulumi:dev::shop::pulumi-python:dynamic/flireo:Agent::desk"
CREATE = 3
"""Number of the request that creates: after the account and the list."""


@dataclass(frozen=True)
class CutOff:
    """A stack whose only create was killed.

    Args:
        folder: Project and home.
        state: What the emulator held then.
    """

    folder: Path
    state: Any


def deployment_in(top: Path, server: Running, engine: str) -> Deployment:
    """Give a deployment of the stack in a folder."""
    made = Deployment(top / "stack", top / "home", server.url, server.control_url, engine)
    made.environ.update({"FLIREO_SECRET_WEBHOOK": SECRET, "FLIREO_SETTLE_S": "1"})
    return made


def write_stack(deployment: Deployment) -> None:
    """Write a stack with one agent."""
    deployment.write("Pulumi.yaml", "name: shop\nruntime: python\n")
    deployment.write("__main__.py", "from flireo_iac import deploy\n\ndeploy()\n")
    deployment.write("agents/desk.yaml", AGENT)


def kill_at_create(top: Path, engine: str, point: Point) -> CutOff:
    """Kill a run, provider and all, while it creates."""
    with running() as server:
        deployment = deployment_in(top, server, engine)
        write_stack(deployment)
        if engine == "pulumi":
            deployment.make_stack()
        started: list[Started] = []
        with Proxy(deployment.api_url, CREATE, point, lambda: cutting.kill(started[0].all_pids)).running() as proxy:
            environment = {**deployment.environment, "FLIREO_BASE_URL": proxy.url}
            started.append(Started(deployment.arguments("up"), deployment.folder, environment))
            started[0].wait()
            started[0].end()
        creates = [each for each in deployment.requests() if each["method"] == "POST"]
        assert proxy.has_struck.is_set()
        assert len(creates) == (point is Point.COMMITTED), "it was to be killed at its create"
        return CutOff(top, httpx.get(f"{deployment.control_url}/state").json())


@pytest.fixture(scope="module")
def cut_offs(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Point], CutOff]:
    made: dict[tuple[str, Point], CutOff] = {}

    def cut_off(engine: str, point: Point) -> CutOff:
        if (engine, point) not in made:
            made[engine, point] = kill_at_create(tmp_path_factory.mktemp("cut"), engine, point)
        return made[engine, point]

    return cut_off


@dataclass(frozen=True)
class Bench:
    """A stack after a kill.

    Args:
        deployment: The stack.
    """

    deployment: Deployment

    @property
    def journal(self) -> Journal:
        """The journal of its machine."""
        return Journal(Path(self.deployment.environment["FLIREO_STATE_DIR"]) / "journal")

    @property
    def agents(self) -> list[str]:
        """Ids of the agents of the account."""
        return [row["id"] for row in self.deployment.account("/agents")["agents"]]

    def lose_journal(self) -> None:
        """Go on on another machine."""
        shutil.rmtree(self.journal.path.parent)

    def add_twin(self, **values: Any) -> str:
        """Make an object like the one of the killed create, by hand; gives its id."""
        (body,) = [row for row in self.deployment.account("/agents")["agents"] if row["id"] == self.agents[0]]
        left_out = ("id", "org_id", "created_at", "updated_at")
        body = {key: value for key, value in body.items() if key not in left_out and value is not None}
        headers = {"Authorization": f"Bearer {self.deployment.environment['FLIREO_API_KEY']}"}
        answer = httpx.post(f"{self.deployment.api_url}/agents", json={**body, **values}, headers=headers)
        answer.raise_for_status()
        made = answer.json()
        return str(made.get("agent", made)["id"])

    def recover(self, *flags: str) -> Run:
        """Run the command, and see that it wrote nothing to the account and told no secret."""
        self.deployment.counts()
        command = [sys.executable, "-m", "flireo_iac.cli", "recover", "--engine", self.deployment.engine, "-s", "dev"]
        done = self.deployment.command(*command, *flags)
        assert set(self.deployment.counts()) <= {"GET"}
        assert SECRET not in done.text
        assert "Traceback" not in done.text
        return done

    def document(self, *flags: str) -> Any:
        """Run the command for a program."""
        done = self.recover("--yes", "--json", *flags)
        assert done.code in (0, 4), done.text
        return json.loads(done.stdout)

    def state(self) -> Any:
        """The state as it is stored."""
        path = next((self.deployment.home / "state").glob(".pulumi/stacks/*/dev.json"))
        if self.deployment.engine == "local":
            assert checker.problems(path.read_text()) == []
        assert SECRET not in path.read_text()
        return json.loads(path.read_text())["checkpoint"]["latest"]

    def is_settled(self, *, makes: bool = False) -> None:
        """Check that nothing is left; a run makes the agent, or has nothing to do."""
        assert not self.state().get("pending_operations")
        assert not list((self.deployment.home / "state").glob(".pulumi/locks/**/*.json"))
        if makes:
            self.deployment.good("up")
        self.deployment.good("preview", "--refresh", "--expect-no-changes")
        assert not [each for each in self.journal.intents() if each.urn == URN]


@pytest.fixture
def bench(tmp_path: Path, engine: str, cut_offs: Callable[[str, Point], CutOff]) -> Iterator[Callable[[Point], Bench]]:
    with running() as server:

        def lay_out(point: Point = Point.COMMITTED) -> Bench:
            cut_off = cut_offs(engine, point)
            shutil.copytree(cut_off.folder, tmp_path / "copy")
            deployment = deployment_in(tmp_path / "copy", server, engine)
            httpx.put(f"{deployment.control_url}/state", json=cut_off.state).raise_for_status()
            return Bench(deployment)

        yield lay_out


@pytest.mark.parametrize("is_lost", [False, True], ids=["journal", "no journal"])
def test_what_a_killed_run_made_is_put_into_the_state(bench: Callable[[], Bench], is_lost: bool) -> None:
    cut_off = bench()
    (id_,) = cut_off.agents
    choice: list[str] = []
    if is_lost:
        cut_off.lose_journal()
        unsaid = cut_off.recover("--yes")
        assert unsaid.code == 4
        assert f'{id_} "Desk", made ' in unsaid.stdout
        assert f"flireo recover -s dev --take desk={id_}" in unsaid.stdout
        assert cut_off.state()["pending_operations"]
        choice = ["--take", f"desk={id_}"]
    asked = cut_off.recover(*choice)
    assert asked.code == 2
    assert f'take    agent "desk": {id_} "Desk", made ' in asked.stdout
    done = cut_off.recover("--yes", *choice)
    assert done.code == 0, done.text
    (held,) = [each for each in cut_off.state()["resources"] if each["urn"] == URN]
    assert held["id"] == id_
    assert {"__account", "__answer", "__provider", "created_at"} <= set(held["outputs"])
    assert "ciphertext" in held["outputs"]["__answer"]
    cut_off.is_settled()
    assert cut_off.agents == [id_]


@pytest.mark.parametrize("engine", ["local"])
def test_a_create_of_unknown_outcome_is_told_on_another_machine_and_settled_on_its_own(
    tmp_path: Path, engine: str
) -> None:
    """The run ended by itself: its answer was lost, and so was the look that would have told what it had made."""
    with running() as server:
        bench = Bench(deployment_in(tmp_path, server, engine))
        write_stack(bench.deployment)
        for fault in (
            {"kind": "status:504-after-commit", "method": "POST", "path": "/agents"},
            {"kind": "status:403", "method": "GET", "path": "/agents", "after": 1, "times": None},
        ):
            httpx.post(f"{server.control_url}/faults", json=fault).raise_for_status()
        lost = bench.deployment.run("up")
        assert lost.code == 1
        assert "It was not sent a second time. Run again." in " ".join(lost.text.split())
        httpx.delete(f"{server.control_url}/faults").raise_for_status()
        (id_,) = bench.agents
        assert [each["resource"]["urn"] for each in bench.state()["pending_operations"]] == [URN]

        own, elsewhere = bench.journal.path.parent, tmp_path / "journal"
        own.rename(elsewhere)
        told = bench.recover("--yes")
        assert told.code == 4
        assert f"flireo recover -s dev --take desk={id_}" in told.stdout
        elsewhere.rename(own)

        settled = bench.deployment.good("up")
        assert "did not get an answer; it is not known whether" in " ".join(settled.text.split())
        assert bench.agents == [id_]
        assert "pending_operations" not in bench.state()


@pytest.mark.sweep
def test_what_never_arrived_is_forgotten_and_made(bench: Callable[..., Bench]) -> None:
    cut_off = bench(Point.RECEIVED)
    cut_off.lose_journal()
    (create,) = cut_off.document()["creates"]
    assert (create["action"], create["reason"]) == ("clear", "nothing came of it")
    cut_off.is_settled(makes=True)
    assert len(cut_off.agents) == 1


@pytest.mark.sweep
def test_several_stop_and_a_person_says_which(bench: Callable[[], Bench]) -> None:
    cut_off = bench()
    cut_off.lose_journal()
    twin = cut_off.add_twin()
    done = cut_off.recover("--yes")
    assert done.code == 4
    for id_ in cut_off.agents:
        assert f"flireo recover -s dev --take desk={id_}" in done.stdout
    assert "flireo recover -s dev --forget desk" in done.stdout
    assert cut_off.state()["pending_operations"]
    (create,) = cut_off.document("--take", f"desk={twin}")["creates"]
    assert (create["action"], create["id"]) == ("take", twin)
    cut_off.is_settled()
    assert len(cut_off.agents) == 2


@pytest.mark.sweep
@pytest.mark.parametrize("engine", ["local"])
def test_what_is_forgotten_is_made_again(bench: Callable[[], Bench]) -> None:
    cut_off = bench()
    before = cut_off.agents
    assert cut_off.document("--forget", "desk")["creates"][0]["action"] == "clear"
    assert cut_off.journal.intents() == ()
    cut_off.deployment.environ["FLIREO_ALLOW"] = "twin:desk"
    cut_off.is_settled(makes=True)
    assert len(cut_off.agents) == len(before) + 1


@pytest.mark.sweep
def test_what_only_the_account_knows_is_taken_over_by_name(bench: Callable[[], Bench]) -> None:
    """Neither state nor journal: the up that finds a twin says how to take it over, and that works."""
    cut_off = bench()
    assert cut_off.document("--forget", "desk")["done"]
    (id_,) = cut_off.agents
    stopped = cut_off.deployment.run("up")
    assert stopped.code != 0
    assert f"flireo recover -s dev --take desk={id_}" in " ".join(stopped.text.split())
    assert cut_off.recover("--yes", "--take", "nobody=1").code == 2
    assert cut_off.recover("--yes", "--forget", "nobody").code == 2
    (create,) = cut_off.document("--take", f"desk={id_}")["creates"]
    assert (create["action"], create["id"]) == ("take", id_)
    cut_off.is_settled(makes=True)
    assert cut_off.agents == [id_]


@pytest.mark.sweep
@pytest.mark.parametrize("engine", ["local"])
@pytest.mark.parametrize("is_made", [True, False], ids=["made", "not made"])
def test_what_the_stack_does_not_make_any_more_is_not_left_to_the_next_run(
    bench: Callable[..., Bench], is_made: bool
) -> None:
    """Only the journal tells of it, and the item is dropped since: no run would ever settle it."""
    cut_off = bench(Point.COMMITTED if is_made else Point.RECEIVED)
    state = next((cut_off.deployment.home / "state").glob(".pulumi/stacks/*/dev.json"))
    content = json.loads(state.read_text())
    del content["checkpoint"]["latest"]["pending_operations"]
    state.write_text(json.dumps(content))
    assert cut_off.document()["creates"][0]["action"] == "leave"
    (cut_off.deployment.folder / "agents" / "desk.yaml").unlink()
    (create,) = cut_off.document()["creates"]
    assert create["action"] == ("ask" if is_made else "clear")
    assert [each["id"] for each in create["candidates"]] == cut_off.agents
    if is_made:
        for verb in ("up", "destroy"):
            words = cut_off.deployment.good(verb, "--skip-preview").stderr
            assert 'warning: create agent "desk": a run was cut off' in words
            assert "flireo recover -s dev" in words
        assert create["commands"] == ["flireo recover -s dev --forget desk"]
        assert cut_off.document("--forget", "desk")["done"]
    assert cut_off.journal.intents() == ()


@pytest.mark.parametrize("engine", ["local"])
def test_a_damaged_journal_is_set_aside(bench: Callable[[], Bench]) -> None:
    cut_off = bench()
    path = cut_off.journal.path
    path.write_bytes(b"no database" * 1000)
    for beside in path.parent.glob("*.sqlite-*"):
        beside.unlink()
    assert cut_off.recover().code == 2
    assert path.read_bytes().startswith(b"no database")
    done = cut_off.recover("--yes", "--take", f"desk={cut_off.agents[0]}")
    assert done.code == 0, done.text
    assert [each.read_bytes()[:11] for each in path.parent.glob("*.damaged-*")] == [b"no database"]
    assert not cut_off.state().get("pending_operations")


@pytest.mark.sweep
@pytest.mark.parametrize("engine", ["local"])
def test_other_stacks_are_named_and_left_alone(bench: Callable[[], Bench]) -> None:
    cut_off = bench()
    journal = cut_off.journal
    other = URN.replace(":dev::", ":live::")
    theirs = journal.open(Intent("org", "agent", other, "/elsewhere", {"name": "Desk"}, "digest", (), True))
    journal.release()
    done = cut_off.recover("--yes")
    assert done.code == 0
    assert f"of other stacks, which are left alone: {other}" in done.stdout
    assert "no run that was cut off has left anything" in cut_off.recover().stdout
    assert cut_off.journal.intents() == (theirs,)


@pytest.mark.parametrize("engine", ["local"])
def test_a_run_at_work_stops_it(bench: Callable[[], Bench]) -> None:
    cut_off = bench()
    (lock,) = (cut_off.deployment.home / "state").glob(".pulumi/locks/**/*.json")
    content = json.loads(lock.read_text())
    lock.write_text(json.dumps({**content, "hostname": "another-machine"}))
    before = cut_off.state()
    done = cut_off.recover("--yes")
    assert done.code == 1
    assert "another-machine" in done.stderr
    assert "flireo cancel" in done.stderr
    assert cut_off.state() == before


@pytest.mark.parametrize("engine", ["local"])
def test_another_account_stops_it(bench: Callable[[], Bench]) -> None:
    cut_off = bench()
    cut_off.deployment.environ["FLIREO_ACCOUNT"] = "another"
    done = cut_off.recover("--yes")
    assert done.code == 3
    assert cut_off.state()["pending_operations"]
