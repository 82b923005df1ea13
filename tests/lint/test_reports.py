"""`flireo validate` as a pipeline and a person see it: formats, exit codes, rules, folders."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest
from typer.testing import CliRunner, Result

from flireo_iac.cli.validate import register
from flireo_iac.rules import RULES
from tests.stacks.writing import Files


def validate(*arguments: str) -> Result:
    import typer

    app = typer.Typer(add_completion=False)
    register(app)
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture
def broken(files: Files) -> Files:
    """A stack with one error, one warning and one that is waived."""
    files.write("agents/a.yaml", "name: A\nfirst_mesage: x\n")
    files.write("agents/b.yaml", "name: B\nwebhook_url: http://h.example.com/x\n")
    files.write(
        "agents/c.yaml", "name: C\nwebhook_url: http://h.example.com/x  # flireo: allow FL208 inside our network\n"
    )
    return files


def test_sarif_holds_every_result_and_its_rule(broken: Files) -> None:
    done = validate("--format", "sarif")
    assert done.exit_code == 2
    log = json.loads(done.stdout)
    assert (log["version"], log["$schema"].rsplit("/", 1)[1]) == ("2.1.0", "sarif-schema-2.1.0.json")
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(RULES)
    for rule in rules:
        assert (Path(__file__).parents[2] / rule["helpUri"]).is_file()
        assert rule["defaultConfiguration"]["level"] in ("error", "warning")
    found = [(rules[each["ruleIndex"]]["id"], each["ruleId"], each["level"]) for each in run["results"]]
    assert found == [("FL103", "FL103", "error"), ("FL208", "FL208", "warning"), ("FL208", "FL208", "warning")]
    assert [each.get("suppressions") for each in run["results"]] == [
        None,
        None,
        [{"kind": "inSource", "justification": "inside our network"}],
    ]
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "agents/a.yaml"}, "region": {"startLine": 2, "startColumn": 1}}
    assert all(each["message"]["text"] for each in run["results"])


def test_a_file_whose_name_is_no_utf8_is_named_in_every_format(files: Files) -> None:
    files.write("agents/a.yaml", "name: A\n")
    (Path("agents") / os.fsdecode(b"x\xff.yaml")).write_text("name: X\n")
    sarif, document, github = (validate("--format", form) for form in ("sarif", "json", "github"))
    assert [each.exit_code for each in (sarif, document, github)] == [2, 2, 2]
    (result,) = json.loads(sarif.stdout)["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "agents/x%FF.yaml"
    assert json.loads(document.stdout)["problems"][0]["file"] == "agents/x\udcff.yaml"
    assert github.stdout.startswith("::error file=agents/x\\udcff.yaml,")


def test_github_annotations_escape_what_has_a_meaning(files: Files) -> None:
    files.write("agents/a.yaml", "name: A\nfirst,mesage%: 1\n")
    done = validate("--format", "github")
    (line,) = done.stdout.splitlines()
    head, text = line[2:].split("::", 1)
    assert head == "error file=agents/a.yaml,line=2,col=1,title=FL103"
    assert "%25" in text
    assert 'unknown field "first,mesage%"' in unquote(text)


def test_json_tells_what_was_waived(broken: Files) -> None:
    report = json.loads(validate("--json").stdout)
    assert report == json.loads(validate("--format", "json").stdout)
    assert [each["rule"] for each in report["problems"]] == ["FL103", "FL208"]
    assert [(each["rule"], each["reason"]) for each in report["waived"]] == [("FL208", "inside our network")]
    assert report["is_valid"] is False


@pytest.mark.parametrize(("fail_on", "code"), [("error", 0), ("warning", 2)])
def test_warnings_fail_only_when_asked(broken: Files, fail_on: str, code: int) -> None:
    (broken.folder / "agents/a.yaml").unlink()
    assert validate("--fail-on", fail_on).exit_code == code
    (broken.folder / "agents/b.yaml").unlink()
    assert validate("--fail-on", fail_on).exit_code == 0


def test_rules_are_listed_and_explained() -> None:
    listed = validate("--rules").stdout.splitlines()
    assert [line.split()[0] for line in listed] == list(RULES)
    assert "FL103  error    unknown field" in listed
    page = validate("--explain", "fl103").stdout
    assert page.startswith("# FL103: unknown field")
    assert "first_mesage" in page
    assert "## Fix" in page
    wrong = validate("--explain", "FL1033")
    assert "FL103" in str(wrong.exception)


def test_stack_is_found_from_a_folder_below(broken: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    (broken.folder / "agents/drafts").mkdir()
    monkeypatch.chdir(broken.folder / "agents/drafts")
    done = validate("--json")
    assert [each["file"] for each in json.loads(done.stdout)["problems"]] == [
        "../../agents/a.yaml",
        "../../agents/b.yaml",
    ]
    monkeypatch.chdir(broken.folder.parent)
    assert "holds no stack" in str(validate().exception)


def test_terminal_of_80_columns_breaks_between_words(broken: Files) -> None:
    text = "word " * 30
    broken.write("agents/b.yaml", f"name: B\n{text.strip().replace(' ', '_')}: 1\nwebhook_url: [{text}]\n")
    main, other = pty.openpty()
    environ = {**os.environ, "COLUMNS": "80", "TERM": "xterm", "NO_COLOR": "1"}
    command = [sys.executable, "-c", "from flireo_iac.cli.main import main; main()", "validate"]
    with subprocess.Popen(command, stderr=other, stdout=subprocess.DEVNULL, env=environ) as process:
        os.close(other)
        shown = b""
        try:
            while piece := os.read(main, 4096):
                shown += piece
        except OSError:  # the other side is closed
            pass
    os.close(main)
    lines = re.sub(r"\x1b\[[0-9;]*m", "", shown.decode()).splitlines()
    assert process.returncode == 2
    assert max(map(len, lines)) <= 80
    assert any(line.startswith("  ") for line in lines)
    assert "agents/a.yaml:2:1  FL103" in lines[0]
    assert 'did you mean "first_message"?' in " ".join(" ".join(lines).split())
