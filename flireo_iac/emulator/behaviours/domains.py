"""The e-mail domain: one an organization, made or adopted at Resend, verified by DNS that nobody here controls.

What Resend holds is a collection of its own, ``resend-domains``: a test moves a domain on by changing its
``status`` or ``dns`` there, and ``refresh`` then takes it over. Source: api notes, sections 11, 16.12 and 16.13.
"""

from __future__ import annotations

import re

from flireo_iac.emulator.behaviours.byok import has_key
from flireo_iac.emulator.exchange import Answer, Exchange, Handler
from flireo_iac.emulator.problems import RefusedError
from flireo_iac.emulator.store import Row, later

COLLECTION = "domains"
AT_RESEND = "resend-domains"
REGION = "eu-west-1"
GIVEN_UP_S = 72 * 3600
_NAME = re.compile(r"(?=.{4,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}", re.IGNORECASE)


def _current(exchange: Exchange) -> Row | None:
    rows = exchange.organization.rows(COLLECTION)
    return rows[0] if rows else None


def _needed(exchange: Exchange) -> Row:
    row = _current(exchange)
    if row is None:
        raise RefusedError(404, "no domain is set up")
    return row


def _need_key(exchange: Exchange) -> None:
    if not has_key(exchange, "resend"):
        raise RefusedError(400, "a Resend key is needed first: POST /byok with provider resend")


def _records(name: str, status: str) -> list[Row]:
    mail = f"feedback-smtp.{REGION}.amazonses.com"
    public_key = "p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQEmulator"
    common = {"ttl": "Auto", "status": status}
    return [
        {"record": "SPF", "name": f"send.{name}", "type": "MX", "value": mail, "priority": 10, **common},
        {
            "record": "SPF",
            "name": f"send.{name}",
            "type": "TXT",
            "value": "v=spf1 include:amazonses.com ~all",
            **common,
        },
        {"record": "DKIM", "name": f"resend._domainkey.{name}", "type": "TXT", "value": public_key, **common},
    ]


def _taken_over(exchange: Exchange, row: Row, status: str) -> Row:
    """Give a domain the status that Resend has, in its records too, and note when it was first verified."""
    now = exchange.store.now(after=row["updated_at"])
    verified_at = (row.get("verified_at") or now) if status == "verified" else None
    records = [{**record, "status": status} for record in row.get("records") or []]
    changed = {"status": status, "records": records, "verified_at": verified_at, "updated_at": now}
    return exchange.organization.put(COLLECTION, {**row, **changed})


def _new(exchange: Exchange, at_resend: Row) -> Row:
    now = exchange.store.now()
    return exchange.organization.put(
        COLLECTION,
        {
            "id": exchange.store.new_id(),
            "org_id": exchange.organization.id,
            "domain_name": at_resend["name"],
            "resend_domain_id": at_resend["id"],
            "status": at_resend.get("status", "not_started"),
            "region": at_resend.get("region", REGION),
            "records": _records(at_resend["name"], at_resend.get("status", "not_started")),
            "created_at": now,
            "updated_at": now,
            "verified_at": now if at_resend.get("status") == "verified" else None,
        },
    )


def _read(exchange: Exchange) -> Answer:
    return Answer({"domain": _current(exchange)})


def _create(exchange: Exchange) -> Answer:
    given = exchange.accept({"domain_name": ("domain",)})
    if _NAME.fullmatch(given["domain_name"]) is None:
        raise RefusedError(400, "domain_name must be a fully qualified domain name", param="domain_name")
    _need_key(exchange)
    if _current(exchange) is not None:
        raise RefusedError(409, "a domain is set up already, an organization has one")
    at_resend = {
        "id": exchange.store.new_id(),
        "name": given["domain_name"],
        "status": "not_started",
        "region": REGION,
        "made_here": True,
    }
    exchange.organization.put(AT_RESEND, at_resend)
    return Answer({"domain": _new(exchange, at_resend)})


def _delete(exchange: Exchange) -> Answer:
    row = _needed(exchange)
    exchange.organization.remove(COLLECTION, row["id"])
    at_resend = exchange.organization.get(AT_RESEND, row["resend_domain_id"] or "")
    if at_resend is not None and at_resend.get("made_here"):
        exchange.organization.remove(AT_RESEND, at_resend["id"])
    return Answer({"success": True})


def _list_at_resend(exchange: Exchange) -> Answer:
    _need_key(exchange)
    current = _current(exchange)
    domains = [
        {name: row[name] for name in ("id", "name", "status", "region") if name in row}
        for row in exchange.organization.rows(AT_RESEND)
    ]
    return Answer({"domains": domains, "selected_domain_id": current["resend_domain_id"] if current else None})


def _adopt(exchange: Exchange) -> Answer:
    given = exchange.accept({"resendDomainId": ("domain_id",)})
    _need_key(exchange)
    at_resend = exchange.organization.get(AT_RESEND, given["resendDomainId"])
    if at_resend is None:
        raise RefusedError(404, "Resend has no such domain", param="resendDomainId")
    current = _current(exchange)
    if current is not None and current["resend_domain_id"] == at_resend["id"]:
        row = _taken_over(exchange, current, at_resend.get("status") or current["status"])
    else:
        if current is not None:
            exchange.organization.remove(COLLECTION, current["id"])
        row = _new(exchange, at_resend)
    return Answer({"domain": row, "message": "Domain synced"})


def _verify(exchange: Exchange) -> Answer:
    row = _needed(exchange)
    if row["status"] in {"not_started", "failed"}:
        at_resend = exchange.organization.get(AT_RESEND, row["resend_domain_id"] or "")
        if at_resend is not None:
            pending = {"status": "pending", "pending_since": exchange.store.now()}
            exchange.organization.put(AT_RESEND, {**at_resend, **pending})
        row = _taken_over(exchange, row, "pending")
    return Answer({"domain": row})


def _looked_up(exchange: Exchange, at_resend: Row) -> Row:
    """Have Resend look at DNS: verified when a test said ``dns`` is right, failed after 72 hours without."""
    since = at_resend.get("pending_since")
    if at_resend.get("dns"):
        return exchange.organization.put(AT_RESEND, {**at_resend, "status": "verified"})
    if since is not None and later(since, GIVEN_UP_S) <= exchange.store.now():
        return exchange.organization.put(AT_RESEND, {**at_resend, "status": "failed"})
    return at_resend


def _refresh(exchange: Exchange) -> Answer:
    row = _needed(exchange)
    at_resend = exchange.organization.get(AT_RESEND, row["resend_domain_id"] or "")
    if at_resend is not None and at_resend.get("status") == "pending":
        at_resend = _looked_up(exchange, at_resend)
    status: str = (at_resend or row).get("status") or row["status"]
    if status != row["status"]:
        row = _taken_over(exchange, row, status)
    return Answer({"domain": row})


def routes() -> dict[tuple[str, str], Handler]:
    """Give the handlers of this resource."""
    return {
        ("GET", "/domains"): _read,
        ("POST", "/domains"): _create,
        ("DELETE", "/domains"): _delete,
        ("GET", "/domains/sync"): _list_at_resend,
        ("POST", "/domains/sync"): _adopt,
        ("POST", "/domains/verify"): _verify,
        ("POST", "/domains/refresh"): _refresh,
    }
