"""What looks like a key, in any file of a stack. The value never enters a text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from flireo_iac.kinds import KINDS
from flireo_iac.lint.finding import Finding, finding
from flireo_iac.lint.shapes import SHAPES, has_key, is_key_header
from flireo_iac.stacks.folder import ENVIRONMENTS, TESTS
from flireo_iac.stacks.load import LoadedStack
from flireo_iac.stacks.nodes import ListNode, MapNode, Node, ScalarNode
from flireo_iac.stacks.prompts import FOLDER
from flireo_iac.stacks.values import Place

_ENDINGS = (".yaml", ".yml", ".md", ".txt")
_MOST_BYTES = 5_000_000
_SHORTEST_KEY = 6
"""A shorter value of a header is no key."""


def texts_of(folder: Path) -> dict[str, str]:
    """Give the text of every file that belongs to a stack, by its path as the user would type it."""
    folders = [folder / name for name in (*(kind.folder for kind in KINDS.values()), ENVIRONMENTS, TESTS, FOLDER)]
    paths = [*folder.glob("*"), *(path for each in folders for path in each.glob("**/*"))]
    found = {}
    for path in sorted(set(paths)):
        try:
            if path.suffix in _ENDINGS and path.is_file() and path.stat().st_size <= _MOST_BYTES:
                found[str(path)] = path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue  # the loader has said so where it matters
    return found


def find(texts: dict[str, str]) -> Iterator[Finding]:
    """Find what looks like a key in texts of files."""
    for file, text in texts.items():
        for shape in SHAPES:
            if not any(sign in text for sign in shape.signs):
                continue
            for match in shape.pattern.finditer(text):
                before = text[: match.start()]
                place = Place(file, before.count("\n") + 1, match.start() - (before.rfind("\n") + 1) + 1)
                yield _finding(place, shape.what)


def find_in_headers(stack: LoadedStack) -> Iterator[Finding]:
    """Find headers of requests that are named like one for a key, and hold their value in clear."""
    for tree in stack.origins.trees.values():
        for name, value, place in _headers(tree):
            if is_key_header(name) and len(value) >= _SHORTEST_KEY and not has_key(value):
                yield _finding(place, f'the key of the header "{name}"')


def _headers(node: Node) -> Iterator[tuple[str, str, Place]]:
    """Give name, text and place of every header; one that takes its value from a secret is no text."""
    match node:
        case MapNode():
            for key, entry in node.entries.items():
                if key == "headers" and isinstance(entry.node, MapNode):
                    for name, each in entry.node.entries.items():
                        if isinstance(each.node, ScalarNode) and isinstance(each.node.value, str):
                            yield name, each.node.value, each.node.place
                else:
                    yield from _headers(entry.node)
        case ListNode():
            for item in node.items:
                yield from _headers(item)


def _finding(place: Place, what: str) -> Finding:
    hint = "Make a new one, and write ${secret.<name>} where it belongs."
    return finding("FL161", place, f"this looks like {what}, for everybody to read. {hint}")
