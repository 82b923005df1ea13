"""The fault matrix: what must hold in every cell, and the page that says what a user sees."""

from __future__ import annotations

import itertools

import pytest

from flireo_iac.kinds import KINDS
from tests.faults.cells import Cell
from tests.faults.matrix import PAGE
from tests.faults.orders import FAULTS, METHODS
from tests.faults.page import cell_text, inline, read, squares, write
from tests.faults.sweep import applies, cells, results

STRIDE = 25
"""Of the squares of fault, kind and verb, every so many-th is in the sample; prime to the number of faults."""


def sample() -> list[Cell]:
    """Give all cells of some squares."""
    grouped = itertools.groupby(cells(), key=lambda cell: (cell.kind, cell.verb, cell.fault.name))
    return [cell for number, (_, square) in enumerate(grouped) if number % STRIDE == 0 for cell in square]


def test_the_sample_holds_every_fault_and_every_verb_of_every_kind() -> None:
    chosen = sample()
    assert {cell.fault.name for cell in chosen} == {fault.name for fault in FAULTS}
    verbs = {(kind.name, verb) for kind in KINDS.values() for verb in METHODS if applies(kind, verb, FAULTS[0])}
    assert {(cell.kind, cell.verb) for cell in chosen} == verbs


def test_the_page_says_what_a_user_sees() -> None:
    played = results(sample())
    assert [f"{result.cell}: {text}" for result in played for text in result.broken] == []
    said = read(PAGE.read_text(encoding="utf-8"))
    seen = {square: cell_text(outcomes, inline) for square, outcomes in squares(played).items()}
    assert seen == {square: said.get(square) for square in seen}, "run python -m tests.faults.matrix --write"


@pytest.mark.sweep
@pytest.mark.timeout(1800)
def test_the_whole_matrix() -> None:
    played = results(cells())
    assert [f"{result.cell}: {text}" for result in played for text in result.broken] == []
    page = PAGE.read_text(encoding="utf-8")
    assert write(played) == page, "run python -m tests.faults.matrix --write"
    assert read(page) == {square: cell_text(outcomes, inline) for square, outcomes in squares(played).items()}
