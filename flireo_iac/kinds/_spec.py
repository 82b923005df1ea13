"""``Kind`` itself: endpoint, envelope, identity, rules and model of one kind of resource.

A kind file holds one pydantic model, whose fields carry markers through ``Annotated``, and one ``Kind``. Everything
that can be wrong about a kind is found when its ``Kind`` is made, not at the first call; only its example is for tests,
because what checks values is made when it is first needed. Knows pydantic and errors, nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict
from pydantic.fields import FieldInfo

from flireo_iac.errors import KindError
from flireo_iac.kinds._markers import (
    AfterCreate,
    Clearable,
    Immutable,
    MovesOn,
    OnlyOnCreate,
    Reference,
    Secret,
    SentOnCreate,
    ServerDefault,
    ServerFills,
    ServerSet,
    marker,
)
from flireo_iac.kinds._shape import fields, our_name


class Block(BaseModel):
    """Base of a config block: typed where the contract types it, unknown keys kept.

    Values are checked strictly: text is not taken for a number, nor a number for text.
    """

    model_config = ConfigDict(extra="allow", strict=True, hide_input_in_errors=True, defer_build=True)


Model = TypeVar("Model", bound=BaseModel)

_BUILDING = Lock()


def built(model: type[Model]) -> type[Model]:
    """Give a model that is ready to check values.

    A process checks few of all kinds, so that each of the three of a run saves a tenth of a second. Pydantic before
    2.14 must not build a model in two threads at once, and a provider has four.

    Args:
        model: A block, or the properties of a kind.
    """
    if not model.__pydantic_complete__:
        with _BUILDING:
            model.model_rebuild()
    return model


class Properties(BaseModel):
    """Base of a kind's model: the properties of one resource; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True, defer_build=True)


@dataclass(frozen=True)
class Envelope:
    """Where an answer keeps the object.

    Args:
        one: Keys that hold one object, the usual one first.
        many: Keys that hold the list, the usual one first.
        is_bare_allowed: True when some vintage answers one object without an envelope.
    """

    one: tuple[str, ...]
    many: tuple[str, ...] = ()
    is_bare_allowed: bool = False


@dataclass(frozen=True)
class Endpoint:
    """Paths and verbs of a kind.

    Args:
        path: Path of the collection, below the base URL; with ``{field}`` where the id of a parent stands.
        successor_path: The same in the successor; None when it is equal.
        style: ``collection`` (list, get, post, delete by id), ``slot`` (one value for each name, POST overwrites,
            DELETE names it in the body), or ``single`` (at most one object, without an id in the path).
        update: ``patch``, ``post`` (the create call overwrites) or ``none`` (a change is a replacement).
        page_size: Objects on a page of a list that may page without saying so; None for everything at once.
        within: Input that holds the id of the parent, for objects that exist only within another one; empty for all
            others. Their ids here are ``parent/own``.
        counted_by: Output of the parent that says how many there are; empty where nothing does.
        slot_field: For ``slot``: the input that names the slot.
        slot_output: For ``slot``: the output that tells whether the slot holds a value.
        slot_key: For ``slot``: key of that output in the answer, with ``{slot}`` for the slot's name.
    """

    path: str
    successor_path: str | None = None
    style: Literal["collection", "slot", "single"] = "collection"
    update: Literal["patch", "post", "none"] = "patch"
    page_size: int | None = None
    within: str = ""
    counted_by: str = ""
    slot_field: str = ""
    slot_output: str = ""
    slot_key: str = ""


@dataclass(frozen=True)
class Finding:
    """What a rule objects to.

    Args:
        path: Keys and indexes from the resource to the value.
        text: What is wrong, what was expected, what to do next.
    """

    path: tuple[str | int, ...]
    text: str


@dataclass(frozen=True)
class Rule:
    """A rule over several fields of a kind, such as what a provider allows.

    Args:
        id: Stable id, such as ``FL201``.
        severity: ``error`` stops, ``warning`` is shown.
        find: From the inputs, spelled the contract's way, to what is wrong with them.
    """

    id: str
    severity: Literal["error", "warning"]
    find: Callable[[Mapping[str, Any]], Iterable[Finding]]


@dataclass(frozen=True)
class Kind:
    """All facts of one kind of resource.

    Args:
        name: Name in snake_case, singular; the file's name too.
        token: Class name, and the last part of the Pulumi type.
        folder: Folder of a stack that holds its items.
        description: One or two sentences.
        source: Page or notes section that the facts come from.
        model: Properties of the resource.
        endpoint: Paths and verbs.
        envelope: Where answers keep the object.
        natural_key: Inputs by which a person tells two objects apart; look-ups use them.
        is_natural_key_unique: True when the server allows one object only for a natural key.
        is_protected: True when a stack protects its items unless the file says otherwise.
        is_replaced_by_name: True when a replacement has to be asked for by the item's name, because what people outside
            rely on changes with it.
        is_remade_by_name: True when one that was deleted outside is made anew only when that is asked for likewise, and
            so is a second one beside one of the same name that no state knows.
        is_deleted_before_replaced: True when old and new cannot exist side by side.
        needs: Kinds whose items in the same stack have to be there first, though no field refers to them.
        single_file: File in the stack's top folder that may hold the only item; None when items have a folder.
        when_deleted: What a delete means to people who rely on the object, in sentences.
        when_replaced: The same for a replacement by a new object.
        why_busy: From a row to what the object is doing, so that its deletion has to be asked for; empty when it does
            nothing. None for kinds that never do anything.
        why_final: From a row to why nothing in the object can change any more, and what to do; empty when it can. None
            for kinds that are never final.
        has_begun: From a row to whether what exists only within the object may have had its turn, which nobody can tell
            of one that is gone. None for kinds that nothing exists within.
        rules: Rules over several fields.
        example: Inputs of a working resource, for docs and tests.

    Raises:
        KindError: The facts contradict each other.
    """

    name: str
    token: str
    folder: str
    description: str
    source: str
    model: type[Properties]
    endpoint: Endpoint
    envelope: Envelope
    natural_key: tuple[str, ...]
    is_natural_key_unique: bool = False
    is_protected: bool = False
    is_replaced_by_name: bool = False
    is_remade_by_name: bool = False
    is_deleted_before_replaced: bool = False
    needs: tuple[str, ...] = ()
    single_file: str | None = None
    when_deleted: str = "It is gone, with its history."
    when_replaced: str = "A new object takes its place, with another id and no history."
    why_busy: Callable[[Mapping[str, Any]], str] | None = None
    why_final: Callable[[Mapping[str, Any]], str] | None = None
    has_begun: Callable[[Mapping[str, Any]], bool] | None = None
    rules: tuple[Rule, ...] = ()
    example: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._require(self.name.isidentifier() and self.name == self.name.lower(), "its name is not snake_case")
        self._require(bool(self.inputs), "its model has no input")
        self._require(bool(self.natural_key), "it has no natural key")
        for key in self.natural_key:
            self._require(key in self.inputs, f"natural key {key!r} is not an input")
        for name, info in {**self.inputs, **self.outputs}.items():
            self._check_field(name, info)
        self._check_endpoint()

    def _require(self, holds: bool, what: str) -> None:
        if not holds:
            raise KindError(f'load kind "{self.name}": {what}. Mend flireo_iac/kinds/{self.name}.py.')

    def _check_field(self, name: str, info: FieldInfo) -> None:
        self._require(bool(info.description), f"{name!r} has no description")
        if marker(info, ServerSet) is not None:
            self._require(not info.is_required(), f"{name!r} is set by the server and yet required")
            for mark in info.metadata:
                for_inputs = isinstance(mark, Immutable | Secret | Clearable | ServerDefault | ServerFills)
                self._require(not for_inputs, f"{name!r} is set by the server and marked {type(mark).__name__}")
        elif marker(info, Immutable) is not None:
            self._require(marker(info, Clearable) is None, f"{name!r} is Immutable and Clearable")
        is_known = marker(info, SentOnCreate) is None or marker(info, ServerDefault) is not None
        self._require(is_known, f"{name!r} is SentOnCreate and has no ServerDefault")

    def _check_endpoint(self) -> None:
        endpoint = self.endpoint
        if endpoint.within:
            parent = self.inputs.get(endpoint.within)
            is_reference = parent is not None and marker(parent, Reference) is not None
            self._require(is_reference, "it is within another object, but no input refers to that")
            self._require(f"{{{endpoint.within}}}" in endpoint.path, "its path does not name its parent")
        if endpoint.style == "collection":
            self._require(bool(self.envelope.many), "a collection needs the key of its list")
        if endpoint.style == "slot":
            self._require(endpoint.slot_field in self.inputs, "a slot needs the input that names it")
            self._require(endpoint.slot_output in self.outputs, "a slot needs the output that tells of its value")
            self._require("{slot}" in endpoint.slot_key, "a slot needs the answer's key with {slot}")
        if endpoint.update == "none":
            for name, info in self.inputs.items():
                self._require(
                    marker(info, Immutable) is not None,
                    f"{name!r} is not Immutable, yet nothing can be updated",
                )

    @cached_property
    def inputs(self) -> dict[str, FieldInfo]:
        """The fields a user may set, by the API's name, in the order of the model."""
        return {name: info for name, info in fields(self.model).items() if not marker(info, ServerSet)}

    @cached_property
    def outputs(self) -> dict[str, FieldInfo]:
        """The fields only the server sets, by the API's name, in the order of the model."""
        return {name: info for name, info in fields(self.model).items() if marker(info, ServerSet)}

    def is_only_on_create(self, name: str) -> bool:
        """Tell whether a property is sent with the create and never again.

        Args:
            name: Its name, in any dialect.
        """
        info = self.inputs.get(our_name(self.model, name))
        return info is not None and marker(info, OnlyOnCreate) is not None

    def set_later(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Give those of the inputs that a create takes no notice of, so that an update has to bring them.

        Args:
            inputs: Inputs of a new resource, in any dialect; what is a default anyway needs nothing.
        """
        later = {}
        for key, value in inputs.items():
            info = self.inputs.get(our_name(self.model, key))
            if info is not None and marker(info, AfterCreate) is not None and value is not None:
                default, moves = marker(info, ServerDefault), marker(info, MovesOn)
                stands_for_it = (value, *(moves.to.get(value, ()) if moves else ()))
                if default is None or default.value not in stands_for_it:
                    later[key] = value
        return later

    @cached_property
    def parent(self) -> str:
        """Name of the kind of the object that this one exists in; empty when it stands for itself."""
        mark = marker(self.inputs[self.endpoint.within], Reference) if self.endpoint.within else None
        return mark.kind if mark is not None else ""

    def parent_id(self, id_: str) -> str:
        """Give the id of the object that an object exists in; empty when it stands for itself."""
        return id_.rpartition("/")[0] if self.endpoint.within else ""

    def whole_create(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Give the body of a create with the defaults that later servers require.

        Args:
            body: What is sent, in any dialect.
        """
        given = {our_name(self.model, key) for key in body}
        missing = {}
        for name, info in self.inputs.items():
            default = marker(info, ServerDefault)
            if name not in given and default is not None and marker(info, SentOnCreate) is not None:
                missing[name] = default.value
        return {**body, **missing}

    @property
    def title(self) -> str:
        """The name as a person writes it."""
        return self.name.replace("_", " ")
