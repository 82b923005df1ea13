"""Brings together a stack, its program and the account, so that an adoption can be decided, shown and done."""

from __future__ import annotations

import os
import shlex
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from flireo_iac.cli._objects import account_of, described, name_of, opened, taken, warn
from flireo_iac.cli._state import Holding, holdings
from flireo_iac.client.api import FlireoApi
from flireo_iac.core.account import ACCOUNT
from flireo_iac.core.adoption import Adopted as Made
from flireo_iac.core.adoption import Adopter, Item, Known, Match, Verdict
from flireo_iac.core.inventory import Inventory
from flireo_iac.core.selection import Selection
from flireo_iac.engine.adopting import AdoptingStack, Program, refuse_unfinished
from flireo_iac.engine.deploy.adoption import Adopted
from flireo_iac.engine.deploy.taken import Taken
from flireo_iac.engine.files.snapshot import Snapshot
from flireo_iac.engine.model.values import Properties, Unknown, unwrap
from flireo_iac.errors import SettingsError
from flireo_iac.plan.model import kind_of
from flireo_iac.pull.record import read_record
from flireo_iac.settings import Settings

_PASSES = 5
"""Runs of the program at most: what one object tells may be what another item is known by."""


class Adopting:
    """One adoption into one stack. Use it as a context manager: it closes its connections.

    Args:
        stack: The stack.
        selection: What a person asked for.
    """

    def __init__(self, stack: AdoptingStack, selection: Selection) -> None:
        self._stack = stack
        self._selection = selection
        self._api: FlireoApi | None = None
        self._made: dict[str, Made] = {}
        self._adopted = Adopted((), {})
        self.matches: tuple[Match, ...] = ()
        self.present = 0
        self.is_done = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._api is not None:
            self._api.close()

    def look(self) -> None:
        """Find out what there is to adopt; nothing is changed.

        Raises:
            FlireoError: State, program, settings or account are not usable.
        """
        base = self._stack.whole()
        refuse_unfinished(base)
        with self._stack.program(base) as program:
            items = self._registered(program, base)
            if not items:
                return
            adopter, known = self._prepared(base)
            for _ in range(_PASSES):
                before = _ids(self.matches)
                self.matches = adopter.match(items, known)
                if before == _ids(self.matches):
                    break
                items = self._run(program, adopter, items)
        placed = {each.urn for each in self._adopted.resources}
        self.matches = tuple(
            each if each.row is None or each.item.urn in placed else _without_parent(each) for each in self.matches
        )

    def _registered(self, program: Program, base: Snapshot) -> list[Item]:
        """Give the items that are asked for and that the state does not hold, by a run that takes nothing."""
        found: dict[str, Item] = {}

        def see(urn: str, inputs: Properties) -> None:
            if (kind := kind_of(urn)) is not None:
                found[urn] = Item(urn, kind, unwrap(inputs))

        program.run(see)
        held = {urn: Item(urn, kind, {}).key for urn in base.live() if (kind := kind_of(urn)) is not None}
        self._selection.check(held | {urn: item.key for urn, item in found.items()})
        for urn, key in held.items():
            said = self._selection.said.get(urn, self._selection.said.get(key))
            if said is not None and said != base.live()[urn].id:
                raise SettingsError(
                    f'adopt "{key}={said}": the state has {base.live()[urn].id} for it already. '
                    f"Let go of that first: flireo adopt -s {self._stack.stack} --remove {key}"
                )
        self.present = sum(self._selection.wants(urn, key) for urn, key in held.items())
        wanted = [item for urn, item in found.items() if self._selection.wants(urn, item.key)]
        return sorted(wanted, key=lambda item: (item.key, item.urn))  # a program registers in any order

    def _run(self, program: Program, adopter: Adopter, items: Sequence[Item]) -> list[Item]:
        """Run the program with the objects that were found; gives the items with what is known by then."""
        rows = {each.item.urn: each.row for each in self.matches if each.row is not None}
        now = {item.urn: item for item in items}
        one_at_a_time = threading.Lock()

        def take(urn: str, inputs: Properties) -> Taken | None:
            if urn not in now:
                return None
            item = now[urn] = replace(now[urn], inputs=unwrap(inputs))
            row = rows.get(urn)
            if row is None:
                return None
            with one_at_a_time:
                self._made[urn] = adopter.adopt(item, row)
            return taken(item.kind, urn, self._made[urn].existing)

        self._adopted = program.run(take)
        return list(now.values())

    def _prepared(self, base: Snapshot) -> tuple[Adopter, Known]:
        settings = Settings.load(self._stack.config(), os.environ)
        self._api = opened(settings)
        resources = [each for each in base.resources if kind_of(each.urn) is not None]
        account = account_of(self._api, settings, resources).check()
        recorded = read_record(self._stack.folder, self._stack.stack)
        known = Known(self._selection.said, recorded, self._holders(base, account))
        return Adopter(Inventory(self._api, say=warn), account, lambda value: isinstance(value, Unknown)), known

    def _holders(self, base: Snapshot, account: str | None) -> dict[tuple[str, str], str]:
        """Give in words who holds which object of the account: other stacks of the backend, and this one."""
        own = [Holding(each.urn, each.id, each.outputs.get(ACCOUNT)) for each in base.resources]
        states = {f'the stack "{name}"': holdings(content) for name, content in self._stack.others().items()}
        found: dict[tuple[str, str], str] = {}
        for where, held in [*states.items(), ("this stack", own)]:
            for each in held:
                kind = kind_of(each.urn)
                if kind is not None and (None in (account, each.account) or account == each.account):
                    found[kind.name, each.id] = f"{Item(each.urn, kind, {}).key} of {where}"
        return found

    @property
    def adopted(self) -> tuple[Match, ...]:
        """What goes into the state."""
        return tuple(each for each in self.matches if each.verdict is Verdict.ADOPT)

    @property
    def questions(self) -> tuple[Match, ...]:
        """What a person has to settle."""
        return tuple(each for each in self.matches if each.verdict in (Verdict.ASK, Verdict.REFUSE))

    def settle(self) -> None:
        """Put the objects into the state.

        Raises:
            FlireoError: The state cannot be written; it is as it was.
        """
        if self.adopted:
            self._stack.admit(self._adopted)
        self.is_done = True

    def lines(self) -> Iterator[str]:
        """Give what a person reads."""
        for each in self.matches:
            yield from self._about(each)
        counts = Counter(each.verdict for each in self.matches)
        shown = [f"{counts[verdict]} {word}" for verdict, word in _WORDS.items() if counts[verdict]]
        yield f"{', '.join(shown) or 'nothing to adopt'}; {self.present} in the state already."

    def _about(self, match: Match) -> Iterator[str]:
        item, head = match.item, f"{match.verdict:7} {match.item.key}:"
        if match.row is None:
            yield f"{head} {match.reason}."
        else:
            yield f'{head} {match.row["id"]} "{name_of(item.kind, match.row)}" {match.reason}'
            yield from self._effects(self._made[item.urn])
        if match.verdict is Verdict.ASK:
            yield from (f"          {described(item.kind, row)}" for row in match.candidates)
            yield f"        {shlex.join(['flireo', 'adopt', '-s', self._stack.stack, f'{item.key}=ID'])}"

    @staticmethod
    def _effects(made: Made) -> Iterator[str]:
        if made.differences:
            does = "put another object in its place, for" if made.is_replaced else "change"
            yield f"        the next up will {does}: {', '.join(made.differences)}"
        for name in made.assumed:
            yield f"        {name}: no answer shows it, so the configured value counts as the one in force"

    def document(self) -> dict[str, Any]:
        """Give what a program reads."""
        return {
            "engine": self._stack.engine,
            "stack": self._stack.stack,
            "done": self.is_done,
            "present": self.present,
            "items": [self._plain(each) for each in self.matches],
        }

    def _plain(self, match: Match) -> dict[str, Any]:
        made = self._made.get(match.item.urn) if match.row is not None else None
        return {
            "item": match.item.key,
            "urn": match.item.urn,
            "kind": match.item.kind.name,
            "action": str(match.verdict),
            "id": match.row["id"] if match.row is not None else None,
            "reason": match.reason,
            "differences": list(made.differences) if made is not None else [],
            "is_replaced": made is not None and made.is_replaced,
            "assumed": list(made.assumed) if made is not None else [],
            "candidates": [str(row["id"]) for row in match.candidates],
        }


_WORDS = {Verdict.ADOPT: "to adopt", Verdict.NEW: "to create", Verdict.ASK: "to ask about", Verdict.REFUSE: "refused"}


def _without_parent(match: Match) -> Match:
    reason = "what it belongs to is not in the state; adopt again after an up"
    return Match(match.item, Verdict.REFUSE, reason)


def _ids(matches: Sequence[Match]) -> dict[str, str]:
    return {each.item.urn: str(each.row["id"]) for each in matches if each.row is not None}
