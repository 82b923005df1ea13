"""Shifts the wall clock of a Python process by the seconds in the file that TEST_CLOCK names."""

import datetime
import os
import time

_real_time, _real_time_ns = time.time, time.time_ns


def _shift() -> int:
    try:
        with open(os.environ["TEST_CLOCK"]) as file:  # noqa: PTH123 - nothing more is imported than is needed
            return int(file.read() or 0)
    except (OSError, KeyError, ValueError):
        return 0


class _Datetime(datetime.datetime):
    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> "_Datetime":
        return cls.fromtimestamp(time.time(), tz)


time.time = lambda: _real_time() + _shift()
time.time_ns = lambda: _real_time_ns() + _shift() * 10**9
datetime.datetime = _Datetime  # type: ignore[misc]
