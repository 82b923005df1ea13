"""Brings together a stack, the journal and the account, so that a recovery can be decided, shown and done."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from flireo_iac.cli import output
from flireo_iac.cli._objects import account_of, described, name_of, opened, say_wait, taken, warn
from flireo_iac.client.api import FlireoApi
from flireo_iac.core.choices import Choices, several
from flireo_iac.core.inventory import Inventory
from flireo_iac.core.journal import Intent, Journal, digester
from flireo_iac.core.proposals import Action, Proposal, Unfinished, ways_out
from flireo_iac.core.recovery import Recovery, note, others, without_look
from flireo_iac.engine.files.locks import Lock
from flireo_iac.engine.model.values import unwrap
from flireo_iac.engine.unfinished import CREATING, Left, UnfinishedStack
from flireo_iac.errors import DamagedJournalError, EngineError, SettingsError
from flireo_iac.kinds import KINDS, Kind
from flireo_iac.plan.model import kind_of
from flireo_iac.settings import Settings, place, state_dir


class Recovering:
    """One recovery of one stack. Use it as a context manager: it closes its connections.

    Args:
        stack: The stack.
        choices: What a person said on the command line.
        agree: Asks a person; raises when the answer is not yes.
    """

    def __init__(self, stack: UnfinishedStack, choices: Choices, agree: Callable[[str], None]) -> None:
        self._stack = stack
        self._choices = choices
        self._agree = agree
        self._journal = Journal(state_dir(os.environ) / "journal")
        self._api: FlireoApi | None = None
        self._recovery: Recovery | None = None
        self._planned_urns: tuple[str, ...] | None = None
        self._unended: tuple[str, ...] = ()
        self._locks: tuple[Lock, ...] = ()
        self._others: tuple[Intent, ...] = ()
        self._foreign: tuple[str, ...] = ()
        self._redone: tuple[str, ...] = ()
        self._dropped: tuple[str, ...] = ()
        self.proposals: tuple[Proposal, ...] = ()
        self.is_done = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._journal.release()
        if self._api is not None:
            self._api.close()

    def look(self) -> None:
        """Find out what is left, and what is to be done about it.

        Raises:
            LockedError: A run is at work on the stack.
            FlireoError: State, journal, settings or account are not usable.
        """
        self._locks = self._stack.locks()
        intents = self._read_journal()
        prefix = f"urn:pulumi:{self._stack.stack}::{self._stack.project}::"
        self._others = others(intents, prefix)
        left = self._stack.left()
        mine = [each for each in intents if each.urn.startswith(prefix)]
        creates = [*self._pending(left), *self._journalled(left, mine)]
        self._unended = (*(each.urn for each in creates), *self._foreign, *self._dropped, *self._redone)
        self._choices.check(self._unended)
        creates += self._named(creates)
        self.proposals = tuple(self._propose(left, each, mine) for each in creates)

    def _read_journal(self) -> tuple[Intent, ...]:
        try:
            return self._journal.intents()
        except DamagedJournalError as error:
            output.note(f"warning: {error}")
            self._agree("Set the damaged journal aside and begin a new one? It is kept under another name.")
            output.note(f"the damaged journal is now {self._journal.set_aside()}.")
            return ()

    def _pending(self, left: Left) -> list[Unfinished]:
        operations = left.snapshot.operations
        creates = {each.resource.urn: each.resource for each in operations if each.type == CREATING}
        self._redone = tuple(each.resource.urn for each in operations if each.resource.urn not in creates)
        foreign = {urn for urn in creates if kind_of(urn) is None}
        self._dropped = tuple(urn for urn in foreign if self._choices.forgets(urn))
        self._foreign = tuple(foreign.difference(self._dropped))
        return [
            Unfinished(urn, kind, unwrap(resource.inputs), _held_id(left, urn))
            for urn, resource in creates.items()
            if (kind := kind_of(urn)) is not None
        ]

    @staticmethod
    def _journalled(left: Left, intents: Iterable[Intent]) -> list[Unfinished]:
        pending = {each.resource.urn for each in left.snapshot.operations if each.type == CREATING}
        only = {each.urn: KINDS[each.kind] for each in intents if each.urn not in pending and each.kind in KINDS}
        return [Unfinished(urn, kind, None, _held_id(left, urn)) for urn, kind in only.items()]

    def _named(self, creates: Iterable[Unfinished]) -> list[Unfinished]:
        """Find what a person named and nothing else tells of: the next run would create it."""
        unused = self._choices.unused(each.urn for each in creates)
        if not unused:
            return []
        planned = [(urn, kind) for urn in self._planned() if (kind := kind_of(urn)) is not None]
        return [_only(name, planned) for name in unused]

    def _planned(self) -> tuple[str, ...]:
        if self._planned_urns is None:
            self._planned_urns = self._stack.planned()
        return self._planned_urns

    def _is_planned(self, urn: str) -> bool | None:
        try:
            return urn in self._planned()
        except EngineError as error:
            output.note(f"warning: {error}")
            return None

    def _propose(self, left: Left, create: Unfinished, intents: Iterable[Intent]) -> Proposal:
        if create.inputs is None and not self._choices.forgets(create.urn):
            create = replace(create, is_planned=self._is_planned(create.urn))
        offline = without_look(create, [each for each in intents if each.urn == create.urn], self._choices)
        return offline or self._looking(left).propose(create)

    def _looking(self, left: Left) -> Recovery:
        if self._recovery is None:
            settings = Settings.load(self._stack.config(), os.environ)
            self._api = opened(settings)
            resources = [each for each in left.snapshot.resources if kind_of(each.urn) is not None]
            account = account_of(self._api, settings, resources)
            digest = digester(settings.key)
            self._recovery = Recovery(
                Inventory(self._api, say=warn),
                self._journal,
                scope=account.check() or digest({}),
                account=account,
                digest=digest,
                folder=place(self._stack.folder.resolve(), os.environ),
                held=frozenset((kind.name, each.id) for each in resources if (kind := kind_of(each.urn)) is not None),
                choices=self._choices,
                settle_s=settings.settle_s,
                written_s=left.age_s,
                on_wait=say_wait,
            )
        return self._recovery

    @property
    def questions(self) -> tuple[Proposal, ...]:
        """What a person has to say."""
        return tuple(each for each in self.proposals if each.action is Action.ASK)

    @property
    def _is_blocked(self) -> bool:
        """Whether the state has to wait: pulumi forgets all pending creates at once, also those that are open."""
        pending = [each for each in self.questions if each.unfinished.inputs is not None]
        return self._stack.engine == "pulumi" and bool(pending or self._foreign)

    @property
    def _settled(self) -> tuple[Proposal, ...]:
        return tuple(
            each
            for each in self.proposals
            if each.action in (Action.TAKE, Action.CLEAR)
            and not (self._is_blocked and each.unfinished.inputs is not None)
        )

    @property
    def has_work(self) -> bool:
        """Whether there is anything to write."""
        return bool(self._locks or self._settled or self._dropped or (self._redone and not self._is_blocked))

    def settle(self) -> None:
        """Do what was proposed; the state first, because what the journal has too many does no harm.

        Raises:
            FlireoError: State or journal cannot be written.
        """
        if self._locks:
            self._stack.unlock()
        settled = self._settled
        made = [
            taken(each.unfinished.kind, each.unfinished.urn, each.made) for each in settled if each.made is not None
        ]
        cleared = [each.unfinished.urn for each in settled if each.action is Action.CLEAR]
        pending = [each for each in settled if each.unfinished.inputs is not None]
        if not self._is_blocked and (pending or self._dropped or self._redone):
            self._stack.settle(made, [*cleared, *self._dropped, *self._redone])
        for each in settled:
            scope = self._recovery.scope if self._recovery is not None else None
            note(self._journal, each, place(self._stack.folder.resolve(), os.environ), scope)
        self.is_done = True

    def lines(self) -> list[str]:
        """Give what a person reads."""
        found = [f"remove  lock of {each.holder}, which is gone" for each in self._locks]
        for each in self.proposals:
            found += self._about(each)
        found += [
            f"clear   {urn}: whether it happened is not known, the next run does it again" for urn in self._redone
        ]
        found += [f"clear   {urn}: it is forgotten, as you said" for urn in self._dropped]
        found += [f"ask     {urn}: is of another provider; look for it there, or --forget it" for urn in self._foreign]
        if not found:
            found.append(f'stack "{self._stack.stack}": no run that was cut off has left anything.')
        if self._is_blocked:
            found.append(
                "The state is written once all of this is settled: pulumi forgets pending creates all at once."
            )
        if self._others:
            names = ", ".join(sorted({each.urn or each.kind for each in self._others}))
            found.append(f"The journal has {len(self._others)} of other stacks, which are left alone: {names}.")
        return found

    def _about(self, proposal: Proposal) -> list[str]:
        left = proposal.unfinished
        shown = f" {described(left.kind, proposal.row)}:" if proposal.row is not None else ""
        found = [f'{proposal.action:7} {left.kind.title} "{left.name}":{shown} {proposal.reason}.']
        if proposal.action is Action.ASK:
            found += [f"          {described(left.kind, row)}" for row in proposal.candidates]
            found += [f"        {command}" for command in ways_out(proposal, self._unended)]
        return found

    def document(self) -> dict[str, Any]:
        """Give what a program reads."""
        return {
            "engine": self._stack.engine,
            "stack": self._stack.stack,
            "done": self.is_done,
            "locks": [each.holder for each in self._locks],
            "creates": [self._plain(each) for each in self.proposals],
            "redone": list(self._redone),
            "foreign": list(self._foreign),
            "others": [{"urn": each.urn, "kind": each.kind, "folder": each.folder} for each in self._others],
        }

    def _plain(self, proposal: Proposal) -> dict[str, Any]:
        left = proposal.unfinished
        return {
            "urn": left.urn,
            "kind": left.kind.name,
            "name": left.name,
            "action": str(proposal.action),
            "id": proposal.row["id"] if proposal.row is not None else None,
            "reason": proposal.reason,
            "candidates": [
                {"id": row["id"], "name": name_of(left.kind, row), "created_at": row.get("created_at")}
                for row in proposal.candidates
            ],
            "commands": list(ways_out(proposal, self._unended)) if proposal.action is Action.ASK else [],
        }


def _held_id(left: Left, urn: str) -> str | None:
    held = left.snapshot.live().get(urn)
    return held.id if held is not None and not held.pending_replacement else None


def _only(name: str, planned: list[tuple[str, Kind]]) -> Unfinished:
    found = [Unfinished(urn, kind) for urn, kind in planned if name in (urn, urn.rpartition("::")[2])]
    if not found:
        raise SettingsError(
            f'recover "{name}": no create of that name is pending, and the next run would not create it, one of them '
            "was expected. Name an item of the stack that is not deployed."
        )
    if len(found) > 1:
        raise several(name, [each.urn for each in found])
    return found[0]
