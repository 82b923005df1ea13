"""The walk of the documentation prints what it says."""

from __future__ import annotations

import shutil

import pytest

from tests.docs import walk


@pytest.mark.skipif(shutil.which("curl") is None, reason="the page's reader has curl, and this machine has not")
def test_the_walk_prints_what_the_page_says() -> None:
    assert walk.replayed() == walk.PAGE.read_text(), "python -m tests.docs.walk --write"
