"""A repository with pipelines, its remote, an account in the emulator and a forge; and runners that play a pipeline."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import Any

import yaml

from tests.stacks.repository import Repository

PIPELINES = Path(__file__).parents[2] / "examples/pipelines"
SECRETS = {
    "FLIREO_API_KEY": "fl_test_canary_of_pipelines",
    "FLIREO_SECRET_WEBHOOK": "canary-of-the-webhook",
    "PULUMI_CONFIG_PASSPHRASE": "canary of the passphrase",
}
TOKEN = "canary-of-the-forge"
FILES = {
    "requirements.txt": "flireo_iac==0.2.0\n",
    "stacks/Pulumi.yaml": "name: voice\nruntime: python\n",
    "stacks/__main__.py": "from flireo_iac import deploy\n\ndeploy()\n",
    "stacks/agents/desk.yaml": (
        "name: Desk ${var.city}\nllm_config: {provider: openai, model: gpt-4o, prompt: desk.md}\n"
        "webhook_url: https://hooks.example.com/flireo\nwebhook_secret: ${secret.webhook}\n"
        "webhook_events: [end-of-call-report]\n"
    ),
    "stacks/agents/desk.md": "You answer the phone in Utrecht. Never promise a price.\n",
    "stacks/environments/dev.yaml": "vars: {city: Teststad}\n",
    "stacks/environments/staging.yaml": "vars: {city: Proefstad}\n",
    "stacks/environments/prod.yaml": "vars: {city: Utrecht}\nafter: staging\n",
    ".gitignore": ".pulumi/\n",
}


@dataclass
class World:
    """Where pipelines run.

    Args:
        folder: Everything of it, temporary.
        api_url: Base URL of the emulator's API.
    """

    folder: Path
    api_url: str
    log: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.remote = self.folder / "voice.git"
        person = Repository(self.folder / "person")
        person.git("init", "-q", "--bare", "-b", "main", str(self.remote))
        person.git("remote", "add", "origin", self.remote.as_uri())
        for path, text in FILES.items():
            person.write(path, text)
        shutil.copytree(PIPELINES / "scripts", person.folder / "scripts")
        self.person = person
        self.push("Start")
        programs = self.folder / "bin"
        programs.mkdir()
        for name in ("gh", "glab"):
            text = (Path(__file__).parent / "forge.py").read_text()
            (programs / name).write_text(f"#!{sys.executable}\n{text}")
        (programs / "pip").write_text('#!/bin/sh\n[ "$*" = "install -r requirements.txt" ] && [ -f "$3" ]\n')
        for program in programs.iterdir():
            program.chmod(0o755)

    def push(self, message: str, branch: str = "main", **files: str) -> str:
        """Commit files and push them; gives the commit."""
        for path, text in files.items():
            self.person.write(path, text)
        commit = self.person.commit(message)
        self.person.git("push", "-q", "origin", f"HEAD:{branch}")
        return commit

    def merge(self, branch: str) -> None:
        """Merge a branch of the remote, as a person does at the forge."""
        self.person.git("fetch", "-q", "origin")
        self.person.git("merge", "-q", "--no-ff", "-m", f"Merge {branch}", f"origin/{branch}")
        self.person.git("push", "-q", "origin", "HEAD:main")

    def checkout(self, name: str, ref: str) -> Path:
        """Clone the remote anew, at a ref."""
        target = self.folder / "runs" / name
        shutil.rmtree(target, ignore_errors=True)
        self.person.git("clone", "-q", self.remote.as_uri(), str(target))
        Repository(target).git("checkout", "-q", ref)
        return target

    def run(self, script: str, folder: Path, environ: Mapping[str, str], codes: tuple[int, ...] = (0,)) -> str:
        """Run a step as a runner does; gives what stands in the log of the run."""
        kept = {
            "PATH": os.pathsep.join([str(self.folder / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]]),
            "HOME": str(self.folder / "home"),
            "CI": "true",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "FLIREO_BASE_URL": self.api_url,
            "FLIREO_STATE_DIR": str(self.folder / "budget"),
            **environ,
        }
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", script],
            cwd=folder, env=kept, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        self.log.append(done.stdout + done.stderr)
        assert done.returncode in codes, f"{script}: {done.returncode}\n{self.log[-1]}"
        return self.log[-1]

    def backend(self) -> str:
        """Give the address of the state."""
        state = self.folder / "state"
        state.mkdir(exist_ok=True)
        return state.as_uri()

    def forge(self, collection: str) -> list[dict[str, Any]]:
        """Give what was written at the forge: comments, issues, pulls, notes or merge_requests."""
        file = self.folder / f"bin/forge/{collection}.json"
        found: list[dict[str, Any]] = json.loads(file.read_text()) if file.exists() else []
        return found

    def assert_no_secret(self) -> None:
        """Hold what was logged and written at the forge against every secret."""
        written = [file.read_text() for file in (self.folder / "bin/forge").iterdir()]
        for secret in (*SECRETS.values(), TOKEN):
            assert not any(secret in text for text in (*self.log, *written)), secret


class GitHub:
    """Plays a workflow of GitHub.

    Args:
        world: Where it runs.
        name: File name of the workflow.
        context: Values of expressions, such as ``inputs.release``; an expression without one is a failure.
    """

    def __init__(self, world: World, name: str, context: Mapping[str, str]) -> None:
        self.world = world
        self.jobs = yaml.safe_load((PIPELINES / "github" / f"{name}.yml").read_text())["jobs"]
        self.context = {
            "github.server_url": "https://github.example.com",
            "github.repository": "example/voice",
            "github.run_id": "1",
            "github.token": TOKEN,
            "vars.PULUMI_BACKEND_URL": world.backend(),
            "secrets.PULUMI_ACCESS_TOKEN": "",  # what is not set is empty, as there
            "secrets.AWS_ACCESS_KEY_ID": "",
            "secrets.AWS_SECRET_ACCESS_KEY": "",
            **{f"secrets.{key}": value for key, value in SECRETS.items()},
            **context,
        }

    def value(self, text: str) -> str:
        return re.sub(r"\$\{\{ (.*?) \}\}", lambda found: self.context[found[1]], text)

    def job(self, name: str, ref: str = "main", codes: tuple[int, ...] = (0,), **environ: str) -> None:
        """Run every step of a job, in order."""
        world, artifact = self.world, self.world.folder / "artifact"
        folder = world.folder / "runs" / name
        output, summary = world.folder / "output", world.folder / "summary.md"
        output.unlink(missing_ok=True)
        for step in self.jobs[name]["steps"]:
            used = str(step.get("uses", "")).split("@")[0]
            if used == "actions/checkout":
                folder = world.checkout(name, self.value(step["with"].get("ref", ref)))
            elif used == "actions/upload-artifact":
                shutil.rmtree(artifact, ignore_errors=True)
                artifact.mkdir()
                for pattern in step["with"]["path"].split():
                    for file in folder.glob(pattern):
                        shutil.copy(file, artifact)
            elif used == "actions/download-artifact":
                shutil.copytree(artifact, folder, dirs_exist_ok=True)
            elif used:
                assert used in ("actions/setup-python", "pulumi/actions"), used
            else:
                given = {key: self.value(text) for key, text in step.get("env", {}).items()}
                runner = {
                    "GITHUB_REPOSITORY": "example/voice",
                    "GITHUB_REF_NAME": "main",
                    "GITHUB_OUTPUT": str(output),
                    "GITHUB_STEP_SUMMARY": str(summary),
                }
                world.run(step["run"], folder, {**runner, **given, **environ}, codes)
        if output.exists():
            for line in output.read_text().splitlines():
                self.context[f"needs.{name}.outputs.{line.split('=', 1)[0]}"] = line.split("=", 1)[1]


class GitLab:
    """Plays a job of GitLab's pipeline.

    Args:
        world: Where it runs.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.file = yaml.safe_load((PIPELINES / "gitlab/.gitlab-ci.yml").read_text())

    def job(self, name: str, ref: str = "main", **environ: str) -> Path:
        """Run the script of a job, and hand its artefacts on; gives its folder."""
        world, job = self.world, self.file[name]
        job = {**self.file.get(job.get("extends"), {}), **job}
        environment = job.get("environment", "")
        given = {
            "CI_PROJECT_ID": "7",
            "CI_PROJECT_URL": str(world.remote.as_uri()).removesuffix(".git"),
            "CI_DEFAULT_BRANCH": "main",
            "CI_SERVER_HOST": "gitlab.example.com",
            "CI_JOB_URL": "https://gitlab.example.com/jobs/1",
            "CI_ENVIRONMENT_NAME": environment["name"] if isinstance(environment, dict) else environment,
            "GITLAB_TOKEN": TOKEN,
            "PULUMI_BACKEND_URL": world.backend(),
            **SECRETS,
            **environ,
        }
        for variables in (self.file["variables"], job.get("variables", {})):
            given |= {key: Template(text).substitute(given) for key, text in variables.items()}
        folder = world.checkout(name.replace(" ", "-"), ref)
        artifact = world.folder / "artifact"
        if artifact.exists():
            shutil.copytree(artifact, folder, dirs_exist_ok=True)
        world.run("\n".join(job["script"]), folder, given)
        for file in job.get("artifacts", {}).get("paths", ()):
            artifact.mkdir(exist_ok=True)
            shutil.copy(folder / file, artifact)
        return folder
