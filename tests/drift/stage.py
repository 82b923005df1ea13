"""A stack with its three versions, in one process: files in a folder, what was applied, an account in the emulator."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml

from flireo_iac.client import FlireoApi
from flireo_iac.core.account import Account
from flireo_iac.core.diff import create_body
from flireo_iac.core.existing import existing
from flireo_iac.core.inventory import Inventory
from flireo_iac.core.refresh import answer_digests
from flireo_iac.drift.accepting import Accepted, accept
from flireo_iac.drift.compare import Versions, compare
from flireo_iac.drift.files import wanted_items
from flireo_iac.drift.looking import look
from flireo_iac.drift.model import Applied, Held, ItemDrift
from flireo_iac.emulator.server import Running
from flireo_iac.engine.files.backend import Backend
from flireo_iac.engine.files.secrets import Crypter
from flireo_iac.engine.files.snapshot import Snapshot, write_snapshot
from flireo_iac.engine.model.state import Resource
from flireo_iac.engine.model.urns import DYNAMIC_PROVIDER_TYPE, STACK_TYPE, make_urn, provider_urn, stack_urn
from flireo_iac.engine.model.values import Secret
from flireo_iac.kinds import Kind, map_secrets
from flireo_iac.pull.result import write_files
from flireo_iac.settings import Settings
from flireo_iac.stacks.load import LoadedStack, load

PASSPHRASE = "canary of the passphrase"
SECRETS = {"hook": "canary-of-the-hook", "key": "canary-of-the-key"}


@dataclass
class Stage:
    """One stack.

    Args:
        folder: Its files.
        emulator: The server.
    """

    folder: Path
    emulator: Running
    applied: list[Applied] = field(default_factory=list)
    secrets: dict[str, str] = field(default_factory=lambda: dict(SECRETS))
    record: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.key = f"fl_test_{uuid.uuid4().hex}"
        made = Settings(
            self.key, self.emulator.url, requests_per_minute=100_000, state_dir=self.folder / ".state", max_attempts=2
        )
        self.api = FlireoApi(made)
        (self.folder / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
        (self.folder / "agents").mkdir(exist_ok=True)

    def write(self, path: str, content: str | Mapping[str, Any] | None) -> None:
        """Write a file of the stack, or take it away."""
        file = self.folder / path
        file.parent.mkdir(exist_ok=True)
        if content is None:
            file.unlink(missing_ok=True)
        else:
            file.write_text(content if isinstance(content, str) else yaml.safe_dump(dict(content), sort_keys=False))

    def loaded(self) -> LoadedStack:
        return load(self.folder, "dev" if (self.folder / "environments").is_dir() else None)

    def deploy(self) -> None:
        """Make what the files say and was not made yet, and keep what a state would."""
        stack = self.loaded()
        account = self.api.account_id()
        for key, item in stack.items.items():
            known = {each.key: each for each in self.applied}
            if key in known:
                continue
            inputs = wanted_items(stack, known, self.secrets)[key].inputs
            row = self.api.create(item.kind, create_body(item.kind, inputs))
            made = existing(item.kind, inputs, row, answer_digests(item.kind, inputs, row), account)
            urn = f"urn:pulumi:dev::shop::pulumi-python:dynamic/flireo:{item.kind.token}::{item.name}"
            secrets = frozenset(self.secrets.values())
            self.applied.append(Applied(urn, item.kind, item.name, made.id, made.inputs, made.outputs, secrets=secrets))

    def id_of(self, key: str) -> str:
        return next(each.id for each in self.applied if each.key == key)

    def edit(self, kind: Kind, id_: str, values: Mapping[str, Any]) -> None:
        """Change an object as the dashboard does."""
        if kind.endpoint.update == "none":
            self.behind("PATCH", kind, id_, values)
        else:
            self.api.update(kind, id_, values)

    def behind(self, method: str, kind: Kind, id_: str, values: Mapping[str, Any] | None = None) -> None:
        """Change or delete an object behind everybody's back, whatever the API thinks of it."""
        where = f"{self.emulator.control_url}/objects{kind.endpoint.path}/{id_}"
        headers = {"Authorization": f"Bearer {self.key}"}
        httpx.request(method, where, json=values, headers=headers).raise_for_status()

    def look(self) -> dict[str, Held]:
        self.said: list[str] = []
        self.inventory = Inventory(self.api, say=self.said.append)
        return look(self.api, self.inventory, Account(self.api), self.applied, self.said.append)

    def drift(self) -> tuple[ItemDrift, ...]:
        """Hold the three versions against each other."""
        self.held = self.look()
        return self.compared()

    def compared(self) -> tuple[ItemDrift, ...]:
        """Do so with what the account held at the last look."""
        stack = self.loaded()
        wanted = wanted_items(stack, {each.key: each for each in self.applied}, self.secrets)
        return compare(Versions(self.applied, self.held, wanted, self.record, self.inventory.listing))

    def accept(self, chosen: Mapping[str, list[str]]) -> Accepted:
        """Take places of the account into the files."""
        found = accept(self.folder, self.loaded(), self.applied, self.held, chosen)
        write_files(self.folder, {each.path: each.after for each in found.changes})
        return found


def classes(items: tuple[ItemDrift, ...]) -> dict[str, str]:
    found = {}
    for item in items:
        if item.fate is not None:
            found[item.key] = str(item.fate)
        for each in item.fields:
            found[f"{item.key}.{each.place.path}"] = str(each.place.mover)
    return found


def save_state(
    stage: Stage, root: Path, stack: str = "dev", project: str = "shop", beside: tuple[str, ...] = ()
) -> Path:
    """Write what was applied as a state of the local engine; gives the file.

    Args:
        stage: The stack.
        root: The folder of states.
        stack: Its name.
        project: Name of its project.
        beside: Items that the program made beside the files.
    """
    made = stack_urn(stack, project)
    exported = {each.key: each.id for each in stage.applied if each.key not in beside}
    resources = [Resource(made, STACK_TYPE, custom=False, outputs=exported)]
    provider = Resource(
        provider_urn(stack, project), DYNAMIC_PROVIDER_TYPE, custom=True, id="00000000-0000-4000-8000-000000000000"
    )
    resources.append(provider)
    for each in stage.applied:
        model = each.kind.model
        urn = make_urn(stack, project, made, f"pulumi-python:dynamic/flireo:{each.kind.token}", each.name)
        outputs = {**map_secrets(model, each.outputs, Secret), "__answer": Secret(dict(each.outputs["__answer"]))}
        resource = Resource(urn, urn.split("::")[2], custom=True, id=each.id, parent=made)
        resource.inputs, resource.outputs = map_secrets(model, each.inputs, Secret), outputs
        resource.provider = f"{provider.urn}::{provider.id}"
        resources.append(resource)
    backend = Backend(root, project, stack)
    backend.write(write_snapshot(Snapshot(resources), backend, Crypter(PASSPHRASE)))
    return backend.state_path
