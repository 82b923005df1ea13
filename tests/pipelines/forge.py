"""A stand-in for the programs ``gh`` and ``glab``: keeps what they would write at a forge, in a folder.

The file is put on PATH under both names, and knows as much of ``api`` as the scripts ask of it.
"""

from __future__ import annotations

import itertools
import json
import re
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

FOLDER = Path(__file__).parent / "forge"


def fields(arguments: list[str]) -> dict[str, str]:
    found = {}
    for name, pair in itertools.pairwise(arguments):
        if name in ("--field", "--raw-field"):
            key, value = pair.split("=", 1)
            found[key] = Path(value[1:]).read_text() if name == "--field" and value.startswith("@") else value
    return found


def option(arguments: list[str], name: str) -> str | None:
    return arguments[arguments.index(name) + 1] if name in arguments else None


def shown(found: list[dict[str, object]], jq: str | None) -> None:
    """Print a list as the program does: through one of the scripts' filters, or an object a line."""
    if jq is None:
        print(*map(json.dumps, found), sep="\n", end="\n" if found else "")
    elif jq == ".[0].number // empty":
        print(*(each["number"] for each in found[:1]))
    else:
        start, key = re.search(r'startswith\("(.*)"\)\) \| \.(\w+)$', jq).groups()  # type: ignore[union-attr]
        for each in found:
            if str(each["body"]).startswith(start):
                print(each[key])


def main(arguments: list[str]) -> None:
    FOLDER.mkdir(exist_ok=True)
    with (FOLDER / "calls").open("a") as calls:
        calls.write(json.dumps(arguments) + "\n")
    assert arguments.pop(0) == "api"
    address = urlsplit(next(each for each in arguments if each.startswith(("repos/", "projects/"))))
    parts = address.path.split("/")
    method = option(arguments, "--method") or "GET"
    collection = parts[-1] if method in ("GET", "POST") else parts[-2]
    file = FOLDER / f"{collection}.json"
    kept = json.loads(file.read_text()) if file.exists() else []
    if method == "GET":
        asked = {name: values[0].split(":")[-1] for name, values in parse_qs(address.query).items()}
        wanted = {name: asked[name] for name in ("state", "head", "source_branch") if name in asked}
        shown([each for each in kept if wanted.items() <= each.items()], option(arguments, "--jq"))
    elif method == "POST":
        number = len(kept) + 1
        state = "open" if parts[0] == "repos" else "opened"
        kept.append({"id": number, "number": number, "iid": number, "state": state, **fields(arguments)})
    else:
        change = fields(arguments)
        if change.pop("state_event", "") == "close":
            change["state"] = "closed"
        kept[int(parts[-1]) - 1].update(change)
    file.write_text(json.dumps(kept))


if __name__ == "__main__":
    main(sys.argv[1:])
