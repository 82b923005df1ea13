"""The state of a stack as a whole: reading, checking, writing.

Source: pulumi notes on the engine, section 3.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from flireo_iac import __version__
from flireo_iac.engine.files.backend import Backend, now
from flireo_iac.engine.files.secrets import Crypter
from flireo_iac.engine.model.state import Resource, decode_resource, dump, encode_resource
from flireo_iac.engine.model.urns import BUILT_IN_PROVIDER_TYPE, DYNAMIC_PROVIDER_TYPE, PROVIDER_PREFIX, split_provider
from flireo_iac.engine.model.values import UnsupportedValueError
from flireo_iac.errors import StateError

_VERSION: Final = f"flireo_iac {__version__}"
_MAGIC: Final = hashlib.sha256(_VERSION.encode()).hexdigest()
_PLAIN_VERSION: Final = 3
_FEATURE_VERSION: Final = 4  # the version that has a list of features
_OWN_FEATURES: Final = frozenset({"replaceWith"})


@dataclass(frozen=True)
class Operation:
    """An operation that was under way when the state was written.

    Args:
        type: ``creating``, ``updating``, ``deleting`` or ``reading``.
        resource: What it is about.
    """

    type: str
    resource: Resource


@dataclass
class Snapshot:
    """What a state holds.

    Args:
        resources: In an order in which each comes after all it needs.
        operations: Operations that did not end.
    """

    resources: list[Resource] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)

    def live(self) -> dict[str, Resource]:
        """Give the resources by URN, without those that wait for their deletion."""
        return {resource.urn: resource for resource in self.resources if not resource.delete}


def read_salt(content: bytes, backend: Backend) -> str | None:
    """Give the salt that the state's secrets need; None when it has no secrets provider.

    Args:
        content: The file.
        backend: Where it is from, for the texts of errors.

    Raises:
        StateError: The file is not a state, or its secrets are not kept by a passphrase.
    """
    providers = _latest(content, backend).get("secrets_providers") or {}
    if not providers or not providers.get("type"):
        return None
    if providers["type"] != "passphrase":
        raise StateError(
            f"state {backend.state_path}: its secrets are kept by {providers['type']}; the local engine knows "
            "passphrase only. Use --engine pulumi."
        )
    salt = (providers.get("state") or {}).get("salt")
    if not isinstance(salt, str):
        raise _corrupt(backend, "secrets_providers has no salt")
    return salt


def read_snapshot(content: bytes, backend: Backend, open_secrets: Callable[[], Crypter]) -> Snapshot:
    """Read a state.

    Args:
        content: The file.
        backend: Where it is from, for the texts of errors.
        open_secrets: Gives what decrypts it; called at the first secret.

    Raises:
        StateError: The file is not a state, is damaged, or needs what this engine does not have.
        PassphraseError: The passphrase does not open it.
    """
    latest = _latest(content, backend)

    def decrypt(place: str, ciphertext: str) -> str:
        return open_secrets().decrypt(place, ciphertext)

    try:
        resources = [decode_resource(plain, decrypt) for plain in latest.get("resources") or []]
        operations = [
            Operation(str(plain["type"]), decode_resource(plain["resource"], decrypt))
            for plain in latest.get("pending_operations") or []
        ]
    except UnsupportedValueError as error:
        raise StateError(f"state {backend.state_path}: {error}. Use --engine pulumi.") from error
    except StateError as error:
        raise _corrupt(backend, str(error)) from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _corrupt(backend, f"{type(error).__name__} {error}") from error
    problem = find_damage(resources)
    if problem:
        raise _corrupt(backend, problem)
    _refuse_other_providers(resources, backend)
    return Snapshot(resources, operations)


def _latest(content: bytes, backend: Backend) -> dict[str, Any]:
    try:
        document = json.loads(content)
        version = document["version"]
        latest = document["checkpoint"].get("latest") or {}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _corrupt(backend, f"it is not a state ({type(error).__name__} {error})") from error
    if version not in (_PLAIN_VERSION, _FEATURE_VERSION):
        raise StateError(f"state {backend.state_path}: has version {version}, expected 3 or 4. Use --engine pulumi.")
    others = sorted(set(document.get("features") or []) - _OWN_FEATURES)
    if others:
        raise StateError(
            f"state {backend.state_path}: uses {', '.join(others)}, which the local engine does not have. "
            "Use --engine pulumi."
        )
    manifest = latest.get("manifest") or {}
    version_text = manifest.get("version") or ""
    if version_text and manifest.get("magic") != hashlib.sha256(version_text.encode()).hexdigest():
        raise _corrupt(backend, "the magic number of its manifest does not fit its version")
    return dict(latest)


def _corrupt(backend: Backend, problem: str) -> StateError:
    path = backend.state_path
    backup = path.with_name(path.name + ".bak")
    advice = f"The state before the last write is in {backup}." if backup.exists() else "There is no backup of it."
    return StateError(f"state {path}: is damaged: {problem}. {advice} Nothing was changed.")


class Order:
    """Looks at resources one by one, in the order of a state, and finds what makes one that Pulumi refuses."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._live: set[str] = set()
        self._providers: set[str] = set()

    def copy(self) -> Order:
        """Give another one that has seen the same resources."""
        made = Order()
        made._seen, made._live, made._providers = self._seen.copy(), self._live.copy(), self._providers.copy()
        return made

    def damage(self, resource: Resource) -> str:
        """Look at the next resource, and say what is wrong with it; empty when it is sound."""
        if resource.id and not resource.custom:
            return f"component {resource.urn} has an id"
        if resource.provider and resource.provider not in self._providers:
            return f"{resource.urn} needs the provider {resource.provider}, which does not stand before it"
        for needed in resource.needs():
            if needed not in self._seen:
                return f"{resource.urn} needs {needed}, which does not stand before it"
        if not resource.delete:
            if resource.urn in self._live:
                return f"{resource.urn} stands in it twice"
            self._live.add(resource.urn)
        self._seen.add(resource.urn)
        if resource.type.startswith(PROVIDER_PREFIX):
            self._providers.add(f"{resource.urn}::{resource.id}")
        return ""


def find_damage(resources: Iterable[Resource]) -> str:
    """Give the first thing that makes a list of resources one that Pulumi refuses; empty when it is sound."""
    order = Order()
    return next((damage for resource in resources if (damage := order.damage(resource))), "")


def _refuse_other_providers(resources: list[Resource], backend: Backend) -> None:
    for resource in resources:
        type_ = split_provider(resource.provider)[0].split("::")[2] if resource.provider else ""
        if resource.custom and resource.type.startswith(PROVIDER_PREFIX):
            type_ = "" if resource.type == BUILT_IN_PROVIDER_TYPE else resource.type
        if type_ and type_ != DYNAMIC_PROVIDER_TYPE:
            raise StateError(
                f"state {backend.state_path}: {resource.urn} needs {type_.removeprefix(PROVIDER_PREFIX)}; the local "
                "engine runs dynamic Python providers only. Use --engine pulumi."
            )


def write_snapshot(snapshot: Snapshot, backend: Backend, crypter: Crypter) -> str:
    """Give the text of a state; what did not change since the last time is not encoded again.

    Args:
        snapshot: What it holds.
        backend: Names project and stack.
        crypter: Encrypts its secrets.
    """
    resources = ",".join(encode_resource(resource, crypter.encrypt) for resource in snapshot.resources)
    uses_features = any(resource.replace_with for resource in snapshot.resources)
    before, after = frame(snapshot.operations, backend, crypter, uses_features=uses_features)
    return f'{before},"resources":[{resources}]{after}' if resources else before + after


def frame(
    operations: Iterable[Operation], backend: Backend, crypter: Crypter, *, uses_features: bool
) -> tuple[str, str]:
    """Give what stands before the list of resources in a state, and what stands after it.

    Args:
        operations: Operations that did not end.
        backend: Names project and stack.
        crypter: Encrypts secrets.
        uses_features: True when a resource uses a feature of the format. Pulumi wants the list of features, and with it
            the next version, as soon as one does.
    """
    pending = ",".join(
        f'{{"resource":{encode_resource(found.resource, crypter.encrypt)},"type":"{found.type}"}}'
        for found in operations
    )
    head = (
        f'"version":{_FEATURE_VERSION},"features":["replaceWith"]' if uses_features else f'"version":{_PLAIN_VERSION}'
    )
    manifest = dump({"time": now(), "magic": _MAGIC, "version": _VERSION})
    secrets = dump({"type": "passphrase", "state": {"salt": crypter.salt_text}})
    name = dump(f"organization/{backend.project}/{backend.stack}")
    before = f'{{{head},"checkpoint":{{"stack":{name},"latest":{{"manifest":{manifest},"secrets_providers":{secrets}'
    operations_text = f',"pending_operations":[{pending}]' if pending else ""
    return before, f'{operations_text},"metadata":{{}}}}}}}}'


def ordered(resources: list[Resource]) -> list[Resource]:
    """Give the resources in an order in which each comes after all it needs, moving as few as possible."""
    if not find_damage(resources):
        return resources
    present = {resource.urn for resource in resources}
    waiting = list(resources)
    placed: set[str] = set()
    result: list[Resource] = []
    while waiting:
        rest = []
        for resource in waiting:
            if all(needed in placed or needed not in present or needed == resource.urn for needed in resource.needs()):
                result.append(resource)
                placed.add(resource.urn)
            else:
                rest.append(resource)
        if len(rest) == len(waiting):
            return result + rest  # a circle; the check before the next run names it
        waiting = rest
    return result
