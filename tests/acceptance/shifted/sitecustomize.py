"""Shifts the wall clock of a Python process by the seconds in the file that TEST_CLOCK names.

gRPC keeps the real one: it hands times of Python's clock to its C core, which has a clock of its own.
"""

import datetime
import os
import sys
import time

_real_time, _real_time_ns = time.time, time.time_ns


def _shift() -> int:
    if sys._getframe(2).f_globals.get("__name__", "").startswith("grpc"):
        return 0
    try:
        with open(os.environ["TEST_CLOCK"]) as file:  # noqa: PTH123 - nothing more is imported than is needed
            return int(file.read() or 0)
    except (OSError, KeyError, ValueError):
        return 0


def _time() -> float:
    return _real_time() + _shift()


def _time_ns() -> int:
    return _real_time_ns() + _shift() * 10**9


class _Datetime(datetime.datetime):
    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> "_Datetime":
        return cls.fromtimestamp(time.time(), tz)


time.time, time.time_ns = _time, _time_ns
datetime.datetime = _Datetime  # type: ignore[misc]
