"""Commands of the ``pulumi`` program, run to their end or stopped."""

from __future__ import annotations

from pathlib import Path

import pytest

from flireo_iac.engine.hand_over import run_program
from flireo_iac.errors import EngineError


@pytest.fixture
def program(tmp_path: Path) -> str:
    """A program that reads what it is given, or hangs."""
    path = tmp_path / "program"
    path.write_text('#!/bin/sh\n[ "$1" = hang ] && exec sleep 600\necho "$*: $(cat)"\n')
    path.chmod(0o700)
    return str(path)


def test_a_program_that_hangs_is_stopped_and_named(program: str) -> None:
    with pytest.raises(EngineError, match=r"pulumi hang --now: has not ended after 0\.2 s"):
        run_program(program, "hang", "--now", timeout_s=0.2)


def test_a_program_reads_its_content_and_is_not_to_ask(program: str) -> None:
    assert run_program(program, "stack", content="state").stdout == "stack --non-interactive: state\n"
