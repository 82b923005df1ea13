"""The health check, which needs no key. Source: contract, ``/health``; the values are inferred."""

from __future__ import annotations

from flireo_iac.emulator.exchange import Answer, Exchange, Handler


def _read(exchange: Exchange) -> Answer:
    checks = {"store": "ok"}
    return Answer({"status": "ok", "timestamp": exchange.store.now(), "version": "emulator", "checks": checks})


def routes() -> dict[tuple[str, str], Handler]:
    """Give the handlers of this resource."""
    return {("GET", "/health"): _read}
