"""Runs smoke tests for real: calls that cost money, within a cap that none may pass, each ended when it runs over."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flireo_iac.client.api import FlireoApi
from flireo_iac.client.calls import PhoneCall, PlacedCall, place_call, read_call
from flireo_iac.client.commands import end_call
from flireo_iac.client.usage import PRICE_A_MINUTE, read_usage
from flireo_iac.client.watching import EVERY_S, watch_call
from flireo_iac.errors import (
    FlireoError,
    InvalidRequestError,
    NotFoundError,
    ServerError,
    SettingsError,
    TransportError,
    UnexpectedAnswerError,
)
from flireo_iac.smoke.judge import ENDED_WELL, judge
from flireo_iac.smoke.model import Heard, Outcome, in_error, without_call
from flireo_iac.stacks.smoke_tests import SmokeTest

LONGEST_S = 600
"""Seconds of a call whose agent names no longest duration. Source: api notes, section 16.5 (inferred)."""

HANG_UP_S = 60.0
"""Seconds in which a call that nobody follows any more is told to end; one that rings takes no command."""

_ONE_ALONE = (InvalidRequestError, NotFoundError, SettingsError)
"""Errors of one test that say nothing about the next, as long as no call is placed."""


@dataclass(frozen=True)
class Speaker:
    """The agent of a call.

    Args:
        agent_id: Id of a saved one; None for one that is sent along.
        config: What is sent along; None for a saved one.
        longest_s: Seconds after which the server ends its calls; None where nobody says.
    """

    agent_id: str | None
    config: Mapping[str, Any] | None
    longest_s: float | None


class Purse:
    """What a run may cost, and has cost.

    Args:
        cap: Most euro of the run.
    """

    def __init__(self, cap: Decimal) -> None:
        self.cap = cap
        self.spent = Decimal(0)
        self._price = PRICE_A_MINUTE

    def worst(self, seconds: float) -> Decimal:
        """Give what a call costs that takes all its time: each minute that has begun counts."""
        return math.ceil(seconds / 60) * self._price

    def refusal(self, seconds: float) -> str:
        """Say why a call may not be placed; empty when it may.

        Args:
            seconds: The longest it can take.
        """
        worst = self.worst(seconds)
        if self.spent + worst <= self.cap:
            return ""
        return (
            f"it was not called: it can cost {worst:.2f} euro ({seconds:g} s), and {self.spent:.2f} of {self.cap:.2f} "
            "are spent. Raise --max-cost, or give the agent a shorter max_duration_seconds"
        )

    def lose(self, seconds: float) -> Decimal:
        """Take note of a call whose cost nobody knows, and give the most that it can be.

        Args:
            seconds: The longest it can take.
        """
        cost = self.worst(seconds)
        self.pay(cost, 0)
        return cost

    def pay(self, cost: Decimal, minutes: float) -> None:
        """Take note of a call; one that cost more than the list price makes the next ones dearer, too.

        Args:
            cost: In euro.
            minutes: Minutes that count.
        """
        self.spent += cost
        if minutes:
            self._price = max(self._price, cost / Decimal(str(minutes)))


@dataclass(frozen=True)
class Line:
    """How calls of a run are placed and followed.

    Args:
        api: The account.
        to: Number that somebody or something answers.
        number_id: Number that is shown; None for the server's choice.
        say: Takes a sentence for the person at the terminal.
        sleep: Sleeps so many seconds.
        clock: Seconds of a clock that does not jump.
    """

    api: FlireoApi
    to: str
    number_id: str | None
    say: Callable[[str], None]
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic


def run_live(
    line: Line, tests: Sequence[SmokeTest], speaker_of: Callable[[SmokeTest], Speaker], purse: Purse
) -> Iterator[Outcome]:
    """Run tests, one after the other; what follows an error that concerns all is not tried.

    Args:
        line: Where calls are placed.
        tests: The tests.
        speaker_of: Finds the agent of a test; raises FlireoError when there is none.
        purse: What they may cost.
    """
    stopped = ""
    for number, test in enumerate(tests, 1):
        if stopped:
            yield without_call(test, "skipped", f"not tried: {stopped}", is_cut_off=True)
            continue
        try:
            speaker = speaker_of(test)
        except FlireoError as error:
            stopped = "" if isinstance(error, _ONE_ALONE) else f"{test.name} ended with an error"
            yield in_error(test, error)
            continue
        if refusal := purse.refusal(speaker.longest_s or LONGEST_S):
            yield without_call(test, "skipped", refusal, is_cut_off=True)
            continue
        line.say(f"call {number} of {len(tests)}: {test.name}{_script(test)}")
        stopped = yield from _run(line, test, speaker, purse)


def sorted_out(tests: Sequence[SmokeTest]) -> tuple[list[SmokeTest], list[Outcome]]:
    """Part tests into those that a real call can be judged by, and what becomes of the others.

    Args:
        tests: The tests.
    """
    why = {test.name: _offline_only(test) for test in tests}
    callable_ = [test for test in tests if not why[test.name]]
    others = [
        without_call(test, "skipped", f"it was not called: {why[test.name]}", is_cut_off=not callable_)
        for test in tests
        if why[test.name]
    ]
    return callable_, others


def _offline_only(test: SmokeTest) -> str:
    """Say why no real call can be judged by a test; empty when one can."""
    expect = test.expect
    if test.asked.picks_up not in (None, "person"):
        return f"picks_up: {test.asked.picks_up} is played offline only. Run it without --live"
    if not (expect.status or expect.transcript or expect.analysis or expect.max_duration_s):
        return "nothing of it can be judged, the API does not tell which tools a call used. Run it without --live"
    return ""


def _script(test: SmokeTest) -> str:
    lines = [turn.says for turn in test.turns if turn.says]
    return "".join(f'\n  say: "{each}"' for each in lines)


def _run(line: Line, test: SmokeTest, speaker: Speaker, purse: Purse) -> Generator[Outcome, None, str]:
    """Call for one test; gives why no further call may be placed, empty when one may."""
    longest = speaker.longest_s or LONGEST_S
    try:
        placed = _placed(line, test, speaker)
    except FlireoError as error:
        cost = purse.lose(longest) if _may_be_under_way(error) else None
        yield in_error(test, error, cost=cost)
        return "" if isinstance(error, _ONE_ALONE) else f"{test.name} ended with an error"
    except KeyboardInterrupt:
        line.say("a call may be under way; look for it with: flireo calls --from 5m")
        yield without_call(test, "error", "interrupted while it was placed", cost=purse.lose(longest))
        raise
    try:
        call = _followed(line, placed, min(longest, test.expect.max_duration_s or longest))
    except (FlireoError, KeyboardInterrupt) as error:
        cost = purse.lose(longest)
        _hang_up(line, placed.call_id)
        why = str(error) or "interrupted."
        yield without_call(test, "error", f"{why} It can have cost {cost:.2f} euro ({longest:g} s).", cost=cost)
        if isinstance(error, KeyboardInterrupt):
            raise
        return f"{test.name} ended with an error"
    cost = _cost(line, call, purse, longest)
    yield judge(test, Heard(call, None), cost)
    return ""


def _placed(line: Line, test: SmokeTest, speaker: Speaker) -> PlacedCall:
    return place_call(
        line.api,
        line.to,
        agent_id=speaker.agent_id,
        agent_config=speaker.config,
        number_id=line.number_id,
        first_message=test.asked.first_message,
        context=test.context,
    )


def _may_be_under_way(error: FlireoError) -> bool:
    """Tell whether a call may have been placed although its request ended with an error."""
    if isinstance(error, TransportError):
        return error.may_have_arrived
    return isinstance(error, ServerError | UnexpectedAnswerError)


def _hang_up(line: Line, call_id: str) -> None:
    """End a call that nobody follows any more, as soon as it takes the command; says so when that fails."""
    line.say(f"the call {call_id} may go on; it is told to end")
    until, why = line.clock() + HANG_UP_S, ""
    try:
        while line.clock() < until:
            try:
                call = read_call(line.api, call_id)
                if not (call.is_over or call.is_in_progress):
                    why = f"it is {call.status}, and takes commands only while somebody talks"
                    line.sleep(EVERY_S)
                    continue
            except FlireoError as error:
                why = str(error)
            else:
                if call.is_over:
                    return
            try:
                end_call(line.api, call_id)
            except FlireoError as error:
                why = str(error)
                line.sleep(5 * EVERY_S)
            else:
                return
    except KeyboardInterrupt:
        why = "interrupted again"
    line.say(f"the call {call_id} is not told to end: {why.rstrip('.')}. Run: flireo call end {call_id}")


def _followed(line: Line, placed: PlacedCall, longest_s: float) -> PhoneCall:
    """Follow a call to its end; one that talks for longer is told to end, until it does."""
    last: PhoneCall | None = None
    began: float | None = None
    for last in watch_call(line.api, placed.call_id, sleep=line.sleep, clock=line.clock):
        if last.is_in_progress:
            began = line.clock() if began is None else began
            if line.clock() - began > longest_s:
                line.say(f"it runs over {longest_s:g} s and is told to end")
                _end(line, placed.call_id)
    if last is None:
        raise LookupError("a call that was followed was never read")
    return last


def _end(line: Line, call_id: str) -> None:
    """Tell a call to end; where that fails, it is told again at the next look."""
    try:
        end_call(line.api, call_id)
    except FlireoError as error:
        line.say(str(error))


def _cost(line: Line, call: PhoneCall, purse: Purse, longest_s: float) -> Decimal:
    """Give what a call has cost: by the account's usage, else by its length, else the most that it can be."""
    with suppress(FlireoError):
        for log in read_usage(line.api, since=call.created_at).logs:
            if log.call_id == call.id:
                purse.pay(log.euros, float(log.minutes))
                return log.euros
    is_unanswered = call.started_at is None and call.status not in ENDED_WELL
    seconds = call.duration_seconds if call.duration_seconds is not None else 0 if is_unanswered else longest_s
    return purse.lose(float(seconds))
