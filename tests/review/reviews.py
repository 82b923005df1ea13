"""Stacks before and after a change, and reviews of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from flireo_iac.allow import Allowed
from flireo_iac.review.model import EnvironmentReview, ItemChange, Review
from flireo_iac.review.stack import review_stack, then

AGENT = """name: {name}
llm_config:
  provider: openai
  model: gpt-4o
  prompt: {name}.md
"""
NUMBER = 'phone_number: "+3197010200{n:03}"\nname: Line {n}\nagent_id: ${{agents.{agent}.id}}\n'


@dataclass
class Change:
    """A stack before and after; the same files until a test writes others.

    Args:
        folder: Where both are written.
    """

    folder: Path
    before: dict[str, str] = field(default_factory=dict)
    after: dict[str, str | None] = field(default_factory=dict)

    def agent(self, name: str, prompt: str, number: int | None = None) -> None:
        """Have an agent with a prompt before and after, and a number that it answers."""
        self.before[f"agents/{name}.yaml"] = AGENT.format(name=name)
        self.before[f"agents/{name}.md"] = prompt
        if number is not None:
            self.before[f"numbers/line{number}.yaml"] = NUMBER.format(n=number, agent=name)

    def review(self, environments: tuple[str, ...] = (), allow: str = "") -> Review:
        """Write both and review the change."""
        after = {path: text for path, text in (self.before | self.after).items() if text is not None}
        for version, files in (("before", self.before), ("after", after)):
            for path, text in files.items():
                file = self.folder / version / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
        one, other = (then(self.folder / name, self.folder) for name in ("before", "after"))
        return review_stack(one, other, environments, Allowed.load({"FLIREO_ALLOW": allow}))

    def only(self) -> EnvironmentReview:
        """Give the review of the only environment that the change reaches."""
        (environment,) = self.review().environments
        return environment

    def item(self, title: str) -> ItemChange:
        """Give the change of one item in the only environment."""
        return next(item for item in self.only().items if item.title == title)
