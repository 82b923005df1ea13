"""Each rule id that the code can report is explained, and none that it cannot."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_rule_is_explained_and_every_explained_rule_exists() -> None:
    sources = [path for folder in ("stacks", "core") for path in (ROOT / "flireo_iac" / folder).glob("*.py")]
    reported = {rule for path in sources for rule in re.findall(r'"(FL\d+)"', path.read_text("utf-8"))}
    explained = set(re.findall(r"^\| (FL\d+) \|", (ROOT / "docs/stacks.md").read_text("utf-8"), re.MULTILINE))
    assert len(reported) > 30
    assert reported == explained
