"""A stack in a folder that tests write to."""

from __future__ import annotations

from tests.stacks.conftest import files

__all__ = ["files"]
