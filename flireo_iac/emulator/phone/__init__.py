"""Calls: who is called, what is said, what it costs; all of it on a clock that a test can move."""
