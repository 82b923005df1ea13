"""A stack of the ``pulumi`` program, whatever backend keeps it: what cut-off runs have left, what it takes in.

The state is exported, changed and imported again: one write, which the program checks and keeps a copy of. Its own
``import --file`` loses dependencies and the marks of secret outputs, and leaves the pending operation where it is.

An import forgets every pending operation, so nothing is written while one of them is not settled.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from flireo_iac.engine.adopting import Program, admit, forget
from flireo_iac.engine.deploy.adoption import Adopted
from flireo_iac.engine.deploy.taken import Taken
from flireo_iac.engine.files.backend import Backend, find_root
from flireo_iac.engine.files.config import Config
from flireo_iac.engine.files.locks import Lock
from flireo_iac.engine.files.project import load_project
from flireo_iac.engine.files.snapshot import Operation, Snapshot
from flireo_iac.engine.hand_over import run_program
from flireo_iac.engine.model.events import Emit
from flireo_iac.engine.model.state import Resource, decode_resource, plain_resource
from flireo_iac.engine.model.urns import DYNAMIC_PACKAGE, DYNAMIC_PROVIDER_TYPE, STACK_TYPE
from flireo_iac.engine.model.values import SECRET_SIGNATURE, SIGNATURE, Properties, UnsupportedValueError
from flireo_iac.engine.unfinished import CREATING, Left, settle
from flireo_iac.errors import EngineError, FlireoError, StateError

_TIMEOUT_S = 300


class PulumiStack:
    """A stack of the program.

    Args:
        program: Path of the program.
        folder: Folder of the project.
        stack: Name of the stack; None takes the one that the program has selected.
        environment: Environment variables.
        emit: Takes what the stack's program says when it is run here.

    Raises:
        SettingsError: The project is wrong.
        EngineError: There is no such stack.
    """

    engine = "pulumi"

    def __init__(
        self,
        program: str,
        folder: Path,
        stack: str | None,
        environment: Mapping[str, str],
        emit: Emit = lambda event: None,
    ) -> None:
        self._program = program
        self._project = load_project(folder)
        self._environment = environment
        self._emit = emit
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

        def change(snapshot: Snapshot) -> None:
            settle(snapshot, taken, dropped)
            if snapshot.operations:
                left = ", ".join(each.resource.urn for each in snapshot.operations)
                raise StateError(f'stack "{self.stack}": {left} is not settled. Nothing was changed. Run again.')

        self._rewrite(change, [Operation(CREATING, _decoded(each["resource"])) for each in self._pending()])

    def whole(self) -> Snapshot:
        """Read the state; see ``AdoptingStack``."""
        deployment = self._export("--show-secrets")["deployment"]
        self._read_at = deployment["manifest"]["time"]
        operations = deployment.get("pending_operations") or []
        return Snapshot(
            [_decoded(plain) if _is_dynamic(plain) else _known(plain) for plain in deployment.get("resources") or []],
            [Operation(each["type"], _known(each["resource"])) for each in operations],
        )

    def program(self, base: Snapshot) -> Program:
        """Give the program of the stack, to be run over this state by processes of the local engine."""
        plain = json.loads(self._run("config", "--show-secrets", "--json"))
        values = {key: str(each.get("value", "")) for key, each in plain.items()}
        config = Config(values, frozenset(key for key, each in plain.items() if each.get("secret")))
        return Program(self._project, self.stack, base, config, self._environment, self._emit)

    def admit(self, adopted: Adopted) -> None:
        """Put resources into the state; see ``AdoptingStack``."""
        self._rewrite(lambda snapshot: admit(snapshot, adopted))

    def forget(self, urns: Collection[str]) -> None:
        """Take resources out of the state; see ``AdoptingStack``."""
        self._rewrite(lambda snapshot: forget(snapshot, urns))

    def others(self) -> Mapping[str, bytes]:
        """Give the states of the other stacks: all in a folder, elsewhere those of the project."""
        try:
            return Backend(find_root(self._project, self._environment), self.project, self.stack).others()
        except FlireoError:
            names = [str(each["name"]) for each in json.loads(self._run("stack", "ls", "--json", names_stack=False))]
        others = [name for name in names if name.rpartition("/")[2] != self.stack]
        return {name: self._run("stack", "export", "--stack", name, names_stack=False).encode() for name in others}

    def _rewrite(self, change: Callable[[Snapshot], None], operations: Sequence[Operation] | None = None) -> None:
        """Export the state, change it and import it.

        Args:
            change: Changes it; raises when it cannot.
            operations: What is pending; None for what the state says, which ``change`` then only may refuse.
        """
        document = self._export()
        deployment = document["deployment"]
        if deployment["manifest"]["time"] != self._read_at:
            raise StateError(f'stack "{self.stack}": its state has changed meanwhile. Nothing was changed. Run again.')
        plains = {}
        resources = []
        for plain in deployment.get("resources") or []:
            resource = _known(plain)
            resources.append(resource)
            plains[id(resource)] = (plain, resource.outputs)
        pending = [Operation(each["type"], _known(each["resource"])) for each in _operations(deployment)]
        snapshot = Snapshot(resources, pending if operations is None else list(operations))
        change(snapshot)
        deployment["resources"] = [_plain(each, *plains.get(id(each), (None, {}))) for each in snapshot.resources]
        deployment.pop("pending_operations", None)
        self._run("stack", "import", content=json.dumps(document))

    def close(self) -> None:
        """Nothing was started that goes on."""

    def _pending(self) -> list[Any]:
        operations = _operations(self._export("--show-secrets")["deployment"])
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


def _operations(deployment: Mapping[str, Any]) -> list[Any]:
    return deployment.get("pending_operations") or []


def _is_dynamic(plain: Mapping[str, Any]) -> bool:
    type_ = str(plain["type"])
    return type_ == STACK_TYPE or type_.startswith((f"{DYNAMIC_PACKAGE}:", DYNAMIC_PROVIDER_TYPE))


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


def _plain(resource: Resource, former: Mapping[str, Any] | None, outputs: Properties) -> Mapping[str, Any]:
    """Give a resource as the file has it.

    Args:
        resource: The resource.
        former: What the file had; None for a new resource.
        outputs: Of the former outputs what is known.
    """
    if former is None:
        clear: Mapping[str, Any] = _in_clear(plain_resource(resource, lambda place, text: text))
        return clear
    found = {**former, "delete": True} if resource.delete else former
    if resource.outputs is outputs:
        return found
    kept = {key: value for key, value in (former.get("outputs") or {}).items() if key not in outputs}
    return {**found, "outputs": {**kept, **resource.outputs}}


def _in_clear(value: Any) -> Any:
    """Give a value with its secrets as the program reads them: marked and in clear, which it encrypts."""
    if isinstance(value, list):
        return [_in_clear(each) for each in value]
    if not isinstance(value, dict):
        return value
    if value.get(SIGNATURE) == SECRET_SIGNATURE:
        return {SIGNATURE: SECRET_SIGNATURE, "plaintext": value["ciphertext"]}
    return {key: _in_clear(each) for key, each in value.items()}
