"""Read, update and delete of any kind, decided from the kind's facts; ``creation`` has the create.

Knows no HTTP and no Pulumi: it asks an ``Api`` and an ``Inventory``, and gives back what the state should hold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flireo_iac.allow import Allowed
from flireo_iac.core.absence import prove_absent
from flireo_iac.core.account import ACCOUNT, Account, marked
from flireo_iac.core.canonical import canonical
from flireo_iac.core.conflict import OnConflict, held, holds_prompt, moved_paths
from flireo_iac.core.diff import changed_paths, create_body, diff, own, patch
from flireo_iac.core.existing import Existing, existing, server_set
from flireo_iac.core.in_use import require_unused
from flireo_iac.core.inventory import Inventory
from flireo_iac.core.ports import Api, Row
from flireo_iac.core.refresh import ANSWER, absent_keys, answer_digests, merged_blocks, refreshed
from flireo_iac.core.within import Say, Within, leaves_out, why_final
from flireo_iac.errors import ChangedOutsideError, FinalError, FlireoError, NotFoundError
from flireo_iac.kinds import Kind, our_name
from flireo_iac.rows import GONE, NOW


class Lifecycle:
    """Read, update and delete, for every kind.

    Args:
        api: Where requests go.
        inventory: What the account holds.
        account: Whose account it is; None asks the API and takes any.
        on_conflict: ``stop`` or ``overwrite`` what somebody else has changed; None stops for prompts only.
        allowed: What the user has asked for.
        is_known: Tells by kind and id whether this run's state holds an object.
    """

    def __init__(
        self,
        api: Api,
        inventory: Inventory,
        account: Account | None = None,
        *,
        on_conflict: OnConflict | None = None,
        allowed: Allowed | None = None,
        is_known: Callable[[str, str], bool] = lambda kind, id_: False,
    ) -> None:
        self._api = api
        self._inventory = inventory
        self._account = account or Account(api)
        self._on_conflict = on_conflict
        self._allowed = allowed or Allowed()
        self._within = Within(api, inventory, self._allowed, is_known)

    def update(
        self, kind: Kind, id_: str, old: Mapping[str, Any], new: Mapping[str, Any], outputs: Mapping[str, Any], say: Say
    ) -> Existing:
        """Bring an object to the new inputs, with one request or none.

        Args:
            kind: What it is.
            id_: Its id.
            old: Inputs as last applied.
            new: Inputs as wanted.
            outputs: Outputs of the last run, kept when nothing has to be sent.
            say: Takes a warning for each field that cannot be cleared.

        Raises:
            FlireoError: The request failed; the object keeps its old inputs.
        """
        if not outputs.get(ANSWER):
            # What the object holds was never seen: its create was cut off. Look before believing the state.
            found = self.read(kind, id_, old, outputs, say)
            if found is None or GONE in found.outputs:
                raise _gone(kind, id_)
            old, outputs = found.inputs, found.outputs
        wanted = patch(kind, diff(kind, old, new), new)
        for field in wanted.kept:
            say("warning", f"{field} was removed here, but the API cannot clear it: the last value stays in force")
        if leaves_out(kind, old, new):
            self._account.check(outputs.get(ACCOUNT))
            self._within.leave_out(kind, id_, old, new, say)
        digests = {name: digest for name, digest in outputs[ANSWER].items() if name in canonical(kind.model, own(new))}
        if not wanted.body:
            kept = {**server_set(kind, outputs), **own(new), ANSWER: digests}
            kept |= {NOW: outputs[NOW]} if NOW in outputs else {}
            return Existing(id_, new, marked(kept, outputs.get(ACCOUNT)))
        account = self._account.check(outputs.get(ACCOUNT))
        body = create_body(kind, new) if kind.endpoint.update == "post" else wanted.body
        row = self._as_wanted(kind, id_, old, body, outputs, say)
        if row is None:
            try:
                row = self._api.update(kind, id_, body)
            except NotFoundError as error:
                raise _gone(kind, id_) from error
        self._inventory.remember(kind, row)
        # Only what was sent is known to be ours: the rest keeps the digest of its own last write, so that what somebody
        # changed in the dashboard meanwhile stays visible as drift.
        sent = answer_digests(kind, {key: new[key] for key in body if new.get(key) is not None}, row)
        now = answer_digests(kind, new, row)
        moved = [name for name in digests if name not in sent and now.get(name) != digests[name]]
        if moved:
            say("warning", f"changed outside this stack and left as it is: {', '.join(moved)}; a refresh shows it")
        for name in merged_blocks(kind, old, new, row):
            say("warning", f"{name}: the server kept what was removed here; a refresh shows it")
            sent.pop(name, None)
            digests.pop(name, None)
        return existing(kind, new, row, {**digests, **sent}, account)

    def _as_wanted(
        self,
        kind: Kind,
        id_: str,
        old: Mapping[str, Any],
        body: Mapping[str, Any],
        outputs: Mapping[str, Any],
        say: Say,
    ) -> Row | None:
        """Look at an object before it is overwritten; give it when it holds everything already, None when it does not.

        Raises:
            FinalError: Nothing in the object can change any more.
            ChangedOutsideError: Somebody else changed what would be overwritten, and it is not to be.
        """
        if kind.endpoint.style == "slot":
            if not self._is_ours(kind, id_, outputs):
                say("warning", "the vault holds another key than this state knows of; it is overwritten")
            return None
        row, was_asked = self._inventory.find(kind, id_)
        if row is None:
            raise _gone(kind, id_)
        now = held(kind, body, row, outputs[ANSWER], is_whole=was_asked)
        if (now.moved or now.unseen or now.is_as_wanted) and not was_asked:
            asked = self._inventory.ask(kind, id_)
            if asked is None:
                raise _gone(kind, id_)
            row, now = asked, held(kind, body, asked, outputs[ANSWER], is_whole=True)
        if not now.is_as_wanted and (why := why_final(kind, row)):
            raise FinalError(why)
        if now.is_as_wanted:
            say("info", "the account holds this already: nothing was sent")
            return row
        if now.moved:
            self._settle_conflict(kind, moved_paths(kind, old, row, now.moved), say)
        return None

    def _settle_conflict(self, kind: Kind, paths: tuple[str, ...], say: Say) -> None:
        if self._on_conflict == "stop" or (self._on_conflict is None and holds_prompt(kind, paths)):
            raise ChangedOutsideError(paths)
        say("warning", f"changed outside this stack, and overwritten: {', '.join(paths)}")

    def delete(self, kind: Kind, id_: str, outputs: Mapping[str, Any], say: Say, item: str = "") -> None:
        """Delete an object; one that is gone already is done.

        Args:
            kind: What it is.
            id_: Its id.
            outputs: Outputs of the last run.
            say: Takes a sentence when the object is left alone.
            item: Pulumi's name of the resource; empty where it is not known.

        Raises:
            OtherAccountError: The key is another account's.
            BusyError: It is doing something itself, and nobody said that this is meant.
            InUseError: Something live uses it, and nobody said that this is meant.
            UnprovenAbsenceError: It answers 404, though it is not certain that it is gone.
            FlireoError: The request failed.
        """
        self._account.check(outputs.get(ACCOUNT))
        if not self._allowed.covers("in-use", item):
            require_unused(kind, id_, item, self._inventory)
        if kind.endpoint.style == "slot" and not self._is_ours(kind, id_, outputs):
            say("warning", "the slot holds another key than the one of this resource: it is left alone")
            return
        if kind.endpoint.within and self._within.is_settled(kind, id_, item, say):
            return
        if not self._api.delete(kind, id_):
            self._prove_absent(kind, id_, outputs, is_list_fresh=False)
        self._inventory.forget(kind, id_)

    def _is_ours(self, kind: Kind, id_: str, outputs: Mapping[str, Any]) -> bool:
        """Tell whether a slot still holds what this resource stored; a renamed item has stored its own by now."""
        held = {str(row["id"]): row for row in self._inventory.listing(kind).rows}.get(id_)
        stored = outputs.get(kind.endpoint.slot_output)
        return held is None or stored is None or held.get(kind.endpoint.slot_output) == stored

    def read(
        self, kind: Kind, id_: str, inputs: Mapping[str, Any], outputs: Mapping[str, Any], say: Say
    ) -> Existing | None:
        """Say what the account holds now; None when the object is gone and may be made anew.

        The list is believed as long as it agrees with the state. What it shows as missing or different is confirmed
        by the object itself.
        """
        row, was_asked = self._inventory.find(kind, id_)
        if row is None:
            self._prove_absent(kind, id_, outputs, is_list_fresh=not self._inventory.is_brief(kind))
            return self._missed(kind, id_, inputs, outputs, say)
        digests = outputs.get(ANSWER) or {}
        slot = outputs.get(kind.endpoint.slot_output) if kind.endpoint.style == "slot" else None
        result = refreshed(kind, inputs, row, digests, slot, is_whole=was_asked)
        is_suspect = bool(result.drifted) or any(name in digests for name in absent_keys(kind, inputs, row))
        if is_suspect and not was_asked and kind.endpoint.style == "collection":
            asked = self._inventory.ask(kind, id_)
            if asked is None:
                self._prove_absent(kind, id_, outputs, is_list_fresh=False)
                return self._missed(kind, id_, inputs, outputs, say)
            confirmed = refreshed(kind, inputs, asked, digests, slot, is_whole=True)
            if confirmed.drifted != result.drifted or absent_keys(kind, inputs, row) != absent_keys(
                kind, inputs, asked
            ):
                self._inventory.distrust_list(kind)
            row, result = asked, confirmed
        if result.drifted:
            paths = ", ".join(changed_paths(kind, inputs, result.inputs)) or ", ".join(result.drifted)
            say("info", f"changed outside this stack: {paths}")
        account = self._remembered(outputs)
        return existing(kind, result.inputs, row, answer_digests(kind, result.inputs, row), account)

    def _missed(
        self, kind: Kind, id_: str, inputs: Mapping[str, Any], outputs: Mapping[str, Any], say: Say
    ) -> Existing | None:
        """Keep an object in the state that is gone, where nobody may make it anew unasked; None for all others."""
        is_history = bool(why_final(kind, own(outputs))) or self._within.may_have_had_its_turn(kind, id_)
        if not kind.is_remade_by_name and not is_history:
            return None
        say("warning", f"it was deleted outside this stack ({id_}); it is not made anew unless that is asked for")
        return Existing(id_, inputs, {**outputs, GONE: True})

    def _prove_absent(self, kind: Kind, id_: str, outputs: Mapping[str, Any], *, is_list_fresh: bool) -> None:
        remembered = outputs.get(ACCOUNT)
        prove_absent(kind, id_, self._inventory, self._account, remembered, is_list_fresh=is_list_fresh)

    def _remembered(self, outputs: Mapping[str, Any]) -> str | None:
        """Give the account of an object that was found: a state of an older release does not know it yet."""
        remembered = outputs.get(ACCOUNT)
        if isinstance(remembered, str):
            return remembered
        try:
            return self._account.held()
        except FlireoError:
            return None  # it is filled in at the next write


def _gone(kind: Kind, id_: str) -> NotFoundError:
    text = (
        "the account of this key does not hold the object: it was deleted outside, or the key is another account's. "
        "If the key is right, run with --refresh to make it anew"
    )
    return NotFoundError(text, status=404, method="GET", path=f"{kind.endpoint.path}/{id_}")


def old_inputs(kind: Kind, outputs: Mapping[str, Any]) -> dict[str, Any]:
    """Give back the inputs of the last run from its outputs, which hold them and what the server added."""
    return {key: value for key, value in own(outputs).items() if our_name(kind.model, key) not in kind.outputs}
