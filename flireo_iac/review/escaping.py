"""Keeps words of prompts from being read as Markdown, HTML, mentions, links or commands of a forge.

Source: CommonMark 0.31, section 2.4 (backslash escapes); GitHub, GitLab and Azure turn mentions and references into
links after that, so a zero-width space stands behind the signs they begin with.
"""

from __future__ import annotations

import html
import re

_SIGNS = re.compile(r"[\\`*_{}\[\]()~|$!^+=.:-]")
_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_GAP = "&#8203;"


def markdown(text: str) -> str:
    """Give text that shows as itself in one line of Markdown, in a cell of a table too.

    Args:
        text: The text; line breaks become spaces.
    """
    text = re.sub(r"^\s+", " ", " ".join(text.split("\n")))  # four spaces would begin a block of code
    text = re.sub(r"[&<>]", lambda found: _HTML[found[0]], text)
    text = _SIGNS.sub(_escaped, text)
    # Mentions (@), issues and merge requests (# !), and GitLab's milestones, labels, snippets, epics and commands.
    text = re.sub(r"((?<!&)#|[@%!~$^]|&amp;)(?=[\w\"\\])", rf"\1{_GAP}", text)
    text = re.sub(r"(?i)\b(gh|www|https?|ftp)(?=\\[-.:])", rf"\1{_GAP}", text)
    return re.sub(r"^(\s*)([#/])", rf"\1{_GAP}\2", text)


def element(text: str) -> str:
    """Give text for one line inside an HTML element that stands alone, where Markdown is not read."""
    text = html.escape(" ".join(text.split("\n")), quote=False)
    return re.sub(r"((?<!&)#|[@%!~$^]|&amp;)(?=\w)", rf"\1{_GAP}", text)


def _escaped(found: re.Match[str]) -> str:
    sign = found[0]
    if sign in "-+=.:!^(){}":
        # Only where they would mean something: at the start of a line, in links, addresses, emoji.
        before, after = found.string[: found.start()], found.string[found.end() :]
        is_start = not before.strip() or re.fullmatch(r"\s*\d+", before) is not None
        is_address = re.search(r"(?i)\b(gh|www|https?|ftp|mailto)$", before) is not None
        is_emoji = sign == ":" and re.match(r"[\w+-]+:", after) is not None
        return f"\\{sign}" if is_start or is_address or is_emoji else sign
    return f"\\{sign}"


def preformatted(text: str) -> str:
    """Give text for the inside of a ``<pre>`` element in Markdown; no line of it begins at the margin."""
    return "\n".join(f"  {line}" for line in html.escape(text, quote=False).split("\n"))


def diagram(text: str) -> str:
    """Give text for a quoted label of a mermaid diagram: every sign that could end or open anything is a code."""
    return re.sub(r"[^\w .,+-]", lambda found: f"#{ord(found[0])};", " ".join(text.split()))[:400]
