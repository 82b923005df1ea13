"""Does what an agent is told fit what its model reads at once. Tokens are estimated."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from flireo_iac.kinds._models import family_of
from flireo_iac.lint.finding import Finding, block, finding
from flireo_iac.lint.passages import Passage
from flireo_iac.stacks.load import LoadedStack

_CHARACTERS = 4
"""Characters of one token; of English text about that, of other languages somewhat fewer."""
_SHARE = 0.75


def tokens_of(text: str) -> int:
    """Estimate the tokens of a text."""
    return -(-len(text) // _CHARACTERS)


def find(stack: LoadedStack, passages: Sequence[Passage]) -> Iterator[Finding]:
    """Find agents whose prompt and tools nearly fill the window of the model."""
    prompts: dict[str, list[Passage]] = {}
    for passage in passages:
        if passage.use == "prompt":
            prompts.setdefault(passage.item.key, []).append(passage)
    for key, said in prompts.items():
        config = block(stack.items[key].inputs, "llm_config")
        model = config.get("model")
        family = family_of("llm_config", model) if isinstance(model, str) else None
        if family is None or family.window is None:
            continue
        tools = json.dumps(config.get("tools") or [], default=str)
        tokens = sum(tokens_of(passage.text) for passage in said) + tokens_of(tools)
        if tokens > _SHARE * family.window:
            text = (
                f'agent "{stack.items[key].name}": prompt and tools are about {tokens:,} tokens (estimated), '
                f"{tokens / family.window:.0%} of the {family.window:,} that {model} reads. Make it shorter."
            )
            yield finding("FL308", said[0].place(0), text, said[0].anchor)
