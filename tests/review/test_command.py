"""`flireo review`, each in a process of its own, on real git repositories."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from flireo_iac.stacks.releases import Pin, digest_of
from tests.plan.documents import document, step
from tests.review.reviews import AGENT, NUMBER
from tests.stacks.repository import Repository

CI = ("GITHUB_", "CI_", "SYSTEM_", "FLIREO_", "PULUMI_", "FORCE_", "GIT_")


def review(folder: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Review where nothing can be looked up and nobody can be reached."""
    return flireo(folder, "review", *arguments, **environ)


def flireo(folder: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a command where nothing can be looked up and nobody can be reached."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(CI)}
    closed = {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}
    return subprocess.run(
        [sys.executable, "-c", "from flireo_iac.cli.main import main; main()", *arguments],
        cwd=folder,
        env={**kept, **closed, **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )


@pytest.fixture
def shop(tmp_path: Path) -> Repository:
    """A repository with a stack of one agent and its number, committed."""
    made = Repository(tmp_path / "shop")
    made.write("stacks/Pulumi.yaml", "name: shop\nruntime: python\n")
    made.write("stacks/agents/desk.yaml", AGENT.format(name="desk"))
    made.write("stacks/agents/desk.md", "# Rules\n\nNever promise a price.\n")
    made.write("stacks/numbers/line1.yaml", NUMBER.format(n=1, agent="desk"))
    made.commit()
    return made


def test_a_change_that_is_not_committed_is_compared_with_the_last_commit(shop: Repository) -> None:
    shop.write("stacks/agents/desk.md", "# Rules\n\nNever promise a day.\n")
    done = review(shop.folder / "stacks")
    assert done.returncode == 0, done.stderr
    assert "Never promise a [-price-] {+day+}." in done.stdout
    assert "met by +3197010200001 Line 1" in done.stdout
    assert "the last commit, because there are changes that are not committed" in done.stderr


def test_a_pull_request_is_compared_with_where_its_branch_began(shop: Repository) -> None:
    shop.git("branch", "-M", "main")
    shop.git("checkout", "-q", "-b", "topic")
    shop.write("stacks/agents/desk.md", "# Rules\n\nNever promise a day.\n")
    shop.commit()
    shop.git("checkout", "-q", "main")
    shop.write("stacks/agents/desk.yaml", AGENT.format(name="desk").replace("gpt-4o", "gpt-4o-mini"))
    shop.commit()
    shop.git("checkout", "-q", "topic")
    for environ in ({"GITHUB_BASE_REF": "main"}, {"SYSTEM_PULLREQUEST_TARGETBRANCH": "refs/heads/main"}):
        done = review(shop.folder, "-C", "stacks", "--json", **environ)
        (environment,) = json.loads(done.stdout)["environments"]
        (item,) = environment["items"]
        assert (item["title"], item["fields"], len(item["texts"])) == ('agent "desk"', [], 1)
        assert "where this branch left main" in done.stderr
    told = review(shop.folder / "stacks", "--json", "--base", "main")
    assert [len(item["fields"]) for item in json.loads(told.stdout)["environments"][0]["items"]] == [1]


def test_a_clone_that_does_not_reach_back_says_what_to_fetch(shop: Repository, tmp_path: Path) -> None:
    shop.git("branch", "-M", "main")
    shop.write("stacks/agents/desk.md", "Other.\n")
    shop.commit()
    shop.git("checkout", "-q", "-b", "topic", "HEAD~1")
    shop.write("stacks/agents/desk.md", "Another.\n")
    shop.commit()
    clone = tmp_path / "clone"
    shop.git("clone", "-q", "--depth", "1", "--no-single-branch", "--branch", "topic", shop.folder.as_uri(), str(clone))
    done = review(clone / "stacks", GITHUB_BASE_REF="main")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Run: git fetch --unshallow origin (in GitHub Actions: fetch-depth: 0" in done.stderr


def test_the_gate_ends_with_5_and_the_review_is_written_before(shop: Repository) -> None:
    (shop.folder / "stacks/numbers/line1.yaml").unlink()
    done = review(shop.folder / "stacks", "--gate", "--format", "md", "--output", "review.md")
    assert (done.returncode, done.stdout) == (5, "")
    assert 'The phone number "line1" would be deleted, and it is protected' in done.stderr
    assert "is deleted**" in (shop.folder / "stacks/review.md").read_text()


def test_a_stack_with_errors_is_reviewed_and_ends_with_2(shop: Repository) -> None:
    shop.write("stacks/agents/desk.md", "Be ${var.kind}.\n")
    done = review(shop.folder / "stacks")
    assert done.returncode == 2
    assert "problem: agents/desk.md:1:4" in done.stdout


def test_files_of_the_base_are_named_as_git_does(shop: Repository) -> None:
    whole = (shop.folder / "stacks/agents/desk.yaml").read_text()
    shop.write("stacks/agents/desk.yaml", "name: [x\n")
    commit = shop.commit()
    shop.write("stacks/agents/desk.yaml", whole)
    done = review(shop.folder / "stacks")
    assert f"is not whole: {commit[:10]}:stacks/agents/desk.yaml:2:1  FL101" in done.stdout


def test_a_stack_that_was_moved_is_compared_with_where_it_was(shop: Repository) -> None:
    (shop.folder / "voice").mkdir()
    shop.git("mv", "stacks", "voice/shop")
    shop.write("voice/shop/agents/desk.md", "# Rules\n\nNever promise a day.\n")
    done = review(shop.folder / "voice/shop/agents")  # a folder inside the stack finds it
    assert "Never promise a [-price-] {+day+}." in done.stdout
    assert "is new" not in done.stdout
    assert "the stack stood in stacks/ then" in done.stderr
    shop.commit()
    shop.write("other/agents/desk.yaml", AGENT.format(name="desk").replace("  prompt: desk.md\n", ""))
    new = review(shop.folder / "other", "--base", "HEAD")
    assert "There was no stack at other/ then" in new.stdout


def test_a_base_that_is_a_ref_and_a_folder_is_the_ref(shop: Repository) -> None:
    shop.git("branch", "old")
    shop.write("stacks/old/agents/desk.yaml", "name: Other\n")
    shop.write("stacks/agents/desk.md", "# Rules\n\nNever promise a day.\n")
    done = review(shop.folder / "stacks", "--base", "old")
    assert "Never promise a [-price-] {+day+}." in done.stdout
    assert 'compared with the git ref "old"' in done.stderr
    folder = review(shop.folder / "stacks", "--base", "./old")
    assert "name: Other → desk" in folder.stdout
    assert "compared with the folder ./old" in folder.stderr


@pytest.mark.parametrize("command", [["releases", "--json"], ["promote", "HEAD", "prod", "--dry-run", "--json"]])
def test_a_folder_inside_the_stack_finds_the_stack(shop: Repository, command: list[str]) -> None:
    shop.write("stacks/environments/prod.yaml", "vars: {}\n")
    shop.commit()
    done = flireo(shop.folder / "stacks/agents", *command)
    assert done.returncode == 0, done.stderr
    assert '"prod"' in done.stdout
    nowhere = flireo(shop.folder, *command)
    assert (nowhere.returncode, nowhere.stdout) == (2, "")
    assert 'read stack ".": it holds no stack' in nowhere.stderr


def test_the_only_commit_changes_nothing(shop: Repository) -> None:
    done = review(shop.folder / "stacks")
    assert (done.returncode, "Nothing changes." in done.stdout) == (0, True)
    assert "the only commit, and nothing has changed since" in done.stderr


def test_the_only_commit_of_a_shallow_clone_is_not_taken_for_the_first(shop: Repository, tmp_path: Path) -> None:
    shop.commit()
    clone = shop.clone(tmp_path / "clone", "--depth=1")
    done = review(clone.folder / "stacks")
    assert done.returncode == 2
    assert "there is nothing to compare with" in done.stderr
    assert "git fetch --deepen=50 origin" in done.stderr


def test_an_environment_with_a_release_is_reached_through_its_pin_and_its_own_files(shop: Repository) -> None:
    shop.write("stacks/environments/dev.yaml", "vars: {}\n")
    shop.write("stacks/environments/prod.yaml", "vars: {}\n")
    shop.commit(tag="v1")
    pin = Pin("v1", digest_of(shop.folder / "stacks"))
    shop.write("stacks/Pulumi.prod.yaml", f"config:\n  flireo:release: {pin}\n")
    shop.commit()
    shop.write("stacks/agents/desk.md", "# Rules\n\nNever promise a day.\n")
    done = review(shop.folder / "stacks", "--json")
    found = json.loads(done.stdout)
    assert ([each["name"] for each in found["environments"]], found["untouched"]) == (["dev"], ["prod (runs v1)"])

    shop.commit(tag="v2")
    moved = Pin("v2", digest_of(shop.folder / "stacks"))
    shop.write("stacks/Pulumi.prod.yaml", f"config:\n  flireo:release: {moved}\n")
    done = review(shop.folder / "stacks")
    assert "prod: 1 changed" in done.stdout
    assert "It ran v1, and is to run v2." in done.stdout
    assert "Never promise a [-price-] {+day+}." in done.stdout
    assert "Not reached: dev." in done.stdout

    shop.write("stacks/Pulumi.prod.yaml", f"config:\n  flireo:release: {Pin('v2', pin.digest)}\n")
    refused = review(shop.folder / "stacks")
    assert refused.returncode == 2
    assert "its files are not those that were pinned" in refused.stdout


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--format", "mdd"], '--format: is "mdd", expected one of text, md, html, json; did you mean "md"?'),
        (["--max-chars", "10"], "--max-chars: is 10, expected at least 2,000."),
        (["--plan", "-", "--base", "v1"], "--plan has its own environment and base."),
        (["--base", ""], "--base: is empty, expected a git ref or a folder."),
        (["--base", "numbers"], '"numbers" is no git ref here, and the folder of that name holds no stack.'),
        (["-C", "numbers"], 'read stack "numbers": it holds no stack'),
        (["--base", "v9"], '"v9" is no tag, branch or commit'),
    ],
)
def test_what_cannot_be_is_said(shop: Repository, arguments: list[str], text: str) -> None:
    done = review(shop.folder / "stacks", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert text in done.stderr


def test_a_plan_is_shown_in_every_form(tmp_path: Path) -> None:
    messages = {name: [{"role": "system", "content": f"Never promise a {name}."}] for name in ("price", "day")}
    masked = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "canary"}
    blocks = {name: {"name": "Desk", "llm_config": {"messages": each}} for name, each in messages.items()}
    agent = step("update", "Agent", "desk", blocks["price"], blocks["day"], id_="agent-1")
    hook = step("update", "Agent", "other", {"webhook_secret": masked}, {"webhook_secret": masked})
    hook["diffReasons"] = ["webhook_secret"]
    number = step("same", "PhoneNumber", "main", {"phone_number": "+31201234567", "agent_id": "agent-1"})
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(document(agent, hook, number)))
    forms = {form: review(tmp_path, "--plan", "plan.json", "--format", form) for form in ("text", "md", "html", "json")}
    for form, done in forms.items():
        assert done.returncode == 0, done.stderr
        assert "canary" not in done.stdout
        assert "+31201234567" in done.stdout, form
    assert "Never promise a [-price-] {+day+}." in forms["text"].stdout
    assert "webhook_secret: changed" in forms["text"].stdout
    assert "<del>price</del>" in forms["html"].stdout
    assert "<ins>day</ins>" in forms["md"].stdout
    found = json.loads(forms["json"].stdout)
    assert [each["op"] for each in found["steps"]] == ["update", "update"]
    assert {"version", "environments", "resources", "errors", "rails", "forecast"} <= set(found)
