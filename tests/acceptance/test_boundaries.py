"""Cuts a run off at any request, in any way, and simply runs it again.

After at most two further runs the account holds exactly what is wanted, nothing is left to do, nothing is locked, and
both engines accept the state.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from flireo_iac.emulator.server import running
from tests.acceptance import cutting
from tests.acceptance.cutting import Point, Proxy, Started, Way
from tests.acceptance.deployment import Deployment, Run, pulumi_program
from tests.acceptance.shop import SECRETS, write_shop
from tests.engine import checker

LAST = 60
"""More requests than any of the runs sends."""

SETTLE_S = "1"
"""How long a request of a killed run may still be under way. Here it is not."""


# The runs that are cut off: a stack with every kind


def write_first(deployment: Deployment) -> None:
    """Write a stack with every kind."""
    write_shop(deployment, pairs=1)
    deployment.write("tools/old.yaml", "name: Old\ntool_type: endCall\ntool_config: {}\n")


def write_changed(deployment: Deployment) -> None:
    """Change the stack: updates, replacements, a new item and one less."""
    change(deployment, "agents/desk00.md", "Be brief.", "Be very brief.")
    change(deployment, "tools/look_up.yaml", "Looks a customer up.", "Looks up a customer.")
    change(deployment, "analysis/after_call.yaml", "Read the call.", "Read the whole call.")
    change(deployment, "trunks/carrier.yaml", "sip.example.com", "sip2.example.com")
    change(deployment, "domain.yaml", "mail.example.com", "post.example.com")
    (deployment.folder / "tools" / "old.yaml").unlink()
    deployment.write("tools/fresh.yaml", "name: Fresh\ntool_type: endCall\ntool_config: {}\n")
    deployment.environ["FLIREO_SECRET_RESEND"] = "canary-resend-rotated"


def change(deployment: Deployment, path: str, old: str, new: str) -> None:
    """Change words in a file of the stack."""
    file = deployment.folder / path
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


@dataclass(frozen=True)
class Phase:
    """A run that is cut off.

    Args:
        verb: ``up`` or ``destroy``.
        before: Writes what is deployed before it; None for nothing.
        writes: Writes what it deploys.
    """

    verb: str
    before: Callable[[Deployment], None] | None
    writes: Callable[[Deployment], None]


PHASES = {
    "create": Phase("up", None, write_first),
    "change": Phase("up", write_first, write_changed),
    "destroy": Phase("destroy", write_first, lambda deployment: None),
}


# What is there


def holdings(deployment: Deployment) -> dict[str, list[str]]:
    """Give what the account holds, without ids and times: two accounts with the same content give the same."""
    state = httpx.get(f"{deployment.control_url}/state").json()
    collections: dict[str, list[dict[str, Any]]] = {}
    for organization in state["organizations"].values():
        for name, rows in organization.items():
            collections.setdefault(name, []).extend(rows)
    names = {
        row["id"]: f"{collection}/{row.get('name') or row.get('domain_name') or row['id']}"
        for collection, rows in collections.items()
        for row in rows
    }
    left_out = {"id", "org_id", "created_at", "updated_at", "secret_id"}
    found: dict[str, list[str]] = {}
    for collection, rows in collections.items():
        texts = []
        for row in rows:
            text = json.dumps({key: value for key, value in row.items() if key not in left_out}, sort_keys=True)
            for id_, name in names.items():
                text = text.replace(f'"{id_}"', f'"{name}"')
            texts.append(text)
        if texts:
            found[collection] = sorted(texts)
    return found


@dataclass
class Bench:
    """Stacks that are ready to be cut off, and what comes out when they are not.

    Args:
        folder: Holds everything.
        engine: ``local`` or ``pulumi``.
    """

    folder: Path
    engine: str

    def __post_init__(self) -> None:
        self._ready: dict[str, tuple[Path, Any, dict[str, list[str]]]] = {}

    def lay_out(self, name: str, target: Path, deployment: Deployment) -> dict[str, list[str]]:
        """Lay out a phase in a folder; gives what the account has to hold in the end."""
        if name not in self._ready:
            self._ready[name] = self._make(name)
        files, state, wanted = self._ready[name]
        shutil.copytree(files, target, dirs_exist_ok=True)
        httpx.put(f"{deployment.control_url}/state", json=state).raise_for_status()
        if PHASES[name].writes is write_changed:
            deployment.environ["FLIREO_SECRET_RESEND"] = "canary-resend-rotated"
        return wanted

    def _make(self, name: str) -> tuple[Path, Any, dict[str, list[str]]]:
        phase = PHASES[name]
        top = self.folder / f"{name}-{self.engine}"
        with running() as server:
            deployment = new_deployment(top, server.url, server.control_url, self.engine)
            if phase.before is not None:
                phase.before(deployment)
                deployment.good("up")
            phase.writes(deployment)
            if self.engine == "pulumi":
                deployment.make_stack()
            kept = top.with_name(f"{top.name}-kept")
            shutil.copytree(top, kept)
            state = httpx.get(f"{deployment.control_url}/state").json()
            deployment.good(phase.verb, "--skip-preview")
            return kept, state, holdings(deployment)


def new_deployment(top: Path, api_url: str, control_url: str, engine: str) -> Deployment:
    """Make a project without any item."""
    folder = top / "stack"
    folder.mkdir(parents=True, exist_ok=True)
    made = Deployment(folder, top / "home", api_url, control_url, engine)
    made.environ.update(SECRETS)
    made.environ.update({"FLIREO_SETTLE_S": SETTLE_S, "FLIREO_ALLOW": "replace:*,in-use:*,many-deletes"})
    made.environ.update({"PYTHONPATH": str(cutting.SHIFTED), "TEST_CLOCK": str(top / "clock")})
    made.write("Pulumi.yaml", "name: shop\nruntime: python\n")
    made.write("__main__.py", "from flireo_iac import deploy\n\ndeploy()\n")
    return made


@pytest.fixture(scope="module")
def benches(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Bench]:
    made: dict[str, Bench] = {}

    def bench(engine: str) -> Bench:
        return made.setdefault(engine, Bench(tmp_path_factory.mktemp("bench"), engine))

    return bench


# One cut


@dataclass(frozen=True)
class Outcome:
    """What became of a cut.

    Args:
        is_reached: False when the run ended before the request came.
        runs: Further runs that were needed, 0 when the cut run itself came to a good end.
        wrong: What is not as it should be; empty when all is well.
    """

    is_reached: bool
    runs: int = 0
    wrong: str = ""


def cut(bench: Bench, top: Path, phase: str, way: str, point: Point, at: int, method: str | None = None) -> Outcome:
    """Cut a run off, run it again, and look at everything.

    Args:
        bench: Where the stacks come from.
        top: An empty folder.
        phase: Which run.
        way: What happens to it.
        point: Where in the request.
        at: At which request, from 1.
        method: Counts requests of this method only; None counts all.
    """
    with running() as server:
        deployment = new_deployment(top, server.url, server.control_url, bench.engine)
        wanted = bench.lay_out(phase, top, deployment)
        verb = PHASES[phase].verb
        reached, first = _cut_off(deployment, verb, way, point, at, method)
        if not reached:
            return Outcome(is_reached=False)
        return _run_again(deployment, verb, first, wanted)


def _cut_off(
    deployment: Deployment, verb: str, way: str, point: Point, at: int, method: str | None
) -> tuple[bool, Run]:
    clock = deployment.home.parent / "clock"
    own = Path(deployment.environment["FLIREO_STATE_DIR"])
    own.mkdir(parents=True, exist_ok=True)
    struck: list[str] = []
    started: list[Started] = []

    def strike() -> None:
        struck.append(way)
        getattr(Way(started[0], deployment.home / "state", own, clock), way)()

    with Proxy(deployment.api_url, at, point, strike, method).running() as proxy:
        environment = {**deployment.environment, "FLIREO_BASE_URL": proxy.url}
        command = deployment.arguments(verb, "--skip-preview")
        started.append(Started(command, deployment.folder, environment))
        try:
            code = started[0].wait()
        finally:
            started[0].end()
            Way(started[0], deployment.home / "state", own, clock).heal()
    return bool(struck), Run(code, started[0].said, "")


def _run_again(deployment: Deployment, verb: str, first: Run, wanted: dict[str, list[str]]) -> Outcome:
    texts = [first.text]
    runs = 0
    done = first
    while runs < 2 and (done.code != 0 or runs == 0):
        if deployment.engine == "pulumi" and done.code != 0:
            _help_pulumi(deployment)
        done = deployment.run(verb, "--skip-preview")
        texts.append(done.text)
        runs += 1
    wrong = [f"run {runs} ended with {done.code}"] if done.code else []
    wrong += [f"a traceback in run {n}" for n, text in enumerate(texts) if "Traceback" in text]
    held = holdings(deployment)
    if held != wanted:
        wrong.append(f"the account holds {_summary(held)}, expected {_summary(wanted)}: {_difference(held, wanted)}")
    wrong += _refusals(deployment, verb)
    if wrong:
        return Outcome(True, runs, "; ".join(wrong) + "\n" + "\n--- next run\n".join(texts))
    return Outcome(True, runs)


def _help_pulumi(deployment: Deployment) -> None:
    """Do what pulumi leaves to a person: it keeps the lock, and can leave a file beside the state empty."""
    for path in (deployment.home / "state").glob(".pulumi/stacks/*/*.attrs"):
        if not path.read_text():
            path.unlink()
    deployment.command("pulumi", "cancel", "--yes", "--stack", deployment.stack)


def _summary(held: dict[str, list[str]]) -> dict[str, int]:
    return {collection: len(texts) for collection, texts in held.items()}


def _difference(held: dict[str, list[str]], wanted: dict[str, list[str]]) -> list[str]:
    ours = {text for texts in held.values() for text in texts}
    theirs = {text for texts in wanted.values() for text in texts}
    return sorted(ours ^ theirs)


def _refusals(deployment: Deployment, verb: str) -> list[str]:
    """Give what either engine has against the state."""
    path = next((deployment.home / "state").glob(".pulumi/stacks/*/dev.json"))
    found = checker.problems(path.read_text()) if deployment.engine == "local" else []
    pending = json.loads(path.read_text())["checkpoint"]["latest"].get("pending_operations", [])
    if deployment.engine == "local":  # pulumi keeps both, whatever comes after
        found += [f"pending: {operation['type']} {operation['resource']['urn']}" for operation in pending]
        found += [f"left behind: {path}" for path in (deployment.home / "state").rglob("*.tmp")]
    found += [f"a lock {path}" for path in (deployment.home / "state").glob(".pulumi/locks/**/*.json")]
    if verb == "destroy":
        resources = json.loads(path.read_text())["checkpoint"]["latest"].get("resources", [])
        return found + [f"still there: {one['urn']}" for one in resources if "dynamic" in one["type"]]
    for engine in {deployment.engine, "pulumi"} if pulumi_program() else {deployment.engine}:
        seen = replace(deployment, engine=engine)
        done = seen.run("preview", "--refresh", "--expect-no-changes")
        if done.code:
            found.append(f"{engine} preview ended with {done.code}: {done.text}")
    return found


SAMPLE = [
    ("create", "everything_killed", Point.COMMITTED, "POST", 3),
    ("create", "provider_killed", Point.COMMITTED, "POST", 6),
    ("change", "everything_killed", Point.ANSWERED, "POST", 2),
]


@pytest.mark.parametrize(
    ("phase", "way", "point", "method", "at"),
    # One worker has what the cases of a phase begin with.
    [pytest.param(*case, marks=pytest.mark.xdist_group(f"boundaries-{case[0]}")) for case in SAMPLE],
)
def test_a_run_that_was_cut_off_is_simply_run_again(
    phase: str, way: str, point: Point, method: str, at: int, tmp_path: Path, benches: Callable[[str], Bench]
) -> None:
    outcome = cut(benches("local"), tmp_path / "cut", phase, way, point, at, method)
    assert outcome.is_reached, f"the run sends fewer than {at} {method}"
    assert not outcome.wrong, outcome.wrong


POINTS = {
    "everything_killed": tuple(Point),
    **dict.fromkeys(cutting.KILLING[1:], (Point.COMMITTED, Point.ANSWERED)),
    "clock_back": (Point.ANSWERED,),
    "clock_ahead": (Point.ANSWERED,),
}
"""Where a way strikes, for each request. A run that is stopped or starved ends the request first, wherever it is."""


@pytest.mark.sweep
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize(
    ("way", "point"), [(way, point) for way in cutting.WAYS for point in POINTS.get(way, (Point.COMMITTED,))]
)
def test_every_request_of_every_run(
    phase: str,
    way: str,
    point: Point,
    engine: str,
    tmp_path: Path,
    benches: Callable[[str], Bench],
    record_property: Callable[[str, object], None],
) -> None:
    wrong = []
    runs: list[str] = []
    for at in range(1, LAST):
        outcome = cut(benches(engine), tmp_path / str(at), phase, way, point, at)
        if not outcome.is_reached:
            break
        runs.append("!" if outcome.wrong else str(outcome.runs))
        if outcome.wrong:
            wrong.append(f"=== request {at}: {outcome.wrong}")
        shutil.rmtree(tmp_path / str(at))
    record_property("boundary", f"{engine:7} {phase:8} {way:24} {point:10} {' '.join(runs)}")
    assert runs, "no request was cut off"
    assert not wrong, "\n".join(wrong)
