"""Inputs for any kind, made from its facts: a resource with canaries for secrets, a change of it, others beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flireo_iac.core.canonical import canonical
from flireo_iac.core.check import check
from flireo_iac.core.diff import diff
from flireo_iac.kinds import Kind, map_secrets, marker
from flireo_iac.kinds._markers import Secret


def sample(kind: Kind) -> dict[str, Any]:
    """Give inputs in which each secret is a canary."""
    inputs = dict(kind.example)
    for name, info in kind.inputs.items():
        if marker(info, Secret) is not None:
            inputs.setdefault(name, "a secret")
    inputs = map_secrets(kind.model, inputs, lambda value: f"canary-{kind.name}-secret")
    return inputs if not _errors(kind, inputs) else dict(kind.example)


def changed(kind: Kind, inputs: Mapping[str, Any]) -> dict[str, Any] | None:
    """Give inputs that one update reaches; None when the kind has no update.

    The natural key stays where something else can change.
    """
    if kind.endpoint.update == "none":
        return None
    names = sorted((key for key in inputs if isinstance(inputs[key], str)), key=lambda key: key in kind.natural_key)
    for name in names:
        new = {**inputs, name: f"{inputs[name]} anew"}
        changes = diff(kind, inputs, new)
        if changes and not any(change.is_replacement for change in changes) and not _errors(kind, new):
            return new
    raise LookupError(f"nothing of the example of {kind.name} can be changed")


def others(kind: Kind, inputs: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Give inputs of three objects beside one, with natural keys of their own; none where there is no list."""
    if kind.endpoint.style == "collection":
        for number in range(3):
            names = [key for key in kind.natural_key if key != kind.endpoint.within]
            yield {**inputs, **{key: f"{str(inputs[key])[:-1]}{number}" for key in names}}


def path_of(kind: Kind) -> str:
    """Give the path of the list that a sample's object is in."""
    return kind.endpoint.path.format(**kind.example) if kind.endpoint.within else kind.endpoint.path


def natural_name(kind: Kind, inputs: Mapping[str, Any]) -> str:
    """Give what a person calls a resource."""
    spelled = canonical(kind.model, inputs)
    return " ".join(str(spelled[key]) for key in kind.natural_key)


def _errors(kind: Kind, inputs: Mapping[str, Any]) -> list[str]:
    return [str(issue) for issue in check(kind, inputs) if issue.severity == "error"]
