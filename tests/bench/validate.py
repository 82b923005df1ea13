"""What `flireo validate` takes on a stack of 500 files: agents with prompts of 12 KB, tools, numbers."""

from __future__ import annotations

import random
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

_SYLLABLES = ("ba", "de", "fi", "go", "hu", "ka", "le", "mi", "no", "pu", "ra", "se", "ti", "vo", "wu", "za")
_COMMON = (
    "the",
    "of",
    "and",
    "to",
    "a",
    "in",
    "that",
    "is",
    "was",
    "for",
    "it",
    "with",
    "as",
    "on",
    "be",
    "at",
    "not",
    "or",
)


@dataclass(frozen=True)
class Cost:
    """What one run took.

    Args:
        files: Files of the stack.
        wall_s: Wall time in seconds.
        cpu_s: Processor time in seconds.
        peak_mb: Most memory, in MB.
    """

    files: int
    wall_s: float
    cpu_s: float
    peak_mb: float


def write_stack(folder: Path) -> int:
    """Write a stack that has no problem; give the number of its files."""
    draw = random.Random(7)
    files = {"Pulumi.yaml": "name: bench\nruntime: python\n"}
    words = ["".join(draw.choices(_SYLLABLES, k=draw.randint(2, 4))) for _ in range(4000)]
    for index in range(20):
        files[f"prompts/part{index}.md"] = f"Part of ${{var.city}}: {_text(draw, words, 150)}"
    for index in range(60):
        files[f"tools/tool{index}.yaml"] = (
            f"name: Tool {index}\ntool_type: function\ntool_config:\n  name: do_{index}\n  description: Does it.\n"
            f"  url: https://${{var.host}}/{index}\n  parameters:\n    type: object\n    properties:\n"
            f"      day{index}: {{type: string, description: A day}}\n    required: [day{index}]\n"
        )
    for index in range(160):
        tools = "".join(f"    - template: tool{(index + step) % 60}\n" for step in range(3))
        named = ", ".join(f"`do_{(index + step) % 60}`" for step in range(3))
        files[f"agents/a{index}.yaml"] = (
            f"name: Agent {index} ${{var.city}}\n"
            "stt_config: {provider: deepgram, model: nova-3-general, language: en}\n"
            f"llm_config:\n  provider: openai\n  model: gpt-4o\n  prompt: a{index}.md\n  tools:\n{tools}"
        )
        text = "\n\n".join(_text(draw, words, 60) for _ in range(30))
        files[f"agents/a{index}.md"] = f"Use {named}.\n\n{text}\n\n${{include part{index % 20}.md}}"
    for index in range(97):
        files[f"numbers/n{index}.yaml"] = f"phone_number: +312012{index:05d}\nagent_id: ${{agents.a{index}.id}}\n"
    for name in ("dev", "prod"):
        files[f"environments/{name}.yaml"] = f"vars: {{city: City of {name}, host: {name}.example.com}}\n"
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return len(files)


def _text(draw: random.Random, words: list[str], count: int) -> str:
    return " ".join(draw.choice(_COMMON) if draw.random() < 0.4 else draw.choice(words) for _ in range(count)) + "."


def measure_validate(folder: Path, runs: int = 3) -> Cost:
    """Run the command a few times; give the quickest, which says most about the program."""
    files = write_stack(folder)
    costs = []
    for _ in range(runs):
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "flireo_iac.cli", "validate", "-C", str(folder)], check=True, capture_output=True
        )
        wall_s = time.perf_counter() - began
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu_s = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
        costs.append(Cost(files, wall_s, cpu_s, after.ru_maxrss / 1024))
    return min(costs, key=lambda cost: cost.cpu_s)
