"""Writes the files of a stack and loads it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flireo_iac.errors import Problem
from flireo_iac.stacks.folder import read_folder
from flireo_iac.stacks.load import LoadedStack, load, resolve

AGENT = "name: A\n"
TOOL = """name: Book
tool_type: function
tool_config:
  name: book
  description: Books.
  parameters: {type: object}
"""


@dataclass
class Files:
    """The files of one stack.

    Args:
        folder: Its folder, the working directory of the test.
    """

    folder: Path

    def write(self, path: str, text: str | bytes) -> Path:
        """Write one file."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    def agent(self, more: str = "", name: str = "a") -> None:
        """Write an agent with a language model; ``more`` stands below ``llm_config``, two spaces deep."""
        text = f"name: {name}\nllm_config:\n  provider: openai\n  model: gpt-4o\n{more}"
        self.write(f"agents/{name}.yaml", text)

    def variables(self, **values: str) -> None:
        """Write environment ``dev`` with variables, each as YAML."""
        lines = "".join(f"  {name}: {value}\n" for name, value in values.items())
        self.write("environments/dev.yaml", f"vars:\n{lines}")

    def load(self, environment: str | None = "dev") -> LoadedStack:
        """Load the stack, which has to be good."""
        return load(Path(), environment)

    def inputs(self, key: str = "agents.a", environment: str | None = "dev") -> dict[str, Any]:
        """Give the inputs of one item of a good stack."""
        return dict(self.load(environment).items[key].inputs)

    def prompt(self, text: str | bytes) -> Any:
        """Give what an agent is sent whose prompt file holds a text."""
        self.write("agents/a.md", text)
        self.agent("  prompt: a.md\n")
        return self.inputs()["llm_config"]["messages"][0]["content"]

    def problems(self, environment: str | None = "dev") -> list[Problem]:
        """Give everything that is wrong."""
        return list(resolve(read_folder(Path()), environment).problems)

    def found(self, environment: str | None = "dev") -> list[str]:
        """Give place and rule of everything that is wrong."""
        return [
            f"{each.file}:{each.line}:{each.column} {each.rule}" if each.line else f"{each.file} {each.rule}"
            for each in self.problems(environment)
        ]
