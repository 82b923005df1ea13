"""What an editor makes of the schemas: a real YAML language server, spoken to in its own protocol."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flireo_iac.stacks.init import write_stack
from tests.editors.server import LanguageServer, UnavailableError, installed

SAMPLE = Path(__file__).resolve().parents[2] / "stacks"
pytestmark = pytest.mark.xdist_group("language server")


@pytest.fixture(scope="module")
def server() -> Iterator[LanguageServer]:
    try:
        program = installed()
    except UnavailableError as problem:
        pytest.skip(f"no YAML language server: {problem}")
    with LanguageServer(program) as running:
        yield running


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stacks") / "new"
    write_stack(folder)
    return folder


def agent(stack: Path, name: str, text: str) -> tuple[Path, str]:
    return stack / f"agents/{name}.yaml", f"# yaml-language-server: $schema=../schema/agent.json\n{text}"


def labels(found: Any) -> set[str]:
    items = found["items"] if isinstance(found, dict) else found
    return {item["label"] for item in items}


def test_files_of_good_stacks_have_no_diagnostics(server: LanguageServer, stack: Path) -> None:
    files = [
        path for folder in (stack, SAMPLE) for path in sorted(folder.rglob("*.yaml")) if path.name != "Pulumi.yaml"
    ]
    assert len(files) > 20
    assert {str(path): server.open(path, path.read_text("utf-8")) for path in files} == {
        str(path): [] for path in files
    }


@pytest.mark.parametrize(
    ("path", "schema", "text", "line", "words"),
    [
        ("agents/a.yaml", "agent", "name: A\nfirst_mesage: x\n", 2, "first_mesage"),
        ("agents/b.yaml", "agent", "name: A\nis_active: perhaps\n", 2, "boolean"),
        ("agents/c.yaml", "agent", "first_message: x\n", 1, "name"),
        ("agents/d.yaml", "agent", "name: A\nllm_config: {provider: opnai, model: m}\n", 2, "openai"),
        ("numbers/a.yaml", "phone_number", "phone_number: '0201234567'\n", 1, ""),
        ("environments/a.yaml", "environment", "variables: {city: Utrecht}\n", 1, "variables"),
        ("environments/b.yaml", "environment", "resources:\n  agents.a: {first_mesage: x}\n", 2, "first_mesage"),
        ("Pulumi.a.yaml", "config", "config:\n  flireo:apiDialect: dec2024\n", 2, "dec2025"),
        ("Pulumi.b.yaml", "config", "config:\n  flireo:requestPerMinute: 90\n", 2, "flireo:requestPerMinute"),
        ("Pulumi.c.yaml", "config", "config:\n  flireo:apiKey: fl_live_in_clear\n", 2, "object"),
    ],
)
def test_mistake_is_shown_at_its_line(
    server: LanguageServer, stack: Path, path: str, schema: str, text: str, line: int, words: str
) -> None:
    file = stack / path
    up = "../" * (len(Path(path).parts) - 1)
    found = server.open(file, f"# yaml-language-server: $schema={up}schema/{schema}.json\n{text}")
    assert [each["range"]["start"]["line"] for each in found] == [line], found
    assert words in found[0]["message"]


def test_editor_offers_fields_and_values(server: LanguageServer, stack: Path) -> None:
    file, text = agent(stack, "fields", "name: A\nvoice")
    server.open(file, text)
    assert {"voicemail_message", "voicemail_detection"} <= labels(server.at("completion", file, 2, 5))
    file, text = agent(stack, "values", "name: A\nis_active: \ntts_config:\n  provider: \n")
    server.open(file, text)
    assert {"true", "false"} <= labels(server.at("completion", file, 2, 11))
    assert {"openai", "elevenlabs", "cartesia"} <= labels(server.at("completion", file, 4, 12))


def test_editor_offers_settings_of_the_stack(server: LanguageServer, stack: Path) -> None:
    file = stack / "Pulumi.dev.yaml"
    server.open(file, "# yaml-language-server: $schema=schema/config.json\nconfig:\n  flireo:onConflict: \n")
    assert {"stop", "overwrite"} <= labels(server.at("completion", file, 2, 21))


def test_hover_says_what_a_field_is(server: LanguageServer, stack: Path) -> None:
    file, text = agent(
        stack, "hover", "name: A\nmax_duration_seconds: 60\nllm_config: {provider: openai, model: gpt-4o}\n"
    )
    assert server.open(file, text) == []
    assert "Longest call, in seconds." in str(server.at("hover", file, 2, 4))
    assert "Receptionist" in str(server.at("hover", file, 1, 1)), "the example of the kind is shown"
    assert "gpt-4o-mini" in str(server.at("hover", file, 3, 32))
