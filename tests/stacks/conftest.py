"""A stack in a folder that tests write to."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.stacks.writing import Files


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    """An empty stack, which is the working directory too, as it is for a Pulumi program."""
    folder = tmp_path / "stack"
    folder.mkdir()
    monkeypatch.chdir(folder)
    made = Files(folder)
    made.write("Pulumi.yaml", "name: shop\nruntime: python\n")
    return made
