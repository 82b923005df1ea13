"""A pinned environment takes its base from git and its values from the working tree; other content is refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flireo_iac.errors import Problem, SettingsError, StackError
from flireo_iac.stacks.environment import requirements
from flireo_iac.stacks.gates import unmet_after
from flireo_iac.stacks.load import LoadedStack, resolve
from flireo_iac.stacks.promotion import promotion
from flireo_iac.stacks.releases import Pin, base_of, digest_of, working_digest
from flireo_iac.stacks.targets import read_targets, target_of
from tests.stacks.repository import Repository

AGENT = """name: Desk ${var.city}
llm_config:
  provider: openai
  model: gpt-4o
  prompt: desk.md
"""


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A repository with a stack in stacks/: v1 and v2 differ in a prompt, the last commit has a word more."""
    made = Repository(tmp_path_factory.mktemp("first"))
    made.write("stacks/Pulumi.yaml", "name: shop\nruntime: python\n")
    made.write("stacks/agents/desk.yaml", AGENT)
    made.write("stacks/agents/desk.md", "One.\n${include rules.md}")
    made.write("stacks/prompts/rules.md", "Be kind.\n")
    for name in ("staging", "prod"):
        made.write(f"stacks/environments/{name}.yaml", "vars: {city: Utrecht}\n")
    made.commit(tag="v1")
    made.write("stacks/agents/desk.md", "Two.\n${include rules.md}")
    made.commit(tag="v2")
    made.write("stacks/agents/desk.md", "Three.\n${include rules.md}")
    made.commit()
    return made


@pytest.fixture
def repository(first: Repository, tmp_path: Path) -> Repository:
    return Repository(Path(shutil.copytree(first.folder, tmp_path / "repository")))


def stack(repository: Repository) -> Path:
    return repository.folder / "stacks"


def pin(repository: Repository, name: str, ref: str) -> Pin:
    """Pin a release as promote does."""
    made = promotion(stack(repository), ref, name)
    repository.write(f"stacks/Pulumi.{name}.yaml", f"config:\n  flireo:release: {made.pin}\n")
    return made.pin


def loaded(repository: Repository, name: str) -> LoadedStack:
    with base_of(stack(repository), target_of(stack(repository), name).pin) as base:
        return resolve(base.files, name)


def prompt(repository: Repository, name: str = "prod") -> str:
    found = loaded(repository, name)
    assert not found.problems
    text = found.items["agents.desk"].inputs["llm_config"]["messages"][0]["content"]
    assert isinstance(text, str)
    return text


# What a pin does


def test_a_pinned_environment_has_the_files_of_the_release_and_its_own_values(repository: Repository) -> None:
    pin(repository, "prod", "v1")
    repository.write("stacks/environments/prod.yaml", "vars: {city: Delft}\n")
    repository.write("stacks/prompts/rules.md", "Be quick.\n")
    assert prompt(repository, "prod") == "One.\nBe kind.\n"
    assert loaded(repository, "prod").items["agents.desk"].inputs["name"] == "Desk Delft"
    assert prompt(repository, "staging") == "Three.\nBe quick.\n"


def test_to_roll_back_the_older_release_is_promoted(repository: Repository) -> None:
    pin(repository, "prod", "v2")
    assert prompt(repository) == "Two.\nBe kind.\n"
    pin(repository, "prod", "v1")
    assert prompt(repository) == "One.\nBe kind.\n"


def test_a_moved_tag_is_refused_and_the_text_says_how_to_take_it(repository: Repository) -> None:
    pin(repository, "prod", "v1")
    repository.git("tag", "-f", "v1", "v2")
    with pytest.raises(SettingsError, match=r"not those that were pinned.*flireo promote v1 ENVIRONMENT"):
        loaded(repository, "prod")


def test_a_moved_tag_with_the_same_files_is_the_same_release(repository: Repository) -> None:
    repository.git("checkout", "-q", "v1")
    repository.write("other.txt", "not of the stack")
    other = repository.commit()
    repository.git("checkout", "-q", "main")
    pin(repository, "prod", "v1")
    repository.git("tag", "-f", "v1", other)
    assert prompt(repository) == "One.\nBe kind.\n"


def test_a_branch_is_pinned_by_its_commit_so_that_it_may_move_on(repository: Repository) -> None:
    repository.git("branch", "next", "v1")
    made = pin(repository, "prod", "next")
    assert made.ref == repository.git("rev-parse", "v1")
    repository.git("branch", "-f", "next", "v2")
    assert prompt(repository) == "One.\nBe kind.\n"


def test_what_is_wrong_in_a_release_is_shown_with_its_ref(repository: Repository) -> None:
    repository.write("stacks/agents/desk.yaml", AGENT.replace("gpt-4o", "gpt-4o\n  temperature: hot"))
    repository.commit(tag="v3")
    made = Pin("v3", digest_of(stack(repository)))
    with base_of(stack(repository), made) as base:
        problems = [base.named(each) for each in resolve(base.files, "prod").problems]
    assert [each.file for each in problems] == ["v3:stacks/agents/desk.yaml"]


@pytest.mark.parametrize("text", ["v1", "v1@sha256:12", f"@sha256:{'a' * 64}", f"v 1@sha256:{'a' * 64}", ""])
def test_a_pin_of_another_form_is_refused_with_its_place(text: str, repository: Repository) -> None:
    repository.write("stacks/Pulumi.prod.yaml", f'config:\n  flireo:release: "{text}"\n')
    problems: list[Problem] = []
    read_targets(stack(repository), problems)
    assert [(each.line, each.column, each.rule) for each in problems] == [(2, 19, "FL151")]
    with pytest.raises(SettingsError, match="FL151"):
        target_of(stack(repository), "prod")


def test_a_pin_in_a_file_that_no_engine_reads_is_no_pin(repository: Repository) -> None:
    repository.write("stacks/Pulumi.prod.yml", f"config:\n  flireo:release: {pin(repository, 'prod', 'v1')}\n")
    (stack(repository) / "Pulumi.prod.yaml").unlink(missing_ok=True)
    problems: list[Problem] = []
    found = {each.stack: each.pin for each in read_targets(stack(repository), problems)}
    assert found["prod"] is None
    assert [(Path(each.file).name, each.rule) for each in problems] == [("Pulumi.prod.yml", "FL110")]


def test_two_stacks_of_one_environment_have_a_pin_each(repository: Repository) -> None:
    for name, ref in (("prod-eu", "v1"), ("prod-us", "v2")):
        text = (
            f"config:\n  flireo:environment: prod\n  flireo:release: {promotion(stack(repository), ref, 'prod').pin}\n"
        )
        repository.write(f"later/Pulumi.{name}.yaml", text)
    for path in (repository.folder / "later").iterdir():
        path.rename(stack(repository) / path.name)
    found = {each.stack: each.pin.ref if each.pin else None for each in read_targets(stack(repository), [])}
    assert found == {"prod-eu": "v1", "prod-us": "v2", "staging": None}
    with pytest.raises(SettingsError, match="the stacks prod-eu, prod-us have it"):
        target_of(stack(repository), "prod")


# The digest


_FILES = st.dictionaries(
    st.sampled_from(["agents/a.yaml", "agents/a.md", "prompts/b.md", "domain.yaml", "notes.md", "agents/a/b.md"]),
    st.binary(max_size=6),
    min_size=1,
    max_size=4,
)


def _written(folder: Path, files: dict[str, bytes]) -> Path:
    for path, content in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return folder


@given(_FILES, _FILES)
def test_two_folders_have_one_digest_if_and_only_if_their_files_are_the_same(
    tmp_path_factory: pytest.TempPathFactory, one: dict[str, bytes], other: dict[str, bytes]
) -> None:
    digests = [digest_of(_written(tmp_path_factory.mktemp("base"), files)) for files in (one, other)]
    assert (digests[0] == digests[1]) == (one == other)


def test_the_digest_of_a_release_never_changes(tmp_path: Path) -> None:
    _written(tmp_path, {"agents/a.yaml": b"name: A\n", "prompts/b.md": b"Be kind.\n"})
    (tmp_path / "agents/b.md").symlink_to("../prompts/b.md")
    assert digest_of(tmp_path) == "bc41725295021b2931e58e9e750fbc69fa56d82b593aefbe4c4b82c1eff01ea5"


def test_what_belongs_to_an_environment_is_no_part_of_a_release(tmp_path: Path) -> None:
    before = digest_of(_written(tmp_path, {"agents/a.yaml": b"name: A"}))
    left_out = ["environments/prod.yaml", "Pulumi.yaml", "Pulumi.prod.yaml", "schema/agent.json", "__main__.py", ".env"]
    _written(tmp_path, dict.fromkeys(left_out, b"x"))
    assert digest_of(tmp_path) == before
    _written(tmp_path, {"agents/environments/x.md": b"x"})
    assert digest_of(tmp_path) != before


# Promotion


def test_an_environment_gives_its_release_or_the_last_commit_that_it_follows(repository: Repository) -> None:
    pin(repository, "staging", "v1")
    assert promotion(stack(repository), "staging", "prod").pin.ref == "v1"
    (stack(repository) / "Pulumi.staging.yaml").unlink()
    assert promotion(stack(repository), "staging", "prod").pin.ref == repository.git("rev-parse", "HEAD")


def test_files_that_are_not_committed_cannot_be_promoted(repository: Repository) -> None:
    repository.write("stacks/agents/desk.md", "Four.\n")
    with pytest.raises(SettingsError, match=r"not committed: agents/desk.md\. Commit them first"):
        promotion(stack(repository), "staging", "prod")


def test_files_that_git_ignores_are_no_part_of_the_working_tree(repository: Repository) -> None:
    repository.write("stacks/.gitignore", "review.html\n")
    repository.commit()
    before = working_digest(stack(repository))
    repository.write("stacks/review.html", "<p>big</p>")
    assert promotion(stack(repository), "staging", "prod").pin.digest == before == working_digest(stack(repository))
    repository.write("stacks/notes.md", "new\n")
    assert working_digest(stack(repository)) != before


def test_a_pin_for_every_stack_at_once_is_refused(repository: Repository) -> None:
    made = promotion(stack(repository), "v1", "prod").pin
    repository.write("stacks/Pulumi.yaml", f"name: shop\nruntime: python\nconfig:\n  flireo:release: {made}\n")
    repository.write("stacks/Pulumi.prod.yaml", "config: {}\n")
    problems: list[Problem] = []
    read_targets(stack(repository), problems)
    assert [(each.line, each.rule) for each in problems] == [(4, "FL151")]
    with pytest.raises(SettingsError, match="where every stack would have it"):
        target_of(stack(repository), "prod")


def test_a_release_that_is_wrong_in_the_environment_is_not_promoted(repository: Repository) -> None:
    repository.write("stacks/environments/prod.yaml", "vars: {}\n")
    with pytest.raises(StackError, match=r"v1:stacks/agents/desk.yaml.*FL122"):
        promotion(stack(repository), "v1", "prod")


def test_a_commit_that_was_not_pushed_is_told(repository: Repository, tmp_path: Path) -> None:
    clone = repository.clone(tmp_path / "clone")
    assert not promotion(clone.folder / "stacks", "main", "prod").notes
    clone.commit()
    (note,) = promotion(clone.folder / "stacks", "HEAD", "prod").notes
    assert "push it" in note


def test_a_lost_release_can_be_left_by_promoting_another(repository: Repository) -> None:
    lost = Pin("gone", "0" * 64)
    repository.write("stacks/Pulumi.prod.yaml", f"config:\n  flireo:release: {lost}\n")
    made = promotion(stack(repository), "v1", "prod")
    assert made.before is None
    assert '"gone" is no tag' in made.unread


# after: another environment


def after_staging(repository: Repository) -> None:
    repository.write("stacks/environments/prod.yaml", "vars: {city: Utrecht}\nafter: staging\n")


def unmet(repository: Repository, ref: str) -> str:
    """Say why a ref may not go to prod yet."""
    required = requirements(stack(repository), "prod").after
    assert required is not None
    found = unmet_after(stack(repository), required, promotion(stack(repository), ref, "prod").pin)
    return found.text if found is not None else ""


def test_a_release_goes_to_the_environment_before_first(repository: Repository) -> None:
    pin(repository, "staging", "v1")
    repository.commit()
    after_staging(repository)
    assert 'v2 has to go to "staging" first, which runs v1' in unmet(repository, "v2")
    assert unmet(repository, "v1") == ""


def test_a_pin_that_is_not_committed_counts_for_nothing(repository: Repository) -> None:
    pin(repository, "staging", "v1")
    after_staging(repository)
    assert 'v1 is pinned for "staging" in the working tree only' in unmet(repository, "v1")


def test_a_release_that_the_environment_before_once_had_may_stay(repository: Repository) -> None:
    for ref in ("v1", "v2"):
        pin(repository, "staging", ref)
        repository.commit()
    after_staging(repository)
    assert unmet(repository, "v1") == ""


def test_a_shallow_clone_cannot_know_what_was_and_says_what_to_fetch(repository: Repository, tmp_path: Path) -> None:
    for ref in ("v1", "v2"):
        pin(repository, "staging", ref)
        repository.commit()
    clone = repository.clone(tmp_path / "clone", "--depth=1")
    clone.git("fetch", "--depth=1", "origin", "tag", "v1")
    after_staging(clone)
    assert "git fetch --unshallow origin" in unmet(clone, "v1")
    clone.git("fetch", "--unshallow", "origin")
    assert unmet(clone, "v1") == ""


def test_one_that_follows_the_working_tree_had_what_was_merged(repository: Repository) -> None:
    after_staging(repository)
    repository.commit()
    repository.git("branch", "side", "v1")
    repository.git("checkout", "-q", "side")
    repository.write("stacks/agents/desk.md", "Side.\n")
    repository.commit(tag="side-1")
    repository.git("checkout", "-q", "main")
    assert unmet(repository, "v1") == ""
    assert "not on the way to what is checked out" in unmet(repository, "side-1")


def test_without_a_pin_nothing_goes_first(repository: Repository) -> None:
    after_staging(repository)
    required = requirements(stack(repository), "prod").after
    assert required is not None
    found = unmet_after(stack(repository), required, None)
    assert found is not None
    assert "both follow the working tree" in found.text
    assert (found.line, found.column) == (2, 8)


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("after: stagign", 8, 'did you mean "staging"?'),
        ("after: prod", 8, "no other environment"),
        ("after: [staging]", 8, "expected the name of an environment"),
        ("require: validate", 10, "expected a list"),
        ("require: [validat]", 11, 'did you mean "validate"?'),
        ("require: [{command: ''}]", 11, "expected validate, drift-free, smoke-tests or command: TEXT"),
        ("require: [{command: a, other: b}]", 11, "expected validate, drift-free, smoke-tests or command: TEXT"),
    ],
)
def test_wrong_gates_are_told_with_their_place(text: str, column: int, said: str, repository: Repository) -> None:
    repository.write("stacks/environments/prod.yaml", f"vars: {{city: Utrecht}}\n{text}\n")
    (problem,) = loaded(repository, "prod").problems
    assert (problem.line, problem.column, problem.rule) == (2, column, "FL142")
    assert said in problem.text
