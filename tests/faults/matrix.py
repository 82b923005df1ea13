"""Plays the whole matrix and writes its page: ``python -m tests.faults.matrix --write``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.faults.page import write
from tests.faults.sweep import cells, results

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"


def main() -> int:
    """Play every cell; 1 when something that must hold does not, or the page is another."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.matrix", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write docs/faults.md")
    wanted = parser.parse_args()
    played = results(cells())
    broken = [f"{result.cell}: {text}" for result in played for text in result.broken]
    page = write(played)
    if wanted.write:
        PAGE.write_text(page, encoding="utf-8")
    is_same = PAGE.exists() and PAGE.read_text(encoding="utf-8") == page
    sys.stdout.write("\n".join([*broken, f"{len(played)} cells, {len(broken)} broken", ""]))
    if not is_same:
        sys.stdout.write("docs/faults.md says something else: python -m tests.faults.matrix --write\n")
    return 1 if broken or not is_same else 0


if __name__ == "__main__":
    sys.exit(main())
