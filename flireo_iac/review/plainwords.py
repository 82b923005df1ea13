"""What every form of a review says in the same words: counts, verbs, values, who is reached."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import yaml

from flireo_iac.plan.forecast import Forecast
from flireo_iac.plan.model import Op
from flireo_iac.plan.rails import Finding
from flireo_iac.review.model import EnvironmentReview, FieldChange, ItemChange, Passage, Reached, Review, TextChange

VERBS: dict[Op, str] = {
    "delete": "is deleted",
    "replace": "is replaced",
    "sweep": "is deleted (replaced by an earlier run)",
    "update": "changes",
    "create": "is new",
}
_COUNTED: tuple[tuple[Op, str], ...] = (
    ("delete", "deleted"),
    ("replace", "replaced"),
    ("update", "changed"),
    ("create", "new"),
)
_LONGEST_VALUE = 300
_REFERENCE = re.compile(r"^\$\{([a-z_]+\.[a-z0-9_-]+)\.id\}$")
"""A reference to another item, which a person calls by its name."""


def does(item: ItemChange) -> str:
    """Say what happens to an item: ``changes``."""
    return item.verb or VERBS[item.op]


def note(change: FieldChange | TextChange) -> str:
    """Give what else is to be known about a change; empty when there is nothing."""
    is_replacement = isinstance(change, FieldChange) and change.is_replacement
    return "; ".join(filter(None, ("makes a new object" if is_replacement else "", change.note)))


def many(count: int, what: str) -> str:
    """Say a number of things: ``1 passage``, ``1,200 passages``."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def listed(names: Sequence[str], most: int) -> str:
    """Name things, as many as are wanted: ``a, b, c and 4 more``."""
    more = len(names) - most
    return ", ".join(names) if more <= 0 else f"{', '.join(names[:most])} and {more:,} more"


def counted(environment: EnvironmentReview) -> str:
    """Say in one line what happens in an environment."""
    if environment.summary:
        return environment.summary
    counts = environment.counts
    counts["delete"] += counts.pop("sweep", 0)
    return ", ".join(f"{counts[op]:,} {word}" for op, word in _COUNTED if counts[op]) or (
        "no changes" if environment.forecast is not None else "not compared"
    )


def place(environment: EnvironmentReview) -> str:
    """Name an environment; a stack without any is just that."""
    return environment.name or "the stack"


def cost(found: Forecast | None) -> str:
    """Say what a run takes: ``3 writes and 2 reads, about 4 s``."""
    if found is None:
        return "not known"
    if not found.reads + found.writes:
        return "no requests"
    seconds = max(found.seconds, 1)
    span = f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
    return f"{many(found.writes, 'write')} and {many(found.reads, 'read')}, about {span}"


def meets(reached: Sequence[Reached], most: int) -> str:
    """Name who meets a change."""
    return listed([each.shown for each in reached], most)


def value(found: Any) -> str:
    """Give a value in one line."""
    if isinstance(found, str):
        found = _REFERENCE.sub(r"\1", found)
        text = found if found.strip() == found and found else json.dumps(found, ensure_ascii=False)
    else:
        text = json.dumps(found, ensure_ascii=False)
    text = text.replace("\n", "⏎")
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}… ({len(text):,} characters)"


def sides(change: FieldChange) -> tuple[str, str]:
    """Give what a field was and will be; of a secret only that it changes, and its name where the file has one."""
    if change.is_secret:
        old, new = (str(each) if str(each).startswith("${secret.") else "" for each in (change.old, change.new))
        if change.operation == "add":
            return "", f"set ({new})" if new else "set"
        if change.operation == "remove":
            return "", "removed"
        return (old, f"changed ({new})") if old != new and new else ("", "changed")
    if isinstance(change.old, list) and isinstance(change.new, list) and not change.path.endswith("(order)"):
        return _less(change.old, change.new), _less(change.new, change.old)
    return value(change.old) if change.operation != "add" else "", (
        value(change.new) if change.operation != "remove" else ""
    )


def outline(item: ItemChange) -> str:
    """Give the fields of a new item as one block of YAML, secrets by name; empty for one that is not new."""
    if item.op != "create" or not item.fields:
        return ""
    root: dict[str, Any] = {}
    for change in item.fields:
        *above, last = change.path.split(".") if "[" not in change.path else [change.path]
        block: Any = root
        for key in above:
            block = block.setdefault(key, {}) if isinstance(block, dict) else None
        is_free = isinstance(block, dict) and last not in block
        (block if is_free else root)[last if is_free else change.path] = (
            sides(change)[1] if change.is_secret else change.new
        )
    return yaml.safe_dump(root, allow_unicode=True, sort_keys=False, width=100).rstrip()


def _less(one: list[Any], other: list[Any]) -> str:
    """Show a list; of a long one only what the other list lacks."""
    text = value(one)
    if len(text) <= _LONGEST_VALUE // 2:
        return text
    own = [each for each in one if each not in other]
    return f"{value(own)} and {len(one) - len(own)} that stay"


def words_of(text: TextChange) -> str:
    """Say how much of a text changes."""
    if not text.is_made:
        return "could not be made, so it is not compared; see the problems"
    if text.operation != "change":
        return f"{many(text.new_length or text.old_length, 'character')}, {'new' if text.new_length else 'removed'}"
    if not text.passages:
        return "only spaces, line breaks or the numbers of list entries change"
    return f"{many(len(text.passages), 'passage')} changed, {text.new_length:,} characters in all"


def brief(item: ItemChange) -> str:
    """Say what changes in an item in one line."""
    parts = [f"{text.label}: {words_of(text)}" for text in item.texts[:3]]
    if len(item.texts) > 3:
        parts.append(f"{len(item.texts) - 3} more texts")
    if item.fields:
        parts.append(many(len(item.fields), "field"))
    return "; ".join(parts)


def where(passage: Passage) -> str:
    """Say where a passage stands."""
    at = f'under "{passage.heading}"' if passage.heading else "at the top"
    if passage.kind == "moved" and passage.old_heading != passage.heading:
        return f'{at}, moved from "{passage.old_heading}"' if passage.old_heading else f"{at}, moved from the top"
    return {"added": f"{at}, added", "removed": f"{at}, removed", "moved": f"{at}, moved"}.get(passage.kind, at)


def same(passage: Passage) -> str:
    """Say with whom a passage is shared; empty when with nobody."""
    if passage.same_as:
        return f"the same change as in {passage.same_as}"
    if passage.shared:
        return f"the same change in {len(passage.shared):,} more: {listed(passage.shared, 5)}"
    return ""


def title(review: Review) -> str:
    """Say in one line what was compared."""
    return f"{review.base} → {review.head}" if review.base else "the plan"


def losses(review: Review) -> list[list[tuple[str, ItemChange]]]:
    """Give what is deleted or replaced: a list an item, with the environments where it is."""
    found: dict[tuple[str, str], list[tuple[str, ItemChange]]] = {}
    for environment in review.environments:
        for item in environment.items:
            if item.is_grave:
                found.setdefault((item.op, item.title), []).append((environment.name, item))
    return list(found.values())


def asked(review: Review) -> dict[Finding, list[str]]:
    """Give what has to be asked for, each with the environments where it has to be."""
    found: dict[Finding, list[str]] = {}
    for environment in review.environments:
        for finding in environment.findings:
            found.setdefault(finding, []).append(environment.name)
    return found


def within(names: Sequence[str]) -> str:
    """Say in which environments something is; empty for a stack without any."""
    return f"in {listed(list(names), 20)}" if any(names) else ""


def fates(found: Sequence[tuple[str, ItemChange]]) -> list[str]:
    """Say for each environment which number goes, and who meets the loss."""
    told = []
    for name, item in found:
        label = item.itself.label if item.itself is not None else ""
        met = f"met by {meets(item.reached, 10)}" if item.reached else ""
        what = ", ".join(filter(None, (label, met)))
        if what:
            told.append(f"{name}: {what}" if name else what)
    return told
