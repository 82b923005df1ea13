"""The user's program, in a process of its own.

Source: pulumi notes on the engine, section 1.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Final

from flireo_iac.engine.deploy.deployment import Deployment, Settings
from flireo_iac.engine.files.project import Project
from flireo_iac.engine.model.events import Severity
from flireo_iac.engine.processes.children import RUNNER, Child, child_environment
from flireo_iac.errors import EngineError, SettingsError

_SHOWN: Final = 32
_POLL_S: Final = 0.1
_QUIET_END_S: Final = 2.0  # a stopped program that waits for the engine ends by itself


def start_program(
    project: Project,
    settings: Settings,
    variables: Mapping[str, str],
    address: str,
    on_line: Callable[[str, bool], None],
) -> Child:
    """Start the program of a project.

    Args:
        project: The project.
        settings: What the run is told.
        variables: The engine's environment, most of which it gets too.
        address: Address of the engine's services.
        on_line: Called for each line it prints, from a thread; the second argument is True for stderr.

    Raises:
        SettingsError: There is no program.
        EngineError: It cannot be started.
    """
    entry = project.folder / project.entry
    if not (entry.is_file() or (entry / "__main__.py").is_file()):
        raise SettingsError(f"{entry}: there is no program here, expected a __main__.py. Check main in Pulumi.yaml.")
    options = {
        "entry": project.entry,
        "settings": {
            "project": project.name,
            "stack": settings.stack,
            "monitor": address,
            "parallel": settings.parallel,
            "dry_run": settings.dry_run,
            "organization": "organization",
            "root_directory": str(project.folder),
        },
    }
    environment = {
        "PULUMI_CONFIG": json.dumps(settings.config.values),
        "PULUMI_CONFIG_SECRET_KEYS": json.dumps(sorted(settings.config.secret_keys)),
        "PULUMI_PROJECT": project.name,
        "PULUMI_STACK": settings.stack,
    }
    try:
        return Child(
            [project.interpreter, "-u", str(RUNNER), "program", json.dumps(options)],
            folder=project.folder,
            environment=child_environment(variables, environment, project.environment_folder),
            on_line=on_line,
        )
    except OSError as error:
        raise EngineError(f"the program cannot be started with {project.interpreter} ({error.strerror}).") from error


def watch_program(child: Child, deployment: Deployment) -> None:
    """Wait for the end of the program, and end it when the run is stopped.

    Args:
        child: The program.
        deployment: The run; it is marked as failed when the program fails.
    """
    while (status := child.wait(_POLL_S)) is None:
        if deployment.stopped.is_set():
            deployment.wait_until_idle()
            child.wait(_QUIET_END_S)
            return
    if status == 0 or deployment.stopped.is_set():
        return
    if status == _SHOWN:
        deployment.fail("", "")
        return
    how = f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"
    deployment.report(
        Severity.ERROR, "", f"the program {how}, expected 0. Nothing that it did not register is deleted."
    )
    deployment.fail("", "")
