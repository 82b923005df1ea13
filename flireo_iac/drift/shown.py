"""Drift as a review: the same renderers show it, with words of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from flireo_iac.core.inside import Difference
from flireo_iac.core.threeway import Mover, property_of
from flireo_iac.drift.model import DRIFTING, LOST, Applied, Drift, Fate, FieldDrift, Held, ItemDrift
from flireo_iac.kinds import marker
from flireo_iac.kinds._markers import Secret
from flireo_iac.plan.model import Op, Plan, PlannedStep
from flireo_iac.review.build import changes_of, joined
from flireo_iac.review.mask import told
from flireo_iac.review.model import EnvironmentReview, FieldChange, ItemChange, Review, TextChange, Wording
from flireo_iac.review.radius import Radius, itself
from flireo_iac.review.visible import visible

_FATES: Mapping[Fate, tuple[Op, str, str]] = {
    Fate.GONE: ("delete", "is gone from the account", "gone"),
    Fate.ADOPTED_GONE: ("delete", "was pulled, and is gone from the account", "gone"),
    Fate.NOT_MADE: ("create", "is not yet made", "not yet made"),
    Fate.TO_DELETE: ("delete", "is to be deleted: no file names it", "to be deleted"),
    Fate.UNMANAGED: ("create", "is unmanaged: no stack of this repository owns it", "unmanaged"),
}
_MOVERS: Mapping[Mover, tuple[str, str]] = {
    Mover.CONFLICT: ("was changed in the account and in the files, differently", "conflict"),
    Mover.DASHBOARD: ("was changed in the account", "dashboard ahead"),
    Mover.REPO: ("was changed in the files", "repo ahead"),
}
_COUNTED: Sequence[tuple[str, str]] = (
    (Fate.GONE, "gone"),
    (Fate.ADOPTED_GONE, "pulled and gone"),
    (Mover.CONFLICT, "in conflict"),
    (Mover.DASHBOARD, "changed in the account"),
    (Fate.UNMANAGED, "unmanaged"),
    (Mover.REPO, "changed in the files"),
    (Fate.TO_DELETE, "to be deleted"),
    (Fate.NOT_MADE, "not yet made"),
)


def as_review(drift: Drift, applied: Sequence[Applied] = (), held: Mapping[str, Held] | None = None) -> Review:
    """Give drift in the form of a review.

    Args:
        drift: What drifted.
        applied: The resources of the state; they tell who meets a change.
        held: What the account holds of them, by URN.
    """
    radius = _Met(applied, held or {})
    items = [change for item in sorted(drift.items, key=_rank) for change in _changes(item, radius)]
    environment = EnvironmentReview(
        visible(drift.stack),
        tuple(items),
        drift.looked_at,
        notes=tuple(visible(told(each)) for each in _notes(drift)),
        summary=_summary(drift),
    )
    wording = Wording(
        heading=f"Flireo drift in {drift.stack}",
        mark=f"<!-- flireo drift {drift.stack} -->",
        question="What differs from what was deployed last",
        nothing="Nothing differs.",
        losses="Gone, or to be deleted",
        origin="Made by `flireo drift` from the files, the state and the account. Nothing was changed.",
        command=f"flireo drift -s {drift.stack} --format html",
        is_plan=False,
    )
    return joined(Review((environment,), base="what was deployed last", head="now", wording=wording))


def _rank(item: ItemDrift) -> tuple[int, str]:
    if item.fate in LOST[:2]:
        return 0, item.key
    movers = [each.place.mover for each in item.fields]
    if Mover.CONFLICT in movers:
        return 1, item.key
    if Mover.DASHBOARD in movers:
        return 2, item.key
    return (3 if item.fate is Fate.UNMANAGED else 4), item.key


def _summary(drift: Drift) -> str:
    counts = drift.counts
    found = ", ".join(f"{counts[name]:,} {said}" for name, said in _COUNTED if counts[name])
    return found or f"nothing differs in {drift.looked_at:,} resource{'' if drift.looked_at == 1 else 's'}"


def _notes(drift: Drift) -> Iterator[str]:
    yield from drift.notes
    for each in drift.ignored:
        yield f"Ignored: {each.item}.{each.path}: {each.reason} ({each.where})"
    gone = [each for each in drift.items if each.fate is Fate.GONE]
    if gone:
        yield (
            f"What is gone: flireo up -s {drift.stack} --refresh makes it anew. To let it go, take out its file, too."
        )
    moved = [each for each in drift.items if any(one.place.mover in DRIFTING for one in each.fields)]
    keep = next(filter(None, map(_acceptable, moved)), "")
    if keep:
        yield f"To keep what the account says: flireo drift -s {drift.stack} --accept {keep}."
    if moved:
        yield f"To undo {'it' if keep else 'what was changed in the account'}: flireo up -s {drift.stack} --refresh."


def _acceptable(item: ItemDrift) -> str:
    """Name what of an item can be taken over into its file; empty when nothing can, because it is secret."""
    for mover in (Mover.DASHBOARD, Mover.CONFLICT):
        for each in item.of(mover):
            info = item.kind.inputs.get(property_of(each.place.path))
            if info is None or marker(info, Secret) is None:
                return item.key if mover is Mover.DASHBOARD else f"{item.key}.{each.place.path}"
    return ""


def _changes(item: ItemDrift, radius: _Met) -> Iterator[ItemChange]:
    base = ItemChange("update", item.kind.name, visible(item.title), visible(item.name))
    reached, self_ = radius.of(item)
    if item.fate is not None:
        op, verb, badge = _FATES[item.fate]
        deleted = item.fate in (Fate.GONE, Fate.ADOPTED_GONE, Fate.TO_DELETE)
        said = [item.kind.when_deleted if deleted else "", item.note]
        said += [f"Its id is {item.id}."] if item.fate is Fate.UNMANAGED else []
        yield replace(
            base, op=op, verb=verb, badge=badge, reached=reached, itself=self_, consequences=tuple(filter(None, said))
        )
    for mover, (verb, badge) in _MOVERS.items():
        found = item.of(mover)
        if found:
            texts, fields = _moved(found)
            yield replace(base, verb=verb, badge=badge, texts=texts, fields=fields, reached=reached, itself=self_)


def _moved(found: Sequence[FieldDrift]) -> tuple[tuple[TextChange, ...], tuple[FieldChange, ...]]:
    texts: list[TextChange] = []
    fields: list[FieldChange] = []
    for each in found:
        place = each.place
        sides: list[tuple[str, Any]] = []
        if place.mover in DRIFTING:
            sides.append((" in the account" if place.mover is Mover.CONFLICT else "", place.account))
        if place.mover is not Mover.DASHBOARD:
            sides.append((" in the files" if place.mover is Mover.CONFLICT else "", place.files))
        for where, value in sides:
            made = Difference(place.path, place.applied, value, place.field)
            new_texts, new_fields = changes_of([(made, each.is_replacement)])
            texts += [replace(one, label=f"{one.label}{where}", note=each.note) for one in new_texts]
            fields += [replace(one, path=f"{one.path}{where}", note=each.note) for one in new_fields]
    return tuple(sorted(texts, key=lambda text: not text.is_prompt)), tuple(fields)


class _Met:
    """Who meets a change of an item, by the references in the state."""

    def __init__(self, applied: Sequence[Applied], held: Mapping[str, Held]) -> None:
        self._steps = {
            each.key: PlannedStep(
                "update",
                each.urn,
                each.kind,
                each.id,
                new=(held[each.urn].inputs if each.urn in held else None) or each.inputs,
            )
            for each in applied
        }
        self._radius = Radius(Plan(tuple(self._steps.values()), len(self._steps)))

    def of(self, item: ItemDrift) -> tuple[Any, Any]:
        step = self._steps.get(item.key)
        return (self._radius.of(step), itself(step)) if step is not None else ((), None)
