"""Drift as one JSON document; its keys are described in docs/drift.md and only ever get more."""

from __future__ import annotations

from typing import Any

from flireo_iac.core.inside import ABSENT, Difference
from flireo_iac.drift.model import Drift, FieldDrift, Ignored, ItemDrift
from flireo_iac.review.build import changes_of
from flireo_iac.review.document import plain_text
from flireo_iac.review.mask import told
from flireo_iac.review.visible import visible

VERSION = 1


def document(drift: Drift) -> dict[str, Any]:
    """Give drift as JSON values; ``absent`` names the values that are not there."""
    return {
        "version": VERSION,
        "stack": drift.stack,
        "isDrifted": drift.is_drifted,
        "resources": drift.looked_at,
        "counts": dict(drift.counts),
        "items": [_item(each) for each in drift.items],
        "ignored": [_ignored(each) for each in drift.ignored],
        "notes": [visible(told(each)) for each in drift.notes],
    }


def _item(item: ItemDrift) -> dict[str, Any]:
    return {
        "item": item.key,
        "kind": item.kind.name,
        "name": item.name,
        "id": item.id or None,
        "class": str(item.fate) if item.fate is not None else None,
        "note": item.note or None,
        "fields": [_field(item, each) for each in item.fields],
    }


def _field(item: ItemDrift, found: FieldDrift) -> dict[str, Any]:
    place = found.place
    values = {"applied": place.applied, "files": place.files, "account": place.account}
    known = {name: value for name, value in values.items() if value is not ABSENT}
    return {
        "field": f"{item.key}.{place.path}",
        "path": place.path,
        "class": str(place.mover),
        **{name: known.get(name) for name in values},
        "absent": [name for name in values if name not in known],
        "isReplacement": found.is_replacement,
        "note": found.note or None,
        "words": {
            name: [
                plain_text(text) for text in changes_of([(Difference(place.path, place.applied, value, ""), False)])[0]
            ]
            for name, value in known.items()
            if name != "applied" and value != place.applied
        },
    }


def _ignored(each: Ignored) -> dict[str, Any]:
    return {"field": f"{each.item}.{each.path}", "reason": each.reason, "place": each.where}
