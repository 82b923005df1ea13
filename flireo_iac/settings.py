"""Settings of a run: key, address, dialect, budget, deadlines and retries, in one frozen model.

Times are in seconds and end in ``_s``. A setting of the environment wins over one of the stack's configuration;
an empty value counts as not set.
"""

from __future__ import annotations

import hashlib
import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol, get_args
from urllib.parse import urlsplit

from platformdirs import user_state_path

from flireo_iac.errors import SettingsError

DEFAULT_BASE_URL = "https://api.flireo.com/api/v1"

Dialect = Literal["dec2025", "jan2026", "successor", "auto"]
"""Spelling that the server uses (api notes, sections 0 and 15); ``auto`` finds out."""

STATE_ACCOUNTS = "FLIREO_STATE_ACCOUNT"
"""Variable in which ``flireo`` tells a provider process, separated by commas, whose objects the state holds."""

STATE_IDS = "FLIREO_STATE_IDS"
"""The same for the ids of those objects: what the state knows is no twin of what is to be made."""

OnConflict = Literal["stop", "overwrite"]
"""What an update does about a value that somebody else has changed since the last run."""

_METERED_HOSTS = frozenset({"api.flireo.com", "api.hmsovereign.com"})
"""Hosts that allow 100 requests a minute for a key (api notes, section 3)."""

_MINUTE_S = 60.0


class Getter(Protocol):
    """Anything that gives a value by its full name, such as a dict of ``flireo:baseUrl`` and the like."""

    def get(self, name: str, /) -> str | None:
        """Give the value; None when it is not set."""


def _state_dir() -> Path:
    return state_dir(os.environ)


def state_dir(environ: Mapping[str, str]) -> Path:
    """Give the folder for what processes of this machine share.

    Args:
        environ: Environment variables; ``FLIREO_STATE_DIR`` names another folder than the user's own.
    """
    chosen = environ.get("FLIREO_STATE_DIR")
    return Path(chosen) if chosen else user_state_path("flireo", appauthor=False)


def place(folder: Path, environ: Mapping[str, str]) -> str:
    """Name a project and its state: the folder, and where a backend is chosen a digest of its address.

    Args:
        folder: Folder of the project.
        environ: Environment variables.
    """
    backend = environ.get("PULUMI_BACKEND_URL")
    if not backend:
        return str(folder)
    # The address of a database holds a password.
    return f"{folder}, backend {hashlib.sha256(backend.encode()).hexdigest()[:8]}"


@dataclass(frozen=True)
class Settings:
    """What the client needs to know.

    Args:
        key: API key; never shown.
        base_url: Address of the API, with its version and without a slash at the end.
        dialect: Spelling that the server uses.
        requests_per_minute: Budget of the key on this machine, 1 to 100; up to 100,000 for a server of one's own.
        limit_window_s: Seconds in which the budget is spent, 60 to 3,600; from 1 for a server of one's own, such as
            an emulator that counts in shorter windows.
        connect_timeout_s: Longest wait for a connection, above 0.
        read_timeout_s: Longest silence of the server while it answers, above 0.
        operation_timeout_s: Longest time for one operation with all its retries, above 0. Waits for the own budget
            do not count: a long queue is no failure.
        max_attempts: How often a request is sent at most, 1 or more.
        settle_s: How long after a create was cut off its object may still appear; absence is believed only then.
            0 or more.
        backoff_s: Wait before the second attempt, about; doubles from attempt to attempt. 0 or more.
        account: Id of the account that the key has to belong to; None for any.
        state_accounts: Ids of accounts that the state at hand speaks of, as far as a caller has looked already.
        state_ids: Ids of the objects that it holds, likewise.
        on_conflict: What an update does about values that somebody else has changed; None stops for prompts, and
            overwrites the rest with a warning.
        request_log: File that gets a line for every request; None for none.
        state_dir: Folder for what processes of this machine share. ``FLIREO_STATE_DIR`` names another.

    Raises:
        SettingsError: A value is missing or wrong.
    """

    key: str = field(repr=False)
    base_url: str = DEFAULT_BASE_URL
    dialect: Dialect = "auto"
    requests_per_minute: int = 90
    limit_window_s: float = _MINUTE_S
    connect_timeout_s: float = 10.0
    read_timeout_s: float = 30.0
    operation_timeout_s: float = 120.0
    max_attempts: int = 5
    settle_s: float = 30.0
    backoff_s: float = 0.5
    account: str | None = None
    state_accounts: frozenset[str] = frozenset()
    state_ids: frozenset[str] = frozenset()
    on_conflict: OnConflict | None = None
    request_log: Path | None = None
    state_dir: Path = field(default_factory=_state_dir)

    def __post_init__(self) -> None:
        object.__setattr__(self, "base_url", self.base_url.rstrip("/"))
        _check_key(self.key)
        _check_base_url(self.base_url)
        if self.dialect not in get_args(Dialect):
            raise _wrong("flireo:apiDialect", self.dialect, f"one of {', '.join(get_args(Dialect))}")
        highest = 100 if self.host in _METERED_HOSTS else 100_000
        if not 1 <= self.requests_per_minute <= highest:
            expected = f"a whole number from 1 to {highest}"
            raise _wrong("flireo:requestsPerMinute", str(self.requests_per_minute), expected)
        shortest = _MINUTE_S if self.host in _METERED_HOSTS else 1
        if not shortest <= self.limit_window_s <= 3_600:
            expected = f"a number of seconds from {shortest:.0f} to 3600"
            raise _wrong("FLIREO_LIMIT_WINDOW_S", str(self.limit_window_s), expected)
        for name in ("connect_timeout_s", "read_timeout_s", "operation_timeout_s"):
            if not getattr(self, name) > 0:
                raise _wrong(name, str(getattr(self, name)), "a number of seconds above 0")
        if self.max_attempts < 1:
            raise _wrong("max_attempts", str(self.max_attempts), "1 or more")
        for name in ("backoff_s", "settle_s"):
            if not getattr(self, name) >= 0:
                raise _wrong(name, str(getattr(self, name)), "0 or more seconds")

    @property
    def host(self) -> str:
        """Host of the base URL, without port."""
        return urlsplit(self.base_url).hostname or ""

    @property
    def is_loopback(self) -> bool:
        """Whether the server is on this machine."""
        return is_loopback(self.host)

    @classmethod
    def load(cls, config: Getter, environ: Mapping[str, str]) -> Settings:
        """Read the settings from the environment and from a stack's configuration.

        Args:
            config: Values of the configuration, by full name (``flireo:baseUrl``), secrets in clear.
            environ: Environment variables.

        Raises:
            SettingsError: The key is missing, or a value is wrong.
        """
        key = environ.get("FLIREO_API_KEY") or config.get("flireo:apiKey")
        if not key:
            raise SettingsError(
                "read settings: there is no API key, one is needed to reach the account. Set FLIREO_API_KEY, "
                "or run: flireo config set --secret flireo:apiKey."
            )
        base_url = environ.get("FLIREO_BASE_URL") or config.get("flireo:baseUrl") or DEFAULT_BASE_URL
        dialect = environ.get("FLIREO_API_DIALECT") or config.get("flireo:apiDialect") or cls.dialect
        if dialect not in get_args(Dialect):
            raise _wrong("flireo:apiDialect", dialect, f"one of {', '.join(get_args(Dialect))}")
        rate = environ.get("FLIREO_REQUESTS_PER_MINUTE") or config.get("flireo:requestsPerMinute")
        if rate and not (rate.isascii() and rate.isdigit()):
            raise _wrong("flireo:requestsPerMinute", rate, "a whole number from 1 to 100")
        on_conflict = environ.get("FLIREO_ON_CONFLICT") or config.get("flireo:onConflict") or None
        if on_conflict is not None and on_conflict not in get_args(OnConflict):
            raise _wrong("flireo:onConflict", on_conflict, f"one of {', '.join(get_args(OnConflict))}")
        return cls(
            key=key,
            base_url=base_url,
            dialect=dialect,  # type: ignore[arg-type]  # one of the four, checked above
            requests_per_minute=int(rate) if rate else cls.requests_per_minute,
            limit_window_s=_seconds("FLIREO_LIMIT_WINDOW_S", environ.get("FLIREO_LIMIT_WINDOW_S"), cls.limit_window_s),
            account=environ.get("FLIREO_ACCOUNT") or config.get("flireo:account") or None,
            state_accounts=_listed(environ.get(STATE_ACCOUNTS)),
            state_ids=_listed(environ.get(STATE_IDS)),
            on_conflict=on_conflict,  # type: ignore[arg-type]  # one of the two, checked above
            request_log=Path(log) if (log := environ.get("FLIREO_REQUEST_LOG")) else None,
            state_dir=state_dir(environ),
            settle_s=_seconds("FLIREO_SETTLE_S", environ.get("FLIREO_SETTLE_S"), cls.settle_s),
        )


def _listed(text: str | None) -> frozenset[str]:
    return frozenset(filter(None, (text or "").split(",")))


def _seconds(name: str, text: str | None, default: float) -> float:
    if not text:
        return default
    try:
        return float(text)
    except ValueError:
        raise _wrong(name, text, "a number of seconds") from None


_VARIABLES = {
    "flireo:onConflict": "FLIREO_ON_CONFLICT",
    "flireo:baseUrl": "FLIREO_BASE_URL",
    "flireo:apiDialect": "FLIREO_API_DIALECT",
    "flireo:requestsPerMinute": "FLIREO_REQUESTS_PER_MINUTE",
}


def _wrong(name: str, value: str, expected: str) -> SettingsError:
    where = f"{_VARIABLES[name]} or {name}" if name in _VARIABLES else name
    return SettingsError(f'read settings: {where} is "{value}", {expected} was expected. Set it anew.')


def _check_key(key: str) -> None:
    advice = "Set FLIREO_API_KEY (or flireo:apiKey) to the key as the dashboard shows it"
    if not key:
        raise SettingsError(f"read settings: the API key is empty, one is needed. {advice}.")
    if any(character.isspace() for character in key):
        raise SettingsError(f"read settings: the API key holds a space or a line end, none was expected. {advice}.")
    if not key.isascii() or not key.isprintable():
        raise SettingsError(f"read settings: the API key holds a character that no key has. {advice}.")


def _check_base_url(base_url: str) -> None:
    expected = f"an address such as {DEFAULT_BASE_URL}"
    try:
        parts = urlsplit(base_url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise _wrong("flireo:baseUrl", base_url, expected) from None
    if "@" in parts.netloc:
        raise SettingsError(
            f"read settings: FLIREO_BASE_URL or flireo:baseUrl holds a user name, {expected} was expected. "
            "Take it out; the key goes into FLIREO_API_KEY."
        )
    has_space = any(character.isspace() or not character.isprintable() for character in base_url)
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment or has_space:
        raise _wrong("flireo:baseUrl", base_url, expected)
    if parts.scheme == "http" and not _is_near(host):
        raise _wrong("flireo:baseUrl", base_url, "https (plain http would send the key in clear)")


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine.

    Args:
        host: Name or address, without port.
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _is_near(host: str) -> bool:
    """Whether plain http may be used: this machine, a private address, a container's name without a dot."""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return is_loopback(host) or "." not in host
