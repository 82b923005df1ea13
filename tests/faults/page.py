"""The page that says what a user sees: written from results, and read again to hold results against it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from flireo_iac.kinds import KINDS
from tests.faults.cells import Outcome, Result, Step
from tests.faults.orders import METHODS

Square = tuple[str, str, str]
"""Names of a fault, a kind and a verb."""

Cite = Callable[[int, str], str]
"""From the exit code (0 for a text that stops nothing) and a text to what stands for it in a cell."""

INTRODUCTION = """\
# When the network or the server fails

What a user sees of each fault, for each kind of resource and each verb. This page is written by the test that plays
the faults (`python -m tests.faults.matrix --write`): the client and the lifecycle of the provider run against the
emulator, over real sockets, and then run once more without the fault. After that second run the account holds exactly
what is wanted, the plan is empty, and nothing was made twice. No text holds a secret.

A cell says how the run with the fault ends. *once*: the fault meets one request of the verb (of a refresh, the first).
*from then on*: it meets that request and every later one. *throughout*: it meets every request of the run.

- **done**: nothing is lost, and the run goes on.
- **stops**: this resource is not done, and the run fails. What was there stays, in the account and in the state.
  Running again is enough. *then* says what the next run says, if it says anything.
- A number in brackets is a text, listed below the table, with the exit code that it leads to. Texts without one are
  warnings and notes. `<request>` is the method and the path, such as `PATCH /agents/…`.
- **not sent**: no such request is sent, or the kind has no such verb or no list.

Retries are not shown: what may be repeated is sent up to 5 times, with growing pauses, before a run stops; after a 429,
until the time of the operation is over. A create is never sent twice where it may have arrived: the next run settles
what became of it, and waits for that, if need be, until 30 s (`FLIREO_SETTLE_S`) have gone by since.
"""

NONE = "not sent"


class Citations:
    """Numbers of texts, in the order in which they are cited."""

    def __init__(self) -> None:
        self.texts: dict[tuple[int, str], int] = {}

    def __call__(self, exit_code: int, text: str) -> str:
        """Give the number of a text; a new one when it has none yet."""
        number = self.texts.setdefault((exit_code, text), len(self.texts) + 1)
        return str(number)


def inline(exit_code: int, text: str) -> str:
    """Cite a text by itself."""
    return _shown(exit_code, text)


def squares(results: Iterable[Result]) -> dict[Square, dict[str, Outcome]]:
    """Put the results of one fault, kind and verb together, by how long the fault lasts."""
    found: dict[Square, dict[str, Outcome]] = {}
    for result in results:
        cell = result.cell
        found.setdefault((cell.fault.name, cell.kind, cell.verb), {})[cell.lasting] = result.outcome
    return found


def cell_text(outcomes: Mapping[str, Outcome], cite: Cite) -> str:
    """Write a cell of the table."""
    if not any(outcome.met for outcome in outcomes.values()):
        return NONE
    parts: dict[str, list[str]] = {}
    for lasting, outcome in outcomes.items():
        parts.setdefault(_outcome(outcome, cite), []).append(lasting)
    if len(parts) == 1:
        return next(iter(parts))
    return "; ".join(f"*{', '.join(lastings)}*: {text}" for text, lastings in parts.items())


def _outcome(outcome: Outcome, cite: Cite) -> str:
    ending = "stops" if outcome.first.exit_code else "done"
    then = _cited(outcome.again, cite)
    return f"**{ending}**{_cited(outcome.first, cite)}{f', then{then}' if then else ''}"


def _cited(step: Step, cite: Cite) -> str:
    codes = [*(0 for _ in step.texts[1:]), step.exit_code]
    cited = ", ".join(cite(code, text) for code, text in zip(codes, step.texts, strict=False))
    return f" [{cited}]" if cited else ""


def _shown(exit_code: int, text: str) -> str:
    return f"`{text}`" + (f" (exit {exit_code})" if exit_code else "")


def write(results: Iterable[Result]) -> str:
    """Write the page.

    Kinds that fare alike share a row, and so do faults.
    """
    cite = Citations()
    found = squares(results)
    faults = list(dict.fromkeys(fault for fault, _, _ in found))
    rows: dict[tuple[tuple[tuple[str, ...], tuple[str, ...]], ...], list[str]] = {}
    for fault in faults:
        rows.setdefault(_folded(fault, found, cite), []).append(fault)
    lines = [
        f"| Fault | Kinds | {' | '.join(METHODS)} |",
        f"|{'---|' * (len(METHODS) + 2)}",
        *(
            f"| {'<br>'.join(names)} | {', '.join(KINDS[name].title for name in kinds)} | {' | '.join(cells)} |"
            for groups, names in rows.items()
            for kinds, cells in groups
        ),
    ]
    texts = [f"{number}. {_shown(*key)}" for key, number in cite.texts.items()]
    return "\n".join([INTRODUCTION, "## Table", "", *lines, "", "## Texts", "", *texts, ""])


def _folded(
    fault: str, found: Mapping[Square, Mapping[str, Outcome]], cite: Cite
) -> tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]:
    """Give the kinds that fare alike under a fault, with their cells; a verb that a kind lacks makes no difference."""
    groups: list[tuple[list[str], dict[str, str]]] = []
    for kind in KINDS:
        cells = {verb: cell_text(found[(fault, kind, verb)], cite) for verb in METHODS if (fault, kind, verb) in found}
        for names, theirs in groups if cells else ():
            if all(theirs.get(verb, text) == text for verb, text in cells.items()):
                names.append(kind)
                theirs.update(cells)
                break
        else:
            groups.append(([kind], cells))
    return tuple((tuple(names), tuple(cells.get(verb, NONE) for verb in METHODS)) for names, cells in groups if cells)


def read(page: str) -> dict[Square, str]:
    """Read the cells of a page, each text in the place of its number."""
    texts = dict(re.findall(r"^(\d+)\. (.+)$", page, re.MULTILINE))
    kinds = {kind.title: kind.name for kind in KINDS.values()}

    def cited(match: re.Match[str]) -> str:
        return f"[{', '.join(texts[number] for number in match[1].split(', '))}]"

    found: dict[Square, str] = {}
    for line in page.splitlines():
        if line.startswith("| ") and not line.startswith("| Fault"):
            names, titles, *cells = line.strip("| ").split(" | ")
            for name in names.split("<br>"):
                for title in titles.split(", "):
                    for verb, cell in zip(METHODS, cells, strict=True):
                        text = re.sub(r"\[(\d+(?:, \d+)*)\]", cited, cell)
                        found[(name, kinds[title], verb)] = text
    return found
