"""Every example and the sample stack: deployed, refreshed and destroyed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from flireo_iac.emulator.server import Running
from flireo_iac.stacks.folder import read_folder
from flireo_iac.stacks.init import write_stack
from tests.acceptance.deployment import Deployment

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted(path.parent.name for path in (ROOT / "examples").glob("*/Pulumi.yaml"))

SECRETS = {"FLIREO_SECRET_WEBHOOK": "canary-webhook"}
WRITES = {"01-yaml-stack": 3, "02-python-program": 5, "03-mixed": 4}


def copied(source: Path, tmp_path: Path, emulator: Running, engine: str) -> Deployment:
    folder = tmp_path / "copy"
    shutil.copytree(source, folder)
    return Deployment(folder, tmp_path / "home", emulator.url, emulator.control_url, engine)


def test_every_example_is_listed() -> None:
    assert set(EXAMPLES) == set(WRITES)
    text = (ROOT / "examples" / "README.md").read_text()
    for name in EXAMPLES:
        assert f"[{name}]({name})" in text
        assert (ROOT / "examples" / name / "README.md").is_file()


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_works(name: str, tmp_path: Path, emulator: Running, engine: str) -> None:
    deployment = copied(ROOT / "examples" / name, tmp_path, emulator, engine)
    deployment.environ.update(SECRETS)
    if name == "02-python-program":
        if engine == "local":
            done = deployment.command(
                "flireo", "config", "set", "--secret", "trunk_password", "canary", "--stack", "dev"
            )
        else:
            deployment.run("preview")
            done = deployment.command(
                "pulumi", "config", "set", "--secret", "trunk_password", "canary", "--stack", "dev"
            )
        assert done.code == 0, done.text
    deployment.good("up")
    assert deployment.counts()["POST"] == WRITES[name]
    deployment.good("up", "--refresh", "--expect-no-changes")
    assert set(deployment.counts()) == {"GET"}
    deployment.good("destroy")
    assert deployment.account("/agents")["agents"] == []


@pytest.mark.parametrize(
    "environment", ["dev", *(pytest.param(each, marks=pytest.mark.sweep) for each in ("prod", "staging"))]
)
def test_the_sample_stack_works_in_every_environment(
    environment: str, tmp_path: Path, emulator: Running, engine: str
) -> None:
    deployment = copied(ROOT / "stacks", tmp_path, emulator, engine)
    deployment.stack = environment
    from flireo_iac.stacks.load import load

    loaded = load(ROOT / "stacks", environment)
    deployment.environ |= {f"FLIREO_SECRET_{name.upper()}": f"canary-{name}" for name in loaded.secrets}
    deployment.good("up")
    own = [item for item in loaded.items.values() if not item.parent]  # leads come with their campaign
    assert deployment.counts()["POST"] == len(own)
    deployment.good("up", "--refresh", "--expect-no-changes")
    assert set(deployment.counts()) == {"GET"}


def test_the_stack_of_init_works_as_it_is(tmp_path: Path, emulator: Running, engine: str) -> None:
    """In prod, which differs most; dev is the walk of the README."""
    deployment = Deployment(tmp_path / "shop", tmp_path / "home", emulator.url, emulator.control_url, engine)
    deployment.stack = "prod"
    write_stack(deployment.folder)
    deployment.good("up")
    assert deployment.counts()["POST"] == 6
    deployment.good("up", "--refresh", "--expect-no-changes")
    numbers = deployment.account("/numbers")["numbers"]
    assert len({number["agent_id"] for number in numbers}) == 2
    agents = deployment.account("/agents")["agents"]
    assert all("digital assistant" in str(agent["llm_config"]) for agent in agents), "both speak the shared part"


def test_the_sample_stack_is_of_a_real_size() -> None:
    from flireo_iac.stacks.load import resolve

    loaded = resolve(read_folder(ROOT / "stacks"), "prod")
    kinds = [item.kind.name for item in loaded.items.values()]
    least = {
        "agent": 3,
        "tool_template": 4,
        "analysis_template": 2,
        "phone_number": 3,
        "sip_trunk": 1,
        "byok_key": 2,
        "domain": 1,
    }
    for kind, count in least.items():
        assert kinds.count(kind) >= count, kind
