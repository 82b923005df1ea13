"""A project over a cloud that is a folder, and what tests ask of both."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from flireo_iac.engine.model.events import Event, Message, Op, StepEnded
from flireo_iac.engine.result import Result
from flireo_iac.engine.run import Engine
from tests.engine import checker

HERE = Path(__file__).parent
PASSPHRASE = "a passphrase of the tests"
STACK = "dev"
PROJECT = "lab"
CLI = [sys.executable, "-m", "flireo_iac.cli"]
REPOSITORY = HERE.parents[1]


def urn(name: str, *, type_: str = "pulumi-python:dynamic/cloud:Thing") -> str:
    return f"urn:pulumi:{STACK}::{PROJECT}::{type_}::{name}"


class Lab:
    """A project with one stack.

    Args:
        folder: An empty folder of its own.
    """

    def __init__(self, folder: Path) -> None:
        self.project = folder / "project"
        self.cloud = folder / "cloud"
        self.home = folder / "home"
        for made in (self.project, self.cloud / "objects", self.home):
            made.mkdir(parents=True)
        shutil.copyfile(HERE / "cloud_provider.py", self.project / "cloud_provider.py")
        shutil.copyfile(HERE / "spec_program.py", self.project / "__main__.py")
        (self.project / "Pulumi.yaml").write_text(f"name: {PROJECT}\nruntime: python\n")
        self.environment = {
            "TEST_CLOUD": str(self.cloud),
            "PULUMI_HOME": str(self.home),
            "HOME": str(self.home),
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "NO_COLOR": "1",
            "PATH": f"{Path(sys.executable).parent}:{os.defpath}",
        }
        self.events: list[Event] = []
        self._counted = 0
        self._engine: Engine | None = None
        self._engine_options: dict[str, Any] = {}

    def want(self, *things: dict[str, Any], **more: Any) -> None:
        """Let the program register these things."""
        (self.project / "things.json").write_text(json.dumps({"things": things, **more}))

    def engine(self, **options: Any) -> Engine:
        return Engine(self.project, STACK, emit=self.events.append, environment=self.environment, **options)

    def run(self, verb: str, **options: Any) -> Result:
        """Run one verb; the state it leaves must be one that Pulumi takes.

        The engine is the same for all runs of a test, as long as its options are: it starts faster.
        """
        names = ("targets", "continue_on_error", "parallel")
        engine_options = {name: options.pop(name) for name in names if name in options}
        if self._engine is None or engine_options != self._engine_options:
            self.close()
            self._engine, self._engine_options = self.engine(**engine_options), engine_options
        self.events.clear()
        result: Result = getattr(self._engine, verb)(**options)
        self.check()
        return result

    def close(self) -> None:
        """End the engine; the next run starts a fresh one."""
        if self._engine is not None:
            self._engine.close()
            self._engine = None

    def up(self, **options: Any) -> Result:
        """Run an update that must succeed, and find nothing left to do."""
        result = self.run("up", **options)
        assert result.exit_code == 0, self.messages()
        return result

    def check(self) -> None:
        if self.state_path.exists():
            problems = checker.problems(self.state_path.read_text())
            assert problems == [], problems
        assert self.backend_files("locks/**/*.json") == []

    def settled(self) -> None:
        """Assert that state and cloud hold the same objects, and that nothing is left to do."""
        assert sorted(self.ids().values()) == sorted(path.name for path in (self.cloud / "objects").iterdir())
        result = self.run("preview")
        assert result.exit_code == 0, self.messages()
        assert not result.has_changes, [step.started for step in result.steps if step.started.op is not Op.SAME]

    # What is there

    @property
    def state_path(self) -> Path:
        return self.project / ".pulumi" / "stacks" / PROJECT / f"{STACK}.json"

    def backend_files(self, pattern: str) -> list[Path]:
        return sorted((self.project / ".pulumi").glob(pattern))

    def latest(self) -> dict[str, Any]:
        latest: dict[str, Any] = json.loads(self.state_path.read_text())["checkpoint"]["latest"]
        return latest

    def resources(self) -> dict[str, dict[str, Any]]:
        """Give the custom resources of the state by name, without those that wait for deletion."""
        return {
            resource["urn"].rsplit("::", 1)[1]: resource
            for resource in self.latest().get("resources", [])
            if ":Thing" in resource["type"] and not resource.get("delete")
        }

    def ids(self) -> dict[str, str]:
        return {name: resource["id"] for name, resource in self.resources().items()}

    def calls(self, *methods: str) -> list[tuple[str, str]]:
        """Give the provider calls since the last question, as pairs of method and name."""
        path = self.cloud / "calls.log"
        lines = path.read_text().splitlines() if path.exists() else []
        fresh, self._counted = lines[self._counted :], len(lines)
        calls = [(str(call["method"]), str(call["name"])) for call in map(json.loads, fresh)]
        wanted = methods or ("create", "update", "delete")
        return [call for call in calls if call[0] in wanted]

    def edit(self, name: str, **values: Any) -> None:
        """Change an object behind the engine's back."""
        path = self.cloud / "objects" / self.ids()[name]
        path.write_text(json.dumps({**json.loads(path.read_text()), **values}))

    def lose(self, name: str) -> None:
        """Delete an object behind the engine's back."""
        (self.cloud / "objects" / self.ids()[name]).unlink()

    def object(self, name: str) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.cloud / "objects" / self.ids()[name]).read_text())
        return content

    def faults(self, *faults: dict[str, Any]) -> None:
        (self.cloud / "faults.json").write_text(json.dumps(faults))

    def messages(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Message)]

    def steps(self) -> list[tuple[str, str]]:
        return [
            (str(event.started.op), event.started.urn.rsplit("::", 1)[1])
            for event in self.events
            if isinstance(event, StepEnded) and event.started.op is not Op.SAME and not event.started.internal
        ]

    # The command line

    def cli(self, *arguments: str, text_in: str = "") -> subprocess.CompletedProcess[str]:
        """Run the command in a process of its own, without a terminal."""
        self.environment["PYTHONPATH"] = str(REPOSITORY)
        return subprocess.run(
            [*CLI, *arguments],
            cwd=self.project,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            input=text_in,
        )


def counts(result: Result) -> dict[str, int]:
    return {str(op): count for op, count in Counter(result.counts).items() if count}


def thing(name: str, **props: Any) -> dict[str, Any]:
    """Describe a thing; options, refs and secrets are told apart by their names."""
    described: dict[str, Any] = {"name": name, "props": props}
    for key in ("opts", "refs", "serials", "secrets", "nested_secrets"):
        if key in props:
            described[key] = props.pop(key)
    return described
