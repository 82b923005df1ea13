"""Objects that exist only within another one, such as the leads of a campaign: who is held already, and who stays.

They come with their parent's create, nothing updates them, and one that is final is history: it is neither deleted nor
made again unless that was asked for by its name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flireo_iac.allow import Allowed, flag, is_many
from flireo_iac.core.canonical import canonical, same
from flireo_iac.core.diff import brought, own
from flireo_iac.core.inventory import FRESH_S, OLD_S, Inventory
from flireo_iac.core.ports import Api, Row
from flireo_iac.core.settle import natural_key, shows
from flireo_iac.errors import AmbiguousCreateError, FinalError
from flireo_iac.kinds import KINDS, Kind

Say = Callable[[str, str], None]
"""Takes a severity (``info``, ``wait`` or ``warning``) and a sentence about the resource at hand."""


@dataclass
class Within:
    """The objects of a run that exist only within others.

    Args:
        api: Where requests go.
        inventory: What the account holds.
        allowed: What the user has asked for.
        is_known: Tells by kind and id whether this run's state holds an object.
    """

    api: Api
    inventory: Inventory
    allowed: Allowed
    is_known: Callable[[str, str], bool] = lambda kind, id_: False
    _left_out: set[str] = field(default_factory=set)

    def held(
        self,
        kind: Kind,
        body: Mapping[str, Any],
        say: Say,
        item: str = "",
        is_of_this_create: Callable[[str], bool] = lambda id_: False,
    ) -> Row | None:
        """Give what the parent holds under the same name already; None when it holds nothing of it.

        The parent is this stack's own, so what is in it is nobody else's: it came with the parent's create, or in a run
        that was cut off.

        Args:
            kind: What it is.
            body: Body of its create.
            say: Takes a sentence when the object stays as it is.
            item: Pulumi's name of the resource; empty where it is not known.
            is_of_this_create: Tells by its id what came of this create in a run that was cut off.

        Raises:
            AmbiguousCreateError: The list is not complete, or holds it with other values.
            FinalError: Nothing can be made in the parent any more.
            FlireoError: A request failed.
        """
        within = str(body[kind.endpoint.within])
        rows = self._named(kind, within, natural_key(kind, body))
        closed = self._why_closed(kind, within)
        ended = {str(row["id"]): why for row in rows if (why := closed or why_final(kind, row))}
        rows = tuple(row for row in rows if row["id"] in ended or not self.is_known(kind.name, str(row["id"])))
        is_done = any(is_of_this_create(str(row["id"])) for row in rows)
        if rows and ended and not closed and not is_done and self.allowed.covers("call-again", item):
            self._clear(kind, rows, say)
            return None
        same_row = next((row for row in rows if shows(kind, body, row)), None)
        if same_row is None and rows:
            same_row = next((row for row in rows if row["id"] in ended), rows[0])
            if same_row["id"] not in ended:
                raise AmbiguousCreateError(
                    f"its {KINDS[kind.parent].title} holds it already as {same_row['id']}, with other values, and no "
                    "state of this stack knows it. Nothing was sent. Delete it in the dashboard, or take its values "
                    "over.",
                    candidates=tuple(str(row["id"]) for row in rows),
                )
            say("warning", f"{ended[str(same_row['id'])]}, with other values than these: it stays as it is")
        if same_row is None and closed:
            raise FinalError(f"{closed}. Take it out of the list, or write a new {KINDS[kind.parent].title}")
        return same_row

    def _named(self, kind: Kind, within: str, key: Mapping[str, Any]) -> tuple[Row, ...]:
        rows = self.inventory.named(kind, key, within)
        if not rows and not self.inventory.is_complete(kind, within):
            self.inventory.relist(kind, within)
            rows = self.inventory.named(kind, key, within)
            if not rows:
                self._require_complete(kind, within)
        return rows

    def _require_complete(self, kind: Kind, within: str) -> None:
        if self.inventory.is_complete(kind, within):
            return
        path = kind.endpoint.path.replace(f"{{{kind.endpoint.within}}}", within)
        raise AmbiguousCreateError(
            f"its list (GET {path}) does not show as many as its {KINDS[kind.parent].title} counts, so it cannot "
            "be told whether this one is among them. Nothing was sent. Run again."
        )

    def _why_closed(self, kind: Kind, within: str) -> str:
        """Say that nothing within the parent can change any more; empty when it can, or the parent is not found."""
        parent = KINDS[kind.parent]
        row = self.inventory.find(parent, within)[0] if parent.why_final is not None else None
        return f"its {parent.title} is {row.get('status')}" if row is not None and why_final(parent, row) else ""

    def _clear(self, kind: Kind, rows: tuple[Row, ...], say: Say) -> None:
        """Delete the records of what was asked for once more."""
        for row in rows:
            say("info", f"{why_final(kind, row) or 'it is there'}, and is made again, as asked for")
            self.api.delete(kind, str(row["id"]))
            self.inventory.forget(kind, str(row["id"]))

    def may_have_had_its_turn(self, kind: Kind, id_: str) -> bool:
        """Tell whether an object that is gone may have had its turn before: what it became, nobody can tell any more.

        Args:
            kind: What it was.
            id_: Its id.
        """
        parent = KINDS.get(kind.parent)
        if parent is None or parent.has_begun is None:
            return False
        row = self.inventory.find(parent, kind.parent_id(id_))[0]
        return row is not None and parent.has_begun(canonical(parent.model, row))

    def is_settled(self, kind: Kind, id_: str, item: str, say: Say) -> bool:
        """Tell whether a delete has nothing to do: its object is history, or went before with its parent's update.

        Args:
            kind: What it is.
            id_: Its id.
            item: Pulumi's name of the resource.
            say: Takes a sentence when the record of the object stays.

        Raises:
            AmbiguousCreateError: The list of the parent is not complete, and does not show it.
        """
        if id_ in self._left_out:
            return True
        within = kind.parent_id(id_)
        self.inventory.listing_of(kind, within, max_age_s=OLD_S)
        row = self.inventory.find(kind, id_)[0]
        if row is None:
            self._require_complete(kind, within)  # a list that is short may hide that its turn has come
            return False
        closed = self._why_closed(kind, within)
        why = closed or why_final(kind, row)
        if not why or (not closed and self.allowed.covers("call-again", item)):
            return False
        say("info", f"{why}: its record stays, it is only no longer managed here")
        return True

    def leave_out(
        self, parent: Kind, id_: str, old: Mapping[str, Any] | None, new: Mapping[str, Any], say: Say
    ) -> None:
        """Delete what came with the parent's create and is not wanted any more, before the parent may act on it.

        A step of its own, which the engine takes at the end of a run, finds it gone then. What a cut-off run left,
        which no state knows, has no step.

        Args:
            parent: What the parent is.
            id_: Its id.
            old: Its inputs as last applied; None when it is only known that this stack made it.
            new: Its inputs as wanted.
            say: Takes a sentence about each object.

        Raises:
            AmbiguousCreateError: The list is not complete, or most of it is not wanted and no state knows it.
            FlireoError: A request failed.
        """
        for name, kind in brought(parent):
            wanted = _by_key(kind, new, name)
            left_out = None if old is None else _left_out(kind, old, new, name)
            if left_out == set():
                continue
            rows = self.inventory.listing_of(kind, id_, FRESH_S).rows
            self._require_complete(kind, id_)
            going = []
            for row in rows:
                key = _key(kind, row)
                is_meant = key in left_out if left_out is not None else not self.is_known(kind.name, str(row["id"]))
                if is_meant and not _stays(kind, row, wanted.get(key)):
                    going.append((str(row["id"]), key))
            if left_out is None and is_many(len(going), len(rows)) and not self.allowed.covers("many-deletes"):
                raise AmbiguousCreateError(
                    f"{len(going)} of the {len(rows)} that it holds are not in its file, so nothing was deleted. Put "
                    f"them into the file, or: {flag('many-deletes')}, or FLIREO_ALLOW=many-deletes."
                )
            for each, key in going:
                self.inventory.listing_of(kind, id_, OLD_S)  # many deletes take their time
                now = self.inventory.find(kind, each)[0]
                if now is not None and not _stays(kind, now, wanted.get(key)):
                    self.api.delete(kind, each)
                    self.inventory.forget(kind, each)
                    self._left_out.add(each)
                    say("info", f"{key} is taken out")


def leaves_out(
    parent: Kind,
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    is_unknown: Callable[[Any], bool] = lambda value: False,
) -> bool:
    """Tell whether something that came with the parent's create is not wanted any more, or with other values.

    Args:
        parent: What the parent is.
        old: Its inputs as last applied.
        new: Its inputs as wanted.
        is_unknown: Tells a value that is not known before the run; it says nothing.
    """
    return any(
        not any(map(is_unknown, (old.get(name), new.get(name)))) and _left_out(kind, old, new, name)
        for name, kind in brought(parent)
    )


def why_final(kind: Kind, row: Row) -> str:
    """Say that nothing in an object can change any more; empty when it can."""
    return kind.why_final(canonical(kind.model, row)) if kind.why_final is not None else ""


def _stays(kind: Kind, row: Row, wanted: Mapping[str, Any] | None) -> bool:
    return (wanted is not None and shows(kind, wanted, row)) or bool(why_final(kind, row))


def _left_out(kind: Kind, old: Mapping[str, Any], new: Mapping[str, Any], name: str) -> set[str]:
    if old.get(name) == new.get(name):
        return set()
    before, after = _by_key(kind, old, name), _by_key(kind, new, name)
    return {key for key, each in before.items() if key not in after or not same(each, after[key])}


def _by_key(kind: Kind, inputs: Mapping[str, Any], name: str) -> dict[str, Mapping[str, Any]]:
    """Give the objects that an input of the parent brings along, spelled the contract's way."""
    given = inputs.get(name)
    each = [canonical(kind.model, own(one)) for one in given if isinstance(one, Mapping)] if given else []
    return {_key(kind, one): one for one in each}


def _key(kind: Kind, values: Mapping[str, Any]) -> str:
    """Name an object within its parent, by its natural key."""
    own_key = [name for name in kind.natural_key if name != kind.endpoint.within]
    return " ".join(str(values.get(name)) for name in own_key)
