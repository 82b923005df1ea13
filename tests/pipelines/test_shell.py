"""The pipeline of a plain shell, what the other files of the examples say, and the scripts' edges."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
import yaml

from tests.pipelines.world import PIPELINES, TOKEN, World


def stand_in(world: World, script: str) -> None:
    """Put another ``flireo`` on PATH, for what happens around it."""
    program = world.folder / "bin/flireo"
    program.write_text(f"#!/bin/sh\n{script}")
    program.chmod(0o755)


def test_a_shell_does_the_same(tmp_path: Path) -> None:
    world = World(tmp_path, "http://127.0.0.1:9/api/v1")
    shutil.copy(PIPELINES / "shell/pipeline.sh", world.person.folder)
    world.push("Pipeline")
    stand_in(world, 'echo "$1" "$@" >> ../calls\n[ "$1" != promote ] || echo pinned > stacks/Pulumi.staging.yaml\n'
                    '[ "$1" != review ] || while [ $# -gt 1 ]; do shift; done; echo text > "$1"\n')  # fmt: skip
    folder = world.checkout("shell", "main")
    for command in ("check", "deploy dev", "promote main staging", "drift dev"):
        world.run(f"./pipeline.sh {command}", folder, {})
    calls = (folder.parent / "calls").read_text()
    assert "up -C stacks --stack dev --yes --message" in calls
    assert "drift -C stacks --stack dev --format text --output drift.md" in calls
    assert world.person.git("ls-remote", "origin", "promote/staging") != ""
    assert "pipeline.sh deploy ENVIRONMENT" in world.run("./pipeline.sh", folder, {}, codes=(2,))


@pytest.mark.parametrize("forge", ["github", "gitlab"])
def test_what_is_there_is_edited(tmp_path: Path, forge: str) -> None:
    world = World(tmp_path, "http://127.0.0.1:9/api/v1")
    environ = {"GITHUB_REPOSITORY": "example/voice", "CI_PROJECT_ID": "7", "CI_DEFAULT_BRANCH": "main",
               "CI_PROJECT_URL": world.remote.as_uri().removesuffix(".git"), "GITLAB_TOKEN": TOKEN}  # fmt: skip
    folder = world.person.folder
    issues, requests = "issues", "pulls" if forge == "github" else "merge_requests"
    for text in ("one", "other"):
        for environment in ("staging", "prod"):
            (folder / "text.md").write_text(f"<!-- flireo drift {environment} -->\n{text}\n")
            world.run(f"scripts/{forge}.sh issue {environment} text.md", folder, environ)
        world.person.git("commit", "-q", "--amend", "-m", f"Promote {text}")
        world.run(f"scripts/{forge}.sh request promote/prod 'Promote {text}' text.md", folder, environ)
    world.run(f"scripts/{forge}.sh close prod", folder, environ)
    assert [(each["title"], each["state"] == "closed") for each in world.forge(issues)] == [
        ("Drift in staging", False), ("Drift in prod", True),
    ]  # fmt: skip
    assert all("other" in str(each) for each in world.forge(issues))
    assert [each["title"] for each in world.forge(requests)] == ["Promote other"]
    world.run(f"scripts/{forge}.sh close prod", folder, environ)
    world.run(f"scripts/{forge}.sh issue prod text.md", folder, environ)
    assert len(world.forge(issues)) == 3  # what was closed stays closed
    world.assert_no_secret()


def test_a_push_reaches_what_it_changes(tmp_path: Path) -> None:
    world = World(tmp_path, "http://127.0.0.1:9/api/v1")
    start = world.push("Pin", **{"stacks/Pulumi.prod.yaml": "config:\n  flireo:release: v1@sha256:00\n"})

    def reached(before: str) -> list[str]:
        found: list[str] = json.loads(world.run(f"scripts/reached.sh {before}", world.person.folder, {}))
        return found

    prompt = world.push("Prompt", **{"stacks/agents/desk.md": "Other words.\n"})
    assert reached(start) == ["dev", "staging"]
    own = world.push("Own file", **{"stacks/environments/prod.yaml": "vars: {city: Delft}\n"})
    assert reached(prompt) == ["dev", "prod", "staging"]
    world.push("Elsewhere", **{"README.md": "Voice.\n"})
    assert reached(own) == []
    assert reached("0" * 40) == ["dev", "prod", "staging"]  # as at a new branch


def test_what_is_no_drift_is_no_issue(tmp_path: Path) -> None:
    world = World(tmp_path, "http://127.0.0.1:9/api/v1")
    stand_in(world, 'while [ "$1" != --output ]; do shift; done; echo words > "$2"; exit 7\n')
    assert world.run("FORGE=terminal scripts/drift.sh dev", world.person.folder, {}) == "words\n"
    stand_in(world, "echo no key\nexit 3\n")
    assert world.run("FORGE=github scripts/drift.sh dev", world.person.folder, {}, codes=(3,)) == "no key\n"


def test_one_version_of_the_program_is_pinned_everywhere() -> None:
    pinned = re.findall(
        r"(?:pulumi-version: |PULUMI=|flireo:)(\d+\.\d+\.\d+)",
        "".join(file.read_text() for file in PIPELINES.rglob("*") if file.is_file()),
    )
    assert len(pinned) >= 5
    assert len(set(pinned)) == 1


def test_the_operator_gets_the_keys_from_secrets() -> None:
    documents = [
        document
        for name in ("stack", "program")
        for document in yaml.safe_load_all((PIPELINES / f"kubernetes/{name}.yaml").read_text())
    ]
    assert [each["kind"] for each in documents] == ["Stack", "Program", "Stack"]
    for stack in (documents[0], documents[2]):
        assert {each["type"] for each in stack["spec"]["envRefs"].values()} == {"Secret"}
    assert not any("dynamic" in each["type"] for each in documents[1]["program"]["resources"].values())
