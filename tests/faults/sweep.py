"""Runs many cells at a time, each on an emulator that no other cell uses."""

from __future__ import annotations

import functools
import ssl
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory
from unittest.mock import patch

from flireo_iac.emulator.server import Running, running
from flireo_iac.kinds import KINDS, Kind
from tests.faults.cells import Cell, Result, run
from tests.faults.orders import FAULTS, METHODS, Fault

AT_ONCE = 4


def cells() -> Iterator[Cell]:
    """Give every cell of the matrix, made from the kinds."""
    for kind in KINDS.values():
        for verb in METHODS:
            for fault in FAULTS:
                if applies(kind, verb, fault):
                    yield from (Cell(kind.name, verb, fault, lasting) for lasting in fault.lastings)


def applies(kind: Kind, verb: str, fault: Fault) -> bool:
    """Tell whether a kind has the verb, and the list that a fault is about."""
    has_list = kind.endpoint.style == "collection" or not fault.is_about_lists
    return has_list and (verb != "update" or kind.endpoint.update != "none")


def results(chosen: Iterable[Cell]) -> list[Result]:
    """Run cells, and give what came of them in the same order."""
    with ExitStack() as stack:
        # Nothing here speaks TLS, and reading the certificates of the machine takes longer than a cell.
        context = functools.cache(ssl.create_default_context)
        stack.enter_context(patch("ssl.create_default_context", lambda **_: context()))
        idle: SimpleQueue[Running] = SimpleQueue()
        for _ in range(AT_ONCE):
            idle.put(stack.enter_context(running()))

        def one(cell: Cell) -> Result:
            emulator = idle.get()
            try:
                with TemporaryDirectory(prefix="flireo-faults-") as folder:
                    return run(cell, emulator, Path(folder))
            finally:
                idle.put(emulator)

        with ThreadPoolExecutor(AT_ONCE) as threads:
            return list(threads.map(one, chosen))
