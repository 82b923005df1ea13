"""A stack at a git ref: byte for byte, from every kind of clone, or with words that say what to type."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from flireo_iac.errors import SettingsError
from flireo_iac.stacks.history import at
from tests.stacks.repository import Repository

PROMPT = "Good day.\r\nTrailing space \n\ttab, \u00e9\u4e2d\n"


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A repository whose stack stands in a subfolder; v1 has one agent, the last commit another text."""
    made = Repository(tmp_path_factory.mktemp("first"))
    made.write("stacks/Pulumi.yaml", "name: shop\nruntime: python\n")
    made.write("stacks/agents/desk.yaml", "name: Desk\n")
    made.write("stacks/agents/desk.md", PROMPT)
    made.write("other/file.txt", "not of the stack")
    made.commit(tag="v1")
    made.write("stacks/agents/desk.md", "Good evening.\n")
    made.commit()
    return made


@pytest.fixture
def repository(first: Repository, tmp_path: Path) -> Repository:
    """A copy of it."""
    return Repository(Path(shutil.copytree(first.folder, tmp_path / "repository")))


def held(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def refusal(folder: Path, ref: str) -> str:
    with pytest.raises(SettingsError) as caught, at(folder, ref):
        pass
    return str(caught.value)


def test_the_files_are_those_of_the_ref_byte_for_byte_and_only_those_of_the_stack(repository: Repository) -> None:
    with at(repository.folder / "stacks", "v1") as revision:
        assert held(revision.folder) == {
            "Pulumi.yaml": b"name: shop\nruntime: python\n",
            "agents/desk.yaml": b"name: Desk\n",
            "agents/desk.md": PROMPT.encode(),
        }
        assert (revision.shown, revision.commit) == ("v1:stacks", repository.git("rev-parse", "v1"))
        folder = revision.folder
    assert not folder.exists()


@pytest.mark.parametrize("ref", ["main", "HEAD~1", "v1", "abbreviated", "refs/tags/v1"])
def test_every_way_to_name_a_commit_is_understood(repository: Repository, ref: str) -> None:
    name = repository.git("rev-parse", "--short", "v1") if ref == "abbreviated" else ref
    with at(repository.folder / "stacks", name) as revision:
        text = (revision.folder / "agents/desk.md").read_bytes()
    assert text == (b"Good evening.\n" if ref == "main" else PROMPT.encode())


def test_line_ends_and_attributes_of_the_working_tree_change_nothing(repository: Repository) -> None:
    repository.write("stacks/.gitattributes", "*.md text eol=crlf export-ignore\n*.yaml export-subst\n")
    repository.write("stacks/agents/desk.yaml", "name: $Format:%H$\n")
    repository.commit(tag="v2")
    repository.git("config", "core.autocrlf", "true")
    with at(repository.folder / "stacks", "v2") as revision:
        assert (revision.folder / "agents/desk.yaml").read_bytes() == b"name: $Format:%H$\n"
        assert (revision.folder / "agents/desk.md").read_bytes() == b"Good evening.\n"


def test_a_shallow_clone_says_which_fetch_to_run_and_that_fetch_mends_it(
    repository: Repository, tmp_path: Path
) -> None:
    clone = repository.clone(tmp_path / "clone", "--depth=1", "--no-tags")
    stack = clone.folder / "stacks"
    said = refusal(stack, "v1")
    assert '"v1" is no tag, branch or commit of this clone, which is shallow' in said
    assert "Run: git fetch --depth=1 origin tag v1 " in said
    clone.git("fetch", "--depth=1", "origin", "tag", "v1")
    with at(stack, "v1") as revision:
        assert (revision.folder / "agents/desk.md").read_bytes() == PROMPT.encode()


def test_a_shallow_clone_fetches_a_commit_by_its_id(repository: Repository, tmp_path: Path) -> None:
    commit = repository.git("rev-parse", "v1")
    repository.git("config", "uploadpack.allowAnySHA1InWant", "true")
    clone = repository.clone(tmp_path / "clone", "--depth=1", "--no-tags")
    assert f"git fetch --depth=1 origin {commit} " in refusal(clone.folder / "stacks", commit)
    clone.git("fetch", "--depth=1", "origin", commit)
    with at(clone.folder / "stacks", commit) as revision:
        assert revision.commit == commit


def test_a_missing_tag_says_which_is_near_and_how_to_fetch(repository: Repository, tmp_path: Path) -> None:
    clone = repository.clone(tmp_path / "clone")
    clone.git("tag", "release-10")
    said = refusal(clone.folder / "stacks", "release-1")
    assert 'did you mean "release-10"? Run: git fetch --tags origin' in said


def test_a_branch_that_only_the_remote_has_is_found(repository: Repository, tmp_path: Path) -> None:
    repository.git("branch", "next", "v1")
    clone = repository.clone(tmp_path / "clone")
    with at(clone.folder / "stacks", "next") as revision:
        assert revision.commit == repository.git("rev-parse", "v1")


def test_a_partial_clone_gets_what_it_lacks(repository: Repository, tmp_path: Path) -> None:
    repository.git("config", "uploadpack.allowFilter", "true")
    clone = repository.clone(tmp_path / "clone", "--filter=blob:none")
    with at(clone.folder / "stacks", "v1") as revision:
        assert (revision.folder / "agents/desk.md").read_bytes() == PROMPT.encode()


def test_a_partial_clone_without_its_remote_says_what_is_missing(repository: Repository, tmp_path: Path) -> None:
    repository.git("config", "uploadpack.allowFilter", "true")
    clone = repository.clone(tmp_path / "clone", "--filter=blob:none")
    repository.folder.rename(tmp_path / "away")
    said = refusal(clone.folder / "stacks", "v1")
    assert "v1 is not whole in this clone" in said
    assert "git fetch origin" in said


def test_a_worktree_and_a_submodule_read_their_own_repository(repository: Repository, tmp_path: Path) -> None:
    repository.git("worktree", "add", "-q", str(tmp_path / "tree"), "HEAD")
    with at(tmp_path / "tree" / "stacks", "v1") as revision:
        assert revision.commit == repository.git("rev-parse", "v1")
    outer = Repository(tmp_path / "outer")
    outer.git("submodule", "add", "-q", repository.folder.as_uri(), "voice")
    outer.commit()
    with at(outer.folder / "voice" / "stacks", "v1") as revision:
        assert (revision.folder / "agents/desk.md").read_bytes() == PROMPT.encode()


def test_a_submodule_inside_the_stack_is_refused(repository: Repository, tmp_path: Path) -> None:
    texts = Repository(tmp_path / "texts")
    texts.write("rules.md", "Be kind.\n")
    texts.commit()
    repository.git("submodule", "add", "-q", texts.folder.as_uri(), "stacks/prompts")
    repository.commit(tag="v2")
    assert "v2:stacks/prompts is a submodule" in refusal(repository.folder / "stacks", "v2")


def test_a_stack_at_the_top_of_its_repository_is_read(repository: Repository) -> None:
    with at(repository.folder, "v1") as revision:
        assert (revision.folder / "other/file.txt").exists()
        assert revision.named(str(revision.folder / "a.md")) == "v1:a.md"


def test_links_inside_the_stack_stay_and_links_out_of_it_are_refused(repository: Repository) -> None:
    (repository.folder / "stacks/agents/night.md").symlink_to("../agents/desk.md")
    repository.commit(tag="v2")
    with at(repository.folder / "stacks", "v2") as revision:
        assert (revision.folder / "agents/night.md").read_bytes() == b"Good evening.\n"
    for goal in ("../../other/file.txt", "/etc/hostname"):
        (repository.folder / "stacks/agents/night.md").unlink()
        (repository.folder / "stacks/agents/night.md").symlink_to(goal)
        repository.commit()
        assert "agents/night.md is a link out of the stack" in refusal(repository.folder / "stacks", "HEAD")


def test_a_file_in_lfs_is_refused(repository: Repository) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n"
    repository.write("stacks/agents/desk.md", pointer)
    repository.commit()
    assert "agents/desk.md is kept by Git LFS" in refusal(repository.folder / "stacks", "HEAD")


def test_a_ref_from_before_the_stack_says_so(repository: Repository) -> None:
    repository.write("later/agents/desk.yaml", "name: Desk\n")
    assert "v1 has no folder later" in refusal(repository.folder / "later", "v1")


def test_no_repository_and_no_git_say_what_is_missing(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "export").mkdir()
    assert "it is in no git repository" in refusal(tmp_path / "export", "v1")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "the git program is not on PATH" in refusal(repository.folder / "stacks", "v1")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a repository away")
def test_a_repository_of_somebody_else_says_how_to_trust_it(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.delenv("SUDO_UID", raising=False)
    for path in (repository.folder, repository.folder / ".git"):
        os.chown(path, 12345, 12345)
    assert "git config --global --add safe.directory" in refusal(repository.folder / "stacks", "v1")


@pytest.mark.parametrize("ref", ["", "-h", "--help", "nothing here", "v1:stacks", "HEAD^{tree}", "a\nb", "@{-1}"])
def test_what_is_no_commit_is_refused_in_words(repository: Repository, ref: str) -> None:
    assert "is no tag, branch or commit of this clone" in refusal(repository.folder / "stacks", ref)


def test_the_repository_of_a_hook_does_not_take_the_place_of_the_stacks_own(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Repository(tmp_path / "other")
    other.commit()
    monkeypatch.setenv("GIT_DIR", str(other.folder / ".git"))
    with at(repository.folder / "stacks", "v1") as revision:
        assert revision.commit == repository.git("rev-parse", "v1")
