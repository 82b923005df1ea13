"""``${…}`` in values: variables are filled in, secrets and references become markers, ``$${`` becomes ``${``.

``{{…}}`` belongs to Flireo and is never touched; so is ``${{…}}``, a dollar sign before one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from flireo_iac.core.check import suggestion
from flireo_iac.errors import Problem
from flireo_iac.kinds import KINDS
from flireo_iac.stacks.nodes import Entry, ListNode, MapNode, Node, ScalarNode, named
from flireo_iac.stacks.values import ItemRef, Place, SecretRef, Text, Unresolved

NAME = r"[A-Za-z_][A-Za-z0-9_-]*"
"""Names of variables and secrets."""
ITEM_NAME = r"[a-z0-9][a-z0-9_-]*"
"""Names of items."""

_TOKEN = re.compile(r"\$\$\{|\$\{(?!\{)([^}\n]*)(\}?)")
_NAMED = re.compile(rf"(var|secret)\.({NAME})")
_REFERENCE = re.compile(rf"([a-z_]+)\.({ITEM_NAME})\.([A-Za-z_][A-Za-z0-9_]*)")
_INCLUDE = re.compile(r"include\s+(\S.*)")
_FORMS = "expected var.<name>, secret.<name> or <folder>.<item>.<field>"


@dataclass(frozen=True, slots=True)
class Expression:
    """One ``${…}`` of a text.

    Args:
        body: What stands between the braces, without spaces around it.
        is_closed: False when the closing brace is missing on its line.
        occurrence: Which ``${`` of the text it is, from 0.
        offset: Index in the text of its dollar sign.
    """

    body: str
    is_closed: bool
    occurrence: int
    offset: int

    @property
    def include(self) -> str | None:
        """The file to include; None when the expression is no include."""
        found = _INCLUDE.fullmatch(self.body)
        return found[1] if found else None


def split(text: str) -> list[str | Expression]:
    """Split text into pieces and expressions; ``$${`` is a piece of its own, ``${``."""
    return [part for _, part in pieces(text)]


def pieces(text: str) -> list[tuple[int, str | Expression]]:
    """Split text as ``split`` does, each part with the index in the text where it begins."""
    parts: list[tuple[int, str | Expression]] = []
    end = counted = occurrence = 0
    for match in _TOKEN.finditer(text):
        if match.start() > end:
            parts.append((end, text[end : match.start()]))
        if match[1] is None:
            parts.append((match.start(), "${"))
        else:
            occurrence += text.count("${", counted, match.start())
            counted = match.start()
            expression = Expression(match[1].strip(), bool(match[2]), occurrence, match.start())
            parts.append((match.start(), expression))
        end = match.end()
    if end < len(text):
        parts.append((end, text[end:]))
    return parts


def joined(parts: list[Any]) -> Any:
    """Join pieces of text and markers: to text when there are only pieces, to nothing when one is unresolved."""
    flat: list[Any] = []
    for part in parts:
        if isinstance(part, Unresolved):
            return part
        for piece in part.parts if isinstance(part, Text) else (part,):
            if isinstance(piece, str) and flat and isinstance(flat[-1], str):
                flat[-1] += piece
            elif piece != "":
                flat.append(piece)
    if all(isinstance(piece, str) for piece in flat):
        return "".join(flat)
    return Text(tuple(flat))


class Variables:
    """The variables of one environment, and everything ``${…}`` can say except ``include``.

    Args:
        values: The ``vars`` of the environment; None when they could not be read, which has been reported.
        environment: Words for the environment, such as ``environment "dev"``; empty when the stack has none.
        problems: Where problems go: FL121 for the form, FL122 and FL123 for variables.
    """

    def __init__(self, values: MapNode | None, environment: str, problems: list[Problem]) -> None:
        self._values = values if values is not None else MapNode(Place(""))
        self._is_readable = values is not None
        self._environment = environment
        self._problems = problems
        self._resolved: dict[str, Node] = {}
        self._open: dict[str, Place] = {}
        self._texts: dict[str, str] = {}
        self._uses: dict[str, set[str]] = {"": set()}

    @property
    def used(self) -> frozenset[str]:
        """Names of the variables that something other than an unused variable holds, up to now."""
        found: set[str] = set()
        rest = set(self._uses[""])
        while rest:
            name = rest.pop()
            found.add(name)
            rest |= self._uses.get(name, set()) - found
        return frozenset(found)

    def fill(self, node: Node) -> Node:
        """Fill in every expression inside a tree; a tree without any is given back as it is."""
        match node:
            case MapNode():
                entries = {key: Entry(entry.key_place, self.fill(entry.node)) for key, entry in node.entries.items()}
                return replace(node, entries=entries)
            case ListNode():
                return replace(node, items=tuple(self.fill(item) for item in node.items))
            case ScalarNode(value=str()) if "${" in node.value:
                return self._fill_scalar(node)
            case _:
                return node

    def _fill_scalar(self, node: ScalarNode) -> Node:
        parts = split(node.value)
        if len(parts) == 1 and isinstance(parts[0], Expression):
            found = self._expression(parts[0], node.place_of("${", parts[0].occurrence))
            return found if not isinstance(found, ScalarNode) else replace(found, place=node.place)
        value = joined(
            [
                part if isinstance(part, str) else self.text_of(part, partial(node.place_of, "${", part.occurrence))
                for part in parts
            ]
        )
        return replace(node, value=value, written=value if isinstance(value, str) else "")

    def text_of(self, expression: Expression, at: Callable[[], Place]) -> Any:
        """Give the value of an expression as it is written inside text.

        Args:
            expression: The expression.
            at: Gives its place; called when that is needed, because a long prompt holds many.

        Returns:
            Text, a marker, or ``Unresolved`` when it has none.
        """
        if expression.is_closed and expression.body in self._texts:
            self._note_use(expression.body.removeprefix("var."))
            return self._texts[expression.body]
        place = at()
        found = self._expression(expression, place)
        if not isinstance(found, ScalarNode) or found.value is None:
            text = f'variable "{expression.body.removeprefix("var.")}" is {named(found)}{found.note}, text was expected'
            return self._wrong(place, "FL123", f"{text} inside text.").value
        if not isinstance(found.value, bool | int | float | str):
            return found.value
        self._texts[expression.body] = found.written
        return found.written

    def _expression(self, expression: Expression, place: Place) -> Node:
        body = expression.body
        if not expression.is_closed:
            text = f'"${{{body[:40]}" has no closing brace on its line. Close it, or write $${{ for a literal ${{.'
            return self._wrong(place, "FL121", text)
        if match := _NAMED.fullmatch(body):
            if match[1] == "secret":
                return ScalarNode(place, SecretRef(match[2], place))
            self._note_use(match[2])
            return self._variable(match[2], place)
        if (match := _REFERENCE.fullmatch(body)) and match[1] not in ("var", "secret"):
            return ScalarNode(place, ItemRef(match[1], match[2], match[3], place))
        heads = {"var", "secret", *(kind.folder for kind in KINDS.values())}
        head = body.split(".")[0]
        hint = suggestion(head, heads) if head not in heads else ""
        if expression.include is not None:
            text = f'"${{{body}}}" stands outside Markdown, include is for prompt files. Use it there.'
        elif re.fullmatch(rf"[a-z_]+\.{ITEM_NAME}", body) and head in heads - {"var", "secret"}:
            text = f'"${{{body}}}" names no field. Write ${{{body}.id}} for its id.'
        else:
            text = f'"${{{body}}}" is not known, {_FORMS}{hint or "."} Write $${{ for a literal ${{.'
        return self._wrong(place, "FL121", text)

    def _wrong(self, place: Place, rule: str, text: str) -> ScalarNode:
        self._problems.append(place.problem(rule, text))
        return ScalarNode(place, Unresolved())

    def _note_use(self, name: str) -> None:
        holder = next(reversed(self._open), "")
        self._uses.setdefault(holder, set()).add(name)

    def _variable(self, name: str, place: Place) -> Node:
        entry = self._values.entries.get(name)
        if not self._is_readable:
            return ScalarNode(place, Unresolved())
        if entry is None:
            where = f"in {self._environment}" if self._environment else "without an environments folder"
            hint = suggestion(name, self._values.entries)
            text = f'variable "{name}" is not set {where}{hint or ". Add it to the vars of the environment."}'
            return self._wrong(place, "FL122", text)
        if name in self._open:
            chain = " -> ".join([*list(self._open)[list(self._open).index(name) :], name])
            return self._wrong(place, "FL123", f"variables hold each other: {chain}. Break the circle.")
        if name not in self._resolved:
            self._open[name] = place
            self._resolved[name] = self.fill(entry.node)
            del self._open[name]
        origin = entry.node.place
        return replace(self._resolved[name], place=place, note=f" (variable {name}, {origin})")

    def check_all(self) -> None:
        """Fill in every variable once, so that what is wrong in an unused one is found too."""
        for name, entry in self._values.entries.items():
            self._variable(name, entry.node.place)
