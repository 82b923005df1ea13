"""What is to be done about each create that a cut-off run has left: what it made, if anything, and where that goes.

A create that is pending in the state is looked up: by its id, if the journal has it, else by what the journal says of
it. Without the journal nothing tells that an object is this create's, however alike it looks, so a person is asked. A
create that only the journal knows is left to the next run, if that makes the resource: it knows what should have been
made. If it does not, what was made is nobody's, and a person is asked. Nothing is written here but a note in the
journal.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flireo_iac.core.absence import prove_absent
from flireo_iac.core.account import Account
from flireo_iac.core.choices import Choices
from flireo_iac.core.diff import create_body, own
from flireo_iac.core.existing import existing
from flireo_iac.core.inventory import Inventory
from flireo_iac.core.journal import Intent, Journal
from flireo_iac.core.ports import Row
from flireo_iac.core.proposals import Action, Proposal, Unfinished
from flireo_iac.core.refresh import answer_digests, forget_write_only, refreshed
from flireo_iac.core.settle import Settler, has_key, natural_key, shows
from flireo_iac.errors import AmbiguousCreateError, UnprovenAbsenceError
from flireo_iac.kinds import Kind

_POLL_S = 2.0


@dataclass
class Recovery:
    """Finds out what creates have made.

    Args:
        inventory: What the account holds.
        journal: Creates of this machine.
        scope: The account, as intents name it.
        account: The account that the key belongs to.
        digest: Gives a digest of a body that tells nothing about it.
        folder: Folder of the project.
        held: Kind and id of every object that the state holds.
        choices: What a person said.
        settle_s: Seconds after which a request that was cut off cannot arrive any more.
        written_s: Seconds since the state was written: no pending create of it is younger.
        on_wait: Takes the reason and the seconds of a wait.
        sleep: Waits so many seconds.
    """

    inventory: Inventory
    journal: Journal
    scope: str
    account: Account
    digest: Callable[[Mapping[str, Any]], str]
    folder: str
    held: frozenset[tuple[str, str]]
    choices: Choices
    settle_s: float
    written_s: float
    on_wait: Callable[[str, float], None]
    sleep: Callable[[float], None] = time.sleep

    def __post_init__(self) -> None:
        self._began = time.monotonic()
        self._settler = Settler(self.inventory, self.journal, self.settle_s, self.sleep, self._is_held)

    def propose(self, left: Unfinished) -> Proposal:
        """Say what is to be done about a create.

        Raises:
            ApiError: The account cannot be read.
            TransportError: No answer came.
            JournalError: The journal cannot be read.
        """
        named = self.choices.id_of(left.urn)
        if named is not None:
            return self._named(left, named)
        intents = tuple(each for each in self.journal.intents() if (each.urn, each.scope) == (left.urn, self.scope))
        offline = without_look(left, intents, self.choices)
        if offline is not None:
            return offline
        if left.inputs is None:
            return self._without_state(left, intents)
        return self._by_journal(left, left.inputs, intents) if intents else self._by_looks(left, left.inputs)

    def _named(self, left: Unfinished, id_: str) -> Proposal:
        if left.inputs is None and left.is_planned is False:
            return self._ask(left, f"nothing can take {id_}: {_no_plan(left)}")
        row = self.inventory.ask(left.kind, id_)
        if row is None:
            return self._ask(left, f"the account holds no {left.kind.title} with the id {id_}")
        if self._is_held(left.kind.name, id_):
            return self._ask(left, f"the state holds {id_} already")
        owner = next((each.urn for each in self.journal.intents() if each.object_id == id_), left.urn)
        if owner != left.urn:
            return self._ask(left, f"{id_} was made by another create, of {owner}")
        return self._take(left, row, "as you said")

    def _without_state(self, left: Unfinished, intents: tuple[Intent, ...]) -> Proposal:
        for intent in reversed([each for each in intents if each.object_id is not None]):
            try:
                row = self._answered(left, intent)
            except AmbiguousCreateError as error:
                return self._ask_about(left, error)
            if row is not None:
                return self._still_there(left, intent, row)
        unanswered = tuple(each for each in intents if each.object_id is None)
        if unanswered and left.is_planned:
            return _settled_by_next_run(left)
        return self._dropped(left, unanswered)

    def _still_there(self, left: Unfinished, intent: Intent, row: Row) -> Proposal:
        if intent.folder == self.folder:
            if left.is_planned:
                return Proposal(left, Action.LEAVE, f"the next run takes {row['id']} over: the journal has its id")
            return self._ask(left, f"a run was cut off after it had created it, and {_no_plan(left)}", (row,))
        if left.replaces is not None:
            return Proposal(left, Action.LEAVE, f"a run in {intent.folder} made {row['id']} for its own state")
        where = f"a run in {intent.folder} made it, and it is not known whether a state there holds it"
        return self._ask(left, where, (row,))

    def _dropped(self, left: Unfinished, intents: tuple[Intent, ...]) -> Proposal:
        """Look for what creates have made that the next run does not settle: what it would be is not known."""
        for intent in intents:
            try:
                self._settler.of_earlier_run(left.kind, None, intent, self.on_wait)
            except AmbiguousCreateError as error:
                if not error.candidates:
                    return self._ask_about(left, error)
                reason = f"a run was cut off while it created it, and {_no_plan(left)}"
                return self._ask(left, reason, self._rows(left, error.candidates))
        return Proposal(left, Action.CLEAR, "nothing came of it, or the state holds it")

    def _by_journal(self, left: Unfinished, inputs: Mapping[str, Any], intents: tuple[Intent, ...]) -> Proposal:
        body = create_body(left.kind, inputs)
        found: dict[str, Row] = {}
        for intent in intents:
            try:
                row = self._made_by(left, body, intent)
            except AmbiguousCreateError as error:
                return self._ask_about(left, error)
            if row is not None:
                found[str(row["id"])] = row
        if len(found) > 1:
            return self._ask(left, f"{len(found)} creates of it were cut off", tuple(found.values()))
        for row in found.values():
            return self._take(left, row, "the journal tells that it was made")
        return Proposal(left, Action.CLEAR, "nothing came of it")

    def _made_by(self, left: Unfinished, body: Mapping[str, Any], intent: Intent) -> Row | None:
        if intent.object_id is None:
            is_same = intent.digest == self.digest(body)
            return self._settler.of_earlier_run(left.kind, body if is_same else None, intent, self.on_wait)
        return self._answered(left, intent)

    def _answered(self, left: Unfinished, intent: Intent) -> Row | None:
        """Give the object whose id the journal has; None when the state holds it, or it is gone for certain."""
        id_ = str(intent.object_id)
        if self._is_held(intent.kind, id_):
            return None
        row = self._row(left, id_)
        if row is None:
            try:
                prove_absent(left.kind, id_, self.inventory, self.account, None, is_list_fresh=False)
            except UnprovenAbsenceError as error:
                raise AmbiguousCreateError(f"it was made as {id_}: {error.reason}", candidates=(id_,)) from None
        return row

    def _by_looks(self, left: Unfinished, inputs: Mapping[str, Any]) -> Proposal:
        """Look for what would have been made: the journal is lost, or is on another machine.

        What looks the same may be a person's or another stack's, and what is taken would be deleted with the stack.
        """
        if left.kind.endpoint.within:
            return Proposal(left, Action.CLEAR, "the next run finds it in its parent, or makes it")
        body = create_body(left.kind, inputs)
        key = natural_key(left.kind, body)
        while True:
            listing = self.inventory.relist(left.kind)
            owned = {each.object_id for each in self.journal.intents()}
            free = [row for row in listing.rows if not self._is_owned(left.kind, row, owned)]
            twins = tuple(row for row in free if has_key(left.kind, key, row))
            wait_s = self.settle_s - self.written_s - (time.monotonic() - self._began)
            if twins or wait_s <= 0 or not listing.is_complete:
                break
            self.on_wait("the create was cut off, it may still arrive", wait_s)
            self.sleep(min(_POLL_S, wait_s))
        same = [row for row in twins if shows(left.kind, body, row)]
        if not listing.is_complete:
            return self._ask(left, "the list of the account is not complete", twins)
        if not twins:
            known = "nothing came of it" if left.replaces is None else f"the state holds {left.replaces} for it"
            return Proposal(left, Action.CLEAR, known)
        if left.replaces is not None and same:
            return self._ask(left, f"the state holds {left.replaces} for it already", tuple(same))
        if len(same) == 1:
            what = "one object holds what was sent, and no journal tells that this create made it"
            return self._ask(left, what, tuple(same))
        what = f"{len(same)} objects hold what was sent" if same else "what has its name holds something else"
        return self._ask(left, f"{what}, and no journal tells which it is", tuple(same) or twins)

    def _take(self, left: Unfinished, row: Row, reason: str) -> Proposal:
        if left.inputs is None:
            return Proposal(left, Action.TAKE, f"{reason}; the next run takes it into the state", row)
        inputs = left.inputs
        row = self._row(left, str(row["id"])) or row
        if not shows(left.kind, own(inputs), row):
            # It was changed since, is another one, or its update was to follow: what it shows is in force, and the next
            # run updates it.
            inputs = forget_write_only(left.kind, refreshed(left.kind, inputs, row, {}).inputs)
        made = existing(left.kind, inputs, row, answer_digests(left.kind, inputs, row), self.account.check())
        if left.replaces is not None:
            reason = f"{reason}; the next run deletes {left.replaces}, which it replaces"
        return Proposal(left, Action.TAKE, reason, row, made=made)

    def _ask(self, left: Unfinished, reason: str, candidates: tuple[Row, ...] = ()) -> Proposal:
        return Proposal(left, Action.ASK, reason, candidates=candidates)

    def _ask_about(self, left: Unfinished, error: AmbiguousCreateError) -> Proposal:
        return self._ask(left, error.reason.partition(". ")[0], self._rows(left, error.candidates))

    def _row(self, left: Unfinished, id_: str) -> Row | None:
        return self.inventory.ask(left.kind, id_)

    def _rows(self, left: Unfinished, ids: tuple[str, ...]) -> tuple[Row, ...]:
        places = dict.fromkeys(map(left.kind.parent_id, ids or ("",)))
        listings = [self.inventory.listing(left.kind, within) for within in places]
        known = {str(row["id"]): row for listing in listings for row in listing.rows}
        return tuple(known.get(id_, {"id": id_}) for id_ in ids)

    def _is_owned(self, kind: Kind, row: Row, owned: set[str | None]) -> bool:
        return str(row["id"]) in owned or self._is_held(kind.name, str(row["id"]))

    def _is_held(self, kind: str, id_: str) -> bool:
        return (kind, id_) in self.held


def without_look(left: Unfinished, intents: Iterable[Intent], choices: Choices) -> Proposal | None:
    """Say what is to be done about a create if that can be said without a look at the account; None if it cannot.

    Args:
        left: The create.
        intents: What the journal has of it.
        choices: What a person said.
    """
    if choices.id_of(left.urn) is not None:
        return None
    if choices.forgets(left.urn):
        return Proposal(left, Action.CLEAR, "it is forgotten, as you said")
    if left.inputs is None:
        has_id = any(each.object_id is not None for each in intents)
        return _settled_by_next_run(left) if left.is_planned and not has_id else None
    if left.kind.endpoint.style == "slot":
        # The intent tells the next run that what the slot holds may be this stack's own.
        return Proposal(left, Action.CLEAR, "the next run stores it again, which does no harm", is_intent_kept=True)
    return None


def _settled_by_next_run(left: Unfinished) -> Proposal:
    return Proposal(left, Action.LEAVE, "the next run settles it: it knows what should have been made")


def _no_plan(left: Unfinished) -> str:
    if left.is_planned is None:
        return "whether the next run makes it is not known, because the preview failed"
    return "the next run does not make it; delete the object in the dashboard or leave it, and forget the create"


def note(journal: Journal, proposal: Proposal, folder: str, scope: str | None) -> None:
    """Write into the journal what was settled.

    Args:
        journal: The journal.
        proposal: What was done.
        folder: Folder of the project.
        scope: The account, as intents name it; None where it was not asked for: then nothing was taken.

    Raises:
        JournalError: The journal cannot be written.
    """
    left = proposal.unfinished
    if proposal.action in (Action.LEAVE, Action.ASK):
        return
    if proposal.is_intent_kept:
        return
    for intent in journal.intents():
        if intent.urn == left.urn and scope in (None, intent.scope):
            journal.close(intent)
    if proposal.action is Action.TAKE and proposal.made is None and proposal.row is not None and scope is not None:
        key = natural_key(left.kind, proposal.row)
        intent = journal.open(Intent(scope, left.kind.name, left.urn, folder, key, "", (), True))
        journal.answer(intent, str(proposal.row["id"]))


def others(intents: Iterable[Intent], prefix: str) -> tuple[Intent, ...]:
    """Give the intents that belong to other stacks.

    Args:
        intents: All of the journal.
        prefix: What the URNs of this stack begin with.
    """
    return tuple(each for each in intents if not each.urn.startswith(prefix))
