"""The project folder: ``Pulumi.yaml``, the stack files, and which stack is meant.

Source: pulumi notes on the engine, sections 1, 3 and 4.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flireo_iac.engine.files.yaml_reader import read_yaml
from flireo_iac.errors import EngineError, ExitCode, SettingsError

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_PROJECT_FILES = ("Pulumi.yaml", "Pulumi.yml")


@dataclass(frozen=True)
class Project:
    """What ``Pulumi.yaml`` says.

    Args:
        folder: Where it is.
        name: Name of the project.
        entry: The program as ``argv[0]`` names it: ``.``, or what ``main`` says.
        interpreter: Python that runs the program and the provider.
        environment_folder: Folder of the virtual environment, when the project names one.
        runtime_options: Options of the runtime, as the provider's environment gets them.
        backend_url: ``backend.url``; None when it is not set.
        config: ``config`` of the project: values for stacks that have none of their own.
    """

    folder: Path
    name: str
    entry: str
    interpreter: str
    environment_folder: Path | None
    runtime_options: dict[str, str] = field(default_factory=dict)
    backend_url: str | None = None
    config: dict[str, Any] = field(default_factory=dict)

    def stack_file(self, stack: str) -> Path:
        """Give the path of the configuration file of a stack."""
        return self.folder / f"Pulumi.{stack}.yaml"

    def stacks(self) -> list[str]:
        """Give the names of the stacks that have a configuration file."""
        names = (path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in self.folder.glob("Pulumi.*.yaml"))
        return sorted(name for name in names if name)


def load_project(folder: Path) -> Project:
    """Read the project of a folder, or of the nearest folder above that has one.

    Args:
        folder: Where to look first.

    Raises:
        SettingsError: There is no project, or it is not one this engine can run.
    """
    start = folder.resolve()
    if not start.is_dir():
        raise SettingsError(f"{folder}: there is no such folder. Name the folder of the stack with -C.")
    for candidate in (start, *start.parents):
        for name in _PROJECT_FILES:
            if (candidate / name).is_file():
                return _read_project(candidate / name)
    raise SettingsError(
        f"{folder}: there is no Pulumi.yaml here or in a folder above. Name the folder of the stack with -C, or make "
        "one with: flireo init DIR."
    )


def _read_project(path: Path) -> Project:
    content = read_yaml(path)
    name = content.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise SettingsError(f"{path}: name is {name!r}, expected letters, digits, _ . and -.")
    runtime = content.get("runtime")
    options: dict[str, Any] = {}
    if isinstance(runtime, dict):
        options = runtime.get("options") or {}
        runtime = runtime.get("name")
    if runtime != "python":
        raise SettingsError(f"{path}: runtime is {runtime!r}; the local engine runs python. Use --engine pulumi.")
    for key in ("plugins", "packages", "template", "stackConfigDir"):
        if key in content and key != "template":
            raise SettingsError(f"{path}: {key} is not supported by the local engine. Use --engine pulumi.")
    interpreter, environment_folder = _interpreter(path, options)
    backend = content.get("backend") or {}
    return Project(
        folder=path.parent,
        name=name,
        entry=str(content.get("main") or "."),
        interpreter=interpreter,
        environment_folder=environment_folder,
        runtime_options={key: _option(value) for key, value in options.items()},
        backend_url=backend.get("url") if isinstance(backend, dict) else None,
        config=content.get("config") or {},
    )


def _interpreter(path: Path, options: dict[str, Any]) -> tuple[str, Path | None]:
    toolchain = options.get("toolchain")
    named = options.get("virtualenv")
    if toolchain == "poetry" or (toolchain not in (None, "pip", "uv")):
        raise SettingsError(f"{path}: toolchain {toolchain} is not supported by the local engine. Use --engine pulumi.")
    if named is None and toolchain == "uv":
        named = ".venv"
    if named is None:
        return sys.executable, None
    folder = (path.parent / str(named)).absolute()
    interpreter = folder / "bin" / "python"
    if not interpreter.exists():
        raise SettingsError(f"{path}: runtime.options.virtualenv: {interpreter} is not there. Create the environment.")
    return str(interpreter), folder


def _option(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def choose_stack(project: Project, named: str | None, environment: Mapping[str, str]) -> str:
    """Tell which stack is meant.

    Args:
        project: The project.
        named: What the command line says; None when it says nothing.
        environment: Environment variables; FLIREO_STACK and PULUMI_STACK count.

    Raises:
        SettingsError: None is named and there is not exactly one.
    """
    stack = named or environment.get("FLIREO_STACK") or environment.get("PULUMI_STACK")
    if stack is None:
        known = project.stacks()
        if len(known) != 1:
            found = ", ".join(known) if known else "none"
            raise SettingsError(
                f'which stack of the project "{project.name}" is meant? Name it with -s NAME or FLIREO_STACK; '
                f"stack files found: {found}."
            )
        stack = known[0]
    parts = stack.split("/")
    if len(parts) > 1 and parts[-2] != project.name:
        raise SettingsError(f'stack "{stack}": belongs to another project than "{project.name}". Name it alone.')
    if not _NAME.fullmatch(parts[-1]):
        raise SettingsError(f'stack "{parts[-1]}": is not a name, expected letters, digits, _ . and -.')
    return parts[-1]


def no_such_stack(project: Project, stack: str, where: Path) -> EngineError:
    """Give the error for a stack that has neither a state nor a configuration file."""
    known = project.stacks()
    hint = f" Stacks with a configuration file: {', '.join(known)}." if known else ""
    return EngineError(
        f'stack "{stack}": there is no such stack of the project "{project.name}" in {where}.{hint} '
        "It is made by: flireo up.",
        exit_code=ExitCode.STACK_NOT_FOUND,
    )
