"""A stack is examined as each environment would be deployed, releases included."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from flireo_iac.lint.report import examine_whole
from flireo_iac.stacks.promotion import promotion
from tests.stacks.repository import Repository
from tests.stacks.writing import Files


def test_a_problem_says_in_which_environments_it_is(files: Files) -> None:
    files.write("agents/a.yaml", "name: A\nnme: x\nmax_duration_seconds: ${var.limit}\n")
    files.write("environments/dev.yaml", "vars: {limit: 5}\n")
    files.write("environments/prod.yaml", "vars: {limit: x}\n")
    report = examine_whole(Path())
    assert [stack.environment for stack in report.stacks] == ["dev", "prod"]
    assert [each.rule for each in report.problems] == ["FL103", "FL104"]
    assert "prod" not in report.problems[0].text
    assert report.problems[1].text.endswith("(In prod.)")


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """v1 is sound; the working tree after it has a wrong key and a template that nobody copies."""
    made = Repository(tmp_path_factory.mktemp("first"))
    made.write("Pulumi.yaml", "name: shop\nruntime: python\n")
    made.write("agents/desk.yaml", "name: Desk ${var.city}\n")
    for name in ("staging", "prod"):
        made.write(f"environments/{name}.yaml", "vars: {city: Utrecht}\n")
    made.commit(tag="v1")
    made.write("agents/desk.yaml", "name: Desk ${var.city}\nnme: x\n")
    made.commit()
    return made


@pytest.fixture
def repository(first: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    made = Repository(Path(shutil.copytree(first.folder, tmp_path / "repository")))
    monkeypatch.chdir(made.folder)
    return made


def pin(repository: Repository, name: str) -> None:
    repository.write(f"Pulumi.{name}.yaml", f"config:\n  flireo:release: {promotion(Path(), 'v1', name).pin}\n")


def found() -> list[str]:
    report = examine_whole(Path())
    return [f"{each.severity} {each.file}:{each.line} {each.rule}" for each in report.problems]


def test_a_pinned_environment_is_examined_with_its_release(repository: Repository) -> None:
    pin(repository, "prod")
    assert found() == ["error agents/desk.yaml:2 FL103"]
    repository.write("environments/prod.yaml", "vars: {city: Utrecht, street: Main}\n")
    report = examine_whole(Path())
    assert [(each.file, each.rule) for each in report.problems] == [
        ("agents/desk.yaml", "FL103"),
        ("environments/prod.yaml", "FL144"),
    ]
    assert sorted(stack.environment or "" for stack in report.stacks) == ["prod", "staging"]
    repository.write("environments/prod.yaml", "vars: {}\n")
    assert found() == ["error agents/desk.yaml:2 FL103", "error v1:agents/desk.yaml:1 FL122"]


def test_files_that_no_environment_runs_yet_are_examined_as_a_warning(repository: Repository) -> None:
    pin(repository, "prod")
    pin(repository, "staging")
    assert found() == ["warning agents/desk.yaml:2 FL103"]
    assert examine_whole(Path()).problems[0].text.endswith("(No environment runs these files yet.)")


def test_a_release_that_cannot_be_read_is_a_problem_of_its_pin(repository: Repository) -> None:
    pin(repository, "prod")
    repository.git("tag", "-d", "v1")
    assert "error Pulumi.prod.yaml:2 FL156" in found()
    (problem,) = [each for each in examine_whole(Path()).problems if each.rule == "FL156"]
    assert '"v1" is no tag, branch or commit of this clone' in problem.text
    assert problem.column == 19


def test_only_the_environments_that_are_asked_for_are_examined(repository: Repository) -> None:
    pin(repository, "prod")
    report = examine_whole(Path(), ["prod"])
    assert [each.rule for each in report.problems if each.severity == "error"] == []
