"""Create of any kind, once: what an earlier run began is settled first, and what is begun is written down first."""

from __future__ import annotations

import shlex
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from flireo_iac.allow import Allowed, flag
from flireo_iac.core.absence import prove_absent
from flireo_iac.core.account import Account
from flireo_iac.core.canonical import canonical
from flireo_iac.core.diff import brought, create_body, diff, own
from flireo_iac.core.existing import Existing, UnfinishedError, existing
from flireo_iac.core.inventory import FRESH_S, Inventory
from flireo_iac.core.journal import Intent, Journal
from flireo_iac.core.ports import Api, Listing, Row
from flireo_iac.core.refresh import answer_digests, forget_write_only, refreshed
from flireo_iac.core.settle import Settler, advice, ambiguous, command, is_lost, natural_key, outcome_unknown, shows
from flireo_iac.core.within import Say, Within
from flireo_iac.errors import AmbiguousCreateError, ConflictError, FlireoError, JournalError
from flireo_iac.kinds import Kind
from flireo_iac.waits import wait_text

Update = Callable[[Kind, str, Mapping[str, Any], Mapping[str, Any], Mapping[str, Any], Say], Existing]


@dataclass
class Creation:
    """The create of a run.

    Args:
        api: Where requests go.
        inventory: What the account holds.
        journal: Creates that are under way, of all processes of this machine.
        update: Brings an object that an earlier run made to what is wanted now.
        account: The account that the key belongs to.
        digest: Gives a digest of a body that tells nothing about it.
        folder: Folder of the project.
        is_known: Tells by kind and id whether this run's state holds an object.
        allowed: What the user has asked for.
        settle_s: Seconds after which a request that was cut off cannot arrive any more.
        sleep: Waits so many seconds.
    """

    api: Api
    inventory: Inventory
    journal: Journal
    update: Update
    account: Account
    digest: Callable[[Mapping[str, Any]], str]
    folder: str = ""
    is_known: Callable[[str, str], bool] = lambda kind, id_: False
    allowed: Allowed = field(default_factory=Allowed)
    settle_s: float = 30.0
    sleep: Callable[[float], None] = time.sleep
    # Two creates with the same natural key go one after the other: when the answer to one is lost, the other cannot
    # be mistaken for it.
    _locks: defaultdict[tuple[str, ...], Lock] = field(default_factory=lambda: defaultdict(Lock))

    _made: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._settler = Settler(self.inventory, self.journal, self.settle_s, self.sleep, self.is_known)
        self._within = Within(self.api, self.inventory, self.allowed, self.is_known)

    def create(self, kind: Kind, inputs: Mapping[str, Any], say: Say, urn: str = "") -> Existing:
        """Make an object, once.

        Args:
            kind: What it is.
            inputs: What it shall hold.
            say: Takes sentences about it.
            urn: URN of the resource; empty where the engine does not tell it.

        Raises:
            AmbiguousCreateError: This create's answer is lost, or an earlier one's, and not exactly one object matches.
            UnfinishedError: The object is there, but could not be read or brought to what is wanted.
            JournalError: The journal cannot be written; nothing was sent.
            FlireoError: The request was refused or could not be sent.
        """
        later = kind.set_later(inputs)
        body = create_body(kind, inputs)
        spelled = canonical(kind.model, body)
        key = natural_key(kind, spelled)
        with self._locks[(kind.name, *map(str, key.values()))]:
            if kind.endpoint.style == "slot":
                return self._store(kind, inputs, body, say, urn)
            found = self._held(kind, inputs, body, say, urn) if kind.endpoint.within else None
            if found is None:
                found = self._from_earlier_run(kind, inputs, body, say, urn)
            if found is None:
                first = {key: value for key, value in inputs.items() if key not in later}
                found = self._new(kind, first, body, say, urn)
                if later:
                    found = self._completed(kind, found, inputs, say)
            self._made.add(found.id)
            return found

    def _held(
        self, kind: Kind, inputs: Mapping[str, Any], body: Mapping[str, Any], say: Say, urn: str
    ) -> Existing | None:
        """Take over what the parent holds already; None when it holds nothing of it."""
        begun = self.journal.of(self._scope(), kind.name, urn, natural_key(kind, body))
        row = self._within.held(
            kind, body, say, urn.rpartition("::")[2], lambda id_: any(each.may_have_made(id_) for each in begun)
        )
        if row is None:
            return None
        for intent in begun:
            if intent.object_id is None and intent.may_have_made(str(row["id"])):
                self._answered(intent, row)
        return existing(kind, inputs, row, answer_digests(kind, inputs, row), self.account.held())

    def _completed(self, kind: Kind, made: Existing, inputs: Mapping[str, Any], say: Say) -> Existing:
        """Send what the create took no notice of; an object that was made is kept whatever becomes of that."""
        self._made.add(made.id)
        try:
            return self.update(kind, made.id, made.inputs, inputs, made.outputs, say)
        except FlireoError as error:
            raise UnfinishedError(f"{made.id} was created, and then: {error.reason}", made) from None

    def _store(self, kind: Kind, inputs: Mapping[str, Any], body: Mapping[str, Any], say: Say, urn: str) -> Existing:
        """Store a value under its name: to do it twice does no harm, to do it over somebody else's does."""
        slot = str(body[kind.endpoint.slot_field])
        earlier = self.journal.of(self._scope(), kind.name, urn, natural_key(kind, body))
        before = self._stored(kind, slot)
        if before is not None:
            if not earlier:
                self._refuse_overwrite(kind, slot, urn)
            say("warning", f"the account held a {kind.title} for this already; it is overwritten")
        intent = self._begin(kind, body, urn)
        try:
            row = self.api.create(kind, body)
        except FlireoError as error:
            if not is_lost(error):
                self._noted(self.journal.close, intent)
                raise
            with outcome_unknown():
                self.inventory.relist(kind)
                after, place = self._stored(kind, slot), kind.endpoint.slot_output
                if after is None or (before is not None and before.get(place) == after.get(place)):
                    raise AmbiguousCreateError(
                        f"{error.reason.rstrip('.')}. It is not known whether the key was stored. Run again; storing "
                        "it twice does no harm."
                    ) from None
            row = after
            say("warning", "the answer was lost; the vault holds a new key, which is kept")
        for settled in earlier:
            self._noted(self.journal.close, settled)
        self._answered(intent, {**row, "id": slot})
        self.inventory.remember(kind, row)
        return existing(kind, inputs, row, answer_digests(kind, inputs, row), self.account.held())

    def _refuse_overwrite(self, kind: Kind, slot: str, urn: str) -> None:
        """Stop before a value is lost that nobody can read back: another stack's, or a person's."""
        name = urn.rpartition("::")[2]
        if not urn or self.is_known(kind.name, slot) or self.allowed.covers("overwrite", name):
            return
        stack = urn.removeprefix("urn:pulumi:").partition("::")[0]
        adopt = shlex.join(["flireo", "adopt", "-s", stack, f"{kind.folder}.{name}"])
        raise AmbiguousCreateError(
            f"the account holds a {kind.title} for {slot} already, and this run's state does not know it, so nothing "
            f"was sent: a key cannot be read back once another is stored over it. To keep it and manage it here: "
            f"{adopt}. To store this one over it: {flag('overwrite', name)}, or FLIREO_ALLOW=overwrite:{name}.",
            candidates=(slot,),
        )

    def _stored(self, kind: Kind, slot: str) -> Row | None:
        return {str(row["id"]): row for row in self.inventory.listing(kind).rows}.get(slot)

    def _new(self, kind: Kind, inputs: Mapping[str, Any], body: Mapping[str, Any], say: Say, urn: str) -> Existing:
        intent = self._begin(kind, body, urn)
        try:
            self.account.check()  # again: other resources of the run may have told of their account meanwhile
        except FlireoError:
            self._noted(self.journal.close, intent)
            raise
        try:
            row = self.api.create(kind, body, lambda: self.journal.renew(intent))
        except FlireoError as error:
            if not is_lost(error):
                self._noted(self.journal.close, intent)
                raise self._explained(kind, body, error) from None
            with outcome_unknown():
                row = self._settler.after_loss(kind, body, intent, error)
                row = self._whole(kind, inputs, body, intent, row)
            say("warning", f"the answer to the create was lost; the object was found as {row['id']} and kept")
        else:
            self._answered(intent, row)
        self.inventory.remember(kind, row)
        return existing(kind, inputs, row, answer_digests(kind, inputs, row), self.account.held())

    def _scope(self) -> str:
        """Give what tells the account's intents from those of others: its id, or the key where there is none."""
        return self.account.check() or self.digest({})

    def _begin(self, kind: Kind, body: Mapping[str, Any], urn: str) -> Intent:
        within = str(body.get(kind.endpoint.within, ""))
        before = self._before(kind, within, urn)
        key = natural_key(kind, body)
        twins = list(self.inventory.named(kind, key, within))
        self._refuse_twin(kind, body, twins, urn)
        return self.journal.open(
            Intent(
                scope=self._scope(),
                kind=kind.name,
                urn=urn,
                folder=self.folder,
                natural_key=key,
                digest=self.digest(body),
                twins=tuple(str(row["id"]) for row in twins),
                is_complete=before.is_complete,
            )
        )

    def _before(self, kind: Kind, within: str, urn: str) -> Listing:
        """Give what the account holds before a create; where a second one does harm at once, that has to be certain."""
        if not urn or not kind.is_remade_by_name or self.allowed.covers("twin", urn.rpartition("::")[2]):
            return self.inventory.listing(kind, within)
        listing = self.inventory.listing_of(kind, within, FRESH_S)
        if not listing.is_complete:
            raise AmbiguousCreateError(
                f"the list of the account (GET {kind.endpoint.path}) is not complete, so it cannot be told whether a "
                f"{kind.title} of that name is there already. Nothing was sent. Run again."
            )
        return listing

    def _refuse_twin(self, kind: Kind, body: Mapping[str, Any], twins: list[Row], urn: str) -> None:
        """Stop when the account holds this already: the journal of the run that made it may be lost.

        A second one of some kinds does harm at once, so that the name alone is enough: the file may have changed since.
        """
        name = urn.rpartition("::")[2]
        known = [str(row["id"]) for row in twins if self.is_known(kind.name, str(row["id"]))]
        is_second = bool(known) and kind.is_replaced_by_name and not kind.is_natural_key_unique
        if urn and is_second and not self.allowed.covers("replace", name):
            raise AmbiguousCreateError(
                f"this state holds a {kind.title} of that name already, {known[0]}, so nothing was sent. If its item "
                f"got another name here, give it back: {kind.when_replaced[0].lower()}{kind.when_replaced[1:]} "
                f"If that is meant: {flag('replace', name)}, or FLIREO_ALLOW=replace:{name}.",
                candidates=tuple(known),
            )
        if not urn or kind.is_natural_key_unique or self.allowed.covers("twin", name):
            return
        same = [str(row["id"]) for row in twins if kind.is_remade_by_name or shows(kind, body, row)]
        ids = [id_ for id_ in same if not self.is_known(kind.name, id_) and id_ not in self._made]
        if ids:
            what = f"a {kind.title} of that name" if kind.is_remade_by_name else "exactly this"
            raise AmbiguousCreateError(
                f"the account holds {what} already as {', '.join(ids)}, and this run's state does not know it, "
                "so nothing was sent. If a run was cut off, or the item got another name here, take it over: "
                f"{command(urn, '--take', f'{name}={ids[0]}')}. To have a second one: {flag('twin', name)}, or "
                f"FLIREO_ALLOW=twin:{name}.",
                candidates=tuple(ids),
            )

    def _from_earlier_run(
        self, kind: Kind, inputs: Mapping[str, Any], body: Mapping[str, Any], say: Say, urn: str
    ) -> Existing | None:
        """Settle what an earlier run began for this resource; None when nothing came of it."""
        for intent in self.journal.of(self._scope(), kind.name, urn, natural_key(kind, body)):
            if intent.object_id is not None and self.is_known(kind.name, intent.object_id):
                # The state holds it, so this create is for another one: a replacement.
                self._noted(self.journal.close, intent)
                continue
            is_same = intent.digest == self.digest(body)
            row = self._made_by(kind, body if is_same else None, intent, say)
            if row is None:
                self._noted(self.journal.close, intent)
                continue
            if intent.object_id is None:
                row = self._whole(kind, inputs, body, intent, row)
            self.inventory.remember(kind, row)
            if intent.digest:
                say("warning", f"an earlier run was cut off after it had created {row['id']}; it is taken over")
            else:
                say("warning", f"{row['id']} is taken over, as asked for")
            is_same = is_same and shows(kind, own(inputs), row)
            return self._brought_up_to_date(kind, inputs, row, say, is_same=is_same, is_own=bool(intent.digest))
        return None

    def _made_by(self, kind: Kind, body: Mapping[str, Any] | None, intent: Intent, say: Say) -> Row | None:
        if intent.object_id is None:
            found = self._settler.of_earlier_run(
                kind, body, intent, lambda reason, seconds: say("wait", wait_text(reason, seconds))
            )
            return None if found is None else self._of_this_folder(intent, found)
        row = self.inventory.ask(kind, intent.object_id)
        if row is None:
            prove_absent(kind, intent.object_id, self.inventory, self.account, None, is_list_fresh=False)
            self._refuse_remake(kind, intent.object_id, intent.urn.rpartition("::")[2])
            return None
        return self._of_this_folder(intent, row)

    def _of_this_folder(self, intent: Intent, row: Row) -> Row:
        """Stop when another checkout of the stack began the create: its state may hold the object."""
        if intent.folder == self.folder:
            return row
        id_ = str(row["id"])
        raise AmbiguousCreateError(
            f"a run of this stack in {intent.folder} created it as {id_}, and it is not known whether "
            "a state holds that. If one does, run a preview there; this stack then has another state, and makes "
            f"another object. {advice(intent.urn, (id_,))}",
            candidates=(id_,),
        )

    def _refuse_remake(self, kind: Kind, id_: str, name: str) -> None:
        """Stop when what an earlier run made was deleted outside, and is made anew only when that is asked for."""
        gone = f"an earlier run created it as {id_}, and it was deleted outside since, so nothing was sent"
        if kind.is_remade_by_name and not self.allowed.covers("replace", name):
            raise AmbiguousCreateError(
                f"{gone}: {kind.when_replaced[0].lower()}{kind.when_replaced[1:]} If that is meant: "
                f"{flag('replace', name)}, or FLIREO_ALLOW=replace:{name}. If not, remove its item."
            )
        if self._within.may_have_had_its_turn(kind, id_) and not self.allowed.covers("call-again", name):
            raise AmbiguousCreateError(
                f"{gone}: it may have had its turn before. If it is to have another: {flag('call-again', name)}, or "
                f"FLIREO_ALLOW=call-again:{name}. If not, take it out of the list."
            )

    def _brought_up_to_date(
        self, kind: Kind, inputs: Mapping[str, Any], row: Row, say: Say, *, is_same: bool, is_own: bool
    ) -> Existing:
        if is_same:
            return existing(kind, inputs, row, answer_digests(kind, inputs, row), self.account.held())
        # The file has changed since, or the object has: what the server shows is in force, and secrets are sent again.
        then = forget_write_only(kind, refreshed(kind, inputs, row, {}).inputs)
        found = existing(kind, then, row, answer_digests(kind, then, row), self.account.held())
        changes = diff(kind, then, inputs)
        if any(change.is_replacement for change in changes):
            raise UnfinishedError(
                f"an earlier run was cut off after it had created {row['id']}, which holds other values than are "
                "wanted now. It is kept. Run again to replace it.",
                found,
            )
        try:
            if is_own:
                self._within.leave_out(kind, found.id, None, inputs, say)
            elif brought(kind):
                say("warning", "it is taken over with all that it holds: what its file does not name stays in it")
            return self.update(kind, found.id, found.inputs, inputs, found.outputs, say)
        except FlireoError as error:
            raise UnfinishedError(error.reason, found) from None

    def _whole(self, kind: Kind, inputs: Mapping[str, Any], body: Mapping[str, Any], intent: Intent, row: Row) -> Row:
        """Read an object that was found in a list by itself, because a list may say less, and note it."""
        story = "the answer to the create was lost"
        try:
            whole = self.inventory.ask(kind, str(row["id"])) or row
        except FlireoError as error:
            self._answered(intent, row)
            raise UnfinishedError(
                f"{story}; the object was found as {row['id']}, but could not be read: {error.reason}",
                existing(kind, inputs, row, {}, self.account.held()),
            ) from None
        if not shows(kind, body, whole):
            raise ambiguous(
                story, f"the new object of that name, {row['id']}, does not hold what was sent", intent.urn, [row]
            )
        self._answered(intent, whole)
        return whole

    def _explained(self, kind: Kind, body: Mapping[str, Any], error: FlireoError) -> FlireoError:
        if not isinstance(error, ConflictError):
            return error
        key = natural_key(kind, body)
        twins = [str(row["id"]) for row in self.inventory.named(kind, key, str(body.get(kind.endpoint.within, "")))]
        if not twins:
            return error
        text = f"{error.text.rstrip('.')}; the account holds it as {', '.join(twins)}"
        return ConflictError(
            text, status=error.status, method=error.method, path=error.path, code=error.code, param=error.param
        )

    def _answered(self, intent: Intent, row: Row) -> None:
        """Keep the id until the state is seen to hold it; without a URN it could not be told for whom."""
        if intent.urn:
            self._noted(self.journal.answer, intent, str(row["id"]))
        else:
            self._noted(self.journal.close, intent)

    @staticmethod
    def _noted(note: Callable[..., None], *about: Any) -> None:
        """Write to the journal after the request: what is not written is settled anew by the next run."""
        with suppress(JournalError):
            note(*about)
