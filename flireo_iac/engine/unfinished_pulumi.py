"""What cut-off runs have left in a stack of the ``pulumi`` program, whatever backend keeps it.

The state is exported, changed and imported again: one write, which the program checks and keeps a copy of. Its own
``import --file`` loses dependencies and the marks of secret outputs, and leaves the pending operation where it is.

An import forgets every pending operation, so nothing is written while one of them is not settled.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from flireo_iac.engine.files.backend import Backend, find_root
from flireo_iac.engine.files.locks import Lock
from flireo_iac.engine.files.project import load_project
from flireo_iac.engine.files.snapshot import Operation, Snapshot
from flireo_iac.engine.hand_over import run_program
from flireo_iac.engine.model.state import Resource, decode_resource, plain_resource
from flireo_iac.engine.model.values import SECRET_SIGNATURE, SIGNATURE, UnsupportedValueError
from flireo_iac.engine.unfinished import CREATING, Left, Taken, settle
from flireo_iac.errors import EngineError, FlireoError, StateError

_TIMEOUT_S = 300


class PulumiStack:
    """A stack of the program.

    Args:
        program: Path of the program.
        folder: Folder of the project.
        stack: Name of the stack; None takes the one that the program has selected.
        environment: Environment variables.

    Raises:
        SettingsError: The project is wrong.
        EngineError: There is no such stack.
    """

    engine = "pulumi"

    def __init__(self, program: str, folder: Path, stack: str | None, environment: Mapping[str, str]) -> None:
        self._program = program
        self._project = load_project(folder)
        self._environment = environment
        self.project = self._project.name
        self.folder = self._project.folder
        self._named = stack or self._run("stack", "--show-name", names_stack=False).strip()
        self.stack = self._named.rpartition("/")[2]
        self._read_at: Any = None

    def locks(self) -> tuple[Lock, ...]:
        """Give the locks of runs that are gone; a backend that is no folder says itself that it is locked."""
        try:
            root = find_root(self._project, self._environment)
        except FlireoError:
            return ()
        backend = Backend(root, self.project, self.stack)
        backend.refuse_if_locked()
        return tuple(backend.locks())

    def unlock(self) -> None:
        """Remove the locks of runs that are gone."""
        self._run("cancel", "--yes", self._named, names_stack=False)

    def left(self) -> Left:
        """Read the state; see ``UnfinishedStack``."""
        deployment = self._export()["deployment"]
        self._read_at = deployment["manifest"]["time"]
        operations = deployment.get("pending_operations") or []
        if any(each["type"] == CREATING for each in operations):
            operations = self._export("--show-secrets")["deployment"].get("pending_operations") or []
        snapshot = Snapshot(
            [_known(plain) for plain in deployment.get("resources") or []],
            [Operation(each["type"], _decoded(each["resource"])) for each in operations],
        )
        written = datetime.fromisoformat(self._read_at).timestamp()
        return Left(snapshot, max(0.0, time.time() - written))

    def config(self) -> Mapping[str, str]:
        """Give the configuration of the stack by full key, secrets in clear."""
        plain = json.loads(self._run("config", "--show-secrets", "--json"))
        return {key: str(each.get("value", "")) for key, each in plain.items()}

    def planned(self) -> tuple[str, ...]:
        """Give the URNs of what the next run would create, without sending a request."""
        steps = json.loads(self._run("preview", "--json")).get("steps") or []
        return tuple(each["urn"] for each in steps if each["op"] in ("create", "create-replacement"))

    def settle(self, taken: Sequence[Taken], dropped: Sequence[str]) -> None:
        """Put objects into the state, and forget pending operations; see ``UnfinishedStack``."""
        document = self._export()
        deployment = document["deployment"]
        if deployment["manifest"]["time"] != self._read_at:
            raise StateError(f'stack "{self.stack}": its state has changed meanwhile. Nothing was changed. Run again.')
        plains = {}
        resources = []
        for plain in deployment.get("resources") or []:
            resource = _known(plain)
            resources.append(resource)
            plains[id(resource)] = plain
        operations = [_decoded(each["resource"]) for each in self._pending()]
        snapshot = Snapshot(resources, [Operation(CREATING, resource) for resource in operations])
        settle(snapshot, taken, dropped)
        if snapshot.operations:
            left = ", ".join(each.resource.urn for each in snapshot.operations)
            raise StateError(f'stack "{self.stack}": {left} is not settled. Nothing was changed. Run again.')
        deployment["resources"] = [_plain(each, plains.get(id(each))) for each in snapshot.resources]
        deployment.pop("pending_operations", None)
        self._run("stack", "import", content=json.dumps(document))

    def close(self) -> None:
        """Nothing was started that goes on."""

    def _pending(self) -> list[Any]:
        operations = self._export("--show-secrets")["deployment"].get("pending_operations") or []
        return [each for each in operations if each["type"] == CREATING]

    def _export(self, *flags: str) -> Any:
        return json.loads(self._run("stack", "export", *flags))

    def _run(self, *arguments: str, content: str = "", names_stack: bool = True) -> str:
        named = ["--stack", self._named] if names_stack else []
        done = run_program(
            self._program,
            *(*arguments, *named, "--cwd", str(self.folder)),
            content=content,
            environment=self._environment,
            timeout_s=_TIMEOUT_S,
        )
        if done.returncode:
            said = (done.stderr.strip() or done.stdout.strip()).removeprefix("error: ")
            text = f"pulumi {' '.join(arguments)}: {said or 'it does not say why'}"
            raise EngineError(text, exit_code=done.returncode)
        return done.stdout


def _known(plain: Mapping[str, Any]) -> Resource:
    """Read a resource of the state, of its properties only what is no secret and no special value."""
    simple = {key: value for key, value in (plain.get("outputs") or {}).items() if isinstance(value, str)}
    return _decoded({**plain, "inputs": {}, "outputs": simple})


def _decoded(plain: Mapping[str, Any]) -> Resource:
    def refuse(place: str, ciphertext: str) -> str:
        raise StateError(f"the program shows no clear text of {place}")

    try:
        return decode_resource(dict(plain), refuse)
    except UnsupportedValueError as error:
        raise StateError(f"{plain['urn']}: {error}. Settle it by hand: pulumi stack export.") from error


def _plain(resource: Resource, former: Mapping[str, Any] | None) -> Mapping[str, Any]:
    if former is None:
        clear: Mapping[str, Any] = _in_clear(plain_resource(resource, lambda place, text: text))
        return clear
    return {**former, "delete": True} if resource.delete else former


def _in_clear(value: Any) -> Any:
    """Give a value with its secrets as the program reads them: marked and in clear, which it encrypts."""
    if isinstance(value, list):
        return [_in_clear(each) for each in value]
    if not isinstance(value, dict):
        return value
    if value.get(SIGNATURE) == SECRET_SIGNATURE:
        return {SIGNATURE: SECRET_SIGNATURE, "plaintext": value["ciphertext"]}
    return {key: _in_clear(each) for key, each in value.items()}
