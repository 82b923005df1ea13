"""Runs smoke tests for real: calls that cost money, within a cap that none may pass, each ended when it runs over."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flireo_iac.client.api import FlireoApi
from flireo_iac.client.calls import PhoneCall, PlacedCall, place_call
from flireo_iac.client.commands import end_call
from flireo_iac.client.usage import PRICE_A_MINUTE, read_usage
from flireo_iac.client.watching import watch_call
from flireo_iac.errors import FlireoError, InvalidRequestError, NotFoundError, SettingsError
from flireo_iac.smoke.judge import judge
from flireo_iac.smoke.model import Heard, Outcome, without_call
from flireo_iac.stacks.smoke_tests import SmokeTest

LONGEST_S = 600
"""Seconds of a call whose agent names no longest duration. Source: api notes, section 16.5 (inferred)."""

_ONE_ALONE = (InvalidRequestError, NotFoundError, SettingsError)
"""Errors of one test that say nothing about the next."""


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
            if refusal := purse.refusal(speaker.longest_s or LONGEST_S):
                yield without_call(test, "skipped", refusal, is_cut_off=True)
                continue
            line.say(f"call {number} of {len(tests)}: {test.name}{_script(test)}")
            outcome = _run(line, test, speaker, purse)
        except FlireoError as error:
            outcome = without_call(test, "error", str(error))
            stopped = "" if isinstance(error, _ONE_ALONE) else f"{test.name} ended with an error"
        yield outcome


def _script(test: SmokeTest) -> str:
    lines = [turn.says for turn in test.turns if turn.says]
    return "".join(f'\n  say: "{each}"' for each in lines)


def _run(line: Line, test: SmokeTest, speaker: Speaker, purse: Purse) -> Outcome:
    placed = place_call(
        line.api,
        line.to,
        agent_id=speaker.agent_id,
        agent_config=speaker.config,
        number_id=line.number_id,
        first_message=test.asked.first_message,
        context=test.context,
    )
    longest = speaker.longest_s or LONGEST_S
    try:
        call = _followed(line, placed, min(longest, test.expect.max_duration_s or longest))
    except BaseException:
        purse.pay(purse.worst(longest), 0)
        line.say(f"the call {placed.call_id} may go on; it is told to end")
        with suppress(FlireoError):
            end_call(line.api, placed.call_id)
        raise
    cost = _cost(line, call, purse)
    return judge(test, Heard(call, None), cost)


def _followed(line: Line, placed: PlacedCall, longest_s: float) -> PhoneCall:
    """Follow a call to its end; one that talks for longer is told to end, until it does."""
    last: PhoneCall | None = None
    began: float | None = None
    for last in watch_call(line.api, placed.call_id, sleep=line.sleep, clock=line.clock):
        if last.is_in_progress:
            began = line.clock() if began is None else began
            if line.clock() - began > longest_s:
                line.say(f"it runs over {longest_s:g} s and is told to end")
                with suppress(FlireoError):
                    end_call(line.api, placed.call_id)
    if last is None:
        raise LookupError("a call that was followed was never read")
    return last


def _cost(line: Line, call: PhoneCall, purse: Purse) -> Decimal:
    """Give what a call has cost: by the account's usage, else by its length."""
    with suppress(FlireoError):
        for log in read_usage(line.api, since=call.created_at).logs:
            if log.call_id == call.id:
                purse.pay(log.euros, float(log.minutes))
                return log.euros
    cost = purse.worst(float(call.duration_seconds or 0))
    purse.pay(cost, 0)
    return cost
