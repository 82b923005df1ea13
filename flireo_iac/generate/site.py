"""What MkDocs calls while it builds the site: links to files that are no pages become their text."""

from __future__ import annotations

import re
from typing import Any

_OUT_OF_DOCS = re.compile(r"\[([^\]]+)\]\((?:\.\./)+(?:examples|stacks|tests|flireo_iac)[^)]*\)")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Give the text of a page for the site. Source: MkDocs, "Plugins", events."""
    return _OUT_OF_DOCS.sub(r"\1", markdown)
