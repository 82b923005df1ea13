"""The workflow of the examples: its steps are run as they stand."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import yaml

from tests.review.reviews import AGENT
from tests.stacks.repository import Repository

WORKFLOW = yaml.safe_load((Path(__file__).parents[2] / "examples/review/github.yml").read_text())


def script(job: str, step: str) -> str:
    return str(next(each["run"] for each in WORKFLOW["jobs"][job]["steps"] if each.get("name") == step))


def run(text: str, folder: Path, path: Path, **environ: str) -> None:
    """Run a step as the runner does."""
    kept = {"PATH": f"{path}{os.pathsep}{os.environ['PATH']}", "HOME": str(folder), **environ}
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", text], cwd=folder, env=kept, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_pull_request_gets_one_comment_that_is_edited(tmp_path: Path) -> None:
    origin = Repository(tmp_path / "origin")
    origin.write("stacks/agents/desk.yaml", AGENT.format(name="desk"))
    origin.write("stacks/agents/desk.md", "Never promise a price.\n")
    origin.commit()
    origin.git("checkout", "-q", "-b", "topic")
    origin.write("stacks/agents/desk.md", "Never promise a day.\n")
    origin.commit()
    clone = origin.clone(tmp_path / "clone").folder
    summary = tmp_path / "summary.md"
    run(script("review", "Review"), clone, Path(sys.executable).parent,
        GITHUB_BASE_REF="main", GITHUB_STEP_SUMMARY=str(summary), WHOLE="https://ci.example.com/1")  # fmt: skip
    assert "<del>price</del>" in summary.read_text()
    assert "(https://ci.example.com/1)" in summary.read_text()
    assert "<del>price</del>" in (clone / "review.html").read_text()

    gh = tmp_path / "bin/gh"  # keeps comments in a file, one an id, as the forge does
    gh.parent.mkdir()
    gh.write_text(
        '#!/bin/bash\necho "$@" >> calls\n'
        'case "$*" in *PATCH*) ;; *POST*) echo 7 > comment ;; *) cat comment 2>/dev/null || true ;; esac\n'
    )
    gh.chmod(0o755)
    for _ in range(2):
        run(script("comment", "Comment"), clone, gh.parent, COMMENTS="repos/a/b/issues/3/comments", GH_TOKEN="none")
    calls = (clone / "calls").read_text().splitlines()
    assert "POST repos/a/b/issues/3/comments --field body=@review.md" in calls[1]
    assert "PATCH repos/a/b/issues/comments/7 --field body=@review.md" in calls[3]


def test_the_workflow_gives_no_right_that_it_does_not_need() -> None:
    assert WORKFLOW["permissions"] == {}
    assert WORKFLOW["jobs"]["review"]["permissions"] == {"contents": "read"}
    assert WORKFLOW["jobs"]["comment"]["permissions"] == {"pull-requests": "write"}
    assert "secrets." not in str(WORKFLOW)
    assert not any("checkout" in str(step) for step in WORKFLOW["jobs"]["comment"]["steps"])
