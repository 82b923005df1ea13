"""Spoiled stack files become problems with a place: no traceback, no hang, and nothing is sent."""

from __future__ import annotations

import random
import re
import shutil
import socket
from pathlib import Path

import pytest

from flireo_iac.errors import FlireoError, Problem
from flireo_iac.lint.report import examine_whole
from flireo_iac.stacks.folder import ENVIRONMENTS, read_folder
from flireo_iac.stacks.init import write_stack
from flireo_iac.stacks.load import resolve
from tests.fuzz.mutation import BATCHES, CASES, no_hang, spoiled_text, spoiled_yaml

SAMPLE = Path(__file__).parents[2] / "stacks"
READ = (".yaml", ".md")


@pytest.fixture(params=["sample", "new"])
def stack(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A good stack, as the working directory; whoever opens a connection fails."""
    folder = tmp_path / "shop"
    if request.param == "sample":
        shutil.copytree(SAMPLE, folder, ignore=shutil.ignore_patterns("schema", "__pycache__"))
    else:
        write_stack(folder)
    monkeypatch.chdir(folder)

    def refuse(*_: object) -> None:
        pytest.fail("a stack file led to a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    return folder


@pytest.mark.parametrize("batch", BATCHES)
def test_spoiled_files_become_problems(stack: Path, batch: int) -> None:
    chance = random.Random(f"{stack.name} {batch}")
    files = sorted(path for path in stack.rglob("*") if path.suffix in READ and path.name != "Pulumi.yaml")
    good = {path: path.read_bytes() for path in files}
    names = sorted(path.stem for path in (stack / ENVIRONMENTS).iterdir())
    stopped = 0
    for number in range(CASES // 2):
        chosen = chance.sample(files, chance.choice([1, 1, 1, 2, 3]))
        for path in chosen:
            if path.suffix == ".md" or chance.random() < 0.6:
                path.write_bytes(spoiled_text(chance, good[path], list(good.values())))
            else:
                path.write_bytes(spoiled_yaml(chance, good[path]))
        try:
            with no_hang():
                stopped += examined(chance.choice(names))
        except Exception as error:
            changed = {str(path.relative_to(stack)): path.read_bytes() for path in chosen}
            raise AssertionError(f"batch {batch}, case {number}: {changed}") from error
        for path in chosen:
            path.write_bytes(good[path])
    assert stopped > CASES // 8
    assert [each for name in names for each in resolve(read_folder(Path()), name).errors] == []


def examined(environment: str) -> bool:
    """Load the stack, and say whether something stops it; each problem has to be fit to be read."""
    try:
        report = examine_whole(Path(), [environment])
    except FlireoError:
        return True
    for problem in (*report.problems, *(each.problem for each in report.waived)):
        assert_readable(problem)
    return any(stack.errors for stack in report.stacks)


def assert_readable(problem: Problem) -> None:
    path = Path(problem.file)
    assert path.exists(), problem
    assert problem.rule.startswith("FL"), problem
    assert problem.text.endswith((".", "?")), problem
    assert not any(odd in problem.text for odd in ("object at 0x", "Unresolved", "Traceback", "\0", "\x1b")), problem
    if path.is_file() and problem.line:
        # The YAML reader ends a line at these, too.
        lines = re.split("\r\n|[\r\n\x85\u2028\u2029]", path.read_bytes().decode("utf-8", "replace"))
        assert 1 <= problem.line <= len(lines) + 1, problem
        assert problem.column >= 1, problem
