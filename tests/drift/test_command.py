"""``flireo drift`` as a person and a pipeline run it, on a state of the local engine."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from flireo_iac.cli import main
from flireo_iac.emulator.server import Running
from flireo_iac.engine.files import secrets
from flireo_iac.engine.files.backend import Backend
from flireo_iac.errors import ExitCode
from flireo_iac.kinds import KINDS
from tests.acceptance.deployment import Run
from tests.drift.stage import PASSPHRASE, Stage, save_state
from tests.stacks.repository import Repository

AGENT = """\
# The front desk.
name: Desk
first_message: Good day.
llm_config:
  provider: openai
  model: gpt-4o
  temperature: 0.4   # short
  prompt: desk.md
webhook_url: https://hooks.example.com/flireo
webhook_secret: ${secret.hook}
"""


NUMBER = 'phone_number: "+31201234567"\nagent_id: ${agents.desk.id}\n'


Flireo = Callable[..., Run]


@pytest.fixture(autouse=True)
def few_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Derive keys quickly."""
    monkeypatch.setattr(secrets, "_ROUNDS", 1_000)


@pytest.fixture
def deployed(stage: Stage) -> Stage:
    """A stack with an agent and a number that is deployed as dev, and its state in a folder of its own."""
    stage.write("agents/desk.yaml", AGENT)
    stage.write("agents/desk.md", "You answer the phone.\nBe kind to whoever calls.\n")
    stage.write("numbers/main.yaml", NUMBER)
    stage.write("environments/dev.yaml", "{}\n")
    stage.deploy()
    state = stage.folder.parent / f"{stage.folder.name}-state"
    state.mkdir()
    save_state(stage, state)
    return stage


@pytest.fixture
def flireo(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Flireo:
    """Runs a command in this process, on a machine that has nothing but the repository, the key and the backend."""

    def run(*arguments: str, cwd: Path | None = None) -> Run:
        fresh = tmp_path.parent / f"{tmp_path.name}-machine"
        for name, value in {
            "FLIREO_API_KEY": stage.key,
            "FLIREO_BASE_URL": stage.emulator.url,
            "FLIREO_REQUESTS_PER_MINUTE": "100000",
            "FLIREO_STATE_DIR": str(fresh),
            "PULUMI_BACKEND_URL": (tmp_path.parent / f"{tmp_path.name}-state").as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "HOME": str(fresh),
        }.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(cwd or stage.folder)
        monkeypatch.setattr(sys, "argv", ["flireo", *arguments, *(["--engine", "local"] if "-s" in arguments else [])])
        monkeypatch.setattr(main.app, "registered_commands", [])
        capsys.readouterr()
        try:
            main.main()
            code = 0
        except SystemExit as ended:
            code = int(ended.code or 0)
        said = capsys.readouterr()
        assert "canary" not in said.out + said.err
        assert "Traceback" not in said.err
        return Run(code, said.out, said.err)

    return run


def agent(stage: Stage, **changes: Any) -> None:
    stage.edit(KINDS["agent"], stage.id_of("agents.desk"), changes)


def block(stage: Stage, **changes: Any) -> None:
    held = stage.api.get(KINDS["agent"], stage.id_of("agents.desk"))
    assert held is not None
    agent(stage, llm_config={**held["llm_config"], **changes})


def requests(stage: Stage) -> list[tuple[str, str]]:
    log = httpx.get(f"{stage.emulator.control_url}/requests").json()["requests"]
    httpx.delete(f"{stage.emulator.control_url}/requests").raise_for_status()
    return [(each["method"], each["path"]) for each in log]


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_clone_on_a_new_machine_reads_lists_and_leaves_no_trace(deployed: Stage, flireo: Flireo) -> None:
    clone = deployed.folder.parent / f"{deployed.folder.name}-clone"
    shutil.copytree(deployed.folder, clone, ignore=shutil.ignore_patterns(".state"))
    state = deployed.folder.parent / f"{deployed.folder.name}-state"
    before, said = files(state), files(clone)
    requests(deployed)
    clean = flireo("drift", "-s", "dev", cwd=clone)
    assert (clean.code, clean.stdout.splitlines()[-1]) == (ExitCode.DONE, "dev: nothing differs in 2 resources")
    assert sorted(requests(deployed)) == [("GET", "/agents"), ("GET", "/numbers")]

    agent(deployed, first_message="Yo.", webhook_secret="canary of somebody")
    requests(deployed)
    moved = flireo("drift", "-s", "dev", cwd=clone)
    assert moved.code == ExitCode.DIFFERENCES
    assert "  first_message: Good day. → Yo." in moved.stdout.splitlines()
    assert "  webhook_secret: changed" in moved.stdout.splitlines()
    assert 'phone number "main"' in moved.stdout  # who meets it
    assert {method for method, _ in requests(deployed)} == {"GET"}
    assert files(state) == before
    assert files(clone) == said


def test_all_forms_say_the_same(deployed: Stage, flireo: Flireo) -> None:
    block(deployed, temperature=0.9, top_p=0.5, messages=[{"role": "system", "content": "You answer THE phone.\n@you"}])
    text, page, comment, plain = (
        flireo("drift", "-s", "dev", "--format", form) for form in ("text", "html", "md", "json")
    )
    assert [each.code for each in (text, page, comment, plain)] == [7, 7, 7, 7]
    assert "You answer [-the-] {+THE+} phone." in text.stdout
    assert "llm_config.top_p: 0.5 (new)  (a write of llm_config wipes it)" in text.stdout
    assert comment.stdout.startswith("<!-- flireo drift dev -->\n## Flireo drift in dev\n")
    assert "You answer <del>the</del> <ins>THE</ins> phone" in comment.stdout
    assert "@you" not in comment.stdout
    assert "<del>the</del>" in page.stdout
    assert "dashboard ahead" in page.stdout
    (item,) = plain.json["items"]
    classes = {each["field"]: each["class"] for each in item["fields"]}
    assert classes == {
        "agents.desk.llm_config.messages[system].content": "dashboard ahead",
        "agents.desk.llm_config.temperature": "dashboard ahead",
        "agents.desk.llm_config.top_p": "dashboard ahead",
    }
    assert next(each for each in item["fields"] if each["path"] == "llm_config.top_p")["absent"] == ["applied", "files"]
    written = deployed.folder / "drift.md"
    assert flireo("drift", "-s", "dev", "--format", "md", "-o", str(written)).stdout == ""
    assert written.read_text() == comment.stdout


def test_what_is_accepted_stands_in_the_files(deployed: Stage, flireo: Flireo) -> None:
    block(deployed, temperature=0.9, messages=[{"role": "system", "content": "Be brief."}])
    agent(deployed, first_message="Yo.")
    one = flireo("drift", "-s", "dev", "--accept", "agents.desk.llm_config.temperature")
    assert one.code == ExitCode.DIFFERENCES  # the rest still differs
    assert "    +   temperature: 0.9   # short" in one.stdout
    assert (deployed.folder / "agents/desk.yaml").read_text() == AGENT.replace("0.4", "0.9")
    rest = flireo("drift", "-s", "dev", "--accept", "agents.desk", "--json")
    assert (rest.code, rest.json["items"]) == (ExitCode.DONE, [])
    assert rest.json["accepted"]["files"] == ["agents/desk.md", "agents/desk.yaml"]
    assert (deployed.folder / "agents/desk.yaml").read_text() == AGENT.replace("0.4", "0.9").replace("Good day.", "Yo.")
    assert (deployed.folder / "agents/desk.md").read_text() == "Be brief."
    again = flireo("drift", "-s", "dev", "--accept", "agents.desk")
    assert (again.code, "nothing was" in again.stderr) == (ExitCode.CONFIGURATION, True)


def test_what_stands_for_more_than_the_item_is_left_to_a_person(deployed: Stage, flireo: Flireo) -> None:
    deployed.write("agents/desk.yaml", AGENT.replace("Good day.", "${var.hello}").replace("0.4", "${var.heat}"))
    deployed.write("environments/dev.yaml", "vars: {hello: Good day., heat: 0.4}\n")
    before = files(deployed.folder / "agents")
    agent(deployed, first_message="Yo.", webhook_secret="canary of somebody")
    done = flireo("drift", "-s", "dev", "--accept", "agents.desk", "--json")
    assert done.code == ExitCode.DIFFERENCES
    assert {each["field"]: each["text"] for each in done.json["accepted"]["byHand"]} == {
        "first_message": "it is filled in from ${var.hello}",
        "webhook_secret": "it is a secret: set its value where the stack's secrets are, or run up to store yours again",
    }
    assert files(deployed.folder / "agents") == before


def test_a_conflict_is_taken_only_by_its_name(deployed: Stage, flireo: Flireo) -> None:
    agent(deployed, first_message="Yo.")
    deployed.write("agents/desk.yaml", AGENT.replace("Good day.", "Hello."))
    refused = flireo("drift", "-s", "dev", "--accept", "agents.desk")
    assert (refused.code, "these were: agents.desk.first_message" in refused.stderr) == (2, True)
    done = flireo("drift", "-s", "dev", "--accept", "agents.desk.first_message")
    assert done.code == ExitCode.DONE
    assert (deployed.folder / "agents/desk.yaml").read_text() == AGENT.replace("Good day.", "Yo.")


def test_what_is_gone_cannot_be_taken_over(deployed: Stage, flireo: Flireo) -> None:
    deployed.api.delete(KINDS["phone_number"], deployed.id_of("numbers.main"))
    refused = flireo("drift", "-s", "dev", "--accept", "numbers.main")
    assert refused.code == ExitCode.CONFIGURATION
    assert '"numbers.main" is gone from the account' in refused.stderr
    assert "flireo up -s dev --refresh" in refused.stderr


def test_what_is_ignored_is_told_and_does_not_count(deployed: Stage, flireo: Flireo) -> None:
    agent(deployed, first_message="Yo.")
    assert flireo("drift", "-s", "dev", "--ignore", "agents.desk.first_message").code == ExitCode.CONFIGURATION
    reason = ("--reason", "the shop writes it")
    done = flireo("drift", "-s", "dev", "--ignore", "agents.desk.first_message", *reason)
    told = "Ignored: agents.desk.first_message: the shop writes it (agents/desk.yaml:1)"
    assert (done.code, told in done.stdout) == (ExitCode.DONE, True)
    comment = "# flireo: ignore first_message: the shop writes it\n"
    assert (deployed.folder / "agents/desk.yaml").read_text() == comment + AGENT
    again = flireo("drift", "-s", "dev", "--json")
    assert again.json["ignored"] == [
        {"field": "agents.desk.first_message", "reason": "the shop writes it", "place": "agents/desk.yaml:1"}
    ]
    block(deployed, temperature=0.9)
    assert flireo("drift", "-s", "dev").code == ExitCode.DIFFERENCES

    agent(deployed, first_message="Good day.")
    over = flireo("drift", "-s", "dev")
    assert "agents/desk.yaml:1: ignore first_message matches no drift of agents.desk." in over.stdout
    deployed.write("agents/desk.yaml", AGENT.replace("# short", "# flireo: ignore llm_config"))
    wrong = flireo("drift", "-s", "dev")
    assert (wrong.code, "agents/desk.yaml:7: the ignore gives no reason" in wrong.stdout) == (7, True)


def test_only_some_are_looked_at(deployed: Stage, flireo: Flireo) -> None:
    agent(deployed, first_message="Yo.", name="Front")
    requests(deployed)
    assert flireo("drift", "-s", "dev", "--only", "numbers.*").code == ExitCode.DONE
    assert requests(deployed) == [("GET", "/numbers")]
    one = flireo("drift", "-s", "dev", "--only", "agents.desk.name", "--json")
    assert [each["path"] for item in one.json["items"] for each in item["fields"]] == ["name"]
    assert flireo("drift", "-s", "dev", "--only", "agents.dask").stderr.endswith('; did you mean "agents.desk"?\n')


def test_two_stacks_of_one_account_do_not_see_each_other(
    deployed: Stage, flireo: Flireo, emulator: Running, tmp_path: Path
) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "second").mkdir()
    other = Stage(tmp_path / "second", emulator)
    other.api.close()
    other.api, other.key = deployed.api, deployed.key
    other.write("Pulumi.yaml", "name: second\nruntime: python\n")
    other.write("Pulumi.live.yaml", "config: {}\n")
    other.write("agents/night.yaml", {"name": "Night"})
    other.deploy()
    save_state(other, deployed.folder.parent / f"{deployed.folder.name}-state", "live", "second")
    byhand = deployed.api.create(KINDS["agent"], {"name": "By hand"})
    pulled = deployed.api.create(KINDS["agent"], {"name": "Pulled"})
    record = {"items": {"agents.pulled": pulled["id"]}}
    (deployed.folder / ".flireo/ids").mkdir(parents=True)
    (deployed.folder / ".flireo/ids/prod.json").write_text(json.dumps(record))

    assert flireo("drift", "-s", "dev").code == ExitCode.DONE
    assert flireo("drift", "-s", "live", cwd=other.folder).code == ExitCode.DONE
    found = flireo("drift", "-s", "dev", "--unmanaged", "--json")
    assert found.code == ExitCode.DIFFERENCES
    assert [(each["class"], each["name"], each["id"]) for each in found.json["items"]] == [
        ("unmanaged", "By hand", byhand["id"])
    ]


def test_what_a_program_makes_beside_the_files_is_not_to_be_deleted(deployed: Stage, flireo: Flireo) -> None:
    deployed.write("agents/extra.yaml", {"name": "Extra"})
    deployed.deploy()
    deployed.write("agents/extra.yaml", None)
    state = deployed.folder.parent / f"{deployed.folder.name}-state"
    save_state(deployed, state)
    gone = flireo("drift", "-s", "dev", "--json")
    assert [(each["item"], each["class"]) for each in gone.json["items"]] == [("agents.extra", "to be deleted")]
    assert gone.code == ExitCode.DONE
    deployed.write("agents/desk.yaml", None)
    deployed.write("numbers/main.yaml", None)
    every = flireo("drift", "-s", "dev", "--json")
    assert sorted(each["item"] for each in every.json["items"]) == ["agents.desk", "agents.extra", "numbers.main"]
    save_state(deployed, state, beside=("agents.desk", "agents.extra", "numbers.main"))
    program = flireo("drift", "-s", "dev", "--json")
    assert (program.json["items"], "a program makes them" in program.json["notes"][0]) == ([], True)
    deployed.write("agents/desk.yaml", AGENT)
    deployed.write("numbers/main.yaml", NUMBER)
    save_state(deployed, state, beside=("agents.extra",))
    assert flireo("drift", "-s", "dev", "--json").json["items"] == []
    deployed.edit(KINDS["agent"], deployed.id_of("agents.extra"), {"name": "Other"})
    assert flireo("drift", "-s", "dev").code == ExitCode.DIFFERENCES


def test_a_pinned_stack_is_compared_with_its_release(deployed: Stage, flireo: Flireo) -> None:
    repository = Repository(deployed.folder)
    repository.write(".gitignore", ".state/\n")
    repository.commit(tag="v1")
    assert flireo("promote", "v1", "dev").code == ExitCode.DONE
    deployed.write("agents/desk.yaml", AGENT.replace("Good day.", "Hello."))
    assert flireo("drift", "-s", "dev", "--json").json["items"] == []
    agent(deployed, first_message="Yo.")
    moved = flireo("drift", "-s", "dev", "--json")
    assert [(each["class"], each["files"]) for item in moved.json["items"] for each in item["fields"]] == [
        ("dashboard ahead", "Good day.")
    ]
    for flags in (("--accept", "agents.desk"), ("--ignore", "agents.desk.first_message", "--reason", "so")):
        refused = flireo("drift", "-s", "dev", *flags)
        assert (refused.code, "runs the release v1" in refused.stderr) == (ExitCode.CONFIGURATION, True)


def test_a_run_that_is_at_work_is_told_and_not_disturbed(deployed: Stage, flireo: Flireo) -> None:
    backend = Backend(deployed.folder.parent / f"{deployed.folder.name}-state", "shop", "dev")
    backend.lock()
    done = flireo("drift", "-s", "dev")
    assert (done.code, "A run is at work on the stack" in done.stdout) == (ExitCode.DONE, True)
    backend.unlock()
    assert "at work" not in flireo("drift", "-s", "dev").stdout


def test_what_drifted_fits_an_issue(deployed: Stage, flireo: Flireo) -> None:
    words = "".join(f"- Line {number} of 🚲 @everybody ``` <b>.\n" for number in range(4_000))
    block(deployed, messages=[{"role": "system", "content": words}])
    assert 1_000 < len(flireo("drift", "-s", "dev", "--format", "md").stdout) < 65_536


def test_a_list_that_says_less_is_not_believed(deployed: Stage, flireo: Flireo) -> None:
    httpx.put(f"{deployed.emulator.control_url}/settings", json={"lists": "brief"}).raise_for_status()
    try:
        assert flireo("drift", "-s", "dev").code == ExitCode.DONE
        block(deployed, temperature=0.9)
        assert "llm_config.temperature: 0.4 → 0.9" in flireo("drift", "-s", "dev").stdout
    finally:
        httpx.put(f"{deployed.emulator.control_url}/settings", json={"lists": "full"}).raise_for_status()


def test_mistakes_are_one_line(deployed: Stage, flireo: Flireo, monkeypatch: pytest.MonkeyPatch) -> None:
    for code, said, arguments in (
        (2, "has no such environment", ("drift", "-s", "nope")),
        (2, "is no name of an item", ("drift", "-s", "dev", "--only", "desk")),
        (2, "expected one of text, md, html, json", ("drift", "-s", "dev", "--format", "xml")),
        (2, "one field of one item", ("drift", "-s", "dev", "--ignore", "agents.desk", "--reason", "so")),
        (2, "there is no --ignore", ("drift", "-s", "dev", "--reason", "so")),
    ):
        done = flireo(*arguments)
        assert (done.code, said in done.stderr) == (code, True), done
    deployed.write("environments/prod.yaml", "{}\n")
    never = flireo("drift", "-s", "prod")
    assert (never.code, "there is no such stack" in never.stderr) == (ExitCode.STACK_NOT_FOUND, True)
    deployed.key = "fl_test_another"
    wrong = flireo("drift", "-s", "dev")
    assert (wrong.code, "account" in wrong.stderr) == (ExitCode.AUTHENTICATION, True)


def test_the_slot_of_another_account_is_not_called_drift(stage: Stage, flireo: Flireo) -> None:
    stage.write("byok/openai.yaml", {"provider": "openai", "api_key": "${secret.key}"})
    stage.deploy()
    state = stage.folder.parent / f"{stage.folder.name}-state"
    state.mkdir()
    save_state(stage, state)
    (stage.folder / "Pulumi.dev.yaml").write_text("{}\n")
    assert flireo("drift", "-s", "dev").code == ExitCode.DONE

    def store(key: str) -> None:
        body = {"provider": "openai", "api_key": "canary-of-another"}
        headers = {"Authorization": f"Bearer {key}"}
        httpx.post(f"{stage.emulator.url}/byok", json=body, headers=headers).raise_for_status()

    store(stage.key)
    moved = flireo("drift", "-s", "dev")
    told = "  api_key: changed  (somebody stored another value, which nobody can read back)"
    assert (moved.code, told in moved.stdout.splitlines()) == (ExitCode.DIFFERENCES, True)
    assert "--accept" not in moved.stdout
    stage.key = "fl_test_another"
    store(stage.key)
    assert flireo("drift", "-s", "dev").code == ExitCode.AUTHENTICATION
