from __future__ import annotations

from pathlib import Path

import pytest

from flireo_iac.errors import SettingsError
from flireo_iac.settings import DEFAULT_BASE_URL, Settings

ENV = {"FLIREO_API_KEY": "fl_env"}


def test_environment_wins_over_configuration() -> None:
    config = {
        "flireo:apiKey": "fl_config",
        "flireo:baseUrl": "https://config.example.com/api/v1",
        "flireo:apiDialect": "jan2026",
        "flireo:requestsPerMinute": "10",
    }
    environ = {
        "FLIREO_API_KEY": "fl_env",
        "FLIREO_BASE_URL": "https://env.example.com/api/v1/",
        "FLIREO_API_DIALECT": "auto",
        "FLIREO_REQUESTS_PER_MINUTE": "20",
        "FLIREO_STATE_DIR": "/somewhere",
    }
    got = Settings.load(config, environ)
    assert (got.key, got.base_url, got.dialect) == ("fl_env", "https://env.example.com/api/v1", "auto")
    assert (got.requests_per_minute, got.state_dir) == (20, Path("/somewhere"))
    got = Settings.load(config, dict.fromkeys(environ, ""))
    assert (got.key, got.base_url, got.dialect) == ("fl_config", "https://config.example.com/api/v1", "jan2026")
    assert got.requests_per_minute == 10


def test_defaults() -> None:
    got = Settings.load({}, ENV)
    assert got.base_url == DEFAULT_BASE_URL
    assert (got.requests_per_minute, got.dialect, got.max_attempts) == (90, "auto", 5)
    assert (got.connect_timeout_s, got.read_timeout_s, got.operation_timeout_s) == (10, 30, 120)


def test_no_key_says_what_to_set() -> None:
    with pytest.raises(SettingsError, match=r"FLIREO_API_KEY.*flireo:apiKey") as caught:
        Settings.load({"flireo:apiKey": None}, {})
    assert caught.value.exit_code == 2


def test_the_key_is_never_shown() -> None:
    settings = Settings(key="fl_live_canary")
    assert "canary" not in repr(settings) + str(settings)


@pytest.mark.parametrize(
    "key", ["fl_live_canary\n", " fl_live_canary", "fl canary", "fl_canary\x00", "fl_canaryé", "\t"]
)
def test_a_key_that_cannot_be_one_is_refused_and_not_shown(key: str) -> None:
    with pytest.raises(SettingsError, match="API key") as caught:
        Settings.load({}, {"FLIREO_API_KEY": key})
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("FLIREO_API_DIALECT", "dec2024", "dec2025, jan2026, successor, auto"),
        ("FLIREO_REQUESTS_PER_MINUTE", "many", "whole number"),
        ("FLIREO_REQUESTS_PER_MINUTE", "0", "from 1 to 100"),
        ("FLIREO_LIMIT_WINDOW_S", "long", "a number of seconds"),
        ("FLIREO_LIMIT_WINDOW_S", "59", "from 60 to 3600"),
        ("FLIREO_LIMIT_WINDOW_S", "nan", "from 60 to 3600"),
        ("FLIREO_REQUESTS_PER_MINUTE", "101", "from 1 to 100"),
        ("FLIREO_REQUESTS_PER_MINUTE", "-5", "whole number"),
        ("FLIREO_REQUESTS_PER_MINUTE", "٣", "whole number"),
        ("FLIREO_BASE_URL", "api.flireo.com", "an address"),
        ("FLIREO_BASE_URL", "ftp://api.flireo.com", "an address"),
        ("FLIREO_BASE_URL", "https://", "an address"),
        ("FLIREO_BASE_URL", "https://api.flireo.com/api/v1?x=1", "an address"),
        ("FLIREO_BASE_URL", "https://api.flireo.com:port/api", "an address"),
        ("FLIREO_BASE_URL", "https://api.flireo.com/a b", "an address"),
        ("FLIREO_BASE_URL", "https://[::1/api/v1", "an address"),
        ("FLIREO_BASE_URL", "http://api.flireo.com/api/v1", "https"),
    ],
)
def test_a_wrong_value_is_named_with_what_was_expected(name: str, value: str, expected: str) -> None:
    with pytest.raises(SettingsError, match=expected) as caught:
        Settings.load({}, {**ENV, name: value})
    assert name in str(caught.value)
    assert str(caught.value).startswith("read settings: ")


def test_a_password_in_the_address_is_refused_and_not_shown() -> None:
    with pytest.raises(SettingsError, match="user name") as caught:
        Settings.load({}, {**ENV, "FLIREO_BASE_URL": "https://me:canary@api.flireo.com/api/v1"})
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("host", ["127.0.0.1:8765", "localhost:1", "[::1]:80", "10.1.2.3", "emulator:8765"])
def test_plain_http_is_for_machines_that_are_near(host: str) -> None:
    assert Settings(key="fl_x", base_url=f"http://{host}/api/v1", requests_per_minute=100_000).host


def test_a_server_of_ones_own_may_count_in_shorter_windows() -> None:
    environ = {"FLIREO_API_KEY": "fl_x", "FLIREO_BASE_URL": "http://127.0.0.1:1/api/v1", "FLIREO_LIMIT_WINDOW_S": "2.5"}
    assert Settings.load({}, environ).limit_window_s == 2.5
    assert Settings.load({}, {"FLIREO_API_KEY": "fl_x"}).limit_window_s == 60


def test_other_hosts_may_have_a_larger_budget() -> None:
    other = "https://flireo.example.com/api/v1"
    assert Settings(key="fl_x", base_url=other, requests_per_minute=100_000).requests_per_minute == 100_000
    with pytest.raises(SettingsError, match="from 1 to 100000"):
        Settings(key="fl_x", base_url=other, requests_per_minute=100_001)


@pytest.mark.parametrize(
    "change",
    [
        {"connect_timeout_s": 0},
        {"read_timeout_s": -1},
        {"operation_timeout_s": 0},
        {"max_attempts": 0},
        {"backoff_s": -1},
    ],
)
def test_a_number_out_of_range_is_named(change: dict[str, float]) -> None:
    with pytest.raises(SettingsError, match=next(iter(change))):
        Settings(key="fl_x", **change)  # type: ignore[arg-type]
