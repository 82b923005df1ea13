"""Configuration of a stack: ``Pulumi.<stack>.yaml`` over ``config`` of ``Pulumi.yaml``.

Values reach program and provider as strings, whatever the file says.

Source: pulumi notes on the engine, section 4.
"""

from __future__ import annotations

import io
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from flireo_iac.engine.files.project import Project
from flireo_iac.engine.files.secrets import Crypter
from flireo_iac.engine.files.yaml_reader import read_yaml
from flireo_iac.engine.model.values import Properties, Secret, whole
from flireo_iac.errors import SettingsError, StateError

T = TypeVar("T")


@dataclass(frozen=True)
class StackConfig:
    """What the stack file says, secrets still encrypted.

    Args:
        path: The stack file; it may not be there.
        salt: ``encryptionsalt``; None when there is none.
        values: Configuration with full keys.
    """

    path: Path
    salt: str | None
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def has_secrets(self) -> bool:
        """Tell whether any value is encrypted."""
        return any(_secure_texts(value) for value in self.values.values())


@dataclass(frozen=True)
class Config:
    """Configuration as program and provider get it.

    Args:
        values: Text by full key, secrets in clear.
        secret_keys: Keys whose value is secret.
    """

    values: dict[str, str]
    secret_keys: frozenset[str]

    def properties(self) -> Properties:
        """Give the configuration as inputs of the provider."""
        return {key: Secret(value) if key in self.secret_keys else value for key, value in sorted(self.values.items())}

    def shown(self) -> dict[str, str]:
        """Give the configuration as it may be shown."""
        return {key: "[secret]" if key in self.secret_keys else value for key, value in sorted(self.values.items())}

    def secrets(self) -> list[str]:
        """Give the values that must never be shown."""
        return [self.values[key] for key in sorted(self.secret_keys)]


def read_config(project: Project, stack: str) -> StackConfig:
    """Read the configuration of a stack; a missing file is an empty one.

    Args:
        project: The project.
        stack: Name of the stack.

    Raises:
        SettingsError: A file is wrong, or asks for what this engine does not do.
    """
    path = project.stack_file(stack)
    content = read_yaml(path) if path.exists() else {}
    provider = content.get("secretsprovider")
    if provider not in (None, "", "passphrase") or content.get("encryptedkey"):
        raise SettingsError(
            f"{path}: secretsprovider {provider} is not supported by the local engine, only passphrase is. "
            "Use --engine pulumi."
        )
    if content.get("environment"):
        raise SettingsError(f"{path}: environment (ESC) is not supported by the local engine. Use --engine pulumi.")
    own = content.get("config") or {}
    if not isinstance(own, dict):
        raise SettingsError(f"{path}: config holds no mapping, expected keys and values.")
    values = {full_key(project, key): value for key, value in own.items()}
    for key, default in _project_values(project).items():
        values.setdefault(key, default)
    return StackConfig(path=path, salt=content.get("encryptionsalt") or None, values=values)


def full_key(project: Project, key: object) -> str:
    """Give a key with its namespace; one without belongs to the project."""
    text = str(key)
    # Pulumi accepted "name:config:key" in its first years and still reads it.
    parts = text.split(":")
    if len(parts) == 3 and parts[1] == "config":
        return f"{parts[0]}:{parts[2]}"
    return text if ":" in text else f"{project.name}:{text}"


def _project_values(project: Project) -> dict[str, Any]:
    found = {}
    for key, declared in project.config.items():
        value = declared
        if isinstance(declared, dict):
            if "value" in declared:
                value = declared["value"]
            elif "default" in declared:
                value = declared["default"]
            else:
                raise SettingsError(
                    f"{project.folder / 'Pulumi.yaml'}: config {key} has neither value nor default, expected one. "
                    f"Set it in the stack file, or give it a default."
                )
        found[full_key(project, key)] = value
    return found


def open_config(stack_config: StackConfig, crypter: Crypter | None) -> Config:
    """Decrypt the configuration.

    Args:
        stack_config: What the file says.
        crypter: Opens its secrets; None when it has none.

    Raises:
        PassphraseError: The passphrase does not open a secret.
    """
    values: dict[str, str] = {}
    secret: set[str] = set()
    for key, value in stack_config.values.items():
        if _secure_texts(value):
            if crypter is None:
                raise SettingsError(f"{stack_config.path}: config {key} is secret, but the file has no encryptionsalt.")
            secret.add(key)

            def decrypt(text: str, place: str = key, crypter: Crypter = crypter) -> str:
                return crypter.decrypt(place, text)

            values[key] = _text(_opened(value, decrypt))
        else:
            values[key] = _text(value)
    return Config(values, frozenset(secret))


def _secure_texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        if set(value) == {"secure"} and isinstance(value["secure"], str):
            return [value["secure"]]
        return [text for item in value.values() for text in _secure_texts(item)]
    if isinstance(value, list):
        return [text for item in value for text in _secure_texts(item)]
    return []


def _opened(value: Any, decrypt: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        if set(value) == {"secure"}:
            return decrypt(value["secure"])
        return {key: _opened(item, decrypt) for key, item in value.items()}
    return [_opened(item, decrypt) for item in value] if isinstance(value, list) else value


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return json.dumps(whole(float(value)) if isinstance(value, float) else value)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def set_value(stack_config: StackConfig, key: str, value: str, crypter: Crypter | None = None) -> None:
    """Write one value into the stack file; comments of the file stay.

    Args:
        stack_config: The file; it is created when it is not there.
        key: Full key, such as ``flireo:apiKey``.
        value: Text of the value.
        crypter: Encrypts the value; None writes it in clear.

    Raises:
        SettingsError: The file cannot be read, or another run gave it another salt meanwhile.
        StateError: The file cannot be written.
    """
    stored: Any = value if crypter is None else {"secure": crypter.encrypt(key, value)}

    def change(content: Any) -> None:
        if crypter is not None and _put_salt(content, crypter.salt_text) != crypter.salt_text:
            raise SettingsError(f"{stack_config.path}: was given another encryptionsalt meanwhile. Run again.")
        content.setdefault("config", {})[key] = stored

    _rewrite(stack_config.path, change)


def write_salt(path: Path, salt_text: str) -> str:
    """Write ``encryptionsalt`` into a stack file, and give the one that stands there: one that is there stays.

    Args:
        path: The file; it is created when it is not there.
        salt_text: What to write.

    Raises:
        SettingsError: The file cannot be read.
        StateError: The file cannot be written.
    """
    return _rewrite(path, lambda content: _put_salt(content, salt_text))


def _put_salt(content: Any, salt_text: str) -> str:
    """Give a stack file its salt; one that it has is never replaced, because nothing else opens its secrets."""
    if not content.get("encryptionsalt"):
        content.pop("encryptionsalt", None)
        content.insert(0, "encryptionsalt", salt_text)
    return str(content["encryptionsalt"])


def _rewrite(path: Path, change: Callable[[Any], T]) -> T:
    writer = YAML()
    writer.preserve_quotes = True
    writer.width = 2**20  # a long value stays on its line
    try:
        content = writer.load(path.read_text(encoding="utf-8")) if path.exists() else None
        if content is None:
            content = writer.map()
        changed = change(content)
        buffer = io.StringIO()
        writer.dump(content, buffer)
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        temporary.write_text(buffer.getvalue(), encoding="utf-8")
        if path.exists():
            shutil.copymode(path, temporary)
        temporary.replace(path)
        return changed
    except YAMLError as error:
        raise SettingsError(f"{path}: is not YAML ({error}).") from error
    except OSError as error:
        raise StateError(f"{path}: cannot be written ({error.strerror}).") from error
