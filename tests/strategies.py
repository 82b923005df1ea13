"""Inputs for hypothesis, made from the models of the kinds: a new field is drawn from the day it is there.

What is drawn is good for the kind's own check. Keys and values come in every spelling that the kind knows, blocks
carry a key that no model names now and then, and texts hold what is hard to carry: line endings, signs, other scripts.
"""

from __future__ import annotations

import types
import uuid
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Le, MaxLen, MinLen
from hypothesis import settings
from hypothesis import strategies as st
from pydantic import BaseModel, WithJsonSchema
from pydantic.fields import FieldInfo

from flireo_iac.core.check import check
from flireo_iac.kinds import Kind, fields, marker, our_name
from flireo_iac.kinds._markers import Reference, ServerSet, Spelling, ValueSpelling
from flireo_iac.kinds._providers import LLM, STT, TTS

LAW = settings(max_examples=settings().max_examples // 4)
"""A quarter of the profile's cases: laws hold for every kind, and a case is a whole resource."""

TEXTS = st.sampled_from(
    [
        "",
        " ",
        "one",
        "one\ntwo\n",
        "one\r\ntwo",
        "${x}",
        "{{ y }}",
        "null",
        "true",
        "1.50",
        "é 日本 🚲",
        "a\\b\"c'",
        "\t",
    ]
) | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
NUMBERS = st.integers(-5, 5) | st.floats(-2, 2, allow_nan=False) | st.sampled_from([2**31, 2**53, 1e-7, 1e16])
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "name", "voice_id", "async_response", "a", "ü"]), inner, max_size=3)
    ),
    max_leaves=6,
)
FREE_OBJECTS = st.dictionaries(st.sampled_from(["type", "properties", "voice_id", "a"]), JSON, max_size=3)

_BY_FORMAT: Mapping[str, st.SearchStrategy[str]] = {
    "uri": st.sampled_from(["https://example.com", "http://EXAMPLE.com:8080/a?b=c#d", "https://example.com/%C3%BC"]),
    "email": st.sampled_from(["a@example.com", "A.b+c@mail.example.com"]),
    "timezone": st.sampled_from(["Europe/Amsterdam", "America/New_York", "UTC"]),
    "hostname": st.sampled_from(["mail.example.com", "a-1.example.nl"]),
}
_PROVIDERS = {providers.block: sorted(providers.known) for providers in (STT, LLM, TTS)}


def id_of(kind: str) -> str:
    """Give the id that every drawn reference to a kind holds."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{kind}.example.com"))


@st.composite
def inputs(draw: st.DrawFn, kind: Kind) -> dict[str, Any]:
    """Draw good inputs of a resource, as a user may write them.

    Args:
        draw: Draws from a strategy.
        kind: What the resource is.
    """
    chosen = draw(st.sets(st.sampled_from(sorted(kind.inputs))))
    made: dict[str, Any] = {}
    for name, info in kind.inputs.items():
        if info.is_required() or name in chosen or (name in kind.example and draw(st.booleans())):
            made[draw(_key(name, info))] = draw(_field(name, info))
    return _mended(kind, made)


def changed(kind: Kind, before: Mapping[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Draw good inputs of the same resource that share some fields with others.

    Args:
        kind: What the resource is.
        before: The other inputs.
    """

    def laid_over(new: Mapping[str, Any], kept: set[str]) -> dict[str, Any]:
        held = {key: value for key, value in before.items() if our_name(kind.model, key) in kept}
        fresh = {key: value for key, value in new.items() if our_name(kind.model, key) not in kept}
        return _mended(kind, {**held, **fresh})

    return st.builds(laid_over, inputs(kind), st.sets(st.sampled_from(sorted(kind.inputs))))


def _mended(kind: Kind, made: dict[str, Any]) -> dict[str, Any]:
    """Put the example's value wherever the kind objects, so that what is drawn is good."""
    mended = dict(made)
    for _ in kind.inputs:
        wrong = {issue.path[0] for issue in check(kind, mended) if issue.severity == "error" and issue.path}
        if not wrong:
            return mended
        mended = {key: value for key, value in mended.items() if key not in wrong}
        mended |= {
            key: value
            for key, value in kind.example.items()
            if key in {our_name(kind.model, str(key)) for key in wrong}
        }
    rest = {key: value for key, value in made.items() if our_name(kind.model, key) not in kind.example}
    mixed = {**rest, **kind.example}
    return mixed if not any(issue.severity == "error" for issue in check(kind, mixed)) else dict(kind.example)


def _key(name: str, info: FieldInfo) -> st.SearchStrategy[str]:
    spelling = marker(info, Spelling)
    return st.sampled_from([name, *(spelling.others if spelling else ())])


def _field(name: str, info: FieldInfo) -> st.SearchStrategy[Any]:
    refers = marker(info, Reference)
    if refers is not None or name.endswith("_id"):
        return st.just(id_of(refers.kind if refers is not None else name))
    return _value(info.annotation, tuple(info.metadata), name)


def _value(annotation: Any, metadata: tuple[Any, ...] = (), name: str = "") -> st.SearchStrategy[Any]:
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *more = get_args(annotation)
        return _value(inner, (*metadata, *more), name)
    if origin in (Union, types.UnionType):
        members = [member for member in get_args(annotation) if member is not type(None)]
        return st.one_of([_value(member, metadata if len(members) == 1 else (), name) for member in members])
    if origin is Literal:
        return st.sampled_from([*get_args(annotation), *_other_spellings(metadata)])
    if origin is list:
        least, most = _bound(metadata, MinLen, "min_length", 0), _bound(metadata, MaxLen, "max_length", 3)
        return st.lists(_value(get_args(annotation)[0]), min_size=least, max_size=max(least, min(most, 3)))
    if origin is dict:
        return FREE_OBJECTS
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _block(annotation, name)
    return _scalar(annotation, metadata)


def _scalar(annotation: Any, metadata: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    if annotation is bool:
        return st.booleans()
    if annotation in (int, float):
        low, high = _bound(metadata, Ge, "ge", -5), _bound(metadata, Le, "le", 10**6)
        whole = st.integers(int(low), max(int(low), int(high)))
        return whole if annotation is int else whole | st.floats(low, high, allow_nan=False)
    if annotation is str:
        schema = next((mark.json_schema for mark in metadata if isinstance(mark, WithJsonSchema)), None) or {}
        if "pattern" in schema:
            return st.from_regex(schema["pattern"].replace("\\d", "[0-9]"), fullmatch=True)
        if "format" in schema:
            return _BY_FORMAT[schema["format"]]
        texts = TEXTS.filter(str.strip) if _bound(metadata, MinLen, "min_length", 0) else TEXTS
        others = _other_spellings(metadata)
        return texts | st.sampled_from(others) if others else texts
    return JSON


def _other_spellings(metadata: tuple[Any, ...]) -> list[str]:
    return [each for mark in metadata if isinstance(mark, ValueSpelling) for each in mark.canonical]


def _bound(metadata: tuple[Any, ...], mark: type, name: str, otherwise: Any) -> Any:
    return next((getattr(each, name) for each in metadata if isinstance(each, mark)), otherwise)


@st.composite
def _block(draw: st.DrawFn, model: type[BaseModel], name: str) -> dict[str, Any]:
    made: dict[str, Any] = {}
    known = {key: info for key, info in fields(model).items() if marker(info, ServerSet) is None}
    optional = sorted(key for key, info in known.items() if not info.is_required())
    chosen = draw(st.sets(st.sampled_from(optional), max_size=4)) if optional else set()
    for key, info in known.items():
        if info.is_required() or key in chosen:
            drawn = st.sampled_from(_PROVIDERS[name]) if key == "provider" and name in _PROVIDERS else _field(key, info)
            made[draw(_key(key, info))] = draw(drawn)
    if model.model_config.get("extra") == "allow" and draw(st.integers(0, 4)) == 0:
        made["new_thing"] = draw(JSON)
    return made


def floated(value: Any) -> Any:
    """Do what Pulumi's wire does to numbers: every one is a float."""
    return walked(value, lambda each: float(each) if isinstance(each, int) and not isinstance(each, bool) else each)


def walked(value: Any, change: Callable[[Any], Any]) -> Any:
    """Give a value with every plain value in it changed."""
    if isinstance(value, Mapping):
        return {key: walked(each, change) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [walked(each, change) for each in value]
    return change(value)
