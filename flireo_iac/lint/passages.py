"""Texts that a model reads or that a caller hears, each with the place of every word."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from flireo_iac.kinds import KINDS
from flireo_iac.stacks.load import Item, LoadedStack
from flireo_iac.stacks.nodes import ListNode, ScalarNode, value_at
from flireo_iac.stacks.prompts import Segment
from flireo_iac.stacks.values import Place, Text

_SYSTEM = ("llm_config", "messages")
_SPOKEN = ("first_message", "voicemail_message")
_PLANS = ("structuredDataPlan", "structured_data_plan")


@dataclass(frozen=True)
class Passage:
    """One text with everything filled in.

    Args:
        item: The item that holds it.
        use: ``prompt``, ``spoken`` or ``analysis``.
        text: The words; secrets and references stand as the user writes them.
        anchor: Where the item names it; a waiver there counts.
        node: The value that holds it; None when it comes from a file.
        segments: Where its pieces come from; empty when it stands in ``node``.
    """

    item: Item
    use: str
    text: str
    anchor: Place
    node: ScalarNode | None = None
    segments: tuple[Segment, ...] = ()
    _starts: list[int] = field(default_factory=list, compare=False, repr=False)

    def place(self, offset: int, piece: str = "") -> Place:
        """Give the place of a piece of the text.

        Args:
            offset: Its index in the text.
            piece: The piece; helps to find it in a YAML value.
        """
        if self.node is not None:
            return self.node.place_of(piece, self.text.count(piece, 0, offset)) if piece else self.node.place
        if not self._starts:
            at = 0
            for segment in self.segments:
                self._starts.append(at)
                at += len(segment.text)
        index = bisect_right(self._starts, offset) - 1
        return self.segments[index].place(offset - self._starts[index])

    @property
    def files(self) -> list[str]:
        """The files that it comes from, each once."""
        return list(dict.fromkeys(segment.file.shown for segment in self.segments))


def passages(stack: LoadedStack) -> list[Passage]:
    """Give every text of a stack that a model reads or a caller hears."""
    return [found for key, item in stack.items.items() for found in _of_item(stack, key, item)]


def _of_item(stack: LoadedStack, key: str, item: Item) -> Iterator[Passage]:
    if item.kind is KINDS.get("analysis_template"):
        for name in ("system_prompt", "user_prompt"):
            yield from _value(stack, key, item, (name,), "analysis")
    if item.kind is not KINDS.get("agent"):
        return
    use = stack.origins.prompt_uses.get(key)
    first = 0
    if use is not None:
        first = 1
        segments = tuple(stack.origins.prompts.segments(use.name, use.beside, use.place))
        if segments:
            text = "".join(segment.text for segment in segments)
            yield Passage(item, "prompt", text, use.place, segments=segments)
    messages, _ = value_at(stack.origins.trees[key], _SYSTEM)
    for index in range(first, len(messages.items) if isinstance(messages, ListNode) else 0):
        yield from _value(stack, key, item, (*_SYSTEM, index, "content"), "prompt")
    for name in _SPOKEN:
        yield from _value(stack, key, item, (name,), "spoken")
    for plan in _PLANS:
        found, _ = value_at(stack.origins.trees[key], ("analysis_plan", plan, "messages"))
        for index in range(len(found.items) if isinstance(found, ListNode) else 0):
            yield from _value(stack, key, item, ("analysis_plan", plan, "messages", index, "content"), "analysis")


def _value(stack: LoadedStack, key: str, item: Item, path: tuple[Any, ...], use: str) -> Iterator[Passage]:
    node, _ = value_at(stack.origins.trees[key], path)
    if isinstance(node, ScalarNode) and isinstance(node.value, str | Text):
        yield Passage(item, use, str(node.value), node.place, node)
