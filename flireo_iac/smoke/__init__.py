"""Smoke tests: calls that are scripted, placed offline or for real, and judged by what was said, called and found."""
