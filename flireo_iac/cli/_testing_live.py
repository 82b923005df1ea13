"""Finds the agents of real test calls, and has a person agree to what they cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from flireo_iac.cli import output
from flireo_iac.cli._at_hand import AtHand
from flireo_iac.cli._calling import clean
from flireo_iac.cli._choosing import ask, must_ask
from flireo_iac.cli._placing import draft_of, id_of
from flireo_iac.client.api import FlireoApi
from flireo_iac.client.calls import is_phone_number, no_number
from flireo_iac.errors import SettingsError
from flireo_iac.kinds import KINDS
from flireo_iac.smoke.live import Line, Purse, Speaker, run_live, sorted_out
from flireo_iac.smoke.model import Outcome
from flireo_iac.stacks.smoke_tests import SmokeTest
from flireo_iac.stacks.targets import Target

_LONGEST = "max_duration_seconds"


@dataclass(frozen=True)
class Live:
    """How real calls are placed.

    Args:
        to: Number that answers.
        number: Number that is shown, item or id; None for the server's choice.
        cap: Most euro of all calls.
        draft: True for the agents of the working tree.
        yes: True asks nobody.
    """

    to: str
    number: str | None
    cap: Decimal
    draft: bool
    yes: bool


def live(folder: Path, target: Target, tests: Sequence[SmokeTest], asked: Live, *, as_json: bool) -> Iterator[Outcome]:
    """Run tests with real calls.

    Args:
        folder: The stack's folder.
        target: The stack.
        tests: The tests.
        asked: Whom to call, and what it may cost.
        as_json: True when nobody can be asked.

    Raises:
        FlireoError: The number is none, there is no key, or a person does not want it.
    """
    if not is_phone_number(asked.to):
        raise SettingsError(no_number(f'test --live --to "{asked.to}"'))
    called, others = sorted_out(tests)
    yield from others
    if not called:
        return
    asks = must_ask("test --live", yes=asked.yes, as_json=as_json)
    hand = AtHand("test --live", folder, target.stack or None)
    number_id = id_of(hand, "phone_number", asked.number) if asked.number is not None else None
    with hand.api() as api:
        if asks:
            calls = f"{len(called)} call{'s' * (len(called) != 1)}"
            ask(f"Place {calls} to {asked.to} with agents of {target.stack}? At most {asked.cap:.2f} euro.")
        purse = Purse(asked.cap)
        line = Line(api, asked.to, number_id, _say)
        yield from run_live(line, called, lambda test: _speaker(hand, api, test, is_draft=asked.draft), purse)


def _say(text: str) -> None:
    for each in text.split("\n"):
        output.note(clean(each))


def _speaker(hand: AtHand, api: FlireoApi, test: SmokeTest, *, is_draft: bool) -> Speaker:
    if is_draft:
        config = dict(draft_of(hand, api, test.agent))
        return Speaker(None, config, config.get(_LONGEST))
    agent_id = id_of(hand, "agent", test.agent)
    row = api.get(KINDS["agent"], agent_id)
    if row is None:
        stack = hand.target.stack
        raise SettingsError(
            f'test --live agent "{test.agent}": the account of this key has no agent {agent_id}, the one that is '
            f'deployed in the stack "{stack}" was expected. Take the key of its account, or run: flireo up -s {stack}.'
        )
    return Speaker(agent_id, None, row.get(_LONGEST))
