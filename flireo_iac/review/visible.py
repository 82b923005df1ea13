"""Makes characters visible that a reader would not see: controls, direction marks, zero-width signs, tags.

A review is read to decide; text that hides from the reader, or that moves the cursor of a terminal, must not.
"""

from __future__ import annotations

import re
import unicodedata

_KEPT = frozenset("\n\t\u200c\u200d\ufe0e\ufe0f")
"""Line ends and tabs, and the joiners that scripts and emoji need."""
_SUSPECT = re.compile(r"[^\x20-\x7e\n]")


def visible(text: str) -> str:
    """Write out every character that has no look of its own: ``<U+200B>``."""
    return _SUSPECT.sub(lambda found: _shown(found[0]), text.replace("\r\n", "\n"))


def _shown(sign: str) -> str:
    if sign in _KEPT or unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp"):
        return sign
    return f"<U+{ord(sign):04X}>"
