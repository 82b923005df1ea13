"""A change of a stack in a folder that tests write to."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.review.reviews import Change


@pytest.fixture
def change(tmp_path: Path) -> Change:
    """An empty stack, before and after."""
    return Change(tmp_path, {"Pulumi.yaml": "name: shop\nruntime: python\n"})
