"""Makes the review of one environment from its plan, and brings those of several environments together."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from flireo_iac.core.diff import Change, diff
from flireo_iac.core.inside import ABSENT, Difference, differences
from flireo_iac.plan.forecast import Forecast
from flireo_iac.plan.model import CHANGING, SECRET, Op, Plan, PlannedStep
from flireo_iac.plan.rails import Finding
from flireo_iac.review.mask import told
from flireo_iac.review.model import NOT_MADE, EnvironmentReview, FieldChange, ItemChange, Passage, Review, TextChange
from flireo_iac.review.radius import Radius, itself
from flireo_iac.review.visible import visible
from flireo_iac.review.words import passages

_SHORTEST_TEXT = 80
"""A longer value is compared by words."""
_PROMPT = re.compile(r"(?P<block>.*?)\.messages\[(?P<role>[^\]]*)\]\.content$")
_MASKED = re.compile(re.escape(SECRET[:-1]) + r"( \d+)?\]|\$\{secret\.[^}]*\}")
_ORDER: tuple[Op, ...] = ("delete", "replace", "sweep", "update", "create")


def environment_review(
    name: str,
    plan: Plan,
    findings: Sequence[Finding] = (),
    forecast: Forecast | None = None,
    notes: Sequence[str] = (),
    problems: Sequence[str] = (),
) -> EnvironmentReview:
    """Say what a plan does.

    Args:
        name: Name of the environment; empty when there is none.
        plan: The plan, secrets masked.
        findings: What has to be asked for.
        forecast: Requests and time; None when that cannot be told.
        notes: What else the reader should know.
        problems: What is wrong with the stack.
    """
    radius = Radius(plan)
    replaced = {step.urn for step in plan.of("replace")}
    items = [_item(step, radius, bool(replaced & set(step.needs))) for step in plan.of(*CHANGING)]
    return EnvironmentReview(
        visible(name),
        tuple(sorted(items, key=_rank)),
        plan.resources,
        tuple(findings),
        forecast,
        tuple(visible(told(note)) for note in notes),
        tuple(visible(told(problem)) for problem in problems),
    )


def _rank(item: ItemChange) -> tuple[bool, int, bool, bool, int, str]:
    """Order items: what goes, then prompts, then other changes of agents, then the rest."""
    is_words = any(text.is_prompt for text in item.texts)
    is_agent = item.kind == "agent"
    return (
        not item.is_grave,
        _ORDER.index(item.op) if item.is_grave else 0,
        not is_words,
        not is_agent,
        (_ORDER.index(item.op)),
        item.title,
    )


def _item(step: PlannedStep, radius: Radius, is_led_on: bool) -> ItemChange:
    kind = step.kind
    made = ItemChange(step.op, kind.name if kind else "", visible(step.title), visible(step.item))
    consequences = []
    if kind is not None and step.op in ("delete", "sweep"):
        consequences.append(kind.when_deleted)
    elif kind is not None and step.op == "replace":
        consequences.append(kind.when_replaced)
    if step.op == "update" and is_led_on:
        consequences.append("What it refers to is replaced: it takes the new id.")
    texts, fields = changes_of(_differences(step) if step.op in ("create", "update", "replace") else ())
    return dataclasses.replace(
        made,
        consequences=tuple(consequences),
        fields=fields,
        texts=texts,
        reached=radius.of(step),
        itself=itself(step),
    )


def changes_of(
    found: Iterable[tuple[Difference, bool]],
) -> tuple[tuple[TextChange, ...], tuple[FieldChange, ...]]:
    """Tell texts, which are compared by words, from other values; prompts come first.

    Args:
        found: Differences, each with True when it makes a new object.
    """
    texts, fields = [], []
    for whole, is_replacement in found:
        for each in _parts(whole):
            if _is_text(each):
                texts.append(_text_change(each))
            else:
                fields.append(_field_change(each, is_replacement))
    return tuple(sorted(texts, key=lambda text: not text.is_prompt)), tuple(fields)


def _differences(step: PlannedStep) -> Iterator[tuple[Difference, bool]]:
    if step.kind is None:
        return
    changes = diff(step.kind, step.old, step.new)
    known = {change.name for change in changes}
    # What the engine calls changed and looks the same here is masked: a secret.
    silent = [Change(name, name, "change", False) for name in step.reasons if name in step.new and name not in known]
    anew = {change.name for change in changes if change.is_replacement and step.op == "replace"}
    for each in differences(step.kind, [*changes, *silent], step.old, step.new):
        yield each, each.property in anew


def _parts(whole: Difference) -> Iterator[Difference]:
    """Take a block that is new or gone apart, so that its prompt is read as one; entries of lists stay whole."""
    is_new = whole.old is ABSENT
    value = whole.new if is_new else whole.old
    if (not is_new and whole.new is not ABSENT) or _is_secret(value):
        yield whole
        return
    if isinstance(value, Mapping) and value and (not whole.path.endswith("]") or whole.path.count("[") == 0):
        below = {f"{whole.path}.{key}": each for key, each in value.items() if each is not None}
    elif isinstance(value, list) and value and all(isinstance(each, Mapping) for each in value):
        names = [next((str(each[key]) for key in ("name", "type", "role") if each.get(key)), "") for each in value]
        below = {}
        for n, (name, each) in enumerate(zip(names, value, strict=True)):
            path = f"{whole.path}[{name or n}]" if names.count(name) == 1 else f"{whole.path}[{name} #{n + 1}]"
            is_message = set(each) == {"role", "content"}
            below[f"{path}.content" if is_message else path] = each["content"] if is_message else each
    elif _PROMPT.match(f"{whole.path}.content") and isinstance(value, Mapping) and "content" in value:
        below = {f"{whole.path}.content": value["content"]}
    else:
        yield whole
        return
    for path, each in below.items():
        old, new = (ABSENT, each) if is_new else (each, ABSENT)
        yield from _parts(Difference(path, old, new, whole.property))


def _is_text(found: Difference) -> bool:
    values = [value for value in (found.old, found.new) if value is not ABSENT]
    if not values or not all(isinstance(value, str) for value in values) or any(map(_is_secret, values)):
        return False
    is_long = any("\n" in value or len(value) > _SHORTEST_TEXT for value in values)
    return is_long or _PROMPT.match(found.path) is not None


def _text_change(found: Difference) -> TextChange:
    old = "" if found.old is ABSENT else str(found.old)
    new = "" if found.new is ABSENT else str(found.new)
    prompt = _PROMPT.match(found.path)
    label = found.path
    if prompt is not None:
        whose = "prompt" if prompt["block"] == "llm_config" else "prompt of the analysis"
        label = whose if prompt["role"] == "system" else f"{whose}, {prompt['role']} message"
    is_prompt = prompt is not None and prompt["block"] == "llm_config"
    shown = visible(found.path)
    is_made = NOT_MADE not in (old, new)
    differing = passages(old, new) if is_made else ()
    return TextChange(shown, visible(label), _operation(found), differing, len(old), len(new), is_prompt, is_made)


def _field_change(found: Difference, is_replacement: bool) -> FieldChange:
    old = None if found.old is ABSENT else _visible(found.old)
    new = None if found.new is ABSENT else _visible(found.new)
    is_secret = _is_secret(old) or _is_secret(new)
    return FieldChange(visible(found.path), _operation(found), old, new, is_secret, is_replacement)


def _operation(found: Difference) -> Literal["add", "change", "remove"]:
    return "add" if found.old is ABSENT else "remove" if found.new is ABSENT else "change"


def _is_secret(value: Any) -> bool:
    return isinstance(value, str) and _MASKED.fullmatch(value) is not None


def _visible(value: Any) -> Any:
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, Mapping):
        return {visible(str(key)): _visible(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_visible(each) for each in value]
    return value


def joined(review: Review) -> Review:
    """Mark what is said twice: an item that changes the same way elsewhere, a passage that several items share.

    Args:
        review: Environments in the order in which they are shown.
    """
    first_items: dict[Any, str] = {}
    first_passages: dict[Any, str] = {}
    others: dict[Any, list[str]] = {}
    environments = []
    for environment in review.environments:
        items = []
        for item in environment.items:
            first = first_items.setdefault(_content(item), environment.name)
            if first != environment.name and not item.is_grave:
                items.append(dataclasses.replace(item, same_as=first))
                continue
            title = f"{item.title} in {environment.name}" if len(review.environments) > 1 else item.title
            items.append(_with_firsts(item, title, first_passages, others))
        environments.append(dataclasses.replace(environment, items=tuple(items)))
    return dataclasses.replace(review, environments=tuple(_with_others(each, others) for each in environments))


def _content(item: ItemChange) -> Any:
    """Give what two environments have to share for an item to change in the same way in both."""
    texts = tuple((text.path, text.operation, text.passages) for text in item.texts)
    return item.op, item.title, repr(item.fields), item.consequences, texts


def _key(passage: Passage) -> Any:
    return passage.kind, passage.pieces


def _with_firsts(item: ItemChange, title: str, first: dict[Any, str], others: dict[Any, list[str]]) -> ItemChange:
    texts = []
    for text in item.texts:
        seen = []
        for passage in text.passages:
            known = first.setdefault(_key(passage), title)
            if known != title:
                others.setdefault(_key(passage), []).append(title)
            seen.append(dataclasses.replace(passage, same_as="" if known == title else known))
        texts.append(dataclasses.replace(text, passages=tuple(seen)))
    return dataclasses.replace(item, texts=tuple(texts))


def _with_others(environment: EnvironmentReview, others: Mapping[Any, list[str]]) -> EnvironmentReview:
    items = []
    for item in environment.items:
        texts = []
        for text in item.texts:
            shared = [
                passage
                if passage.same_as
                else dataclasses.replace(passage, shared=tuple(others.get(_key(passage), ())))
                for passage in text.passages
            ]
            texts.append(dataclasses.replace(text, passages=tuple(shared)))
        items.append(dataclasses.replace(item, texts=tuple(texts)))
    return dataclasses.replace(environment, items=tuple(items))
