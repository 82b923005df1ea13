"""An emulator and an empty stack for each test, on each engine that is at hand."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from flireo_iac.emulator.server import Running, running
from tests.acceptance.deployment import Deployment, pulumi_program

PULUMI = pytest.param(
    "pulumi",
    marks=[
        pytest.mark.engine_pulumi,
        pytest.mark.skipif(pulumi_program() is None, reason="the pulumi program is not on PATH"),
    ],
)


@pytest.fixture
def emulator() -> Iterator[Running]:
    with running() as server:
        yield server


@pytest.fixture(params=["local", PULUMI])
def engine(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def deployment(tmp_path: Path, emulator: Running, engine: str) -> Deployment:
    """A project without any item yet."""
    folder = tmp_path / "stack"
    folder.mkdir()
    made = Deployment(folder, tmp_path / "home", emulator.url, emulator.control_url, engine)
    made.write("Pulumi.yaml", "name: shop\nruntime: python\n")
    made.write("__main__.py", "from flireo_iac import deploy\n\ndeploy()\n")
    return made


@pytest.fixture(scope="session")
def deploy(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Deployment], None]:
    """Deploys a stack; the same files again are not deployed again, but begin with a copy of all that was left."""
    done: dict[tuple[object, ...], tuple[Path, object]] = {}

    def deploy(deployment: Deployment) -> None:
        files = {str(file): file.read_bytes() for file in deployment.folder.rglob("*") if file.is_file()}
        texts = tuple(sorted((name.removeprefix(str(deployment.folder)), text) for name, text in files.items()))
        key = (deployment.engine, *texts, *sorted(deployment.environ.items()))
        if key not in done:
            deployment.good("up")
            kept = tmp_path_factory.mktemp("deployed")
            _copy(deployment.folder, kept / "stack")
            _copy(deployment.home, kept / "home")
            done[key] = kept, httpx.get(f"{deployment.control_url}/state").json()
        else:
            kept, account = done[key]
            _copy(kept / "stack", deployment.folder)
            _copy(kept / "home", deployment.home)
            httpx.put(f"{deployment.control_url}/state", json=account).raise_for_status()
        deployment.counts()

    return deploy


def _copy(source: Path, target: Path) -> None:
    shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table of the sweep over all boundaries: further runs needed, request by request."""
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.getreports(kind)]
    rows = sorted(str(value) for report in reports for name, value in report.user_properties if name == "boundary")
    if rows:
        terminalreporter.section("further runs after a cut at request 1, 2, 3 ...")
        terminalreporter.write_line(f"{'engine':7} {'run':8} {'way':24} {'point':10}")
        for row in rows:
            terminalreporter.write_line(row)
