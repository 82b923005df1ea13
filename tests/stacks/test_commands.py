"""`flireo validate`, `init` and `schema`, each in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from flireo_iac.cli._state import told
from flireo_iac.settings import STATE_IDS
from tests.stacks.writing import Files

SAMPLE = Path(__file__).resolve().parents[2] / "stacks"


def flireo(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("FLIREO_", "PULUMI_", "FORCE_"))}
    return subprocess.run(
        [sys.executable, "-c", "from flireo_iac.cli.main import main; main()", *arguments],
        cwd=cwd,
        env=kept,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def test_validate_says_what_a_good_stack_holds() -> None:
    done = flireo("validate", "-C", str(SAMPLE))
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == (
        "3 agents, 2 analysis templates, 2 byok keys, 1 campaign, 3 campaign leads, 1 domain, 3 phone numbers, "
        "1 sip trunk, 4 tool templates in 3 environments: no problems, 1 waived.\n"
    )


def test_validate_prints_a_line_a_problem_and_exits_with_2(files: Files) -> None:
    files.write("agents/a.yaml", "name: A\nfirst_mesage: x\n")
    files.write("agents/b.md", "Hi ${var.nope}\n")
    files.agent("  prompt: b.md\n", name="b")
    files.write("trunks/t.yaml", "name: T\nhost: h\npassword: canary\n")
    done = flireo("validate", cwd=files.folder)
    assert (done.returncode, done.stdout) == (2, "")
    lines = done.stderr.splitlines()
    assert lines[0] == (
        'error: agents/a.yaml:2:1  FL103 agent "a": first_mesage: unknown field "first_mesage"; '
        'did you mean "first_message"?'
    )
    assert lines[1].startswith("error: agents/b.md:1:4  FL122 ")
    assert lines[2].startswith("warning: trunks/t.yaml:3:11  FL130 ")
    assert lines[3] == "2 agents, 1 sip trunk: 2 errors, 1 warning."
    assert len(lines) == 4


def test_validate_gives_json(files: Files) -> None:
    files.write("environments/dev.yaml", "")
    files.write("environments/prod.yaml", "")
    files.write(
        "agents/a.yaml", "name: A\nwebhook_url: https://h.example.com\nwebhook_secret: ${secret.hook}\nnope: 1\n"
    )
    done = flireo("validate", "--json", "-e", "prod", cwd=files.folder)
    assert done.returncode == 2
    report = json.loads(done.stdout)
    assert report["environments"] == ["prod"]
    assert report["items"] == {"agent": 1}
    assert report["secrets"] == ["hook"]
    assert report["is_valid"] is False
    assert [(each["file"], each["line"], each["column"], each["rule"]) for each in report["problems"]] == [
        ("agents/a.yaml", 4, 1, "FL103")
    ]


def test_warnings_alone_are_no_failure(files: Files) -> None:
    files.write("trunks/t.yaml", "name: T\nhost: h\npassword: canary\n")
    done = flireo("validate", cwd=files.folder)
    assert done.returncode == 0
    assert done.stderr.endswith("1 sip trunk: 1 warning.\n")
    assert "canary" not in done.stderr


def test_validate_outside_a_stack_is_one_line(tmp_path: Path) -> None:
    done = flireo("validate", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith('error: read stack ".": it holds no stack')
    assert done.stderr.count("\n") == 1


def test_validate_imports_no_engine_and_no_client() -> None:
    code = (
        "import sys; from pathlib import Path; from flireo_iac.lint.report import examine_whole;"
        "examine_whole(Path(sys.argv[1]));"
        "print(sorted(each for each in ('pulumi', 'grpc', 'httpx') if each in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(SAMPLE)], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_init_writes_a_stack_that_validates(tmp_path: Path) -> None:
    done = flireo("init", "shop", cwd=tmp_path)
    assert done.returncode == 0
    assert "shop/agents/receptionist.yaml" in done.stdout.splitlines()
    assert all((tmp_path / line).is_file() for line in done.stdout.splitlines())
    assert "flireo up --stack dev" in done.stderr
    assert flireo("validate", cwd=tmp_path / "shop").returncode == 0


def test_init_keeps_its_hands_off_a_folder_in_use(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    done = flireo("init", ".", cwd=tmp_path)
    assert done.returncode == 2
    assert "not empty" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_init_in_a_place_that_is_a_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    done = flireo("init", "file/below", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr


def test_schema_prints_one_or_all_and_writes_files(tmp_path: Path) -> None:
    assert json.loads(flireo("schema", "agent").stdout)["title"] == "agent of a Flireo stack"
    every = json.loads(flireo("schema").stdout)
    done = flireo("schema", "--out", "out", cwd=tmp_path)
    assert {Path(line).stem for line in done.stdout.splitlines()} == set(every)
    assert json.loads((tmp_path / "out/environment.json").read_text("utf-8")) == every["environment"]
    wrong = flireo("schema", "agnt")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert 'did you mean "agent"?' in wrong.stderr


def test_the_ids_of_many_leads_do_not_crowd_out_the_others() -> None:
    ids = ["agent-1", *(f"campaign-1/{number:036}" for number in range(3000))]
    resources = [{"urn": "u", "id": each} for each in ids]
    content = json.dumps({"checkpoint": {"latest": {"resources": resources}}}).encode()
    assert told(content)[STATE_IDS] == "agent-1"
    few = json.dumps({"checkpoint": {"latest": {"resources": resources[:3]}}}).encode()
    assert told(few)[STATE_IDS].split(",") == sorted(ids[:3])
