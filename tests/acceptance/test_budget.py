"""Several runs at once on one key: they queue, they are shown waiting, and none of them fails."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from flireo_iac.emulator.server import Running, running
from tests.acceptance.deployment import KEY, Deployment, Run

# Far less than the API allows, so that a busy machine uses it up too.
ALLOWED = 30
BUDGET = 27
WINDOW_S = 6
ITEMS = 50


@pytest.fixture
def emulator() -> Iterator[Running]:
    """One that allows few requests, in short windows."""
    with running(requests_per_minute=ALLOWED, window_s=WINDOW_S, latency_ms=20) as server:
        yield server


PROGRAM = """
import pathlib, time
from flireo_iac import deploy

# Both runs begin to deploy at the same time.
pathlib.Path("begun").touch()
while not all((pathlib.Path("..") / stack / "begun").exists() for stack in ("left", "right")):
    time.sleep(0.02)
deploy()
"""


def write_agents(folder: Path, name: str) -> None:
    (folder / "agents").mkdir(parents=True)
    (folder / "Pulumi.yaml").write_text(f"name: {name}\nruntime: python\n")
    (folder / "__main__.py").write_text(PROGRAM)
    for n in range(ITEMS):
        (folder / "agents" / f"a{n}.yaml").write_text(f"name: {name} {n}\n")


def two_stacks(tmp_path: Path, emulator: Running, *, machines: int) -> list[Deployment]:
    """Give two stacks of one key, on one machine or on two, where each has a state folder of its own."""
    made = []
    for n, name in enumerate(("left", "right")):
        write_agents(tmp_path / name, name)
        home = tmp_path / f"home{n % machines}"
        environ = {"FLIREO_REQUESTS_PER_MINUTE": str(BUDGET), "FLIREO_LIMIT_WINDOW_S": str(WINDOW_S)}
        deployment = Deployment(tmp_path / name, home, emulator.url, emulator.control_url, environ=environ)
        made.append(deployment)
    return made


def up_at_once(deployments: list[Deployment]) -> list[Run]:
    with ThreadPoolExecutor(len(deployments)) as threads:
        return list(threads.map(lambda each: each.run("up"), deployments))


def makers(emulator: Running) -> list[str]:
    """Give the stack that made each agent, in the order in which they were made."""
    return [row["name"].split()[0] for row in emulator.store.organization(KEY).rows("agents")]


def shares(made: list[str]) -> dict[str, float]:
    """Give each stack's share of the agents made while both were at work."""
    begin = max(made.index(stack) for stack in set(made))
    end = min(len(made) - made[::-1].index(stack) for stack in set(made))
    both = Counter(made[begin:end])
    return {stack: count / both.total() for stack, count in both.items()}


def refusals(emulator: Running) -> int:
    return sum(1 for entry in emulator.app.emulation.log.entries if entry.status == 429)


WAIT = re.compile(r"^ +flireo:Agent a\d+: [^:]+: waiting \d+ s, until \d\d:\d\d:\d\d$", re.MULTILINE)


def test_two_runs_on_one_machine_share_the_budget_and_are_never_refused(tmp_path: Path, emulator: Running) -> None:
    deployments = two_stacks(tmp_path, emulator, machines=1)
    runs = up_at_once(deployments)
    assert [run.code for run in runs] == [0, 0], runs[0].text + runs[1].text
    assert refusals(emulator) == 0
    made = makers(emulator)
    assert Counter(made) == {"left": ITEMS, "right": ITEMS}
    assert all(0.4 <= share <= 0.6 for share in shares(made).values()), made
    # A pipe has no line that changes, so each long wait is a line of its own.
    assert WAIT.search(runs[0].text + runs[1].text), runs[0].text


@pytest.mark.sweep  # many machines are played without processes in tests/client/test_many_machines.py
def test_two_machines_on_one_key_give_way_to_each_other(tmp_path: Path, emulator: Running) -> None:
    deployments = two_stacks(tmp_path, emulator, machines=2)
    runs = up_at_once(deployments)
    assert [run.code for run in runs] == [0, 0], runs[0].text + runs[1].text
    names = [row["name"] for row in emulator.store.organization(KEY).rows("agents")]
    assert len(names) == len(set(names)) == 2 * ITEMS
    assert refusals(emulator) <= 12
    for deployment in deployments:
        deployment.good("preview", "--expect-no-changes")
