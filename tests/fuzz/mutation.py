"""Spoils files and JSON values, by chance and repeatably: bytes, lines and nodes."""

from __future__ import annotations

import copy
import json
import random
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import yaml

CASES = 250
"""Cases of one batch."""

BATCHES = [pytest.param(0), *(pytest.param(number, marks=pytest.mark.sweep) for number in range(1, 41))]
"""The seed of each batch: the first is for every run, the other 10,000 cases are for the sweep."""

LONGEST_CASE_S = 10.0
"""Seconds of processor time after which a case hangs; a good one takes hundredths."""

PIECES = [
    b"\0", b"\x1b", b"\x7f", b"\xff\xfe", b"\xef\xbb\xbf", b"\xc3", b"\xe2\x80\xa8", b"\xed\xa0\x80",
    b"\xf0\x9f\x9a\xb2", b"\t", b"\r", b"\r\n", b"\n\n", b"  ", b": ", b"- ", b"? ", b"? [a]: b\n", b"---\n",
    b"...\n", b"%YAML 9.9\n", b"%TAG ! x\n", b"&a ", b"*a", b"&a [*a]", b"<<: *a\n", b"<<: {name: x}\n",
    b"!!python/object:os.system x", b"!!binary aGk=", b"!!set ", b"! ", b"{", b"}", b"[", b"]", b"[[[[[[[[",
    b"{a: {a: {a: ", b"'", b'"', b"|", b"|9\n", b">-\n", b"# ", b"`", b"@", b"%", b",", b"${", b"}", b"${}",
    b"${var.", b"${var.x}", b"${var.model}", b"${secret.s}", b"${agents.receptionist.id}", b"$${", b"${env.HOME}",
    b"${include ../../../etc/passwd}", b"${include house-rules.md}", b"{{ x }}", b"null", b"~", b"true", b"yes",
    b"012", b"0x", b"1e999", b"-.inf", b".nan", b"99999999999999999999999", b"2001-01-01", b"1:30", b"name",
    b"name: ", b"llm_config: ", b"tools: ", b"template: x\n", b"prompt: ../x.md\n", b"prompt: .\n", b"protect: x\n",
    b"omit: ['*']\n", b"vars: {a: '${var.a}'}\n", b"type: mcp\n",
]  # fmt: skip

VALUES: list[Any] = [
    None, True, False, 0, -1, 1.5, 10**30, 2**53, 1e308, "", " ", "x", "\0", "é\n", "\ud7ff", "x"*5000,
    "${var.model}", "${var.}", "${secret.s}", "${agents.receptionist.id}", "${", "$${x", "endCall", "mcp", [], {},
    [[]], [None], {"": None}, {"a": {"a": {}}}, {"type": "function"}, {"type": 3}, {"type": "mcp"}, {"template": "x"},
    {"<<": {"name": "x"}}, ["a", {"a": []}], {"id": "1"}, [{"id": 1}],
]  # fmt: skip


JSON_VALUES: list[Any] = [*VALUES, "\ud800", "a\udfffb", 10**400, -(10**400), float("inf"), float("nan")]
"""What JSON can carry besides: half a sign, numbers that no double holds."""


def spoiled_text(chance: random.Random, data: bytes, others: list[bytes]) -> bytes:
    """Change bytes or lines of a file in up to four places.

    Args:
        chance: Where the choices come from.
        data: The file.
        others: Files of which a piece may be taken.
    """
    for _ in range(chance.randint(1, 4)):
        data = chance.choice(_TEXT_CHANGES)(chance, data, others)
    return data


def _insert(chance: random.Random, data: bytes, _: list[bytes]) -> bytes:
    at = chance.randint(0, len(data))
    return data[:at] + chance.choice(PIECES) * chance.choice([1, 1, 1, 2, 100]) + data[at:]


def _overwrite(chance: random.Random, data: bytes, _: list[bytes]) -> bytes:
    at = chance.randint(0, len(data))
    piece = chance.choice([*PIECES, bytes([chance.randrange(256)])])
    return data[:at] + piece + data[at + len(piece) :]


def _cut(chance: random.Random, data: bytes, _: list[bytes]) -> bytes:
    start = chance.randint(0, len(data))
    return data[:start] + data[start + chance.choice([1, 2, 10, 10**6]) :]


def _splice(chance: random.Random, data: bytes, others: list[bytes]) -> bytes:
    other = chance.choice(others)
    start, at = chance.randint(0, len(other)), chance.randint(0, len(data))
    return data[:at] + other[start : start + chance.choice([5, 50, 500])] + data[at:]


def _lines(chance: random.Random, data: bytes, _: list[bytes]) -> bytes:
    lines = data.splitlines(keepends=True) or [b"\n"]
    one, two = chance.randrange(len(lines)), chance.randrange(len(lines))
    match chance.randrange(5):
        case 0:
            lines[one], lines[two] = lines[two], lines[one]
        case 1:
            lines.insert(one, lines[two])
        case 2:
            del lines[one]
        case 3:
            lines[one] = b" " * chance.randint(1, 4) + lines[one]
        case 4:
            lines[one] = lines[one][chance.randint(1, 3) :]
    return b"".join(lines)


_TEXT_CHANGES: list[Callable[[random.Random, bytes, list[bytes]], bytes]] = [_insert, _overwrite, _cut, _splice, _lines]


def spoiled_yaml(chance: random.Random, data: bytes) -> bytes:
    """Change values of a YAML file, which stays YAML."""
    spoiled = spoiled_value(chance, yaml.safe_load(data))
    try:
        return yaml.safe_dump(spoiled, allow_unicode=True, sort_keys=False).encode()
    except yaml.YAMLError:
        return json.dumps(spoiled).encode()


def spoiled_json(chance: random.Random, value: Any) -> bytes:
    """Change values of a JSON value, and its text now and then."""
    data = json.dumps(spoiled_value(chance, value, JSON_VALUES)).encode()
    if chance.random() < 0.15:
        data = spoiled_text(chance, data, [data])
    return data


def spoiled_value(chance: random.Random, value: Any, values: list[Any] = VALUES) -> Any:
    """Change a value in up to three places.

    Args:
        chance: Where the choices come from.
        value: A JSON value.
        values: What may come in its place.
    """
    value = copy.deepcopy(value)
    for _ in range(chance.randint(1, 3)):
        places = [place for place in _places(value) if place]
        if not places:
            return chance.choice(values)
        *above, last = chance.choice(places)
        holder = value
        for step in above:
            holder = holder[step]
        _change(chance, holder, last, values)
    return value


def _change(chance: random.Random, holder: Any, key: Any, values: list[Any]) -> None:
    match chance.randrange(5):
        case 0:
            del holder[key]
        case 1 if isinstance(holder, dict):
            holder[chance.choice(["", "x", "<<", "id", "__x", f"{key}s", str(key)[:-1], str(key).upper()])] = (
                holder.pop(key)
            )
        case 1:
            holder.insert(key, copy.deepcopy(holder[key]))
        case 2:
            holder[key] = [holder[key]] if chance.random() < 0.5 else {"x": holder[key]}
        case _:
            holder[key] = copy.deepcopy(chance.choice(values))


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in below:
        yield from _places(each, (*path, key))


@contextmanager
def no_hang() -> Iterator[None]:
    """Fail a case that computes for too long. Waiting does not count; the timeout of the whole test sees that."""

    def hang(*_: object) -> None:
        pytest.fail(f"the case computes for more than {LONGEST_CASE_S:.0f} s")

    before = signal.signal(signal.SIGVTALRM, hang)
    signal.setitimer(signal.ITIMER_VIRTUAL, LONGEST_CASE_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
