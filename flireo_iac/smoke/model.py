"""What became of smoke tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Literal

from flireo_iac.client.calls import PhoneCall, Utterance
from flireo_iac.errors import ExitCode, FlireoError
from flireo_iac.stacks.smoke_tests import SmokeTest
from flireo_iac.stacks.values import Place

Status = Literal["passed", "failed", "error", "skipped"]
SPEAKERS: Mapping[str, str] = {"assistant": "agent", "user": "caller"}
"""What a transcript calls those who speak."""


@dataclass(frozen=True)
class UsedTool:
    """A tool that was called.

    Args:
        name: Its name.
        arguments: What it was called with.
        error: Why nobody could be asked for its result; None when somebody could, or the test brings it along.
    """

    name: str
    arguments: Mapping[str, Any]
    error: str | None = None


@dataclass(frozen=True)
class Heard:
    """A call that is over.

    Args:
        call: What the API says of it.
        tools: The tools that were called; None where nobody can know.
    """

    call: PhoneCall
    tools: Sequence[UsedTool] | None

    @property
    def turns(self) -> Sequence[Utterance]:
        """What was said."""
        return self.call.messages or ()


@dataclass(frozen=True)
class Failure:
    """An expectation that does not hold.

    Args:
        place: Where it stands.
        text: What was found instead.
        turn: The turn of the transcript that comes nearest, from 1; None for none.
    """

    place: Place
    text: str
    turn: int | None = None

    def __str__(self) -> str:
        """Give the failure as ``file:line:column  text``."""
        return f"{self.place}  {self.text}"


@dataclass(frozen=True)
class Outcome:
    """What became of one test.

    Args:
        name: Its name.
        agent: Its agent in the stack.
        place: Its file.
        status: ``passed``, ``failed``, ``error`` when the call could not be had, ``skipped`` when it was not tried.
        description: What it is about; empty when it does not say.
        failures: What does not hold.
        unjudged: Expectations that nobody could judge.
        reason: Why there was no call that could be judged; empty when there was one.
        call: The call; None when there was none.
        cost: Euro that it cost, at most where nobody knows; None where nothing was placed that costs.
        is_refused: True when the API refused the key.
        is_cut_off: True when the run stopped before it, so that the run as a whole proves nothing.
    """

    name: str
    agent: str
    place: Place
    status: Status
    description: str = ""
    failures: tuple[Failure, ...] = ()
    unjudged: tuple[Failure, ...] = ()
    reason: str = ""
    call: PhoneCall | None = None
    cost: Decimal | None = None
    is_refused: bool = False
    is_cut_off: bool = False


def without_call(
    test: SmokeTest,
    status: Literal["error", "skipped"],
    reason: str,
    *,
    cost: Decimal | None = None,
    is_cut_off: bool = False,
) -> Outcome:
    """Say that a test had no call that could be judged, and why."""
    about = test.asked.description or ""
    return Outcome(
        test.name, test.agent, test.node.place, status, about, reason=reason, cost=cost, is_cut_off=is_cut_off
    )


def in_error(test: SmokeTest, error: FlireoError, *, cost: Decimal | None = None) -> Outcome:
    """Say that a call could not be had because of an error."""
    is_refused = error.exit_code == ExitCode.AUTHENTICATION
    return replace(without_call(test, "error", str(error), cost=cost), is_refused=is_refused)
