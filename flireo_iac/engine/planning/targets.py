"""Which resources a run with ``--target`` is about.

Source: pulumi notes on the engine, section 5, "Targets".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from flireo_iac.engine.model.state import Resource
from flireo_iac.engine.model.urns import PROVIDER_PREFIX, STACK_TYPE, type_of


class Targets:
    """The resources that were named on the command line.

    Args:
        patterns: URNs; ``*`` stands for a part of one, ``**`` for any text. None means all resources.
    """

    def __init__(self, patterns: Sequence[str]) -> None:
        self.patterns = list(patterns)
        self._expressions = [re.compile(_expression(pattern)) for pattern in patterns]

    @property
    def limited(self) -> bool:
        """Tell whether the run is about some resources only."""
        return bool(self.patterns)

    def names(self, urn: str) -> bool:
        """Tell whether the resource was named, or all are meant."""
        return not self._expressions or any(found.fullmatch(urn) for found in self._expressions)

    def includes(self, urn: str) -> bool:
        """Tell whether the run is about the resource; the stack and providers always are."""
        type_ = type_of(urn)
        return type_ == STACK_TYPE or type_.startswith(PROVIDER_PREFIX) or self.names(urn)

    def unknown(self, urns: Iterable[str]) -> list[str]:
        """Give the patterns that name none of these resources."""
        present = list(urns)
        return [
            pattern
            for pattern, expression in zip(self.patterns, self._expressions, strict=True)
            if not any(expression.fullmatch(urn) for urn in present)
        ]

    def with_dependents(self, resources: Sequence[Resource]) -> set[str]:
        """Give the named resources and all that need them, children included."""
        reached = {resource.urn for resource in resources if self.names(resource.urn)}
        for resource in resources:
            if any(needed in reached for needed in resource.needs()):
                reached.add(resource.urn)
        return reached


def _expression(pattern: str) -> str:
    parts = re.split(r"(\*\*|\*)", pattern)
    return "".join({"**": ".*", "*": "[^:]*"}.get(part, re.escape(part)) for part in parts)
