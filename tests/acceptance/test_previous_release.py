"""What the previous release deployed is planned by this one with an empty plan: built from its tag, and run.

``FLIREO_PREVIOUS_REF`` names another commit to build, such as a branch.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tarfile
from pathlib import Path

import pytest

from flireo_iac.emulator.server import Running
from tests.acceptance.deployment import Deployment
from tests.acceptance.shop import write_shop

REPOSITORY = Path(__file__).parents[2]
CHOSEN = os.environ.get("FLIREO_PREVIOUS_REF")
PIP = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input"]


def git(*arguments: str) -> str | None:
    """Ask git; None when it cannot say."""
    asked = subprocess.run(["git", *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    return asked.stdout.strip() if asked.returncode == 0 else None


def previous_release() -> str:
    """Give the commit to build; skips, with the reason, where there is none."""
    if CHOSEN is not None:
        assert git("rev-parse", "--verify", f"{CHOSEN}^{{commit}}"), f"there is no commit {CHOSEN} here"
        return CHOSEN
    if git("rev-parse", "--git-dir") is None:
        pytest.skip("this is no clone of the repository, so there is no earlier release to build")
    if git("rev-parse", "--is-shallow-repository") == "true":
        pytest.skip("the clone is shallow, so the tag of the previous release is not in it")
    tag = git("describe", "--tags", "--abbrev=0", "HEAD^")
    if tag is None:
        pytest.skip("no release has been tagged before this commit")
    return tag


@pytest.fixture(scope="module")
def previous(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ``flireo`` of the previous release, in an environment of its own; nothing is fetched."""
    ref = previous_release()
    folder = tmp_path_factory.mktemp("previous")
    archive = folder / "source.tar"
    subprocess.run(["git", "archive", "-o", archive, ref], cwd=REPOSITORY, check=True)
    with tarfile.open(archive) as packed:
        packed.extractall(folder / "source", filter="data")
    offline = ["--no-index", "--no-deps"]
    build = ["--no-build-isolation", "--wheel-dir", str(folder), str(folder / "source")]
    subprocess.run([*PIP, "wheel", *offline, *build], check=True)
    environment = folder / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    python = environment / "bin" / "python"
    (wheel,) = folder.glob("*.whl")
    subprocess.run([*PIP, "--python", python, "install", *offline, wheel], check=True)
    # What it needs it shares with this environment; a path in a .pth file does not bring this release along.
    (packages,) = environment.glob("lib/python*/site-packages")
    (packages / "shared.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return environment / "bin"


def test_what_the_previous_release_deployed_plans_empty(
    previous: Path, tmp_path: Path, emulator: Running, engine: str
) -> None:
    deployment = Deployment(tmp_path / "stack", tmp_path / "home", emulator.url, emulator.control_url, engine)
    deployment.write("Pulumi.yaml", "name: shop\nruntime: python\n")
    deployment.write("__main__.py", "from flireo_iac import deploy\n\ndeploy()\n")
    write_shop(deployment, pairs=2)

    used = deployment.command(str(previous / "python"), "-c", "import flireo_iac; print(flireo_iac.__file__)")
    assert used.stdout.startswith(str(previous.parent)), used.text
    deployed = deployment.command(str(previous / "flireo"), "up", "--engine", "local", "--stack", "dev", "--yes")
    assert deployed.code == 0, deployed.text
    assert deployment.counts()["POST"] == 9

    deployment.good("preview", "--expect-no-changes")
    assert deployment.counts() == {}
    deployment.good("preview", "--refresh", "--expect-no-changes")
    deployment.good("up", "--refresh", "--expect-no-changes")
    assert set(deployment.counts()) == {"GET"}

    deployment.write("agents/desk00.md", "# Desk 0\n\nYou answer desk 0, and you are brief.\n")
    deployment.good("up")
    counts = deployment.counts()
    assert (counts.get("PATCH"), counts.get("POST"), counts.get("DELETE")) == (1, None, None)
    deployment.good("destroy")
    assert deployment.counts()["DELETE"] == 9
