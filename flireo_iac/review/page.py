"""A review as one HTML file: no script, nothing loaded from anywhere, readable by whoever opens it."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Iterator, Sequence

import yaml

from flireo_iac.review import plainwords as say
from flireo_iac.review.model import (
    EnvironmentReview,
    FieldChange,
    ItemChange,
    Passage,
    Piece,
    Reached,
    Review,
    TextChange,
)
from flireo_iac.review.style import STYLE
from flireo_iac.review.words import excerpt

_AROUND = 60
_OPEN_ITEMS = 12
"""Items that are open when the page is; a longer list is read by its heads."""
_SHORT_TEXT = 600
"""Characters of a text that is new or gone up to which it is shown at once."""
_TAGS = {"same": "", "gone": "del", "new": "ins"}


def page(review: Review) -> str:
    """Write a review as a page."""
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    body = "\n".join([*_head(review), *_main(review)])
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{_text(review.wording.heading)}: {_text(say.title(review))}</title>
<style>{STYLE}</style>
</head>
<body>
<a class="skip" href="#main">To the changes</a>
{body}
<footer>{_code(review.wording.origin)}</footer>
</body>
</html>
"""


def _text(text: str) -> str:
    return html.escape(text)


def _code(text: str) -> str:
    """Write a sentence with words in back quotes."""
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", _text(text))


def _head(review: Review) -> Iterator[str]:
    yield "<header>"
    said = review.wording
    yield f"<h1>{_text(said.question)}</h1>"
    yield f'<p class="quiet">{_text(say.title(review))}</p>'
    if review.environments:
        rows = "".join(_row(environment, is_plan=said.is_plan) for environment in review.environments)
        columns = ["Environment", "What happens", "Met by", *(["Takes"] if said.is_plan else [])]
        heads = "".join(f"<th>{column}</th>" for column in columns)
        yield f'<table class="stacked"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'
    else:
        yield f"<p><strong>{_text(said.nothing)}</strong></p>"
    if review.untouched:
        yield f'<p class="quiet">Not reached: {_text(", ".join(review.untouched))}.</p>'
    yield from (f'<p class="card warn">{_text(note)}</p>' for note in review.notes)
    links = [("grave", said.losses)] if _needs_attention(review) else []
    links += [(_anchor(each), f"In {say.place(each)}") for each in review.environments]
    if len(links) > 1:
        entries = "".join(f'<li><a href="#{anchor}">{_text(name)}</a></li>' for anchor, name in links)
        yield f'<nav aria-label="Parts of this page"><ul>{entries}</ul></nav>'
    yield "</header>"


def _row(environment: EnvironmentReview, *, is_plan: bool) -> str:
    labels = [f'<span class="number">{_text(each.label or each.title)}</span>' for each in environment.reached]
    met = say.listed(labels, 12) or "nobody"
    takes = f'<td data-label="Takes">{_text(say.cost(environment.forecast))}</td>' if is_plan else ""
    return (
        f'<tr><td><a href="#{_anchor(environment)}"><strong>{_text(say.place(environment))}</strong></a></td>'
        f"<td>{_text(say.counted(environment))}</td>"
        f'<td data-label="Met by">{met}</td>{takes}</tr>'
    )


def _anchor(environment: EnvironmentReview, item: ItemChange | None = None) -> str:
    parts = [say.place(environment), *([item.kind, item.name] if item is not None else [])]
    return "in-" + "-".join(re.sub(r"[^A-Za-z0-9_-]", lambda found: f"_{ord(found[0]):x}", part) for part in parts)


def _needs_attention(review: Review) -> bool:
    is_drifted = any(each.problems or each.drift for each in review.environments)
    return is_drifted or bool(say.losses(review)) or bool(say.asked(review))


def _main(review: Review) -> Iterator[str]:
    yield '<main id="main">'
    if _needs_attention(review):
        yield from _grave(review)
    for environment in review.environments:
        yield from _environment(environment)
    yield "</main>"


def _grave(review: Review) -> Iterator[str]:
    yield f'<section id="grave"><h2>{_text(_grave_head(review))}</h2>'
    for environment in review.environments:
        for problem in environment.problems:
            yield _card("warn", "a problem of the stack", say.within([environment.name]), [problem])
    for found in say.losses(review):
        item = found[0][1]
        where = say.within([name for name, _ in found])
        yield _card("grave", f"{item.title} {say.does(item)}", where, [*item.consequences, *say.fates(found)])
    for finding, names in say.asked(review).items():
        items = [say.listed(finding.items, 30)] if len(finding.items) > 1 else []
        texts = [finding.text, *items, f"If that is meant: {finding.flag}"]
        yield _card("warn", "has to be asked for", say.within(names), texts)
    for environment in review.environments:
        for line in environment.drift or ():
            yield _card("warn", "overwritten by this change", say.within([environment.name]), [line])
    yield "</section>"


def _grave_head(review: Review) -> str:
    said = review.wording
    return "Deleted, replaced, and what has to be asked for" if said.is_plan else said.losses


def _card(look: str, head: str, where: str, texts: Sequence[str]) -> str:
    title = f"{head} {where}".strip()
    lines = "<br>".join(map(_text, texts))
    return f'<div class="card {look}"><strong>{_text(title[:1].upper() + title[1:])}.</strong> {lines}</div>'


def _environment(environment: EnvironmentReview) -> Iterator[str]:
    yield f'<section id="{_anchor(environment)}"><h2>In {_text(say.place(environment))}</h2>'
    yield from (f'<p class="card warn">{_text(note)}</p>' for note in environment.notes)
    if any(item.reached for item in environment.items):
        yield f'<div class="card"><h4>Who meets the change</h4>{_tree(environment)}</div>'
    items = [item for item in environment.items if item.texts or item.fields or not item.is_grave]
    for n, item in enumerate(items):
        yield from _item(environment, item, is_open=n < _OPEN_ITEMS and not item.same_as)
    yield "</section>"


def _tree(environment: EnvironmentReview) -> str:
    """List who meets which change, what is nearer further out."""
    roots = []
    for item in environment.items:
        if item.reached:
            inner = _branches(item.title, item.reached, {item.title})
            is_below = bool(item.texts or item.fields or not item.is_grave)
            anchor = _anchor(environment, item) if is_below else "grave"
            roots.append(f'<li><a href="#{anchor}">{_text(item.title)}</a>{inner}</li>')
    return f'<ul class="tree">{"".join(roots)}</ul>'


def _branches(title: str, reached: Sequence[Reached], seen: set[str]) -> str:
    below = [each for each in reached if each.via == title and each.title not in seen]
    if not below:
        return ""
    entries = []
    for each in below:
        inner = _branches(each.title, reached, {*seen, each.title})
        label = f'<span class="number">{_text(each.label)}</span> ' if each.label else ""
        idle = "" if each.is_active else ", not active"
        name = f'<span class="quiet">{_text(each.title)}{idle}</span>' if label else f"{_text(each.title)}{idle}"
        entries.append(f"<li>{label}{name}{inner}</li>")
    return f"<ul>{''.join(entries)}</ul>"


def _item(environment: EnvironmentReview, item: ItemChange, *, is_open: bool) -> Iterator[str]:
    grave = " grave" if item.is_grave else ""
    brief = f"the same as in {item.same_as}" if item.same_as else say.brief(item) or " ".join(item.consequences)
    badge = _text(item.badge or _BADGES[item.op])
    yield (
        f'<details class="item{grave}" id="{_anchor(environment, item)}"{" open" if is_open else ""}>'
        f'<summary><h3>{_text(item.shown)}</h3><span class="badge {item.op}">{badge}</span>'
        f'<span class="brief">{_text(brief)}</span></summary>'
    )
    if item.consequences and say.brief(item):
        yield f"<p>{_text(' '.join(item.consequences))}</p>"
    if item.reached:
        yield f"<p>Met by {_text(say.meets(item.reached, 40))}.</p>"
    for text in item.texts:
        yield from _changed_text(text)
    block = say.outline(item)
    if block:
        yield f"<pre>{_text(block)}</pre>"
    elif item.fields:
        yield from _fields(item.fields)
    yield "</details>"


_BADGES = {"delete": "deleted", "sweep": "deleted", "replace": "replaced", "update": "changed", "create": "new"}


def _changed_text(text: TextChange) -> Iterator[str]:
    words = "; ".join(filter(None, (say.words_of(text), say.note(text))))
    yield f'<h4>{_text(text.label)} <span class="quiet">{_text(words)}</span></h4>'
    if text.operation == "change" or not text.is_made:
        yield from map(_passage, text.passages)
        return
    # A text that is new or gone is read from its beginning, not passage by passage.
    lines = "\n".join(f"{_indent(each)}{''.join(map(_piece, each.pieces))}" for each in text.passages)
    is_short = text.new_length + text.old_length < _SHORT_TEXT
    opening = f"<details{' open' if is_short else ''}><summary>the whole text</summary>"
    yield f"{opening}<blockquote><p>{lines}</p></blockquote></details>"


def _indent(passage: Passage) -> str:
    return " " * min(passage.depth, 12)


def _passage(passage: Passage) -> str:
    shared = say.same(passage)
    where = f"{say.where(passage)} ({shared})" if shared else say.where(passage)
    words = "".join(map(_piece, excerpt(passage.pieces, 4 if passage.same_as else _AROUND)))
    return (
        f'<div class="passage"><div class="where">{_text(where)}, line {passage.line}</div>'
        f"<blockquote><p>{_indent(passage)}{words}</p></blockquote></div>"
    )


def _piece(piece: Piece) -> str:
    tag = _TAGS[piece.kind]
    if not tag:
        return _text(piece.text)
    before, inner, after = re.match(r"(\s*)(.*?)(\s*)$", piece.text, re.DOTALL).groups()  # type: ignore[union-attr]
    return f"{before}<{tag}>{_text(inner)}</{tag}>{after}" if inner else f"<{tag}>{piece.text}</{tag}>"


def _fields(fields: Sequence[FieldChange]) -> Iterator[str]:
    rows = []
    for field in fields:
        said = say.note(field)
        note = f"<br>{_text(said)}" if said else ""
        old, new = (_side(field, side) for side in (0, 1))
        rows.append(
            f'<tr><td class="path"><code>{_text(field.path)}</code><span class="quiet">{note}</span></td>'
            f'<td data-label="before">{old}</td><td data-label="after">{new}</td></tr>'
        )
    yield (
        '<table class="stacked"><thead><tr><th>Field</th><th>Before</th><th>After</th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def _side(field: FieldChange, side: int) -> str:
    found = (field.old, field.new)[side]
    if not field.is_secret and isinstance(found, dict):
        return f"<pre>{_text(yaml.safe_dump(found, allow_unicode=True, sort_keys=False, width=80).rstrip())}</pre>"
    text = say.sides(field)[side]
    return _text(text)
