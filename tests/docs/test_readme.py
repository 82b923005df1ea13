"""What the documentation says is run, or held against the code."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from typer.main import get_command

from flireo_iac.emulator.server import running

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md"), *ROOT.glob("stacks/*.md")]


def blocks(page: Path, mark: str) -> list[str]:
    return re.findall(rf"<!-- run: {mark} -->\n```sh\n(.*?)```", page.read_text(), re.S)


def test_the_walk_of_the_readme_works(tmp_path: Path) -> None:
    walk = "set -e\n" + "".join(blocks(ROOT / "README.md", "walk"))
    assert "flireo init" in walk
    assert "flireo destroy" in walk
    with running() as emulator:
        script = walk.replace("http://127.0.0.1:8765/api/v1", emulator.url)
        assert script != walk
        environ = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(tmp_path),
            "FLIREO_STATE_DIR": str(tmp_path / "state"),
        }
        done = subprocess.run(
            ["bash", "-c", script], cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=240, check=False
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Offer to call back" in done.stdout


def test_the_python_of_the_readme_is_typed(tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    file = tmp_path / "program.py"
    file.write_text(code)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), str(file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_links_between_pages_lead_somewhere() -> None:
    broken = []
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text()):
            if not target.startswith(("http:", "https:")) and not (page.parent / target).exists():
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert broken == []


def test_every_command_has_help_and_is_documented() -> None:
    from flireo_iac.cli.main import app, register_commands

    register_commands()
    text = "\n".join(page.read_text() for page in PAGES)
    root = get_command(app)
    commands = getattr(root, "commands", {})
    assert {"init", "preview", "up", "refresh", "destroy", "validate", "emulator", "schema", "doctor"} <= set(commands)
    for name, command in commands.items():
        assert command.help or command.short_help, name
        assert f"flireo {name}" in text or f"`{name}`" in text, name


def test_help_comes_fast_and_needs_nothing_heavy() -> None:
    code = "import sys; from flireo_iac.cli.main import register_commands; register_commands(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    loaded = set(done.stdout.split())
    assert not loaded & {"pulumi", "grpc", "starlette", "uvicorn", "jsonschema", "deepdiff", "httpx", "pydantic"}
