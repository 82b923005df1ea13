"""The sample stack and the stack that `flireo init` writes: real, good, and as their schemas say."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path, PurePath
from typing import Any

import jsonschema
import pytest
import yaml

from flireo_iac.kinds import FILE_KINDS, KINDS
from flireo_iac.lint.report import examine_whole
from flireo_iac.stacks.config_keys import CONFIG_KEYS
from flireo_iac.stacks.init import project_name, write_stack
from flireo_iac.stacks.load import load
from flireo_iac.stacks.schema import MODELINE, schemas
from tests.stacks.repository import Repository

SAMPLE = Path(__file__).resolve().parents[2] / "stacks"
SCHEMAS = schemas()


def schema_of(path: Path) -> dict[str, Any]:
    """Give the schema that the first line of a file names."""
    first = path.read_text("utf-8").splitlines()[0]
    assert first.startswith(MODELINE), f"{path} names no schema"
    named = (path.parent / first.removeprefix(MODELINE)).resolve()
    assert named.is_file(), f"{path} names a schema that is not there: {named}"
    return SCHEMAS[named.stem]


def stack_files(folder: Path) -> list[Path]:
    """Give the YAML files of a stack, without those of Pulumi."""
    return [path for path in sorted(folder.rglob("*.yaml")) if not path.name.startswith("Pulumi")]


@pytest.fixture(params=["sample", "init"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == "sample":
        return SAMPLE
    write_stack(tmp_path / "new")
    return tmp_path / "new"


def test_stack_has_no_problem_in_any_environment(folder: Path) -> None:
    report = examine_whole(folder)
    assert report.problems == []
    assert len(report.stacks) >= 2


def test_every_file_fits_the_schema_it_names(folder: Path) -> None:
    files = stack_files(folder)
    assert len(files) >= 6
    for path in files:
        jsonschema.Draft7Validator(schema_of(path)).validate(yaml.safe_load(path.read_text("utf-8")))


def test_schemas_beside_the_stack_are_those_of_the_kinds(folder: Path) -> None:
    written = {path.stem: json.loads(path.read_text("utf-8")) for path in (folder / "schema").glob("*.json")}
    assert written == json.loads(json.dumps(SCHEMAS)), "run: flireo schema --out stacks/schema"


def test_sample_has_a_real_size() -> None:
    dev = load(SAMPLE, "dev")
    counts = Counter(item.kind.name for item in dev.items.values())
    wanted = {"agent": 3, "tool_template": 4, "analysis_template": 2, "phone_number": 3, "sip_trunk": 1, "byok_key": 2}
    assert {name: counts[name] for name in wanted} == wanted
    assert set(counts) == set(KINDS)
    for key, item in dev.items.items():
        if item.kind.name == "agent":
            prompt = item.inputs["llm_config"]["messages"][0]["content"]
            assert 4096 <= len(prompt.encode()) <= 10240, key
            assert "{{" in prompt
            assert "${" not in prompt
        assert not item.is_protected, f"{key} would keep a development stack from being destroyed"


def test_sample_differs_between_environments() -> None:
    stacks = {name: load(SAMPLE, name) for name in ("dev", "staging", "prod")}
    assert len({json.dumps(each.items["numbers.main"].inputs, default=str) for each in stacks.values()}) == 3
    assert "domains.domain" not in stacks["staging"].items
    assert stacks["prod"].items["numbers.main"].is_protected
    assert sorted(stacks["prod"].secrets) == ["elevenlabs_key", "resend_key", "trunk_password", "webhook"]


def test_empty_stack_is_good_and_has_no_item(tmp_path: Path) -> None:
    write_stack(tmp_path / "new", is_empty=True)
    report = examine_whole(tmp_path / "new")
    assert report.problems == []
    assert [dict(stack.items) for stack in report.stacks] == [{}, {}, {}]


def test_editor_settings_give_every_file_the_schema_that_it_names(tmp_path: Path) -> None:
    write_stack(tmp_path)
    mapped = json.loads((tmp_path / ".vscode/settings.json").read_text("utf-8"))["yaml.schemas"]
    assert {Path(schema).stem for schema in mapped} == set(SCHEMAS)
    globs = [
        (glob, schema) for schema, named in mapped.items() for glob in ([named] if isinstance(named, str) else named)
    ]
    for path in [*stack_files(tmp_path), tmp_path / "Pulumi.dev.yaml", tmp_path / "Pulumi.yaml"]:
        found = [schema for glob, schema in globs if PurePath(f"/{path.relative_to(tmp_path)}").match(glob)]
        if path.name == "Pulumi.yaml":
            assert found == []
        else:
            schema = SCHEMAS["config"] if path.name == "Pulumi.dev.yaml" else schema_of(path)
            assert [SCHEMAS[Path(each).stem] for each in found] == [schema], path


def test_a_new_stack_passes_its_own_checks_once_it_is_in_git(tmp_path: Path) -> None:
    write_stack(tmp_path / "shop")
    repository = Repository(tmp_path / "shop")
    repository.commit("First version")
    assert not repository.git("status", "--porcelain", "--ignored")
    environ = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "HOME": str(tmp_path)}

    def checks() -> tuple[int, str]:
        command = ["sh", "shop/tests/checks.sh"]
        done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    code, text = checks()
    assert code == 0, text
    assert "no problems" in text
    assert "Nothing changes." in text
    (tmp_path / "shop/numbers/after_hours.yaml").unlink()
    code, text = checks()
    assert code != 0, text


@pytest.mark.parametrize(
    ("folder_name", "project"),
    [("shop", "shop"), ("My Shop (new)", "My-Shop-new"), ("é", "flireo-stack"), (".x", "x")],
)
def test_project_is_named_after_the_folder(folder_name: str, project: str, tmp_path: Path) -> None:
    assert project_name(folder_name) == project
    write_stack(tmp_path / folder_name)
    assert yaml.safe_load((tmp_path / folder_name / "Pulumi.yaml").read_text("utf-8"))["name"] == project


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("agent", {"nme": "A"}),
        ("agent", {"name": 3}),
        ("agent", {"name": "A", "max_duration_seconds": "long"}),
        ("agent", {"name": "A", "llm_config": {"provider": "openai", "model": "m", "tools": [{"type": "nope"}]}}),
        ("agent", {"name": "A", "created_at": "now"}),
        ("phone_number", {"phone_number": "0201234567"}),
        ("phone_number", {"phone_number": "+31201234567", "protect": "sometimes"}),
        ("environment", {"var": {}}),
        ("environment", {"resources": {"agents.a": {"nme": "x"}}}),
        ("environment", {"resources": {"agnts.a": {}}}),
        ("environment", {"omit": "agents.a"}),
    ],
)
def test_schema_refuses_what_is_wrong(name: str, value: Any) -> None:
    assert list(jsonschema.Draft7Validator(SCHEMAS[name]).iter_errors(value))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("agent", {"name": "${var.x}", "max_duration_seconds": "${var.y}", "llm_config": "${var.llm}"}),
        ("agent", {"name": "A", "analysis_plan": {"template": "after", "minMessagesThreshold": 3}, "protect": True}),
        (
            "agent",
            {
                "name": "A",
                "llm_config": {"provider": "openai", "model": "m", "prompt": "a.md", "tools": [{"template": "t"}]},
            },
        ),
        ("sip_trunk", {"name": "T", "address": "sip.example.com"}),
        ("environment", None),
        ("environment", {"resources": {"agents.a": {"name": None, "llm_config": {"model": "m"}}}, "omit": None}),
        ("environment", {"resources": {"agents": {"a": {"llm_config": {"tools": None}}}}}),
    ],
)
def test_schema_takes_what_the_loader_takes(name: str, value: Any) -> None:
    jsonschema.Draft7Validator(SCHEMAS[name]).validate(value)


@pytest.mark.parametrize("kind", FILE_KINDS, ids=lambda kind: kind.name)
def test_schema_takes_the_example_of_its_kind(kind: Any) -> None:
    jsonschema.Draft7Validator(SCHEMAS[kind.name]).validate(json.loads(json.dumps(dict(kind.example))))


def test_schemas_are_schemas() -> None:
    for schema in SCHEMAS.values():
        jsonschema.Draft7Validator.check_schema(schema)


def test_schema_of_the_configuration_knows_every_setting_of_the_docs() -> None:
    page = (SAMPLE.parent / "docs/settings.md").read_text("utf-8")
    assert set(re.findall(r"\| `(flireo:\w+)`", page)) == set(CONFIG_KEYS)
