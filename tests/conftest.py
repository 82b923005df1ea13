"""What every test starts from: no settings of the person who runs them, and no deadline on slow machines."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("shared", max_examples=48, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", settings.get_profile("shared"), max_examples=4000)
settings.load_profile("shared")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away every setting of Flireo and Pulumi."""
    for name in os.environ:
        if name.startswith(("FLIREO_", "PULUMI_")):
            monkeypatch.delenv(name)
