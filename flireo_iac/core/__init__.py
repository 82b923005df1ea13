"""Decisions without I/O: check, diff, lifecycle, inventory. Sees the API as five verbs (``ports``)."""
