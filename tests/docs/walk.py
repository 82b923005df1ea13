"""Replays docs/walk.md command by command; ``python -m tests.docs.walk --write`` writes its outputs anew."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from flireo_iac.emulator.server import running

PAGE = Path(__file__).parents[2] / "docs" / "walk.md"
ADDRESS = "http://127.0.0.1:8765/api/v1"
_BLOCK = re.compile(r"```(sh|console)\n(.*?)```\n", re.DOTALL)
_MARK = "@@@ end of command"
_TIMEOUT_S = 240
_VARYING = (
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "5f0c…"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*Z"), "2026-01-05T09:12:44Z"),
    (re.compile(r"Duration: \S+"), "Duration: 1s"),
    (re.compile(r"about \d+(\.\d+)? s\b"), "about 1 s"),
    (re.compile(r"sha256:[0-9a-f]{64}"), "sha256:3f6c…"),
)
"""What differs from run to run, and what stands for it."""


def commands(page: str) -> Iterator[str]:
    """Give everything that the page has a reader type, in order; the emulator runs already."""
    for kind, text in _BLOCK.findall(page):
        if kind == "console":
            yield from (line.removeprefix("$ ") for line in text.splitlines() if line.startswith("$ "))
        elif text != "flireo emulator\n":
            yield text


def played(page: str, folder: Path) -> list[str]:
    """Run the commands in one shell; gives what each printed.

    Args:
        page: The page.
        folder: Where the reader is; empty.
    """
    script = "".join(f"{{ {each.rstrip()}\n}} 2>&1\necho '{_MARK}'\n" for each in commands(page))
    with running() as emulator:
        environ = {
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), "/usr/bin", "/bin"]),
            "HOME": str(folder),
            "FLIREO_STATE_DIR": str(folder / ".state"),
            "NO_COLOR": "1",
        }
        done = subprocess.run(
            ["bash", "-c", script.replace(ADDRESS, emulator.url)],
            cwd=folder,
            env=environ,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    printed = done.stdout
    for varying, constant in _VARYING:
        printed = varying.sub(constant, printed)
    return [each.strip("\n") for each in printed.split(f"{_MARK}\n")[:-1]]


def with_outputs(page: str, outputs: list[str]) -> str:
    """Give the page with these outputs below the commands."""
    left = iter(outputs)

    def block(match: re.Match[str]) -> str:
        kind, text = match[1], match[2]
        if text == "flireo emulator\n":
            return match[0]
        if kind == "sh":
            assert next(left) == "", text
            return match[0]
        shown = []
        for line in text.splitlines():
            if line.startswith("$ "):
                shown += [line, *next(left).splitlines()]
        return "```console\n" + "".join(f"{line}\n" for line in shown) + "```\n"

    return _BLOCK.sub(block, page)


def replayed() -> str:
    """Give the page as its commands print it now."""
    page = PAGE.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        return with_outputs(page, played(page, Path(folder).resolve()))


def main() -> int:
    """Replay the page; 1 when it says something else."""
    parser = argparse.ArgumentParser(prog="python -m tests.docs.walk", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write docs/walk.md")
    now, before = replayed(), PAGE.read_text(encoding="utf-8")
    if parser.parse_args().write:
        PAGE.write_text(now, encoding="utf-8")
    return int(now != before)


if __name__ == "__main__":
    sys.exit(main())
