"""The table of cases: the class that each place gets, in every dialect, and the page that shows them."""

from __future__ import annotations

import pytest

from flireo_iac.emulator.options import DIALECTS
from flireo_iac.emulator.server import running
from tests.drift import cases


@pytest.mark.parametrize(
    "dialect", [DIALECTS[0], *(pytest.param(each, marks=pytest.mark.sweep) for each in DIALECTS[1:])]
)
def test_each_case_gets_its_class_and_the_page_says_so(dialect: str) -> None:
    with running(dialect=dialect) as emulator:
        found = cases.play_all(emulator)
    assert dict(zip((each.title for each in cases.CASES), found, strict=True)) == {
        each.title: dict(each.expected) for each in cases.CASES
    }
    assert len(found) >= 40
    assert cases.PAGE.read_text() == cases.page(cases.CASES, found), "python -m tests.drift.cases --write"
