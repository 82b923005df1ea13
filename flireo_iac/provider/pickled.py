"""The ``__provider`` string of a kind: the pickle of a module-level name, written by hand.

The same on every Python version and free of code, so that neither an upgrade nor an edit changes the state. Source:
pulumi notes, "What __provider holds".
"""

from __future__ import annotations

import base64

_MODULE = "flireo_iac.provider.dynamic"


def provider_constant(kind: str) -> str:
    """Give the string for a kind.

    Args:
        kind: Name of the kind, which is the name of its provider object too.
    """
    proto_4, short_text, stack_global, stop = b"\x80\x04", b"\x8c", b"\x93", b"."
    names = b"".join(short_text + bytes([len(name)]) + name for name in (_MODULE.encode(), kind.encode()))
    return base64.b64encode(proto_4 + names + stack_global + stop).decode()
