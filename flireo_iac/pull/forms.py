"""From the values of an object to what stands in its file: text escaped, secrets and references by name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from flireo_iac.core.canonical import canonical, is_server_default
from flireo_iac.kinds import KINDS, Kind, fields, marker, our_name, shapes
from flireo_iac.kinds._markers import Reference, Secret
from flireo_iac.kinds._shape import Shape
from flireo_iac.pull.copies import Copies
from flireo_iac.pull.naming import free
from flireo_iac.rows import Row

_UNSAID = {"llm_config", "tools", "tool_config"}
"""Steps of a path that the name of a secret leaves out."""
_OURS = re.compile(r"\$\{(?!\{)|(?<=\$)\$\{")
_LONGEST_PROMPT = 1_000_000


def escaped(text: str) -> str:
    """Write text so that a stack file, or a prompt file, means it as it is."""
    return _OURS.sub("$${", text)


@dataclass(frozen=True)
class Needed:
    """A secret that has to be supplied.

    Args:
        name: Its name in the files.
        item: Name of the item that uses it.
        field: Where the item uses it, such as ``webhook_secret``.
        is_readable: True when the account shows the value to whoever has the key.
    """

    name: str
    item: str
    field: str
    is_readable: bool

    @property
    def variable(self) -> str:
        """Environment variable that supplies it."""
        return f"FLIREO_SECRET_{self.name.upper().replace('-', '_')}"


@dataclass
class Names:
    """The names that forms use.

    Args:
        items: Name of the item that an object is, by the folder of its kind and its id.
        copies: Recognises copies of templates.
        secrets: Names of secrets that are given out already, in the spelling of their variables.
    """

    items: Mapping[tuple[str, str], str]
    copies: Copies
    secrets: set[str] = field(default_factory=set)


@dataclass
class Form:
    """What stands in the file of an item.

    Args:
        values: Keys and values, text escaped, ``${…}`` where a name stands.
        prompt: Text of the prompt file, escaped; None when there is none.
        needed: The secrets that it uses.
    """

    values: dict[str, Any] = field(default_factory=dict)
    prompt: str | None = None
    needed: list[Needed] = field(default_factory=list)


def owned(kind: Kind, row: Row) -> dict[str, Any]:
    """Give what a file says of an object: what a user may set, without what is empty or the server's default.

    Keys and values keep the server's spelling, and keys inside a block that nobody knows stay.

    Args:
        kind: What the object is.
        row: The object.
    """
    found: dict[str, Any] = {}
    for key, value in row.items():
        name = our_name(kind.model, key)
        if name not in kind.inputs or value is None or (name != key and name in row):
            continue
        if not kind.inputs[name].is_required() and is_server_default(kind.model, name, _spelled(kind, key, value)):
            continue
        found[key] = _trimmed(shapes(kind.model)[name], value)
    order = list(kind.inputs)
    return dict(sorted(found.items(), key=lambda each: order.index(our_name(kind.model, each[0]))))


def _trimmed(shape: Shape | None, value: Any) -> Any:
    """Leave the server's defaults out of blocks, too, and put keys in the order in which the kind lists them."""
    if isinstance(value, list):
        return [_trimmed(shape.item if shape is not None else None, each) for each in value]
    model = shape.model_of(value) if shape is not None and isinstance(value, Mapping) else None
    if model is None:
        return value
    order = {name: number for number, name in enumerate(fields(model))}
    return {
        key: _trimmed(shapes(model).get(our_name(model, key)), value[key])
        for key in sorted(value, key=lambda each: order.get(our_name(model, each), len(order)))
        if not is_server_default(model, our_name(model, key), value[key])
    }


def _spelled(kind: Kind, key: str, value: Any) -> Any:
    return next(iter(canonical(kind.model, {key: value}).values()))


def unknown(kind: Kind, row: Row) -> list[str]:
    """Name the fields of an object that no kind knows: a newer API has them, and the account keeps them."""
    known = {"id", *kind.inputs, *kind.outputs}
    return [key for key, value in row.items() if value is not None and our_name(kind.model, key) not in known]


class Former:
    """Makes the form of one item.

    Args:
        kind: What the item is.
        name: Its name.
        names: Names of other items and of secrets.
    """

    def __init__(self, kind: Kind, name: str, names: Names) -> None:
        self._kind = kind
        self._name = name
        self._names = names
        self._needed: list[Needed] = []

    def form(self, values: Mapping[str, Any], prompt_file: str | None) -> Form:
        """Make the form.

        Args:
            values: What the item holds, as ``owned`` gives it.
            prompt_file: Name of the file that a prompt goes to; None leaves it where it is.
        """
        self._needed = []
        made = self._mapping(self._kind.model, values, ())
        for key, field_ in self._write_only(values):
            made[key] = self._secret((field_,), is_readable=False)
        prompt = None
        if prompt_file is not None and self._kind.name == "agent" and (text := _prompt(values)) is not None:
            prompt = escaped(text)
            made["llm_config"] = _with_prompt(made["llm_config"], prompt_file)
        return Form(made, prompt, self._needed)

    def _write_only(self, values: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Name the secrets that the object must or may well have and that no answer shows."""
        given = {our_name(self._kind.model, key) for key in values}
        found = []
        for name, info in self._kind.inputs.items():
            secret = marker(info, Secret)
            if secret is None or secret.is_returned or name in given:
                continue
            if info.is_required() or "username" in given:
                found.append((name, name))
        return found

    def _mapping(self, model: type[BaseModel] | None, values: Mapping[str, Any], path: tuple[str, ...]) -> Any:
        result: dict[str, Any] = {}
        for key, value in values.items():
            name = our_name(model, key)
            info = fields(model).get(name) if model is not None else None
            target = marker(info, Reference) if info is not None else None
            if value is not None and info is not None and marker(info, Secret) is not None:
                result[key] = self._secret((*path, name), is_readable=True)
            elif target is not None and isinstance(value, str):
                result[key] = self._reference(target.kind, value)
            elif self._kind.name == "agent" and path == ("llm_config",) and name == "tools" and isinstance(value, list):
                shape = shapes(model)[name] if model is not None else Shape()
                result[key] = [self._tool(shape.item, each, (*path, name)) for each in value]
            elif (
                self._kind.name == "agent"
                and name == "analysis_plan"
                and not path
                and (copy := self._names.copies.of_plan(value)) is not None
            ):
                beside = {each: value[each] for each in copy if each != "template"}
                result[key] = {
                    "template": copy["template"],
                    **self._value(shapes(self._kind.model)[name], beside, (*path, name)),
                }
            else:
                inner = shapes(model).get(name) if model is not None else None
                result[key] = self._value(inner, value, (*path, name))
        return result

    def _tool(self, shape: Shape | None, tool: Any, path: tuple[str, ...]) -> Any:
        copy = self._names.copies.of_tool(tool)
        return copy if copy is not None else self._value(shape, tool, (*path, _tool_name(tool)))

    def _value(self, shape: Shape | None, value: Any, path: tuple[str, ...]) -> Any:
        match value:
            case str():
                return escaped(value)
            case Mapping():
                return self._mapping(shape.model_of(dict(value)) if shape is not None else None, value, path)
            case list():
                item = shape.item if shape is not None else None
                return [self._value(item, each, path) for each in value]
            case _:
                return value

    def _reference(self, kind: str, id_: str) -> str:
        folder = KINDS[kind].folder
        name = self._names.items.get((folder, id_))
        return escaped(id_) if name is None else f"${{{folder}.{name}.id}}"

    def _secret(self, path: tuple[str, ...], *, is_readable: bool) -> str:
        said = "_".join([self._name, *(step for step in path if step and step not in _UNSAID)])
        name = re.sub(r"[^A-Za-z0-9_-]", "_", said)
        name = name if name[0].isalpha() else f"{self._kind.name}_{name}"
        name = free(name, _Alike(self._names.secrets))
        self._names.secrets.add(_variable(name))
        key = f"{self._kind.folder}.{self._name}"
        self._needed.append(Needed(name, key, ".".join(each for each in path if each), is_readable))
        return f"${{secret.{name}}}"


class _Alike(frozenset[str]):
    """Names of secrets that are taken; two names whose variables are one are one."""

    def __contains__(self, name: object) -> bool:
        return super().__contains__(_variable(str(name)))


def _variable(name: str) -> str:
    return name.upper().replace("-", "_")


def _tool_name(tool: Any) -> str:
    inner = tool.get("function") if isinstance(tool, Mapping) else None
    for each in (tool, inner):
        if isinstance(each, Mapping) and isinstance(each.get("name"), str):
            return str(each["name"])
    return ""


def _prompt(values: Mapping[str, Any]) -> str | None:
    """Give the text that goes to a file of its own: the first message, if it alone is the system's."""
    block = values.get("llm_config")
    messages = block.get("messages") if isinstance(block, Mapping) else None
    if not isinstance(block, Mapping) or "prompt" in block or not isinstance(messages, list) or not messages:
        return None
    first, *others = messages
    if not isinstance(first, Mapping) or set(first) != {"role", "content"} or first["role"] != "system":
        return None
    text = first["content"]
    if not isinstance(text, str) or not text or text.startswith("\ufeff") or len(text) > _LONGEST_PROMPT:
        return None
    if any(isinstance(each, Mapping) and each.get("role") == "system" for each in others):
        return None
    return text


def _with_prompt(block: Mapping[str, Any], file: str) -> dict[str, Any]:
    """Put the name of the prompt file where the messages stood."""
    result: dict[str, Any] = {}
    for key, value in block.items():
        if key == "messages":
            result["prompt"] = file
            if value[1:]:
                result[key] = value[1:]
        else:
            result[key] = value
    return result
