"""A review as Markdown for the comment on a pull request, never longer than the forge allows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import yaml

from flireo_iac.plan.rails import Finding
from flireo_iac.review import plainwords as say
from flireo_iac.review.escaping import diagram, element, markdown, preformatted
from flireo_iac.review.fit import Part, fitted
from flireo_iac.review.model import EnvironmentReview, FieldChange, ItemChange, Passage, Piece, Review, TextChange
from flireo_iac.review.words import cut, excerpt

LIMITS = {"github": 65_536, "gitlab": 1_000_000, "azure": 150_000}
"""Most characters of one comment. Source: GitHub's refusal of a longer body; GitLab, "Instance limits"; Azure DevOps,
"Work tracking, process, and project limits"."""
_TAGS = {"same": ("", ""), "gone": ("<del>", "</del>"), "new": ("<ins>", "</ins>")}
_OPEN_ITEMS = 3
"""Items that are shown open; the others unfold."""
_MOST_NODES = 40
_DETAIL = ((30, 80), (12, 30), (5, 8), (3, 2))
"""Forms of an item: words around a change, and passages that are shown."""


def comment(review: Review, limit: int = LIMITS["github"], link: str = "") -> str:
    """Write a review.

    Args:
        review: The review.
        limit: Most characters, in UTF-16 units; at least 2,000.
        link: Address of the whole review; empty when there is none.
    """

    def tail(left_out: int, shortened: int, there: int) -> str:
        del there
        missing = [
            f"{say.many(count, 'part')} {word}"
            for count, word in ((left_out, "left out"), (shortened, "shortened"))
            if count
        ]
        if not missing and not link:
            return ""
        whole = f"[the whole review]({_address(link)})" if link else f"The whole review: `{review.wording.command}`"
        said = f"{' and '.join(missing)} to fit. " if missing else ""
        return f"\n---\n{said[:1].upper()}{said[1:]}{whole[:1].upper() if not link else whole[:1]}{whole[1:]}.\n"

    return fitted(list(_parts(review)), max(limit, 2_000), tail)


def _address(link: str) -> str:
    return "".join(sign if sign not in ' <>()[]"\\`\n' else f"%{ord(sign):02X}" for sign in link)


def _parts(review: Review) -> Iterator[Part]:
    said = review.wording
    yield Part((f"{said.mark}\n## {markdown(said.heading)}\n\n{markdown(say.title(review)[:300])}\n\n",), "title", 0)
    for note in review.notes:
        yield Part((f"{markdown(note)}\n\n",), "note", 1)
    if not review.environments:
        yield Part((f"{said.nothing.removesuffix('.')}{_looked_at(review)}.\n",), "result", 0)
        return
    columns = ["Environment", "What happens", "Met by", *(["Takes"] if said.is_plan else [])]
    yield Part((f"| {' | '.join(columns)} |\n{'|---' * len(columns)}|\n",), "table", 0)
    for environment in review.environments:
        yield Part(_row(environment, is_plan=said.is_plan), "environment", 0)
    yield Part(("\n",), "table", 0)
    if review.untouched:
        yield Part((f"Not reached: {markdown(say.listed(review.untouched, 20))}.\n\n",), "note", 1)
    yield from _grave(review)
    for environment in review.environments:
        yield from _environment(environment, is_only=len(review.environments) == 1)


def _looked_at(review: Review) -> str:
    return f" in {markdown(say.listed(review.untouched, 20))}" if review.untouched else ""


def _row(environment: EnvironmentReview, *, is_plan: bool) -> tuple[str, ...]:
    name, what = markdown(say.place(environment)), markdown(say.counted(environment))
    takes = f" {markdown(say.cost(environment.forecast))} |" if is_plan else ""
    short = f"| {name[:200]} | {what} | {len(environment.reached)} |{takes}\n"
    return f"| **{name}** | {what} | {_labels(environment)} |{takes}\n", short


def _labels(environment: EnvironmentReview) -> str:
    labels = [markdown(each.label or each.title) for each in environment.reached]
    return say.listed(labels, 12) or "nobody"


def _grave(review: Review) -> Iterator[Part]:
    problems = [(each, problem) for each in review.environments for problem in each.problems]
    drift = [(each, line) for each in review.environments for line in each.drift or ()]
    losses, asked = say.losses(review), say.asked(review)
    if problems:
        yield Part(("### The stack has problems, so this review may not be whole\n\n",), "heading", 1)
        yield from (Part((f"- {_in(each)}{markdown(problem)}\n",), "problem", 1) for each, problem in problems)
        yield Part(("\n",), "", 1)
    if losses:
        yield Part((f"### {markdown(review.wording.losses)}\n\n",), "heading", 1)
        yield from (Part(_loss(found), "deletion", 1) for found in losses)
        yield Part(("\n",), "", 1)
    if asked:
        yield Part(("### Has to be asked for\n\n",), "heading", 1)
        yield from (Part(_asked(finding, names), "finding", 1) for finding, names in asked.items())
        yield Part(("\n",), "", 1)
    if drift:
        yield Part(("### Changed in the account, and overwritten by this change\n\n",), "heading", 1)
        yield from (Part((f"- {_in(each)}{markdown(line)}\n",), "drift", 1) for each, line in drift)
        yield Part(("\n",), "", 1)


def _in(environment: EnvironmentReview) -> str:
    return f"**{markdown(environment.name)}**: " if environment.name else ""


def _loss(found: Sequence[tuple[str, ItemChange]]) -> tuple[str, ...]:
    item = found[0][1]
    where = say.within([name for name, _ in found])
    head = f"- **{markdown(item.title)} {markdown(say.does(item))}**{f' {markdown(where)}' if where else ''}."
    fates = "".join(f"<br>{markdown(fate)}" for fate in say.fates(found))
    return f"{head} {markdown(' '.join(item.consequences))}{fates}\n", f"{head}\n"


def _asked(finding: Finding, names: Sequence[str]) -> tuple[str, ...]:
    where = say.within(names)
    begun = f"**{markdown(where[:1].upper() + where[1:])}**: " if where else ""
    text = f"- {begun}{markdown(finding.text)} If that is meant: <code>{markdown(finding.flag)}</code>"
    items = f"<br>{markdown(say.listed(finding.items, 20))}" if len(finding.items) > 1 else ""
    return f"{text}{items}\n", f"{text}\n"


def _environment(environment: EnvironmentReview, *, is_only: bool) -> Iterator[Part]:
    if not is_only or environment.name:
        yield Part((f"### In {markdown(say.place(environment))}\n\n",), "heading", 2)
    for note in environment.notes:
        yield Part((f"{markdown(note)}\n\n",), "note", 2)
    shown = [item for item in environment.items if not item.same_as]
    with_words = [item for item in shown if item.texts]
    for item in shown:
        is_open = item in with_words[:_OPEN_ITEMS] or (not item.texts and len(item.fields) < 6)
        if item.texts or item.fields or not item.is_grave:
            rank = 2 if item.texts or item.is_grave else 3
            yield Part(tuple(_item(item, is_open=is_open)), item.kind or "item", rank)
    first: dict[str, list[ItemChange]] = {}
    for item in environment.items:
        if item.same_as:
            first.setdefault(item.same_as, []).append(item)
    for name, items in first.items():
        yield Part((f"The same as in {markdown(name)}:\n\n",), "heading", 2)
        for item in items:
            yield Part((f"- {_line(item)}\n",), item.kind or "item", 2)
        yield Part(("\n",), "", 2)
    graph = _graph(environment)
    if graph:
        yield Part((f"<details><summary>Who meets the change</summary>\n\n{graph}\n</details>\n\n", ""), "graph", 4)


def _line(item: ItemChange) -> str:
    """Say of an item in one line what changes and who meets it."""
    met = f", met by {markdown(say.meets(item.reached, 6))}" if item.reached else ""
    what = say.brief(item)
    return f"**{markdown(item.shown)}** {markdown(say.does(item))}{f' ({markdown(what[:400])})' if what else ''}{met}"


def _item(item: ItemChange, *, is_open: bool) -> Iterator[str]:
    for around, most in _DETAIL:
        body = "".join(_text(text, around, most) for text in item.texts)
        body += _block(item, most) or _fields(item.fields, most)
        consequences = markdown(" ".join(item.consequences))
        body = f"{consequences}\n\n{body}" if consequences and not item.is_grave else body
        met = f"Met by {markdown(say.meets(item.reached, 10))}.\n\n" if item.reached else ""
        head = f"<b>{element(item.shown)}</b> {element(say.does(item))}"
        if is_open:
            yield f"#### {markdown(item.shown)} {markdown(say.does(item))}\n\n{met}{body}"
        else:
            brief = element(say.brief(item)[:200])
            yield f"<details><summary>{head}: {brief}</summary>\n\n{met}{body}\n</details>\n\n"
    yield f"{_line(item)}\n\n"


def _text(text: TextChange, around: int, most: int) -> str:
    note = f" ({markdown(say.note(text))})" if text.note else ""
    head = f"**{markdown(text.label)}**: {markdown(say.words_of(text))}{note}\n\n"
    more = len(text.passages) - most
    rest = f"*and {say.many(more, 'passage')} more*\n\n" if more > 0 else ""
    if text.operation == "change":
        return head + "".join(_passage(passage, around, most) for passage in text.passages[:most]) + rest
    # A text that is new or gone is read from its beginning, not passage by passage.
    lines = [f"> {_indent(each)}{_pieces(_shortened(each.pieces, around * 40))}<br>\n" for each in text.passages[:most]]
    return f"{head}{''.join(lines)}\n{rest}"


def _indent(passage: Passage) -> str:
    return "&nbsp;" * min(passage.depth, 12)


def _passage(passage: Passage, around: int, most: int) -> str:
    where, shared = markdown(say.where(passage)), markdown(say.same(passage))
    if passage.same_as:
        words = _pieces(excerpt(passage.pieces, 3)) if not passage.is_whole else ""
        return f"*{where}*: {shared}\n\n" if len(words) > 200 or not words else f"*{where}* ({shared}): {words}\n\n"
    head = f"*{where}*{f' ({shared})' if shared else ''}"
    shown = excerpt(cut(passage.pieces, most), around)
    return f"{head}\n> {_indent(passage)}{_pieces(_shortened(shown, around * 40))}\n\n"


def _shortened(pieces: Sequence[Piece], most: int) -> tuple[Piece, ...]:
    """Cut changed words that are very many."""
    return tuple(
        piece
        if len(piece.text) <= most
        else Piece(piece.kind, f"{piece.text[:most]}… ({len(piece.text):,} characters)")
        for piece in pieces
    )


def _pieces(pieces: Sequence[Piece]) -> str:
    shown = []
    for piece in pieces:
        inner = piece.text.strip()
        before, _, after = piece.text.partition(inner) if inner else (piece.text, "", "")
        opening, closing = _TAGS[piece.kind]
        shown.append(f"{before}{opening}{markdown(inner)}{closing}{after}")
    return "".join(shown)


def _block(item: ItemChange, most: int) -> str:
    """Write the fields of a new item as one block."""
    text = say.outline(item)
    cut_off = text if len(text) <= most * 100 else f"{text[: most * 100]}…"
    return f"<pre>\n{preformatted(cut_off)}\n</pre>\n\n" if text else ""


def _fields(fields: Sequence[FieldChange], most: int) -> str:
    if not fields:
        return ""
    rows = ["| Field | Before | After |\n|---|---|---|\n"]
    blocks = []
    for field in fields[:most]:
        said = say.note(field)
        note = f" ({markdown(said)})" if said else ""
        block = field.new if field.operation == "add" else field.old if field.operation == "remove" else None
        if isinstance(block, dict) and not field.is_secret:
            verb = "new" if field.operation == "add" else "removed"
            text = yaml.safe_dump(block, allow_unicode=True, sort_keys=False, width=100)
            cut = text if len(text) <= most * 100 else f"{text[: most * 100]}…"
            blocks.append(
                f"**{markdown(field.path)}** is {verb}{note}:\n\n<pre>\n{preformatted(cut.rstrip())}\n</pre>\n\n"
            )
        else:
            old, new = say.sides(field)
            rows.append(f"| {markdown(field.path)}{note} | {markdown(old)} | {markdown(new)} |\n")
    more = len(fields) - most
    table = "".join(rows) + "\n" if len(rows) > 1 else ""
    return table + "".join(blocks) + (f"*and {say.many(more, 'field')} more*\n\n" if more > 0 else "")


def _graph(environment: EnvironmentReview) -> str:
    """Draw who meets which change."""
    edges = {(each.via, each.label or each.title) for item in environment.items for each in item.reached if each.via}
    if not edges:
        return ""
    names: dict[str, str] = {}
    for edge in sorted(edges)[:_MOST_NODES]:
        for end in edge:
            names.setdefault(end, f"n{len(names)}")
    lines = ["```mermaid", "graph LR"]
    lines += [f'  {node}["{diagram(name)}"]' for name, node in names.items()]
    lines += [f"  {names[one]} --> {names[other]}" for one, other in sorted(edges)[:_MOST_NODES]]
    more = len(edges) - _MOST_NODES
    return "\n".join([*lines, "```", *([f"\nand {more} more"] if more > 0 else []), ""])
