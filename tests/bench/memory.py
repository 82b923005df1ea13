"""How much memory a command and all its children hold at most.

Pages that processes share count for each of them, so this is rather too much than too little.
Source: proc(5), ``stat`` (ppid) and ``statm`` (resident pages).
"""

from __future__ import annotations

import os
import threading
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from types import TracebackType

_EVERY_S = 0.05
_PAGE = os.sysconf("SC_PAGE_SIZE")
_PROC = Path("/proc")


def resident_bytes(pid: int) -> int:
    """Give the resident memory of a process and all its descendants; 0 where there is no ``/proc``."""
    children: defaultdict[int, list[int]] = defaultdict(list)
    with suppress(OSError):
        for entry in _PROC.iterdir():
            if entry.name.isdigit():
                children[_parent(entry)].append(int(entry.name))
    total, waiting = 0, [pid]
    while waiting:
        each = waiting.pop()
        waiting += children[each]
        with suppress(OSError, IndexError, ValueError):
            total += int((_PROC / str(each) / "statm").read_text().split()[1]) * _PAGE
    return total


def _parent(process: Path) -> int:
    with suppress(OSError, IndexError, ValueError):
        # The name of the program stands in brackets, and may hold spaces and brackets.
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    return 0


class Peak:
    """Looks at a process tree, 20 times a second, as long as the block lasts.

    Args:
        pid: The process at its root.
    """

    def __init__(self, pid: int) -> None:
        self.bytes = 0
        self._pid = pid
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="peak", daemon=True)

    def __enter__(self) -> Peak:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            self.bytes = max(self.bytes, resident_bytes(self._pid))
            if self._ended.wait(_EVERY_S):
                return
