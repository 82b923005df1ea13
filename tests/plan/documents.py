"""Documents of previews, written as both engines write them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

STACK = "urn:pulumi:dev::shop::pulumi:pulumi:Stack::shop-dev"


def urn(token: str, item: str) -> str:
    return f"urn:pulumi:dev::shop::pulumi-python:dynamic/flireo:{token}::{item}"


def step(
    op: str,
    token: str,
    item: str,
    old: Mapping[str, Any] | None = None,
    new: Mapping[str, Any] | None = None,
    *,
    id_: str = "",
    needs: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Give a step; without ``old`` and ``new`` both are the least that the operation has."""
    found: dict[str, Any] = {"op": op, "urn": urn(token, item)}
    about = {"custom": True, "parent": STACK, "dependencies": list(needs)}
    if op not in ("create",):
        found["oldState"] = {**about, "id": id_ or f"{item}-id", "inputs": dict(old or {})}
    if op not in ("delete", "delete-replaced"):
        found["newState"] = {**about, "inputs": dict(new if new is not None else old or {})}
    return found


def document(*steps: Mapping[str, Any], unchanged: int = 0) -> dict[str, Any]:
    """Give a document; ``unchanged`` resources are counted and not shown."""
    counts = Counter(each["op"] for each in steps if each["op"] not in ("create-replacement", "delete-replaced"))
    counts["same"] += unchanged + 1
    root = {"op": "same", "urn": STACK, "oldState": {"custom": False}, "newState": {"custom": False}}
    return {"steps": [root, *steps], "changeSummary": dict(counts)}
