"""Create, read, update and delete of any kind, decided from the kind's facts.

Knows no HTTP and no Pulumi: it asks an ``Api`` and an ``Inventory``, and gives back what the state should hold.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

from flireo_iac.core.account import Account
from flireo_iac.core.canonical import canonical
from flireo_iac.core.diff import changed_paths, create_body, diff, own, patch
from flireo_iac.core.inventory import Inventory
from flireo_iac.core.ports import Api, Row
from flireo_iac.core.refresh import ANSWER, absent_keys, answer_digests, merged_blocks, refreshed
from flireo_iac.core.settle import is_lost, is_twin, settle
from flireo_iac.errors import (
    ConflictError,
    FlireoError,
    NotFoundError,
)
from flireo_iac.kinds import Kind, our_name

Say = Callable[[str, str], None]
"""Takes a severity (``info`` or ``warning``) and a sentence about the resource at hand."""


@dataclass(frozen=True)
class Existing:
    """A resource as the state should hold it.

    Args:
        id: Id of the object.
        inputs: Inputs in force.
        outputs: The inputs and what the server added.
    """

    id: str
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]


class UnfinishedError(FlireoError):
    """The object exists, but what it holds is not known to be what was asked for.

    Args:
        text: What went wrong after the object was made.
        existing: The object as far as it is known.
    """

    def __init__(self, text: str, existing: Existing) -> None:
        self.existing = existing
        super().__init__(text)


class Lifecycle:
    """The four verbs, for every kind.

    Args:
        api: Where requests go.
        inventory: What the account holds.
        account: Whose account it is; None asks the API and takes any.
        sleep: Waits so many seconds, between two looks for a lost create.
    """

    def __init__(
        self,
        api: Api,
        inventory: Inventory,
        account: Account | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._api = api
        self._inventory = inventory
        self._account = account or Account(api)
        self._sleep = sleep
        # Two creates with the same natural key go one after the other: when the answer to one is lost, the other
        # cannot be mistaken for it.
        self._creating: defaultdict[tuple[str, ...], Lock] = defaultdict(Lock)

    def create(self, kind: Kind, inputs: Mapping[str, Any], say: Say) -> Existing:
        """Make an object, once.

        What the account holds is read before the first create of a kind, so that a new object can be told from an
        old one when the answer is lost.

        Raises:
            AmbiguousCreateError: The answer is lost, and not exactly one new object matches.
            FlireoError: The request was refused or could not be sent.
        """
        body = create_body(inputs)
        spelled = canonical(kind.model, body)
        with self._creating[(kind.name, *(str(spelled.get(key)) for key in kind.natural_key))]:
            before = self._inventory.listing(kind)
            if kind.endpoint.style == "slot" and any(is_twin(kind, spelled, row) for row in before.rows):
                say("warning", f"the account held a {kind.title} for this already; it is overwritten")
            try:
                row = self._api.create(kind, body)
            except ConflictError as error:
                raise self._explained(kind, spelled, error) from None
            except FlireoError as error:
                if not is_lost(error):
                    raise
                found = settle(kind, spelled, before, error, self._inventory, self._sleep)
                row = self._adopted(kind, inputs, found)
                say("warning", f"the answer to the create was lost; the object was found as {row['id']} and kept")
            self._inventory.remember(kind, row)
            return _existing(kind, inputs, row, answer_digests(kind, inputs, row))

    def _explained(self, kind: Kind, spelled: Mapping[str, Any], error: ConflictError) -> ConflictError:
        rows = self._inventory.listing(kind).rows
        twins = [str(row["id"]) for row in rows if is_twin(kind, spelled, row)]
        if not twins:
            return error
        text = f"{error.text.rstrip('.')}; the account holds it as {', '.join(twins)}"
        return ConflictError(
            text, status=error.status, method=error.method, path=error.path, code=error.code, param=error.param
        )

    def _adopted(self, kind: Kind, inputs: Mapping[str, Any], row: Row) -> Row:
        """Read an object that was found in a list by itself, because a list may say less."""
        try:
            return self._inventory.ask(kind, str(row["id"])) or row
        except FlireoError as error:
            raise UnfinishedError(
                f"the answer to the create was lost; the object was found as {row['id']}, but could not be read: "
                f"{error.reason}",
                _existing(kind, inputs, row, {}),
            ) from None

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
            if found is None:
                raise _gone(kind, id_)
            old, outputs = found.inputs, found.outputs
        wanted = patch(kind, diff(kind, old, new), new)
        for field in wanted.kept:
            say("warning", f"{field} was removed here, but the API cannot clear it: the last value stays in force")
        digests = {name: digest for name, digest in outputs[ANSWER].items() if name in canonical(kind.model, own(new))}
        if not wanted.body:
            return Existing(id_, new, {**_server_set(kind, outputs), **own(new), ANSWER: digests})
        body = create_body(new) if kind.endpoint.update == "post" else wanted.body
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
        return _existing(kind, new, row, {**digests, **sent})

    def delete(self, kind: Kind, id_: str, outputs: Mapping[str, Any], say: Say) -> None:
        """Delete an object; one that is gone already is done.

        Args:
            kind: What it is.
            id_: Its id.
            outputs: Outputs of the last run.
            say: Takes a sentence when the object is left alone.
        """
        if kind.endpoint.style == "slot" and not self._is_ours(kind, id_, outputs):
            say("warning", "the slot holds another key than the one of this resource: it is left alone")
            return
        if not self._api.delete(kind, id_):
            # A wrong address answers 404 too: the list has to be there before "gone" is believed.
            self._inventory.relist(kind)
        self._inventory.forget(kind, id_)

    def _is_ours(self, kind: Kind, id_: str, outputs: Mapping[str, Any]) -> bool:
        """Tell whether a slot still holds what this resource stored; a renamed item has stored its own by now."""
        held = {str(row["id"]): row for row in self._inventory.listing(kind).rows}.get(id_)
        stored = outputs.get(kind.endpoint.slot_output)
        return held is None or stored is None or held.get(kind.endpoint.slot_output) == stored

    def read(
        self, kind: Kind, id_: str, inputs: Mapping[str, Any], outputs: Mapping[str, Any], say: Say
    ) -> Existing | None:
        """Say what the account holds now; None when the object is gone.

        The list is believed as long as it agrees with the state. What it shows as missing or different is confirmed
        by the object itself.
        """
        row, was_asked = self._inventory.find(kind, id_)
        if row is None:
            return None
        digests = outputs.get(ANSWER) or {}
        slot = outputs.get(kind.endpoint.slot_output) if kind.endpoint.style == "slot" else None
        result = refreshed(kind, inputs, row, digests, slot, is_whole=was_asked)
        is_suspect = bool(result.drifted) or any(name in digests for name in absent_keys(kind, inputs, row))
        if is_suspect and not was_asked and kind.endpoint.style == "collection":
            asked = self._inventory.ask(kind, id_)
            if asked is None:
                return None
            confirmed = refreshed(kind, inputs, asked, digests, slot, is_whole=True)
            if confirmed.drifted != result.drifted or absent_keys(kind, inputs, row) != absent_keys(
                kind, inputs, asked
            ):
                self._inventory.distrust_list(kind)
            row, result = asked, confirmed
        if result.drifted:
            paths = ", ".join(changed_paths(kind, inputs, result.inputs)) or ", ".join(result.drifted)
            say("info", f"changed outside this stack: {paths}")
        return _existing(kind, result.inputs, row, answer_digests(kind, result.inputs, row))


def _existing(kind: Kind, inputs: Mapping[str, Any], row: Row, digests: Mapping[str, str]) -> Existing:
    outputs = {**_server_set(kind, row), **own(inputs), ANSWER: dict(digests)}
    return Existing(str(row["id"]), inputs, outputs)


def _gone(kind: Kind, id_: str) -> NotFoundError:
    text = (
        "the account of this key does not hold the object: it was deleted outside, or the key is another account's. "
        "If the key is right, run with --refresh to make it anew"
    )
    return NotFoundError(text, status=404, method="GET", path=f"{kind.endpoint.path}/{id_}")


def _server_set(kind: Kind, row: Mapping[str, Any]) -> dict[str, Any]:
    theirs = canonical(kind.model, row)
    return {name: theirs[name] for name in kind.outputs if theirs.get(name) is not None}


def old_inputs(kind: Kind, outputs: Mapping[str, Any]) -> dict[str, Any]:
    """Give back the inputs of the last run from its outputs, which hold them and what the server added."""
    return {key: value for key, value in own(outputs).items() if our_name(kind.model, key) not in kind.outputs}
