"""Chats: deprecated, and their shape was never retrieved, so all that is kept is that they answer.

Source: api notes, section 16.30.
"""

from __future__ import annotations

from flireo_iac.emulator.exchange import Answer, Exchange, Handler


def _none(exchange: Exchange) -> Answer:
    del exchange
    return Answer({"chats": []})


def _nothing(exchange: Exchange) -> Answer:
    del exchange
    return Answer({"success": True})


def routes() -> dict[tuple[str, str], Handler]:
    """Give the handlers of this resource."""
    return {
        ("GET", "/chats"): _none,
        ("POST", "/chats"): _nothing,
        ("DELETE", "/chats/{id}"): _nothing,
        ("GET", "/chats/context"): _nothing,
    }
