"""A review as one JSON document; its keys are described in docs/review.md and only ever get more."""

from __future__ import annotations

import dataclasses
from typing import Any

from flireo_iac.plan.text import plain_findings
from flireo_iac.review.model import EnvironmentReview, FieldChange, ItemChange, Passage, Reached, Review, TextChange

VERSION = 1


def document(review: Review) -> dict[str, Any]:
    """Give a review as JSON values."""
    return {
        "version": VERSION,
        "base": review.base,
        "head": review.head,
        "notes": list(review.notes),
        "untouched": list(review.untouched),
        "environments": [_environment(each) for each in review.environments],
    }


def _environment(environment: EnvironmentReview) -> dict[str, Any]:
    return {
        "name": environment.name,
        "counts": dict(environment.counts),
        "resources": environment.resources,
        "items": [_item(item) for item in environment.items],
        "reached": [_reached(each) for each in environment.reached],
        "rails": plain_findings(environment.findings),
        "forecast": environment.forecast.plain() if environment.forecast is not None else None,
        "notes": list(environment.notes),
        "problems": list(environment.problems),
        "drift": None if environment.drift is None else list(environment.drift),
    }


def _item(item: ItemChange) -> dict[str, Any]:
    return {
        "op": item.op,
        "kind": item.kind,
        "name": item.name,
        "title": item.title,
        "label": item.itself.label if item.itself is not None else "",
        "consequences": list(item.consequences),
        "texts": [plain_text(text) for text in item.texts],
        "fields": [_field(field) for field in item.fields],
        "reached": [_reached(each) for each in item.reached],
        "sameAs": item.same_as or None,
    }


def plain_text(text: TextChange) -> dict[str, Any]:
    """Give a changed text as JSON values."""
    return {
        "path": text.path,
        "label": text.label,
        "operation": text.operation,
        "isPrompt": text.is_prompt,
        "isMade": text.is_made,
        "oldLength": text.old_length,
        "newLength": text.new_length,
        "passages": [_passage(passage) for passage in text.passages],
    }


def _passage(passage: Passage) -> dict[str, Any]:
    return {
        "kind": passage.kind,
        "heading": passage.heading,
        "oldHeading": passage.old_heading or None,
        "line": passage.line,
        "pieces": [dataclasses.asdict(piece) for piece in passage.pieces],
        "sameAs": passage.same_as or None,
        "shared": list(passage.shared),
    }


def _field(field: FieldChange) -> dict[str, Any]:
    return {
        "path": field.path,
        "operation": field.operation,
        "old": field.old,
        "new": field.new,
        "isSecret": field.is_secret,
        "isReplacement": field.is_replacement,
    }


def _reached(each: Reached) -> dict[str, Any]:
    return {"title": each.title, "label": each.label, "via": each.via, "isActive": each.is_active}
