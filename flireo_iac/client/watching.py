"""A call, followed from its placing until it is over and summed up."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from flireo_iac.client.api import FlireoApi
from flireo_iac.client.calls import PhoneCall, read_call
from flireo_iac.errors import NotFoundError, TransportError

EVERY_S = 2.0
"""Seconds between two looks; thirty a minute of the hundred that a key may send."""

APPEARS_S = 10.0
"""Seconds in which a call that was just placed may not be there yet (inferred)."""

REPORT_S = 15.0
"""Seconds after its end in which a call may still be summed up and analysed (inferred)."""

LONGEST_S = 2 * 60 * 60.0


def watch_call(
    api: FlireoApi,
    call_id: str,
    *,
    every_s: float = EVERY_S,
    report_s: float = REPORT_S,
    longest_s: float = LONGEST_S,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[PhoneCall]:
    """Give a call again and again, until it is over and has a summary or does not get one.

    Args:
        api: The account's API.
        call_id: Id of the call.
        every_s: Seconds between two looks, above 0.
        report_s: Seconds that a summary is waited for after the end, 0 or more.
        longest_s: Seconds after which nobody waits any more, above 0.
        sleep: Sleeps so many seconds.
        clock: Seconds of a clock that does not jump.

    Raises:
        NotFoundError: There is no such call, also not after a while.
        TransportError: No answer came, or the call is not over in the longest time.
        ApiError: The server answered, and not with success or not as promised.
    """
    begun, ended = clock(), None
    while True:
        try:
            call = read_call(api, call_id)
        except NotFoundError:
            if clock() - begun > APPEARS_S:
                raise
        else:
            yield call
            ended = clock() if call.is_over and ended is None else ended
            is_reported = call.summary is not None or call.analysis_result is not None
            if ended is not None and (is_reported or clock() - ended >= report_s):
                return
        if clock() - begun > longest_s:
            raise TransportError(
                f"it is not over after {longest_s / 60:.0f} minutes. Look later with flireo calls show.",
                operation=f'wait for call "{call_id}"',
                method="GET",
                path="/calls",
                may_have_arrived=True,
            )
        sleep(every_s)
