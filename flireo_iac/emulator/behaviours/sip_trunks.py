"""SIP trunks: two spellings of the same three fields, no update, and a password that is never answered.

Source: api notes, sections 7, 8, 11, 16.14 and 16.15.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from flireo_iac.emulator.exchange import Exchange, Handler
from flireo_iac.emulator.problems import RefusedError
from flireo_iac.emulator.resource import Resource
from flireo_iac.emulator.store import Row

_SECRET = frozenset({"password", "auth_password"})
_LATER = frozenset({"address", "auth_username", "auth_password", "provider", "transport"})


class SipTrunks(Resource):
    """``/sip-trunks``."""

    collection = "sip-trunks"
    spellings: Mapping[str, tuple[str, ...]] = {
        "host": ("address", "outbound_address"),
        "username": ("auth_username",),
        "password": ("auth_password",),
    }
    large = frozenset({"username", "auth_username", "port"})

    def check(self, exchange: Exchange, given: Row, row: Row | None) -> None:
        """Refuse an empty name or host (inferred: api notes, section 16.26)."""
        del exchange, row
        for field in ("name", "host"):
            if not given[field]:
                raise RefusedError(400, f"{field} must not be empty", param=field)

    def filled(self, exchange: Exchange, given: Row) -> Row:
        """Take a port out of ``host:port``, where the later spelling has it (inferred)."""
        del exchange
        together = re.fullmatch(r"([^:\s]+):([0-9]{1,5})", given["host"])
        if "port" in given or together is None or not 1 <= int(together[2]) <= 65535:
            return given
        return {**given, "host": together[1], "port": int(together[2])}

    def defaults(self, exchange: Exchange, given: Row) -> Row:
        """Fill port and transport, and the later fields where they are used."""
        row: Row = {"name": None, "host": None, "port": 5060, "username": None}
        if exchange.successor or _LATER & given.keys():
            later = {"address": given["host"], "auth_username": given.get("username")}
            row |= {"provider": None, **later, "transport": "udp"}
        if exchange.successor:
            row |= {"org_id": exchange.organization.id, "is_active": True}
        return row

    def shown(self, exchange: Exchange, row: Row) -> Row:
        """Leave the password out."""
        del exchange
        return {name: value for name, value in row.items() if name not in _SECRET}

    def before_delete(self, exchange: Exchange, row: Row) -> None:
        """Take the trunk off its numbers (inferred: api notes, section 8)."""
        for number in exchange.organization.rows("numbers"):
            if number.get("transfer_trunk_id") == row["id"]:
                exchange.organization.put("numbers", {**number, "transfer_trunk_id": None})


def routes() -> dict[tuple[str, str], Handler]:
    """Give the handlers of this resource."""
    return SipTrunks().routes()
