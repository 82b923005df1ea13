"""What somebody changed in the account since the last run, held against a change that would overwrite it."""

from __future__ import annotations

from collections.abc import Iterator

from flireo_iac.core.diff import diff
from flireo_iac.core.inside import ABSENT, Difference, differences
from flireo_iac.plan.model import Plan, PlannedStep
from flireo_iac.review.model import EnvironmentReview, ItemChange
from flireo_iac.review.plainwords import many, value
from flireo_iac.review.visible import visible
from flireo_iac.review.words import passages

_LONGEST = 80
"""Characters of a text up to which it is shown; of a longer one, only how much of it differs is said."""


def overwritten(found: Plan, environment: EnvironmentReview) -> tuple[str, ...]:
    """Give what a change would overwrite, a line each.

    Args:
        found: What a refresh finds: inputs as last applied, and as the account holds them.
        environment: The change.
    """
    changing = {item.title: item for item in environment.items}
    lines: list[str] = []
    for step in found.steps:
        item = changing.get(visible(step.title))
        if item is not None:
            lines += _lines(step, item)
    return tuple(map(visible, lines))


def _lines(step: PlannedStep, item: ItemChange) -> Iterator[str]:
    if step.op == "delete":
        yield f"The {step.title} is not in the account any more."
    elif step.kind is not None and step.op not in ("same", "create"):
        paths = [*(field.path for field in item.fields), *(text.path for text in item.texts)]
        properties = {path.partition(".")[0].partition("[")[0] for path in paths}
        changes = diff(step.kind, step.old, step.new)
        taken = [each for each in changes if item.is_grave or each.written in properties]
        for difference in differences(step.kind, taken, step.old, step.new):
            yield f"{step.title}: {difference.path} {_difference(difference)}"


def _difference(found: Difference) -> str:
    if found.new is ABSENT:
        return "is not in the account any more."
    texts = [each for each in (found.old, found.new) if isinstance(each, str)]
    if len(texts) == 2 and any(len(each) > _LONGEST or "\n" in each for each in texts):
        return f"has {many(len(passages(*texts)), 'passage')} that somebody changed in the account."
    if found.old is ABSENT:
        return f"is {value(found.new)} in the account, it was not deployed so."
    return f"is {value(found.new)} in the account, {value(found.old)} was deployed."
