"""The configuration of a Flireo account as code."""

from __future__ import annotations

__version__ = "0.1.0"
