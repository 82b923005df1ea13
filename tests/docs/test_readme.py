"""What the documentation says is run, or held against the code."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml
from typer.main import get_command

from flireo_iac.emulator.server import running
from flireo_iac.errors import ExitCode
from flireo_iac.generate.site import on_page_markdown

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


def anchors(page: Path) -> set[str]:
    """Give the anchors of a page's headings, as GitHub and the site make them."""
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.S)
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
        for heading in re.findall(r"(?m)^#+ (.*)$", text)
    }


def test_links_to_headings_lead_to_one() -> None:
    links = [
        (page, (page.parent / target if target else page), anchor)
        for page in PAGES
        for target, anchor in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", page.read_text())
    ]
    assert len(links) > 30
    broken = [f"{page.relative_to(ROOT)}: {anchor}" for page, target, anchor in links if anchor not in anchors(target)]
    assert broken == []


def test_the_site_shows_every_page_and_pages_link_to_pages() -> None:
    docs = ROOT / "docs"
    site = yaml.safe_load((ROOT / "mkdocs.yml").read_text())
    shown = set(re.findall(r"[\w./-]+\.md", str(site["nav"])))
    pages = {str(page.relative_to(docs)) for page in docs.rglob("*.md")}
    elsewhere = {page for page in pages if re.match(r"rules/FL|notes/", page)}
    assert pages - elsewhere <= shown
    assert shown <= pages
    outside = [
        f"{page.relative_to(docs)}: {target}"
        for page in docs.rglob("*.md")
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", on_page_markdown(page.read_text()))
        if not (page.parent / target).resolve().is_relative_to(docs) or not target.endswith((".md", ".png"))
    ]
    assert outside == []


def test_every_picture_is_there_shown_and_small() -> None:
    shown = {
        (page.parent / target).resolve()
        for page in PAGES
        for target in re.findall(r"!\[[^\]]+\]\(([^):]+)\)", page.read_text())
    }
    assert shown == set((ROOT / "docs" / "images").iterdir())
    assert [picture.name for picture in shown if picture.stat().st_size > 150_000] == []


def test_every_exit_code_is_explained() -> None:
    codes = {value for name, value in vars(ExitCode).items() if name.isupper()}
    explained = re.findall(r"(?m)^\| (\d+) \|", (ROOT / "docs/exit-codes.md").read_text())
    assert sorted(map(int, explained)) == sorted(codes)


def below(command: Any) -> list[Any]:
    """Give the parameters of the commands in a group."""
    return [each for one in getattr(command, "commands", {}).values() for each in one.params]


def test_examples_of_commands_name_options_that_exist() -> None:
    """Commands in the guides and the README are read as the program reads them, and not run."""
    from flireo_iac.cli.main import app, register_commands

    register_commands()
    commands = getattr(get_command(app), "commands", {})
    wrong = []
    for page in [
        ROOT / "README.md",
        ROOT / "flireo_iac/stacks/template/README.md",
        *(ROOT / "docs/guides").glob("*.md"),
    ]:
        for line in re.findall(r"(?m)(?:^(?:\w+=\S+ )?|`)flireo ([^`\n]*)", page.read_text()):
            name, *words = shlex.split(line, comments=True)
            known = [*getattr(commands.get(name), "params", []), *below(commands.get(name))]
            options = {option for each in known for option in each.opts}
            wrong += [f"{page.name}: flireo {name} {word}" for word in words if word[:1] == "-" and word not in options]
            if name not in commands and name != "--help":
                wrong.append(f"{page.name}: flireo {name}")
    assert wrong == []


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
