"""Where a bench runs: its setting, an emulator, and stacks of agents with numbers."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tests.acceptance.deployment import Deployment

BUDGET = 90
"""Requests a minute that the tool allows itself where the server allows 100."""


@dataclass(frozen=True)
class Setting:
    """Where a bench runs.

    Args:
        name: Shown above the table.
        resources: Size of a stack, half agents and half numbers.
        latency_ms: What the server takes for each request.
        limit: Requests a minute that the server allows; 0 for no limit.
        jobs: Stacks that are deployed at the same time.
    """

    name: str
    resources: int
    latency_ms: int
    limit: int
    jobs: int = 1

    @property
    def is_free(self) -> bool:
        """Whether requests cost nothing, so that a run takes what the engine takes."""
        return not self.latency_ms and not self.limit

    def free(self) -> Setting:
        """Give the same without latency and limit."""
        return replace(self, latency_ms=0, limit=0)


@contextmanager
def emulator(setting: Setting) -> Iterator[str]:
    """Run an emulator as a process of its own; give the URL of its API."""
    command = [sys.executable, "-m", "flireo_iac.cli", "emulator", "--port", "0"]
    command += ["--latency-ms", str(setting.latency_ms), "--requests-per-minute", str(setting.limit)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline() if process.stdout else ""
        yield line.split("listening on ", 1)[1].strip()
    finally:
        process.terminate()
        process.wait(timeout=20)


def deployment_of(setting: Setting, folder: Path, url: str, engine: str, job: int = 0) -> Deployment:
    """Make the stack of a job.

    Args:
        setting: Size and limit.
        folder: Where stacks and states lie; all jobs of a bench share it.
        url: URL of the emulator's API.
        engine: ``local`` or ``pulumi``.
        job: Number of the job; each has objects of its own.
    """
    project = folder / f"stack{job}"
    project.mkdir()
    deployment = Deployment(project, folder / "home", url, url.removesuffix("/api/v1") + "/_emulator", engine)
    deployment.environ["FLIREO_REQUESTS_PER_MINUTE"] = str(BUDGET if setting.limit else 100_000)
    _write(deployment, setting.resources, job)
    return deployment


def _write(deployment: Deployment, resources: int, job: int) -> None:
    """Write agents with a prompt of about 4 KB, each with a number."""
    deployment.write("Pulumi.yaml", f"name: bench{job}\nruntime: python\n")
    deployment.write("__main__.py", "from flireo_iac import deploy\n\ndeploy()\n")
    prompt = "You answer the phone. Be brief.\n" + "A line of instructions, as real prompts have many.\n" * 80
    for n in range(resources // 2):
        agent = f"name: A{job}-{n}\nllm_config:\n  provider: openai\n  model: gpt-4o-mini\n  prompt: a{n}.md\n"
        deployment.write(f"agents/a{n}.yaml", agent)
        deployment.write(f"agents/a{n}.md", prompt)
        number = f'phone_number: "+3197{job}{n:08}"\nagent_id: ${{agents.a{n}.id}}\nprotect: false\n'
        deployment.write(f"numbers/n{n}.yaml", number)
