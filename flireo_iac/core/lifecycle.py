"""Create, read, update and delete of any kind, decided from the kind's facts.

Knows no HTTP and no Pulumi: it asks an ``Api`` and an ``Inventory``, and gives back what the state should hold.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

from flireo_iac.core.canonical import canonical, comparable, our_name, same
from flireo_iac.core.diff import changed_paths, create_body, diff, own, patch
from flireo_iac.core.inventory import Inventory
from flireo_iac.core.ports import Api, Row
from flireo_iac.core.refresh import ANSWER, absent_keys, answer_digests, refreshed
from flireo_iac.errors import (
    AmbiguousCreateError,
    ConflictError,
    FlireoError,
    NotFoundError,
    ServerError,
    TransportError,
    UnexpectedAnswerError,
)
from flireo_iac.kinds import Kind

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
    """

    def __init__(self, api: Api, inventory: Inventory) -> None:
        self._api = api
        self._inventory = inventory
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
            before = self._inventory.ids(kind)
            if kind.endpoint.style == "slot" and str(spelled[kind.endpoint.slot_field]) in before:
                say("warning", f"the account held a {kind.title} for this already; it is overwritten")
            try:
                row = self._api.create(kind, body)
            except ConflictError as error:
                raise self._explained(kind, spelled, error) from None
            except (ServerError, TransportError, UnexpectedAnswerError) as error:
                if isinstance(error, TransportError) and not error.may_have_arrived:
                    raise
                row = self._adopted(kind, inputs, self._settle(kind, spelled, before, error))
                say("warning", f"the answer to the create was lost; the object was found as {row['id']} and kept")
            self._inventory.remember(kind, row)
            return self._existing(kind, inputs, row)

    def _explained(self, kind: Kind, spelled: Mapping[str, Any], error: ConflictError) -> ConflictError:
        twins = [str(row["id"]) for row in self._inventory.rows(kind) if self._is_twin(kind, spelled, row)]
        if not twins:
            return error
        text = f"{error.text.rstrip('.')}; the account holds it as {', '.join(twins)}"
        return ConflictError(
            text, status=error.status, method=error.method, path=error.path, code=error.code, param=error.param
        )

    @staticmethod
    def _is_twin(kind: Kind, spelled: Mapping[str, Any], row: Row) -> bool:
        theirs = canonical(kind.model, row)
        return all(same(spelled.get(key), theirs.get(key)) for key in kind.natural_key)

    def _settle(self, kind: Kind, spelled: Mapping[str, Any], before: frozenset[str], error: FlireoError) -> Row:
        """Find out whether a create whose answer is lost has made its object."""
        lost = error.reason.rstrip(".")
        try:
            listing = self._inventory.relist(kind)
        except FlireoError as second:
            raise AmbiguousCreateError(
                f"the answer to the create was lost ({lost}), and the list that would tell whether the object was "
                f"made could not be read ({second.reason.rstrip('.')}). "
                f"Look for it in the dashboard before the next run."
            ) from None
        new = [row for row in listing.rows if str(row["id"]) not in before and self._matches(kind, spelled, row)]
        if len(new) == 1:
            return new[0]
        ids = tuple(str(row["id"]) for row in new)
        if ids:
            raise AmbiguousCreateError(
                f"the answer to the create was lost ({lost}), and {len(ids)} new objects match: {', '.join(ids)}. "
                f"Delete those that are not wanted, then run again.",
                candidates=ids,
            )
        doubt = "" if listing.is_complete else ", though the list may be incomplete"
        raise AmbiguousCreateError(
            f"the answer to the create was lost ({lost}); the account holds no new object that matches{doubt}. "
            f"It was not sent a second time. Run again."
        )

    def _adopted(self, kind: Kind, inputs: Mapping[str, Any], row: Row) -> Row:
        """Read an object that was found in a list by itself, because a list may say less."""
        try:
            return self._inventory.ask(kind, str(row["id"])) or row
        except FlireoError as error:
            seen = self._existing(kind, inputs, row)
            raise UnfinishedError(
                f"the answer to the create was lost; the object was found as {row['id']}, but could not be read: "
                f"{error.reason}",
                Existing(seen.id, seen.inputs, {**seen.outputs, ANSWER: {}}),
            ) from None

    @staticmethod
    def _matches(kind: Kind, spelled: Mapping[str, Any], row: Row) -> bool:
        """Tell whether a row shows everything that was sent, as far as it shows it at all."""
        theirs = canonical(kind.model, row)
        if not all(same(spelled.get(key), theirs.get(key)) for key in kind.natural_key):
            return False
        return all(
            same(comparable(kind.model, name, value), comparable(kind.model, name, theirs[name]))
            for name, value in spelled.items()
            if name in theirs
        )

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
        if not wanted.body:
            return Existing(id_, new, {**_server_set(kind, outputs), **own(new), ANSWER: outputs.get(ANSWER, {})})
        body = create_body(new) if kind.endpoint.update == "post" else wanted.body
        try:
            row = self._api.update(kind, id_, body)
        except NotFoundError as error:
            raise _gone(kind, id_) from error
        self._inventory.remember(kind, row)
        return self._existing(kind, new, row)

    def delete(self, kind: Kind, id_: str) -> None:
        """Delete an object; one that is gone already is done."""
        self._api.delete(kind, id_)
        self._inventory.forget(kind, id_)

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
        result = refreshed(kind, inputs, row, digests, slot)
        is_suspect = bool(result.drifted) or any(name in digests for name in absent_keys(kind, inputs, row))
        if is_suspect and not was_asked and kind.endpoint.style == "collection":
            asked = self._inventory.ask(kind, id_)
            if asked is None:
                return None
            confirmed = refreshed(kind, inputs, asked, digests, slot)
            if confirmed.drifted != result.drifted or absent_keys(kind, inputs, row) != absent_keys(
                kind, inputs, asked
            ):
                self._inventory.distrust_list(kind)
            row, result = asked, confirmed
        if result.drifted:
            paths = ", ".join(changed_paths(kind, inputs, result.inputs)) or ", ".join(result.drifted)
            say("info", f"changed outside this stack: {paths}")
        return self._existing(kind, result.inputs, row)

    @staticmethod
    def _existing(kind: Kind, inputs: Mapping[str, Any], row: Row) -> Existing:
        outputs = {**_server_set(kind, row), **own(inputs), ANSWER: answer_digests(kind, inputs, row)}
        return Existing(str(row["id"]), inputs, outputs)


def _gone(kind: Kind, id_: str) -> NotFoundError:
    text = "the object is gone, it was deleted outside. Run with --refresh to make it anew"
    return NotFoundError(text, status=404, method="GET", path=f"{kind.endpoint.path}/{id_}")


def _server_set(kind: Kind, row: Mapping[str, Any]) -> dict[str, Any]:
    theirs = canonical(kind.model, row)
    return {name: theirs[name] for name in kind.outputs if theirs.get(name) is not None}


def replaces(
    kind: Kind, old: Mapping[str, Any], new: Mapping[str, Any], is_unknown: Callable[[Any], bool]
) -> list[str]:
    """Name the inputs whose change needs a new object, as the user spelled them."""
    return [change.written for change in diff(kind, old, new, is_unknown) if change.is_replacement]


def old_inputs(kind: Kind, outputs: Mapping[str, Any]) -> dict[str, Any]:
    """Give back the inputs of the last run from its outputs, which hold them and what the server added."""
    return {key: value for key, value in own(outputs).items() if our_name(kind.model, key) not in kind.outputs}
